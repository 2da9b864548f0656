"""What the cluster has of the deployment: its objects, its events, and every container's log."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tui.evidence.piece import Piece, Unobtainable, document, later, missing
from tui.model.redaction import Redactor, says_secret
from tui.model.secret import Secret

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster, ClusterDoor
    from tui.clients.cluster_raw import RawCluster

Json = Mapping[str, Any]
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# name, what, root, group, resource
_LISTS = (
    ("kubernetes/replicasets.json", "ReplicaSets", "/apis/apps/v1", "apps", "replicasets"),
    (
        "kubernetes/networkpolicies.json",
        "NetworkPolicies",
        "/apis/networking.k8s.io/v1",
        "networking.k8s.io",
        "networkpolicies",
    ),
    (
        "kubernetes/autoscalers.json",
        "autoscalers",
        "/apis/autoscaling/v2",
        "autoscaling",
        "horizontalpodautoscalers",
    ),
)


async def pieces(door: "ClusterDoor", logs: timedelta) -> AsyncIterator[Piece]:
    """Every piece that the cluster has; where it cannot be asked, that is one piece with its reason.

    Args:
        logs: how far back the logs go.
    """
    from tui.clients.cluster_errors import ClusterError

    try:
        cluster = await door.open()
        deployment = await cluster.deployment()
    except ClusterError as error:
        yield missing("kubernetes/", "everything of the cluster", error.said)
        return
    from tui.clients.cluster_raw import RawCluster

    raw = RawCluster(cluster)
    for piece in await _learned(raw, deployment, cluster.redact):
        yield piece
    yield _yaml("kubernetes/deployment.yaml", "the deployment", deployment, cluster.redact)
    yield _objects(raw, *_LISTS[0], cluster.redact)
    yield _events(raw, cluster.redact)
    for row in _LISTS[1:]:
        yield _objects(raw, *row, cluster.redact)
    yield _version(raw)
    async for piece in _pods(cluster, raw, logs):
        yield piece


async def _learned(raw: "RawCluster", deployment: Json, redact: Redactor) -> Sequence[Piece]:
    """Have every secret that the pods get known before anything of theirs is kept.

    The pieces are those that say which Secrets may not be read: of these, only the patterns protect.
    """
    from tui.clients.cluster_errors import ClusterError
    from tui.clients.cluster_raw import mounted_secrets

    for value in secret_like(deployment):
        redact.add(value)
    unread = []
    for name in mounted_secrets(deployment):
        try:
            await raw.learn(name)
        except ClusterError as error:
            reason = f"{error.said} What looks like a secret is taken out of the logs all the same."
            unread.append(
                missing(f"secrets/{name}", f"the values of secret {name}, to take them out", reason)
            )
    return unread


def secret_like(value: Any) -> list[Secret]:
    """The values of environment variables whose names say that they are secret."""
    if isinstance(value, list):
        return [found for item in value for found in secret_like(item)]
    if not isinstance(value, Mapping):
        return []
    name, text = value.get("name"), value.get("value")
    if isinstance(name, str) and isinstance(text, str) and says_secret(name) and text.strip():
        return [Secret(text)]
    return [found for item in value.values() for found in secret_like(item)]


def plain(item: Json, redact: Redactor) -> Any:
    """An object without secrets; what `kubectl apply` keeps of it is a copy that may hold them as text."""
    copy = redact.data(item)
    metadata = copy.get("metadata") if isinstance(copy, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict) and APPLIED in annotations:
        annotations[APPLIED] = "(left out: a copy of the object)"
    return copy


def _yaml(name: str, what: str, item: Json, redact: Redactor) -> Piece:
    async def read() -> AsyncGenerator[bytes, None]:
        import yaml

        text: str = yaml.safe_dump(plain(item, redact), sort_keys=False, allow_unicode=True, width=120)
        yield text.encode(errors="replace")

    return Piece(name, what, read)


def _objects(
    raw: "RawCluster", name: str, what: str, root: str, group: str, resource: str, redact: Redactor
) -> Piece:
    async def make() -> Any:
        found = await _asked(raw.objects(root, group, resource))
        return [plain(item, redact) for item in found]

    return later(name, what, make)


def _events(raw: "RawCluster", redact: Redactor) -> Piece:
    """The namespace's events by time: what evicted a pod may be an event of its node's neighbour."""

    async def make() -> Any:
        found = await _asked(raw.objects("/api/v1", "", "events"))
        return [plain(item, redact) for item in sorted(found, key=_when)]

    return later("kubernetes/events.json", "events", make)


def _when(event: Json) -> str:
    series = event.get("series")
    last = series.get("lastObservedTime") if isinstance(series, Mapping) else None
    made = (event.get("metadata") or {}).get("creationTimestamp")
    return str(last or event.get("lastTimestamp") or event.get("eventTime") or made or "")


def _version(raw: "RawCluster") -> Piece:
    return later("kubernetes/version.json", "the cluster's version", lambda: _asked(raw.version()))


async def _pods(cluster: "Cluster", raw: "RawCluster", logs: timedelta) -> AsyncIterator[Piece]:
    from tui.clients.cluster_errors import ClusterError
    from tui.clients.cluster_raw import containers

    try:
        found = await cluster.pods()
    except ClusterError as error:
        yield missing("kubernetes/pods.json", "the pods, and with them their logs", error.said)
        return
    yield document("kubernetes/pods.json", "the pods", [plain(pod, cluster.redact) for pod in found])
    for pod in found:
        name = str((pod.get("metadata") or {}).get("name") or "")
        for container, ran_before in containers(pod):
            yield _log(raw, name, container, logs)
            if ran_before:
                yield _log(raw, name, container, logs, previous=True)


def _log(raw: "RawCluster", pod: str, container: str, logs: timedelta, *, previous: bool = False) -> Piece:
    async def read() -> AsyncGenerator[bytes, None]:
        from tui.clients.cluster_errors import ClusterError

        try:
            async for part in raw.log(pod, container, int(logs.total_seconds()), previous=previous):
                yield part
        except ClusterError as error:
            raise Unobtainable(error.said) from None

    which = f"{_safe(container)}.previous.log" if previous else f"{_safe(container)}.log"
    before = ", the one before" if previous else ""
    return Piece(f"logs/{_safe(pod)}/{which}", f"log of {pod}, {container}{before}", read)


def _safe(name: str) -> str:
    """A name as part of a path: Kubernetes' own never hold more, a hostile server's may."""
    return "".join(c if c.isalnum() or c in "-_" or (c == "." and name.strip(".")) else "_" for c in name)[
        :120
    ]


async def _asked(asking: Any) -> Any:
    from tui.clients.cluster_errors import ClusterError

    try:
        return await asking
    except ClusterError as error:
        raise Unobtainable(error.said) from None
