"""Deletes, and what follows from them: what an object owned goes with it."""

from __future__ import annotations

import json
from typing import Any

from tui.drill.kubernetes import pod_status, status
from tui.drill.kubernetes.definitions import resources
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.pods import Pods
from tui.drill.kubernetes.resources import (
    CUSTOM_RESOURCES,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    Resource,
)
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]


def delete(store: Store, resource: Resource, namespace: str, name: str, body: bytes) -> Obj:
    """Deletes an object, and returns what the server answers: the object, or a Status of success.

    Raises 409 where the preconditions of the DeleteOptions in `body` do not hold.
    """
    obj = store.get(resource, namespace, name)
    options = _options(body)
    for field, live in _preconditions(options, obj):
        given = options["preconditions"][field]
        if given != live:
            raise status.precondition_failed(resource, name, _SHOWN[field], given, live)
    if options.get("dryRun"):
        return _gone(resource, obj)
    if resource == NAMESPACES:
        return _ending(store, obj)
    if resource == CUSTOM_RESOURCES:
        for custom in resources(obj):
            for item in store.all(custom):
                store.delete(custom, item)
    store.delete(resource, obj)
    return _gone(resource, obj)


_SHOWN = {"uid": "UID", "resourceVersion": "ResourceVersion"}


def _options(body: bytes) -> Obj:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise status.bad_request(f"the delete options are unrecognized: {error}") from error
    return found if isinstance(found, dict) else {}


def _preconditions(options: Obj, obj: Obj) -> list[tuple[str, str]]:
    wanted = options.get("preconditions") or {}
    return [(field, obj["metadata"][field]) for field in _SHOWN if wanted.get(field)]


def _gone(resource: Resource, obj: Obj) -> Obj:
    meta = obj["metadata"]
    details = {"name": meta["name"], "group": resource.group, "kind": resource.name, "uid": meta["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: text for key, text in details.items() if text},
    }


def _ending(store: Store, space: Obj) -> Obj:
    meta = {"deletionTimestamp": stamp(store.now()), **space["metadata"]}
    ended = {**space, "metadata": meta, "status": {**space["status"], "phase": "Terminating"}}
    return store.replace(NAMESPACES, space, ended, Writer("kube-apiserver", subresource="status"))


def collect(store: Store, pods: Pods) -> None:
    """The garbage collector: ReplicaSets without their deployment, and pods without their ReplicaSet."""
    for owner, owned in ((DEPLOYMENTS, REPLICA_SETS), (REPLICA_SETS, PODS)):
        alive = {obj["metadata"]["uid"] for obj in store.all(owner)}
        for obj in store.all(owned):
            if any(ref["uid"] in alive for ref in obj["metadata"].get("ownerReferences", [])):
                continue
            if owned is REPLICA_SETS:
                store.delete(owned, obj)
            elif not pod_status.is_leaving(obj):
                pods.stop(obj)
