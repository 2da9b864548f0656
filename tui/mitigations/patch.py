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


def guarded(
    deployment: Mapping[str, Any],
    ops: Sequence[Op],
    *,
    cause: str,
    token: str,
    lease: LeaseNote | None = None,
    released: Sequence[str] = (),
) -> list[Op]:
    """A change of the object, if it is still the one that was read.

    Args:
        deployment: as it was read; its uid and generation are tested.
        ops: the change itself, with tests of its own.
        cause: the change cause.
        token: what the change is known by afterwards.
        lease: what is to be leased; None for what is not temporary, and for an undo.
        released: mitigations whose leases end with this change.
    """
    metadata = deployment.get("metadata") or {}
    tests = [
        _test("/metadata/uid", metadata.get("uid")),
        _test("/metadata/generation", metadata.get("generation")),
    ]
    return [
        *tests,
        *ops,
        *_annotation_ops(
            deployment, {workload.CHANGE_CAUSE: cause, workload.CHANGE_MARK: token}, lease, released
        ),
    ]


def env_ops(deployment: Mapping[str, Any], place: int, values: Mapping[str, str | None]) -> list[Op]:
    """Set or unset variables of one container, each if its whole entry is still what was read.

    Args:
        deployment: as it was read.
        place: index of the container.
        values: by variable; None unsets it.
    """
    container = workload.containers(deployment)[place]
    path = f"/spec/template/spec/containers/{place}"
    found = {name: workload.env_entries(container, name)[:1] for name in values}
    ops = [_test(f"{path}/name", container.get("name"))]
    for name, places in found.items():
        for index, old in places:
            # The whole entry: its name proves the index, and a value of "" has no field to test.
            ops.append(_test(f"{path}/env/{index}", json.loads(json.dumps(old))))
            if values[name] is not None:
                entry = {"name": name, "value": values[name]}
                ops.append({"op": "replace", "path": f"{path}/env/{index}", "value": entry})
    gone = [index for name, places in found.items() for index, _ in places if values[name] is None]
    # From the end, so that no removal moves what is still to be removed.
    ops += [{"op": "remove", "path": f"{path}/env/{index}"} for index in sorted(gone, reverse=True)]
    fresh = [
        {"name": name, "value": values[name]}
        for name in values
        if not found[name] and values[name] is not None
    ]
    if fresh and not container.get("env"):
        return [*ops, {"op": "add", "path": f"{path}/env", "value": fresh}]
    return [*ops, *({"op": "add", "path": f"{path}/env/-", "value": entry} for entry in fresh)]


def restart_ops(deployment: Mapping[str, Any], stamp: str) -> list[Op]:
    """Stamp the pod template, so that every pod is replaced."""
    path = "/spec/template/metadata"
    metadata = workload.template(deployment).get("metadata")
    if not isinstance(metadata, Mapping):
        return [{"op": "add", "path": path, "value": {"annotations": {workload.RESTARTED_AT: stamp}}}]
    stamps = metadata.get("annotations")
    if not isinstance(stamps, Mapping) or not stamps:
        return [{"op": "add", "path": f"{path}/annotations", "value": {workload.RESTARTED_AT: stamp}}]
    key = f"{path}/annotations/{_escaped(workload.RESTARTED_AT)}"
    old = stamps.get(workload.RESTARTED_AT)
    return [*([_test(key, old)] if old is not None else []), {"op": "add", "path": key, "value": stamp}]


def template_ops(deployment: Mapping[str, Any], template: Mapping[str, Any]) -> list[Op]:
    """Another pod template, if today's is to the letter what was read."""
    return [
        _test("/spec/template", json.loads(json.dumps(workload.template(deployment)))),
        {"op": "replace", "path": "/spec/template", "value": template},
    ]


def scale_ops(deployment: Mapping[str, Any], replicas: int) -> list[Op]:
    """Another number of pods."""
    return [
        _test("/spec/replicas", workload.replicas_wanted(deployment)),
        {"op": "replace", "path": "/spec/replicas", "value": replicas},
    ]


def for_the_record(patch: Any) -> Any:
    """The patch as the journal keeps it: a pod template is told by its digest, since it may hold secrets."""
    from tui.mitigations.templates import digest

    if not isinstance(patch, list):
        return patch
    return [
        {**op, "value": {"digest": digest(op["value"])}}
        if isinstance(op, dict) and op.get("path") == "/spec/template"
        else op
        for op in patch
    ]


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


def _annotation_ops(
    deployment: Mapping[str, Any],
    written: dict[str, str],
    lease: LeaseNote | None,
    released: Sequence[str],
) -> list[Op]:
    if lease is not None:
        written = {**written, annotation_of(lease.mitigation): lease_text(lease)}
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
    return "/metadata/annotations/" + _escaped(key)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _test(path: str, value: Any) -> Op:
    return {"op": "test", "path": path, "value": value}
