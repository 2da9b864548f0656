"""The status of a pod in each state that a drill knows, shaped as recorded."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]
NODE_IP = "10.88.0.1"


def _conditions(ready: bool, at: str) -> list[Obj]:
    told = {} if ready else {"reason": "ContainersNotReady", "message": "containers with unready status"}
    early = ("PodScheduled", "PodReadyToStartContainers", "Initialized")
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": at} for kind in early
    ]
    for kind in ("ContainersReady", "Ready"):
        word = "True" if ready else "False"
        conditions.append(
            {"type": kind, "status": word, "lastProbeTime": None, "lastTransitionTime": at, **told}
        )
    return conditions


def _status(pod: Obj, container: Obj, *, phase: str, ready: bool, at: str, ip: str) -> Obj:
    return {
        "phase": phase,
        "conditions": _conditions(ready, at),
        "hostIP": NODE_IP,
        **({"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {}),
        "startTime": pod["status"].get("startTime", at),
        "containerStatuses": [container],
        "qosClass": "BestEffort",
    }


def _container(pod: Obj, state: Obj, *, ready: bool, restarts: int = 0, last: Obj | None = None) -> Obj:
    spec = pod["spec"]["containers"][0]
    ident = (
        {} if "waiting" in state and not restarts else {"containerID": f"drill://{pod['metadata']['uid']}"}
    )
    return {
        "name": spec["name"],
        "state": state,
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "image": spec["image"],
        "imageID": "",
        **ident,
        "started": ready,
    }


def creating(pod: Obj, at: str) -> Obj:
    """Scheduled, its container not started."""
    state = {"waiting": {"reason": "ContainerCreating"}}
    return _status(pod, _container(pod, state, ready=False), phase="Pending", ready=False, at=at, ip="")


def running(pod: Obj, at: str, ip: str) -> Obj:
    """Running and ready."""
    state = {"running": {"startedAt": at}}
    return _status(pod, _container(pod, state, ready=True), phase="Running", ready=True, at=at, ip=ip)


def crashing(pod: Obj, at: str, ip: str, restarts: int) -> Obj:
    """CrashLoopBackOff after `restarts` restarts."""
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
    last = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at}}
    container = _container(pod, state, ready=False, restarts=restarts, last=last)
    return _status(pod, container, phase="Running", ready=False, at=at, ip=ip)


def unpullable(pod: Obj, at: str) -> Obj:
    """ImagePullBackOff."""
    image = pod["spec"]["containers"][0]["image"]
    state = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}}
    return _status(pod, _container(pod, state, ready=False), phase="Pending", ready=False, at=at, ip="")


def misconfigured(pod: Obj, at: str, what: str) -> Obj:
    """CreateContainerConfigError: a Secret or a key of it is not there."""
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": what}}
    return _status(pod, _container(pod, state, ready=False), phase="Pending", ready=False, at=at, ip="")


def is_ready(pod: Obj) -> bool:
    """Whether the pod counts as ready."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def is_leaving(pod: Obj) -> bool:
    """Whether the pod has been asked to stop."""
    return "deletionTimestamp" in pod["metadata"]
