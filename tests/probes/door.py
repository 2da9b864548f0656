"""A cluster's door for tests: it answers from plain dicts, or refuses."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.support.clock import START
from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.secret import Secret


def stamp(ago: timedelta) -> str:
    """A time of the API server, so long before the tests' clock."""
    return (START - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(*, env: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A healthy deployment of three replicas whose key is a Secret's."""
    entries: list[dict[str, Any]] = [
        {"name": "MISTRAL_API_KEY", "valueFrom": {"secretKeyRef": {"name": "mistral", "key": "api-key"}}}
    ]
    entries += [{"name": name, "value": value} for name, value in (env or {}).items()]
    container = {"name": "mistral-service", "image": "registry.example/mistral-service:1.4", "env": entries}
    made: dict[str, Any] = {
        "metadata": {
            "name": "mistral-service",
            "generation": 4,
            "annotations": {"deployment.kubernetes.io/revision": "4", "kubernetes.io/change-cause": "1.4"},
        },
        "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}},
        "status": {
            "observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
            "availableReplicas": 3,
            "conditions": [{"type": "Progressing", "reason": "NewReplicaSetAvailable",
                            "lastUpdateTime": stamp(timedelta(hours=1))}],
        },
    }  # fmt: skip
    for part, change in more.items():
        made[part] = {**made[part], **change}
    return made


def replica_set(revision: str, ago: timedelta, **annotations: str) -> dict[str, Any]:
    """A ReplicaSet of the deployment."""
    notes = {"deployment.kubernetes.io/revision": revision, **annotations}
    return {"metadata": {"name": f"rs-{revision}", "creationTimestamp": stamp(ago), "annotations": notes}}


def pod(number: int, *, waiting: str = "", restarts: int = 0) -> dict[str, Any]:
    """A pod that runs, or waits for a reason."""
    state: dict[str, Any] = (
        {"waiting": {"reason": waiting, "message": "back-off"}} if waiting else {"running": {}}
    )
    status = {"name": "mistral-service", "restartCount": restarts, "state": state}
    return {
        "metadata": {"name": f"pod-{number}"},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def refusal(reason: Reason) -> ClusterError:
    """A refusal in words."""
    return ClusterError(reason, f"Said because of {reason}.", f"Do something about {reason}.")


class Door:
    """Opens onto itself. What is an exception is raised."""

    def __init__(self, **parts: Any) -> None:
        self.parts: dict[str, Any] = {
            "open": None, "deployment": deployment(), "pods": (pod(1), pod(2), pod(3)),
            "replica_sets": (replica_set("4", timedelta(days=2)),), "autoscalers": (),
            "secret": Secret("another0another0another0another0"), "log": "", "policies": (),
            "groups": ("apps", "networking.k8s.io"), **parts,
        }  # fmt: skip
        self.user = "responder"
        self.namespace = "prod"
        self.asked: list[str] = []

    def _answer(self, part: str) -> Any:
        self.asked.append(part)
        answer = self.parts[part]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def open(self) -> "Door":
        self._answer("open")
        return self

    async def deployment(self) -> Any:
        return self._answer("deployment")

    async def pods(self) -> Any:
        return self._answer("pods")

    async def replica_sets(self) -> Any:
        return self._answer("replica_sets")

    async def autoscalers(self) -> Any:
        return self._answer("autoscalers")

    async def network_policies(self) -> Any:
        return self._answer("policies")

    async def api_groups(self) -> Any:
        return self._answer("groups")

    async def secret_value(self, name: str, key: str) -> Any:
        assert (name, key) == ("mistral", "api-key")
        return self._answer("secret")

    async def pod_log(self, pod: str, container: str, since: int, lines: int, most: int) -> Any:
        assert container == "mistral-service"
        return self._answer("log")
