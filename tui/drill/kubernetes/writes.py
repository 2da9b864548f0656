"""Creates, updates and patches: body to object, preconditions, validation, dry run, managed fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tui.drill.kubernetes import leases, managed_fields, namespaces, objects, status, validation
from tui.drill.kubernetes.defaults import prepared
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.patch import (
    PatchMalformed,
    PatchRefused,
    json_patch,
    merge_patch,
    strategic_merge,
)
from tui.drill.kubernetes.resources import DEPLOYMENTS, LEASES, SECRETS, Resource
from tui.drill.kubernetes.schema import unknown_fields, without_unknown
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
PATCH_TYPES = (JSON_PATCH, MERGE, STRATEGIC, APPLY, "application/apply-patch+cbor")
CUSTOM_PATCH_TYPES = (JSON_PATCH, MERGE, APPLY, "application/apply-patch+cbor")
_UNCOUNTED = ("kind", "apiVersion", "metadata", "status")


@dataclass(frozen=True)
class Options:
    """The query parameters of a write, and who writes."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], user_agent: str) -> Options:
        """From the request; raises 400 or 422 for values that the server does not take."""
        dry_run = query.get("dryRun", "")
        if dry_run not in ("", "All"):
            raise status.bad_request(f'Unsupported value: "{dry_run}": supported values: "All"')
        strictness = query.get("fieldValidation", "") or "Warn"
        if strictness not in ("Ignore", "Warn", "Strict"):
            raise status.bad_request(
                f'Unsupported value: "{strictness}": supported values: "Ignore", "Strict", "Warn"'
            )
        manager = query.get("fieldManager") or user_agent.partition("/")[0] or "unknown"
        if len(manager) > 128:
            raise status.bad_request("fieldManager: Too long: may not be more than 128 bytes")
        return cls(manager, dry_run == "All", strictness, query.get("force") == "true")


@dataclass
class Written:
    """What a write gives back: the object, the status code, warnings for the header."""

    obj: Obj
    code: int = 200
    warnings: list[str] = field(default_factory=list)


class Writes:
    """Writes of clients to a store. Every method raises `status.Refusal` for what the server refuses."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def create(self, resource: Resource, namespace: str, body: Any, options: Options) -> Written:
        """A new object; with dry run nothing is stored."""
        obj = object_of(body, resource)
        meta = dict(obj.get("metadata") or {})
        if namespace:
            namespaces.must_take(self.store, resource, namespace, meta)
            meta["namespace"] = namespace
        meta = {
            key: item for key, item in meta.items() if key not in ("uid", "resourceVersion", "managedFields")
        }
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + objects.suffix(self.store.rng)
        obj, warnings = self._decoded(resource, {**obj, "metadata": meta}, body, options)
        obj = prepared(resource, obj, None)
        self._validate(resource, obj, None)
        if self.store.find(resource, namespace, obj["metadata"]["name"]) is not None:
            raise status.already_exists(resource, obj["metadata"]["name"])
        writer = Writer(options.manager)
        if options.dry_run:
            return Written(self.store.built(resource, obj, writer), 201, warnings)
        return Written(self.store.create(resource, obj, writer), 201, warnings)

    def update(self, resource: Resource, namespace: str, name: str, body: Any, options: Options) -> Written:
        """PUT: the whole object, checked against its resourceVersion where it carries one."""
        old = self.store.get(resource, namespace, name)
        obj = object_of(body, resource)
        must_be_of(resource, namespace, name, obj.get("metadata") or {}, old["metadata"]["uid"])
        new, warnings = self._decoded(resource, obj, body, options)
        return self._finish(resource, old, new, options, warnings)

    def put(self, resource: Resource, namespace: str, name: str, body: Any, options: Options) -> Written:
        """PUT of an object that is not there, of a kind that may be made so."""
        obj = object_of(body, resource)
        meta = obj.get("metadata") or {}
        must_be_of(resource, namespace, name, meta, "")
        return self.create(resource, namespace, {**obj, "metadata": {**meta, "name": name}}, options)

    def patch(
        self, resource: Resource, namespace: str, name: str, body: bytes, media: str, options: Options
    ) -> Written:
        """A patch of any of the four kinds."""
        known = PATCH_TYPES if resource.definition is None else CUSTOM_PATCH_TYPES
        if media not in known:
            raise status.unsupported_media_type(known)
        if media == APPLY:
            return self._apply(resource, namespace, name, body, options)
        old = self.store.get(resource, namespace, name)
        change = parsed(body)
        new = patched(old, change, media, resource)
        odd = validation.wrong_type(new) if isinstance(new, dict) else "string"
        if odd:
            raise _undecodable(change, f"unrecognized type: {odd}")
        shown = body.decode(errors="replace") if media == JSON_PATCH else change
        new, warnings = self._decoded(resource, new, shown, options)
        return self._finish(resource, old, new, options, warnings)

    def _decoded(self, resource: Resource, obj: Obj, shown: Any, options: Options) -> tuple[Obj, list[str]]:
        schema = resource.schema
        obj = leases.read(obj) if resource == LEASES else obj
        unknown = list(unknown_fields(obj, schema))
        if unknown and options.validation == "Strict":
            raise status.strict_decoding(shown, unknown)
        warnings = [f'unknown field "{path}"' for path in unknown] if options.validation == "Warn" else []
        return without_unknown(obj, schema), warnings

    def _finish(
        self, resource: Resource, old: Obj, new: Obj, options: Options, warnings: list[str]
    ) -> Written:
        written = self.change(resource, old, new, options, Writer(options.manager))
        return Written(written, 200, warnings)

    def change(self, resource: Resource, old: Obj, new: Obj, options: Options, writer: Writer) -> Obj:
        """Stores `new` over `old`, checked; with dry run nothing is stored. Answers what is stored."""
        new = self._checked(resource, old, new)
        keep = self.store.rebuilt if options.dry_run else self.store.replace
        return keep(resource, old, new, writer)

    def _checked(self, resource: Resource, old: Obj, new: Obj) -> Obj:
        """The object as it would be stored: preconditions hold, system fields kept, valid."""
        name, meta = old["metadata"]["name"], dict(new.get("metadata") or {})
        if meta.get("resourceVersion", old["metadata"]["resourceVersion"]) not in (
            "",
            old["metadata"]["resourceVersion"],
        ):
            raise status.conflict(resource, name)
        ready = prepared(resource, {**new, "metadata": meta}, old)
        self._validate(resource, ready, old)
        for key in (
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "managedFields",
        ):
            if key in old["metadata"]:
                meta[key] = old["metadata"][key]
        meta = {key: item for key, item in meta.items() if item not in (None, {}, [])}
        result = {**ready, "metadata": meta}
        if resource.counted and _counts_as_new(resource, old, result):
            result["metadata"] = {**meta, "generation": meta["generation"] + 1}
        return {"kind": resource.kind, "apiVersion": resource.api_version, **_bare(result)}

    def _validate(self, resource: Resource, new: Obj, old: Obj | None) -> None:
        name = (old or new)["metadata"].get("name", "")
        if resource == SECRETS and validation.bad_base64(new):
            # The real server prints the whole Secret here, values included: clients must redact.
            raise _undecodable(new, "error decoding from json: illegal base64 data at input byte 0")
        causes = validation.problems(resource, new, old)
        if causes:
            raise status.invalid(resource, name, causes)

    def _apply(self, resource: Resource, namespace: str, name: str, body: bytes, options: Options) -> Written:
        config = object_of(_parsed_yaml(body), resource)
        old = self.store.find(resource, namespace, name)
        writer = Writer(options.manager, "Apply")
        if old is None:
            raise status.not_found(resource, name)
        entries = old["metadata"].get("managedFields") or []
        found = managed_fields.conflicts(entries, config, old, writer, schema=resource.schema)
        if found and not options.force:
            raise status.apply_conflict([(who, managed_fields.dotted(path)) for who, path in found])
        merged = strategic_merge(old, config, resource.schema)
        merged, warnings = self._decoded(resource, merged, config, options)
        new = self._checked(resource, old, merged)
        if found:
            entries = managed_fields.updated(
                entries, old, new, writer, schema=resource.schema, api_version=resource.api_version, at=""
            )
        new["metadata"]["managedFields"] = managed_fields.applied(
            entries,
            config,
            new,
            writer,
            schema=resource.schema,
            api_version=resource.api_version,
            at=stamp(self.store.now()),
        )
        return Written(new if options.dry_run else self.store.put(resource, old, new), 200, warnings)


def must_be_of(resource: Resource, namespace: str, name: str, meta: Obj, uid: str) -> None:
    """Raises what the server says of a PUT of another object; `uid` is "" where none is there."""
    if meta.get("name") not in (None, "", name):
        raise status.bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({name})"
        )
    if meta.get("uid") and meta["uid"] != uid:
        raise status.another_object(resource, namespace, name, meta["uid"], uid)
    # Neither leases nor custom resources may be written over without saying over what.
    if uid and not meta.get("resourceVersion") and (resource == LEASES or resource.definition is not None):
        raise status.version_required(resource, name)


def _bare(obj: Obj) -> Obj:
    return {key: item for key, item in obj.items() if key not in ("kind", "apiVersion")}


def _counts_as_new(resource: Resource, old: Obj, new: Obj) -> bool:
    """Labels and status never count; annotations only of deployments, whose ReplicaSets get them."""
    before, after = ({k: v for k, v in obj.items() if k not in _UNCOUNTED} for obj in (old, new))
    annotations = [obj["metadata"].get("annotations") or {} for obj in (old, new)]
    return before != after or (resource == DEPLOYMENTS and annotations[0] != annotations[1])


def patched(old: Obj, change: Any, media: str, resource: Resource) -> Obj:
    """The object after a patch of one of the three kinds that need no owners."""
    try:
        if media == JSON_PATCH:
            return json_patch(old, change)  # type: ignore[no-any-return]
        if media == MERGE:
            return merge_patch(old, change)  # type: ignore[no-any-return]
        return strategic_merge(old, change, resource.schema)  # type: ignore[no-any-return]
    except PatchRefused as error:
        raise status.patch_refused() from error
    except PatchMalformed as error:
        raise status.bad_request(str(error)) from error


def _undecodable(change: Any, why: str) -> status.Refusal:
    message = f'Invalid value: "{status.go_text(change)}": {why}'
    causes = [status.Cause("FieldValueInvalid", message, "patch").body()]
    return status.Refusal(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": causes})


def parsed(body: bytes) -> Any:
    """The JSON of a patch."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise status.bad_request(f"error decoding patch: {error}") from error


def _parsed_yaml(body: bytes) -> Any:
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise status.bad_request(f"error decoding YAML: {error}") from error


def object_of(body: Any, resource: Resource) -> Obj:
    """A body that is an object of the resource; raises 400 for anything else."""
    if not isinstance(body, dict):
        raise status.bad_request("the body is not an object")
    kind, version = body.get("kind", resource.kind), body.get("apiVersion", resource.api_version)
    if (kind, version) != (resource.kind, resource.api_version):
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): {version}, Kind={kind}"
        )
    return body
