"""The kinds of objects that the simulated API server has, and where each is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.drill.kubernetes.schema import ANY, KINDS, Type


@dataclass(frozen=True)
class Subresource:
    """A path below an object: its verbs, and the kind that it takes and answers with."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True)
class Definition:
    """One version of a custom resource: its schema, the columns of its table, what may be selected by."""

    openapi: Mapping[str, Any]
    schema: Type
    columns: tuple[Mapping[str, Any], ...] = ()
    selectable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Resource:
    """One resource of the API: its plural name, group and version, kind, verbs and storage hash.

    `counted` objects have a generation. `definition` is what a custom resource was defined by.
    """

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
    counted: bool = False
    subresources: tuple[Subresource, ...] = ()
    definition: Definition | None = field(default=None, compare=False, repr=False)

    @property
    def qualified(self) -> str:
        """The name as messages write it: `deployments.apps`, `pods`."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """What its objects are stored by: a custom resource may have the name of another's."""
        return self.qualified if self.definition is not None else self.name

    @property
    def schema(self) -> Type:
        """The fields of its objects."""
        return KINDS.get(self.kind, ANY) if self.definition is None else self.definition.schema

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, where there is one."""
        return next((found for found in self.subresources if found.name == name), None)


_READ = ("get", "list", "watch")
_WHOLE = ("create", "delete", "get", "list", "patch", "update", "watch")
_RBAC = "rbac.authorization.k8s.io"

NAMESPACES = Resource(
    "namespaces", "Namespace", verbs=_WHOLE, namespaced=False, singular="namespace", short_names=("ns",),
    storage_hash="Q3oi5N2YM8M=",
)  # fmt: skip
PODS = Resource(
    "pods", "Pod", verbs=_READ, singular="pod", short_names=("po",), categories=("all",),
    storage_hash="xPOwRZ+Yhw8=", counted=True, subresources=(Subresource("log", "Pod", ("get",)),),
)  # fmt: skip
EVENTS = Resource(
    "events", "Event", verbs=_READ, singular="event", short_names=("ev",), storage_hash="r2yiGXH7wu8="
)
EVENTS_NEW = Resource(
    "events", "Event", group="events.k8s.io", verbs=_READ, singular="event", short_names=("ev",),
    storage_hash="r2yiGXH7wu8=",
)  # fmt: skip
SECRETS = Resource("secrets", "Secret", verbs=_WHOLE, singular="secret", storage_hash="S6u1pOWzb84=")
CONFIG_MAPS = Resource(
    "configmaps", "ConfigMap", verbs=_WHOLE, singular="configmap", short_names=("cm",),
    storage_hash="qFsyl6wFWjQ=",
)  # fmt: skip
SERVICE_ACCOUNTS = Resource(
    "serviceaccounts", "ServiceAccount", verbs=_WHOLE, singular="serviceaccount", short_names=("sa",),
    storage_hash="pbx9ZvyFpBE=",
    subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
)  # fmt: skip
DEPLOYMENTS = Resource(
    "deployments", "Deployment", group="apps", verbs=_WHOLE, singular="deployment",
    short_names=("deploy",), categories=("all",), storage_hash="8aSe+NMegvE=", counted=True,
    subresources=(Subresource("scale", "Scale", ("get", "patch", "update"), "autoscaling", "v1"),),
)  # fmt: skip
REPLICA_SETS = Resource(
    "replicasets", "ReplicaSet", group="apps", verbs=_READ, singular="replicaset", short_names=("rs",),
    categories=("all",), storage_hash="P1RzHs8/mWQ=", counted=True,
)  # fmt: skip
# These three and jobs are stored and served; no controller acts on them.
STATEFUL_SETS = Resource(
    "statefulsets", "StatefulSet", group="apps", verbs=_WHOLE, singular="statefulset", short_names=("sts",),
    categories=("all",), storage_hash="H+vl74LkKdo=", counted=True,
)  # fmt: skip
DAEMON_SETS = Resource(
    "daemonsets", "DaemonSet", group="apps", verbs=_WHOLE, singular="daemonset", short_names=("ds",),
    categories=("all",), storage_hash="dd7pWHUlMKQ=", counted=True,
)  # fmt: skip
JOBS = Resource(
    "jobs", "Job", group="batch", verbs=_WHOLE, singular="job", categories=("all",),
    storage_hash="mudhfqk/qZY=", counted=True,
)  # fmt: skip
CRON_JOBS = Resource(
    "cronjobs", "CronJob", group="batch", verbs=_WHOLE, singular="cronjob", short_names=("cj",),
    categories=("all",), storage_hash="sd5LIXh4Fjs=", counted=True,
)  # fmt: skip
NETWORK_POLICIES = Resource(
    "networkpolicies", "NetworkPolicy", group="networking.k8s.io", verbs=_WHOLE, singular="networkpolicy",
    short_names=("netpol",), storage_hash="YpfwF18m1G8=", counted=True,
)  # fmt: skip
LEASES = Resource(
    "leases", "Lease", group="coordination.k8s.io", verbs=_WHOLE, singular="lease",
    storage_hash="gqkMMb/YqFM=",
)  # fmt: skip
AUTOSCALERS = Resource(
    "horizontalpodautoscalers", "HorizontalPodAutoscaler", group="autoscaling", version="v2", verbs=_WHOLE,
    singular="horizontalpodautoscaler", short_names=("hpa",), categories=("all",),
    storage_hash="qwQve8ut294=",
)  # fmt: skip
ROLES = Resource("roles", "Role", group=_RBAC, verbs=_WHOLE, singular="role", storage_hash="7FuwZcIIItM=")
ROLE_BINDINGS = Resource(
    "rolebindings", "RoleBinding", group=_RBAC, verbs=_WHOLE, singular="rolebinding",
    storage_hash="eGsCzGH6b1g=",
)  # fmt: skip
CUSTOM_RESOURCES = Resource(
    "customresourcedefinitions", "CustomResourceDefinition", group="apiextensions.k8s.io", verbs=_WHOLE,
    namespaced=False, singular="customresourcedefinition", short_names=("crd", "crds"),
    categories=("api-extensions",), storage_hash="jfWCUB31mvA=", counted=True,
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
    NAMESPACES, PODS, EVENTS, SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, DEPLOYMENTS, REPLICA_SETS,
    STATEFUL_SETS, DAEMON_SETS, EVENTS_NEW, SUBJECT_REVIEWS, ACCESS_REVIEWS, AUTOSCALERS, JOBS, CRON_JOBS,
    NETWORK_POLICIES, ROLES, ROLE_BINDINGS, CUSTOM_RESOURCES, LEASES,
)  # fmt: skip
