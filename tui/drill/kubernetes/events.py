"""Events of core/v1, and the same as events.k8s.io/v1 shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.objects import NODE
from tui.drill.kubernetes.resources import EVENTS
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]
_KUBELET = {"component": "kubelet", "host": NODE}
SOURCES: dict[str, Obj] = {
    "Scheduled": {"component": "default-scheduler"},
    "ScalingReplicaSet": {"component": "deployment-controller"},
    "SuccessfulCreate": {"component": "replicaset-controller"},
    "SuccessfulDelete": {"component": "replicaset-controller"},
}


def record(
    store: Store,
    about: Obj,
    reason: str,
    message: str,
    *,
    type_: str = "Normal",
) -> None:
    """Records an event about an object; a repeated one raises the count of the first."""
    when = stamp(store.now())
    source = SOURCES.get(reason, _KUBELET)
    for event in store.all(EVENTS, about["metadata"]["namespace"]):
        same = (event["involvedObject"]["uid"], event["reason"], event["message"])
        if same == (about["metadata"]["uid"], reason, message):
            again = {**event, "count": event["count"] + 1, "lastTimestamp": when}
            store.replace(EVENTS, event, again, Writer(source["component"]))
            return
    store.create(
        EVENTS, _event(store, about, reason, message, type_, when, source), Writer(source["component"])
    )


def _event(store: Store, about: Obj, reason: str, message: str, type_: str, when: str, source: Obj) -> Obj:
    meta = about["metadata"]
    involved = {
        "kind": about["kind"],
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": meta["resourceVersion"],
    }
    return {
        "metadata": {
            "name": f"{meta['name']}.{store.rng.getrandbits(64):016x}",
            "namespace": meta["namespace"],
        },
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": source,
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
        "type": type_,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    }


def forget(store: Store, before: datetime) -> None:
    """Removes what was last seen before that moment: a real cluster keeps events for an hour."""
    for event in store.all(EVENTS):
        if event["lastTimestamp"] < stamp(before):
            store.delete(EVENTS, event)


def as_new(event: Obj) -> Obj:
    """A core/v1 event in the form of events.k8s.io/v1."""
    return {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "metadata": event["metadata"],
        "eventTime": event["eventTime"],
        "reason": event["reason"],
        "regarding": event["involvedObject"],
        "note": event["message"],
        "type": event["type"],
        "deprecatedSource": event["source"],
        "deprecatedFirstTimestamp": event["firstTimestamp"],
        "deprecatedLastTimestamp": event["lastTimestamp"],
        "deprecatedCount": event["count"],
    }
