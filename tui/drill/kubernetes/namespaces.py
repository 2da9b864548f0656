"""The life of a namespace: what may be created in it, and how all that is in it goes when it does."""

from __future__ import annotations

from typing import Any

from tui.drill.kubernetes import status
from tui.drill.kubernetes.definitions import Catalogue
from tui.drill.kubernetes.resources import EVENTS_NEW, NAMESPACES, PODS, Resource
from tui.drill.kubernetes.store import Store

Obj = dict[str, Any]


def must_take(store: Store, resource: Resource, namespace: str, meta: Obj) -> None:
    """Raises what the server says where nothing can be created there: elsewhere, missing, or ending."""
    if (meta.get("namespace") or namespace) != namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    found = store.find(NAMESPACES, "", namespace)
    if found is None:
        raise status.not_found(NAMESPACES, namespace)
    if found["status"]["phase"] == "Terminating":
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        refusal = status.forbidden(resource, str(meta.get("name", "")), why)
        told = f"namespace {namespace} is being terminated"
        cause = status.Cause("NamespaceTerminating", told, "metadata.namespace")
        refusal.body["details"]["causes"] = [cause.body()]
        raise refusal


def sweep(store: Store) -> None:
    """One pass over the namespaces that end: their content is deleted, then they are gone.

    Pods are not deleted here: they stop when their ReplicaSet is gone, and take their time.
    """
    for space in store.all(NAMESPACES):
        if space["status"]["phase"] != "Terminating":
            continue
        name = space["metadata"]["name"]
        for resource in Catalogue(store).served():
            if resource.namespaced and resource not in (EVENTS_NEW, PODS):
                for obj in store.all(resource, name):
                    store.delete(resource, obj)
        if not store.all(PODS, name):
            store.delete(NAMESPACES, space)
