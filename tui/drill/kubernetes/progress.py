"""The status of a Deployment: counts, conditions, and when it counts as done, moving or timed out.

Rules: kubernetes/pkg/controller/deployment/progress.go and sync.go.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tui.drill.kubernetes.store import stamp

Obj = dict[str, Any]
DONE, MOVING, TIMED_OUT = "NewReplicaSetAvailable", "ReplicaSetUpdated", "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"


def condition(obj: Obj, kind: str) -> Obj | None:
    """The condition of that type."""
    found = obj.get("status", {}).get("conditions") or []
    return next((item for item in found if item["type"] == kind), None)


def reason(obj: Obj) -> str:
    """The reason of the Progressing condition, or ""."""
    found = condition(obj, "Progressing")
    return "" if found is None else str(found["reason"])


def with_condition(
    obj: Obj, kind: str, status: str, why: str, message: str, now: datetime, *, renew: bool = False
) -> Obj:
    """The object with a condition set; one of the same status and reason stays unless `renew`."""
    old = condition(obj, kind)
    if old is not None and not renew and (old["status"], old["reason"]) == (status, why):
        return obj
    when = stamp(now)
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else when
    new = {
        "type": kind,
        "status": status,
        "lastUpdateTime": when,
        "lastTransitionTime": since,
        "reason": why,
        "message": message,
    }
    others = [item for item in obj.get("status", {}).get("conditions") or [] if item["type"] != kind]
    return {**obj, "status": {**obj.get("status", {}), "conditions": [*others, new]}}


def pause_condition(deployment: Obj, now: datetime) -> Obj | None:
    """The deployment told to be paused or resumed, or None where its condition says so already."""
    paused, why = bool(deployment["spec"].get("paused")), reason(deployment)
    if why == TIMED_OUT:
        return None
    if paused and why != PAUSED:
        return with_condition(deployment, "Progressing", "Unknown", PAUSED, "Deployment is paused", now)
    if not paused and why == PAUSED:
        return with_condition(deployment, "Progressing", "Unknown", RESUMED, "Deployment is resumed", now)
    return None


def counted(deployment: Obj, sets: list[Obj], current: Obj | None, unavailable: int, now: datetime) -> Obj:
    """The counts and the Available condition; counts of nought are absent, as the server leaves them."""

    def total(name: str) -> int:
        return sum(int(item["status"].get(name, 0)) for item in sets)

    available = total("availableReplicas")
    asked = sum(int(item["spec"]["replicas"]) for item in sets)
    counts = {
        "replicas": total("replicas"),
        "updatedReplicas": 0 if current is None else int(current["status"].get("replicas", 0)),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, asked - available),
    }
    status = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
        "terminatingReplicas": total("terminatingReplicas"),
        "conditions": deployment.get("status", {}).get("conditions") or [],
    }
    enough = available >= deployment["spec"]["replicas"] - unavailable
    why = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    verb = "has" if enough else "does not have"
    told = f"Deployment {verb} minimum availability."
    counted_ = with_condition({"status": status}, "Available", str(enough), why, told, now)
    return {**status, "conditions": _in_order(counted_["status"]["conditions"])}


def _in_order(conditions: list[Obj]) -> list[Obj]:
    return sorted(conditions, key=lambda item: str(item["type"]))


def moved(old: Obj, new: Obj) -> bool:
    """Whether a status shows progress over another, or a fresh Progressing condition."""

    def count(status: Obj, name: str) -> int:
        return int(status.get(name, 0))

    def left(status: Obj) -> int:
        return count(status, "replicas") - count(status, "updatedReplicas")

    grown = any(
        count(new, name) > count(old, name)
        for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    renewed = condition({"status": new}, "Progressing") != condition({"status": old}, "Progressing")
    return grown or left(new) < left(old) or renewed


def _progressing(old: Obj, new: Obj) -> bool:
    bare = {**new, "conditions": old.get("conditions") or []}
    return moved(old, bare)


def complete(deployment: Obj, status: Obj) -> bool:
    """Every pod is new, present and available, and the controller has seen the newest spec."""
    wanted = deployment["spec"]["replicas"]
    counts = (status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas"))
    return all(count == wanted for count in counts)


def is_settled(deployment: Obj) -> bool:
    """Whether no deadline runs: done, timed out or paused."""
    return reason(deployment) in ("", DONE, TIMED_OUT, PAUSED) and bool(deployment.get("status"))


def judged(deployment: Obj, status: Obj, name: str, now: datetime, since: datetime) -> Obj:
    """The status with its Progressing condition: done, moving, or timed out since the last progress."""
    old = deployment.get("status", {})
    why = reason(deployment)
    if why == DONE and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return status
    shell = {"status": status}
    if complete(deployment, status):
        told = f'ReplicaSet "{name}" has successfully progressed.'
        shell = with_condition(shell, "Progressing", "True", DONE, told, now)
    elif _progressing(old, status):
        told = f'ReplicaSet "{name}" is progressing.'
        shell = with_condition(shell, "Progressing", "True", MOVING, told, now, renew=True)
    elif _timed_out(deployment, why, now, since):
        told = f'ReplicaSet "{name}" has timed out progressing.'
        shell = with_condition(shell, "Progressing", "False", TIMED_OUT, told, now)
    return {**status, "conditions": _in_order(shell["status"]["conditions"])}


def _timed_out(deployment: Obj, why: str, now: datetime, since: datetime) -> bool:
    if why in ("", DONE):
        return False
    seconds = deployment["spec"].get("progressDeadlineSeconds", 600)
    return why == TIMED_OUT or now >= since + timedelta(seconds=seconds)
