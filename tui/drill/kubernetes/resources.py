"""The kinds of objects that the simulated API server has, and where each is served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """One resource of the API: its plural name, group and version, kind, verbs and storage hash."""

    name: str
    kind: str
    group: str = ""
    version: str = "v1"
    verbs: tuple[str, ...] = ("get", "list", "watch")
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    storage_hash: str = ""

    @property
    def qualified(self) -> str:
        """The name as messages write it: `deployments.apps`, `pods`."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


_READ = ("get", "list", "watch")
_PATCHED = ("get", "list", "patch", "watch")
_WRITTEN = ("create", "get", "list", "patch", "update", "watch")

NAMESPACES = Resource(
    "namespaces", "Namespace", namespaced=False, singular="namespace", short_names=("ns",),
    storage_hash="Q3oi5N2YM8M=",
)  # fmt: skip
PODS = Resource(
    "pods", "Pod", verbs=_READ, singular="pod", short_names=("po",), categories=("all",),
    storage_hash="xPOwRZ+Yhw8=",
)  # fmt: skip
EVENTS = Resource(
    "events", "Event", verbs=_READ, singular="event", short_names=("ev",), storage_hash="r2yiGXH7wu8="
)
EVENTS_NEW = Resource(
    "events", "Event", group="events.k8s.io", verbs=_READ, singular="event", short_names=("ev",),
    storage_hash="r2yiGXH7wu8=",
)  # fmt: skip
SECRETS = Resource("secrets", "Secret", verbs=_WRITTEN, singular="secret", storage_hash="S6u1pOWzb84=")
DEPLOYMENTS = Resource(
    "deployments", "Deployment", group="apps", verbs=_WRITTEN, singular="deployment",
    short_names=("deploy",), categories=("all",), storage_hash="8aSe+NMegvE=",
)  # fmt: skip
REPLICA_SETS = Resource(
    "replicasets", "ReplicaSet", group="apps", verbs=_READ, singular="replicaset", short_names=("rs",),
    categories=("all",), storage_hash="P1RzHs8/mWQ=",
)  # fmt: skip
NETWORK_POLICIES = Resource(
    "networkpolicies", "NetworkPolicy", group="networking.k8s.io", verbs=_READ, singular="networkpolicy",
    short_names=("netpol",), storage_hash="YpfwF18m1G8=",
)  # fmt: skip
LEASES = Resource(
    "leases", "Lease", group="coordination.k8s.io", verbs=_WRITTEN, singular="lease",
    storage_hash="gqkMMb/YqFM=",
)  # fmt: skip
AUTOSCALERS = Resource(
    "horizontalpodautoscalers", "HorizontalPodAutoscaler", group="autoscaling", version="v2", verbs=_READ,
    singular="horizontalpodautoscaler", short_names=("hpa",), categories=("all",),
    storage_hash="qwQve8ut294=",
)  # fmt: skip
ACCESS_REVIEWS = Resource(
    "selfsubjectaccessreviews", "SelfSubjectAccessReview", group="authorization.k8s.io", verbs=("create",),
    namespaced=False, singular="selfsubjectaccessreview",
)  # fmt: skip
SUBJECT_REVIEWS = Resource(
    "selfsubjectreviews", "SelfSubjectReview", group="authentication.k8s.io", verbs=("create",),
    namespaced=False, singular="selfsubjectreview",
)  # fmt: skip

SERVED: tuple[Resource, ...] = (
    NAMESPACES, PODS, EVENTS, SECRETS, DEPLOYMENTS, REPLICA_SETS, EVENTS_NEW, SUBJECT_REVIEWS, ACCESS_REVIEWS,
    AUTOSCALERS, NETWORK_POLICIES, LEASES,
)  # fmt: skip


def find(group: str, version: str, name: str) -> Resource | None:
    """The resource served at that group, version and plural name."""
    for resource in SERVED:
        if (resource.group, resource.version, resource.name) == (group, version, name):
            return resource
    return None
