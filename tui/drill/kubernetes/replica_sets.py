"""The ReplicaSet controller: as many pods as the spec says, and a status that counts them."""

from __future__ import annotations

from typing import Any

from tui.drill.kubernetes import events, pod_status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.pods import Pods
from tui.drill.kubernetes.resources import PODS, REPLICA_SETS
from tui.drill.kubernetes.store import Store

Obj = dict[str, Any]
STATUS = Writer("kube-controller-manager", subresource="status")


def owned(store: Store, owner: Obj) -> list[Obj]:
    """The pods of a ReplicaSet, those being stopped included."""
    uid = owner["metadata"]["uid"]
    pods = store.all(PODS, owner["metadata"]["namespace"])
    return [
        pod for pod in pods if any(ref["uid"] == uid for ref in pod["metadata"].get("ownerReferences", []))
    ]


def reconcile(store: Store, pods: Pods) -> None:
    """One pass over every ReplicaSet."""
    for found in store.all(REPLICA_SETS):
        _match(store, pods, found)
        _count(store, store.get(REPLICA_SETS, found["metadata"]["namespace"], found["metadata"]["name"]))


def _match(store: Store, pods: Pods, owner: Obj) -> None:
    present = [pod for pod in owned(store, owner) if not pod_status.is_leaving(pod)]
    wanted = owner["spec"]["replicas"]
    for _ in range(wanted - len(present)):
        pods.start(owner)
    surplus = sorted(present, key=lambda pod: (pod_status.is_ready(pod), pod["metadata"]["name"]))
    for pod in surplus[: max(0, len(present) - wanted)]:
        pods.stop(pod)
        events.record(store, owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")


def _count(store: Store, owner: Obj) -> None:
    pods = owned(store, owner)
    present = [pod for pod in pods if not pod_status.is_leaving(pod)]
    ready = sum(map(pod_status.is_ready, present))
    counts = {
        "replicas": len(present),
        "fullyLabeledReplicas": len(present),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    status = {
        "replicas": len(present),
        **{name: count for name, count in counts.items() if count},
        "terminatingReplicas": len(pods) - len(present),
        "observedGeneration": owner["metadata"]["generation"],
    }
    store.replace(REPLICA_SETS, owner, {**owner, "status": status}, STATUS)
