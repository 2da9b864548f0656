"""The patch of a change: a JSON Patch whose `test` operations are its preconditions.

A merge patch with a resourceVersion would be refused for every status that the controller writes
during a rollout; the generation only moves with the spec. The lease and the change cause travel
in the same patch, so that either all of it is on the object or nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tui.model import deployment as workload
from tui.model.lease import LeaseNote, annotation_of, lease_text

JSON_PATCH = "application/json-patch+json"
Op = dict[str, Any]


def env_patch(
    deployment: Mapping[str, Any],
    *,
    place: int,
    variable: str,
    value: str | None,
    cause: str,
    lease: LeaseNote | None,
    released: Sequence[str],
) -> list[Op]:
    """Set or unset one variable of one container, if the object is still the one that was read.

    Args:
        deployment: as it was read; its uid, generation and the variable's whole entry are tested.
        place: index of the container.
        value: None unsets the variable.
        cause: the change cause.
        lease: what is to be leased; None for an undo.
        released: mitigations whose leases end with this change.
    """
    container = workload.containers(deployment)[place]
    metadata = deployment.get("metadata") or {}
    ops: list[Op] = [
        _test("/metadata/uid", metadata.get("uid")),
        _test("/metadata/generation", metadata.get("generation")),
        _test(f"/spec/template/spec/containers/{place}/name", container.get("name")),
    ]
    ops += _env_ops(container, place, variable, value)
    return ops + _annotation_ops(deployment, cause, lease, released)


def lease_patch(
    deployment: Mapping[str, Any], before: str, lease: LeaseNote | None, mitigation: str
) -> list[Op]:
    """Write or remove a lease alone, if it is still the text that was read. Restarts nothing."""
    key = annotation_of(mitigation)
    ops = [
        _test("/metadata/uid", (deployment.get("metadata") or {}).get("uid")),
        _test(_annotation(key), before),
    ]
    if lease is None:
        return [*ops, {"op": "remove", "path": _annotation(key)}]
    return [*ops, {"op": "replace", "path": _annotation(key), "value": lease_text(lease)}]


def lease_in(patch: Any) -> tuple[str, str] | None:
    """The annotation's key and text that a patch writes, or None: it tells our change from another's."""
    for op in patch if isinstance(patch, list) else ():
        if op.get("op") == "test":
            continue
        written = op.get("value")
        if op.get("path") == "/metadata/annotations" and isinstance(written, dict):
            found = [(key, text) for key, text in written.items() if key.startswith(annotation_of(""))]
            return found[0] if found else None
        key = str(op.get("path")).removeprefix("/metadata/annotations/").replace("~1", "/")
        if key.startswith(annotation_of("")) and isinstance(written, str):
            return key, written
    return None


def _env_ops(container: Mapping[str, Any], place: int, variable: str, value: str | None) -> list[Op]:
    env = f"/spec/template/spec/containers/{place}/env"
    entry = {"name": variable, "value": value}
    found = workload.env_entries(container, variable)
    if not found:
        if value is None:
            return []
        if not container.get("env"):
            return [{"op": "add", "path": env, "value": [entry]}]
        return [{"op": "add", "path": f"{env}/-", "value": entry}]
    index, old = found[0]
    # The whole entry: its name proves the index, and a value of "" has no field to test.
    tested = _test(f"{env}/{index}", json.loads(json.dumps(old)))
    if value is None:
        return [tested, {"op": "remove", "path": f"{env}/{index}"}]
    return [tested, {"op": "replace", "path": f"{env}/{index}", "value": entry}]


def _annotation_ops(
    deployment: Mapping[str, Any], cause: str, lease: LeaseNote | None, released: Sequence[str]
) -> list[Op]:
    written = {workload.CHANGE_CAUSE: cause}
    if lease is not None:
        written[annotation_of(lease.mitigation)] = lease_text(lease)
    present = workload.annotations(deployment)
    if not present:
        # Adding the whole map would drop what somebody added meanwhile, and annotations do not
        # move the generation.
        version = (deployment.get("metadata") or {}).get("resourceVersion")
        return [
            _test("/metadata/resourceVersion", version),
            {"op": "add", "path": "/metadata/annotations", "value": written},
        ]
    removed = [annotation_of(kind) for kind in released if annotation_of(kind) in present]
    ops: list[Op] = []
    for key in (key for key in removed if key not in written):
        ops += [_test(_annotation(key), present[key]), {"op": "remove", "path": _annotation(key)}]
    return ops + [{"op": "add", "path": _annotation(key), "value": text} for key, text in written.items()]


def _annotation(key: str) -> str:
    return "/metadata/annotations/" + key.replace("~", "~0").replace("/", "~1")


def _test(path: str, value: Any) -> Op:
    return {"op": "test", "path": path, "value": value}
