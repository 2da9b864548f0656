"""What a pod's status says of its containers."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
_CRASHES = frozenset({"CrashLoopBackOff", "Error", "RunContainerError", "StartError"})
_RESTARTED_LATELY = 3


def _statuses(pod: Json) -> list[Json]:
    found = (pod.get("status") or {}).get("containerStatuses")
    return [s for s in found if isinstance(s, Mapping)] if isinstance(found, list) else []


def crashes(pod: Json) -> bool:
    """Whether a container of it waits to be started again, or ended badly more than now and then."""
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _CRASHES:
            return True
        terminated = (status.get("state") or {}).get("terminated") or {}
        if terminated.get("exitCode") and whole(status.get("restartCount")) >= _RESTARTED_LATELY:
            return True
    return False


def restarts(pod: Json) -> int:
    """How often its containers were started again."""
    return sum(whole(status.get("restartCount")) for status in _statuses(pod))


def whole(value: Any) -> int:
    """A whole number, 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
