"""Custom resources: what a CustomResourceDefinition says, and the resources that come of it.

Of schemas, what kube-apiserver checks is checked: types, required fields, lengths, ranges, patterns,
enumerations, dates, unknown fields; of validation rules, `self == oldSelf` alone. A definition that
asks for more is refused: a simulation that quietly allowed what a real server refuses would mislead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tui.drill.kubernetes import status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import CUSTOM_RESOURCES, SERVED, Definition, Resource
from tui.drill.kubernetes.schema import ANY, ATOM, METADATA, Type
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]
UNCHANGED = "self == oldSelf"
_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")
_APISERVER = Writer("kube-apiserver", subresource="status")


def resources(crd: Obj) -> Iterator[Resource]:
    """The resources that a definition has established, one for each served version."""
    if not any(c["type"] == "Established" for c in crd["status"].get("conditions") or []):
        return
    spec, names = crd["spec"], crd["spec"]["names"]
    for version in spec["versions"]:
        if version.get("served"):
            yield Resource(
                names["plural"], names["kind"], spec["group"], version["name"], _VERBS,
                spec["scope"] == "Namespaced", names.get("singular", ""), tuple(names.get("shortNames", ())),
                tuple(names.get("categories", ())), counted=True, definition=_definition(version),
            )  # fmt: skip


def _definition(version: Obj) -> Definition:
    openapi = version["schema"]["openAPIV3Schema"]
    parts = {name: type_of(part) for name, part in (openapi.get("properties") or {}).items()}
    fields = {**parts, "apiVersion": ATOM, "kind": ATOM, "metadata": METADATA}
    whole = Type("struct", fields, untracked=frozenset({"apiVersion", "kind"}))
    selectable = (item["jsonPath"].lstrip(".") for item in version.get("selectableFields") or [])
    return Definition(
        openapi, whole, tuple(version.get("additionalPrinterColumns") or ()), frozenset(selectable)
    )


def type_of(schema: Mapping[str, Any]) -> Type:
    """What an OpenAPI schema says of fields, keys and owners."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return ANY
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return Type("map")
    if schema.get("type") == "object":
        parts = {name: type_of(part) for name, part in (schema.get("properties") or {}).items()}
        return Type("struct", parts, pointer=True)
    if schema.get("type") == "array" and schema.get("x-kubernetes-list-type") == "map":
        keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        return Type("list", keys=keys, of=type_of(schema["items"]))
    if schema.get("type") == "array" and schema.get("x-kubernetes-list-type") == "set":
        return Type("set")
    return ATOM


class Catalogue:
    """Every resource that is served: the server's own, and those that definitions in the store add."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._as_of = -1
        self._served: dict[tuple[str, str, str], Resource] = {}

    def served(self) -> tuple[Resource, ...]:
        """All of them, the server's own first."""
        return tuple(self._known().values())

    def find(self, group: str, version: str, name: str) -> Resource | None:
        """The resource served at that group, version and plural name."""
        return self._known().get((group, version, name))

    def _known(self) -> dict[tuple[str, str, str], Resource]:
        """What is served, by group, version and plural name; made anew when a definition changed."""
        newest = self._store.newest(CUSTOM_RESOURCES.key)
        if self._as_of != newest:
            added = [item for crd in self._store.all(CUSTOM_RESOURCES) for item in resources(crd)]
            self._served = {(item.group, item.version, item.name): item for item in (*SERVED, *added)}
            self._as_of = newest
        return self._served


def defaulted(crd: Obj) -> Obj:
    """A definition with what the server fills in."""
    spec = dict(crd.get("spec") or {})
    names = dict(spec.get("names") or {})
    if names.get("kind"):
        names = {"listKind": f"{names['kind']}List", "singular": names["kind"].lower(), **names}
    versions = spec.get("versions") or []
    stored = [item["name"] for item in versions if item.get("storage")]
    filled = {"conversion": {"strategy": "None"}, **spec, "names": names}
    fresh = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}
    return {**crd, "spec": filled, "status": crd.get("status") or fresh}


def establish(store: Store) -> None:
    """What the server does a moment later: it accepts the names, and serves what was defined."""
    for crd in store.all(CUSTOM_RESOURCES):
        if crd["status"].get("conditions"):
            continue
        at = stamp(store.now())
        said = (("NamesAccepted", "NoConflicts", "no conflicts found"),
                ("Established", "InitialNamesAccepted", "the initial names have been accepted"))  # fmt: skip
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": at, "reason": why, "message": text}
            for kind, why, text in said
        ]
        named = {**crd["status"], "acceptedNames": crd["spec"]["names"], "conditions": conditions}
        store.replace(CUSTOM_RESOURCES, crd, {**crd, "status": named}, _APISERVER)


def definition_problems(crd: Obj) -> Iterator[status.Cause]:
    """What is wrong with a definition, or beyond what is simulated."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    wanted = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if crd["metadata"].get("name") != wanted:
        why = 'must be spec.names.plural+"."+spec.group'
        yield _invalid("metadata.name", f'"{crd["metadata"].get("name")}"', why)
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield status.Cause("FieldValueRequired", "Required value", "spec.scope")
    for index, version in enumerate(spec.get("versions") or [{}]):
        yield from _version_problems(version, f"spec.versions[{index}]")


def _version_problems(version: Obj, path: str) -> Iterator[status.Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not version.get("name"):
        yield status.Cause("FieldValueRequired", "Required value", f"{path}.name")
    if schema is None:
        why = "Required value: schemas are required"
        yield status.Cause("FieldValueRequired", why, f"{path}.schema.openAPIV3Schema")
        return
    if version.get("subresources"):
        yield _invalid(f"{path}.subresources", "{}", "the simulated server has none of custom resources")
    for rule, where in _rules(schema, f"{path}.schema.openAPIV3Schema"):
        if rule != UNCHANGED:
            yield _invalid(where, f'"{rule}"', f"the simulated server evaluates `{UNCHANGED}` alone")


def _rules(schema: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every validation rule below a schema, with its place."""
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or []):
        yield str(rule.get("rule", "")), f"{path}.x-kubernetes-validations[{index}].rule"
    for name, part in (schema.get("properties") or {}).items():
        yield from _rules(part, f"{path}.properties[{name}]")
    if isinstance(schema.get("items"), dict):
        yield from _rules(schema["items"], f"{path}.items")


def _invalid(path: str, value: str, why: str) -> status.Cause:
    return status.Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", path)


def has_rules(schema: Mapping[str, Any]) -> bool:
    """Whether there are validation rules anywhere in a schema."""
    return any(True for _ in _rules(schema, ""))


Reader = Callable[[Obj], Any]


def reader(json_path: str) -> Reader:
    """Reads the value at a path such as `.spec.incident`; None where there is nothing."""
    parts = [part for part in json_path.split(".") if part]

    def read(obj: Obj) -> Any:
        node: Any = obj
        for part in parts:
            node = node.get(part) if isinstance(node, dict) else None
        return node

    return read
