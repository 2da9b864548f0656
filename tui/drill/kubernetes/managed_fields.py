"""Who owns which field: `metadata.managedFields` in FieldsV1 form, and the conflicts of apply.

Rules: sigs.k8s.io/structured-merge-diff and the server-side apply page of the Kubernetes documentation.
A path is a tuple of elements as FieldsV1 writes them: `f:spec`, `k:{"name":"app"}`, `v:"finalizer"`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tui.drill.kubernetes.schema import Type

Path = tuple[str, ...]
Fields = dict[Path, Any]
Entry = dict[str, Any]
Obj = dict[str, Any]
_PRESENT = "<present>"


@dataclass(frozen=True)
class Writer:
    """Who writes, and how: the key under which the server keeps a manager's fields."""

    manager: str
    operation: str = "Update"
    subresource: str = ""


def fields_of(obj: Any, schema: Type, *, status: bool = True) -> Fields:
    """Every owned path of an object with its value (a marker for what merely exists)."""
    found: Fields = {}
    if isinstance(obj, dict):
        kept = obj if status else {name: part for name, part in obj.items() if name != "status"}
        _walk_struct(kept, schema, (), found)
    return found


def _walk(value: Any, schema: Type, path: Path, found: Fields) -> None:
    if schema.kind == "struct" and isinstance(value, dict):
        if not value:
            found[path] = {}
        elif schema.pointer:
            found[path] = _PRESENT
        _walk_struct(value, schema, path, found)
    elif schema.kind in ("map", "any") and isinstance(value, dict) and value:
        found[path] = _PRESENT
        found.update({(*path, f"f:{key}"): item for key, item in value.items()})
    elif schema.kind == "list" and isinstance(value, list):
        if not schema.required:
            found[path] = _PRESENT
        for item in value:
            _walk_item(item, schema, path, found)
    elif schema.kind == "set" and isinstance(value, list):
        found[path] = _PRESENT
        found.update({(*path, f"v:{json.dumps(item)}"): item for item in value})
    else:
        found[path] = value


def _walk_struct(value: dict[str, Any], schema: Type, path: Path, found: Fields) -> None:
    for name, child in value.items():
        if name in schema.untracked or child is None:
            continue
        child_type = schema.child(name)
        if child == {} and not path and child_type.kind == "struct":
            continue  # an empty metadata, spec or status has no owner
        _walk(child, child_type, (*path, f"f:{name}"), found)


def _walk_item(item: Any, schema: Type, path: Path, found: Fields) -> None:
    keys = {key: item[key] for key in sorted(schema.keys) if key in item}
    here = (*path, "k:" + json.dumps(keys, separators=(",", ":"), sort_keys=True))
    if schema.item.kind == "struct":
        found[here] = _PRESENT
        _walk_struct(item, schema.item, here, found)
    elif schema.item.kind == "any":
        found[here] = _PRESENT
        found.update({(*here, f"f:{key}"): part for key, part in item.items()})
    else:
        found[here] = item


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1: nested keys; `.` marks a path that is owned and has owned children."""
    root: dict[str, Any] = {}
    owned: set[int] = set()  # the nodes that are paths themselves, each before what is below it
    for path in sorted(set(paths)):
        node = root
        for element in path:
            if id(node) in owned:
                node.setdefault(".", {})
            node = node.setdefault(element, {})
        owned.add(id(node))
    return root


def decode(fields: dict[str, Any], prefix: Path = ()) -> set[Path]:
    """The inverse of `encode`."""
    found: set[Path] = set()
    for element, children in fields.items():
        if element == ".":
            found.add(prefix)
        elif not children:
            found.add((*prefix, element))
        else:
            found |= decode(children, (*prefix, element))
    return found


def changed_paths(old: Fields, new: Fields) -> tuple[set[Path], set[Path]]:
    """Paths added or changed, and paths removed."""
    changed = {path for path, value in new.items() if path not in old or old[path] != value}
    return changed, set(old) - set(new)


def updated(
    entries: list[Entry], old: Obj, new: Obj, writer: Writer, *, schema: Type, api_version: str, at: str
) -> list[Entry]:
    """The managed fields after `writer` turned `old` into `new` by an update or a patch."""
    status = bool(writer.subresource)
    before, after = (fields_of(obj, schema, status=status) for obj in _differing(old, new))
    changed, removed = changed_paths(before, after)
    if not changed and not removed:
        return entries
    kept = _without(entries, changed | removed, keep=writer)
    return _sorted(_joined(kept, writer, changed, api_version=api_version, at=at))


def applied(
    entries: list[Entry], config: Any, new: Any, writer: Writer, *, schema: Type, api_version: str, at: str
) -> list[Entry]:
    """The managed fields after a server-side apply of `config`: the manager owns exactly what it says."""
    mine = set(fields_of(config, schema, status=False))
    alive = set(fields_of(new, schema))
    others = [entry for entry in entries if not _is(entry, writer)]
    before = next((entry for entry in entries if _is(entry, writer)), None)
    if before is not None and decode(before["fieldsV1"]) == mine:
        at = before["time"]
    kept = [_reduced(entry, lambda owned: owned & alive) for entry in others]
    own = _entry(writer, mine, api_version=api_version, at=at)
    return _sorted([entry for entry in kept if entry["fieldsV1"]] + [own])


def conflicts(
    entries: list[Entry], config: Any, live: Any, writer: Writer, *, schema: Type
) -> list[tuple[str, Path]]:
    """(manager with its version, path) of each field that another owns and `config` would change."""
    wanted, present = fields_of(config, schema, status=False), fields_of(live, schema)
    differing = {path for path, value in wanted.items() if path in present and present[path] != value}
    found = []
    for entry in entries:
        if not _is(entry, writer):
            who = f'"{entry["manager"]}" using {entry["apiVersion"]}'
            found += [(who, path) for path in sorted(decode(entry["fieldsV1"]) & differing)]
    return found


def dotted(path: Path) -> str:
    """A path as conflict messages write it: `.spec.containers[name="app"].env`."""
    text = ""
    for element in path:
        mark, _, body = element.partition(":")
        if mark == "f":
            text += f".{body}"
        elif mark == "k":
            text += (
                "[" + ",".join(f"{key}={json.dumps(item)}" for key, item in json.loads(body).items()) + "]"
            )
        else:
            text += f"[={body}]"
    return text


def _is(entry: Entry, writer: Writer) -> bool:
    return (entry["manager"], entry["operation"], entry.get("subresource", "")) == (
        writer.manager,
        writer.operation,
        writer.subresource,
    )


def _entry(writer: Writer, paths: set[Path], *, api_version: str, at: str) -> Entry:
    entry: Entry = {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": api_version,
        "time": at,
        "fieldsType": "FieldsV1",
        "fieldsV1": encode(paths),
    }
    return {**entry, "subresource": writer.subresource} if writer.subresource else entry


def _differing(old: Obj, new: Obj) -> tuple[Obj, Obj]:
    """Both without the parts that are the same: of these, no path is added, changed or removed."""
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    before = {name: part for name, part in old.items() if name not in same}
    return before, {name: part for name, part in new.items() if name not in same}


def _reduced(entry: Entry, left: Callable[[set[Path]], set[Path]]) -> Entry:
    """The entry with what is left of its paths; itself where that is all of them."""
    owned = decode(entry["fieldsV1"])
    rest = left(owned)
    return entry if rest == owned else {**entry, "fieldsV1": encode(rest)}


def _without(entries: list[Entry], paths: set[Path], *, keep: Writer) -> list[Entry]:
    kept = [_reduced(entry, lambda owned: owned - paths) for entry in entries]
    return [entry for entry in kept if entry["fieldsV1"] or _is(entry, keep)]


def _joined(
    entries: list[Entry], writer: Writer, paths: set[Path], *, api_version: str, at: str
) -> list[Entry]:
    before = [entry for entry in entries if _is(entry, writer)]
    owned = paths | (decode(before[0]["fieldsV1"]) if before else set())
    others = [entry for entry in entries if not _is(entry, writer)]
    return others + ([_entry(writer, owned, api_version=api_version, at=at)] if owned else [])


def _sorted(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry["operation"], entry["time"], entry["manager"]))
