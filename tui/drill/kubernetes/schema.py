"""What the API server knows of the kinds it serves: field names, keys of lists, what is one value.

One description feeds three rules: strategic merge (lists merge by their first key), managed fields
(which paths exist on their own), and field validation (which names are unknown).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Type:
    """A type of the API.

    `kind` is struct (known fields), map (free keys), list (of structs with `keys`), set (of plain
    values), atomic (one value to its owners) or any. `pointer` says that the server tells an absent
    struct from an empty one, so that the struct itself has an owner. `untracked` fields have none.
    """

    kind: str
    fields: Mapping[str, Type] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    of: Type | None = None
    pointer: bool = False
    untracked: frozenset[str] = frozenset()
    required: bool = False

    @property
    def merge_key(self) -> str:
        """The key by which strategic merge joins the items; "" where the list is replaced."""
        return self.keys[0] if self.kind == "list" and self.keys else ""

    @property
    def item(self) -> Type:
        """The type of one item of a list."""
        return self.of or ANY

    def child(self, name: str) -> Type:
        """The type of a field; `ANY` where nothing is known of it."""
        return self.fields.get(name, ANY)


ANY = Type("any")
ATOM = Type("atomic")
MAP = Type("map")


def _struct(*plain: str, pointer: bool = False, untracked: str = "", **typed: Type) -> Type:
    names = [name for text in plain for name in text.split()]
    fields = {**dict.fromkeys(names, ATOM), **typed}
    hidden = frozenset(untracked.split())
    return Type("struct", {**fields, **dict.fromkeys(hidden, ATOM)}, pointer=pointer, untracked=hidden)


def _keyed(item: Type, *keys: str, required: bool = False) -> Type:
    return Type("list", keys=keys, of=item, required=required)


METADATA = _struct(
    "generateName deletionTimestamp deletionGracePeriodSeconds",
    untracked="name namespace uid resourceVersion generation creationTimestamp selfLink managedFields",
    labels=MAP,
    annotations=MAP,
    finalizers=Type("set"),
    ownerReferences=_keyed(ATOM, "uid"),
)
_REFERENCE = _struct("secretKeyRef configMapKeyRef fieldRef resourceFieldRef fileKeyRef", pointer=True)
_ENV = _struct("name value", valueFrom=_REFERENCE)
_RESOURCES = _struct(limits=MAP, requests=MAP, claims=_keyed(_struct("name request"), "name"))
CONTAINER = _struct(
    "name image command args workingDir imagePullPolicy terminationMessagePath terminationMessagePolicy",
    "stdin stdinOnce tty restartPolicy restartPolicyRules livenessProbe readinessProbe startupProbe",
    "lifecycle resizePolicy envFrom",
    env=_keyed(_ENV, "name"),
    ports=_keyed(_struct("name containerPort hostPort hostIP protocol"), "containerPort", "protocol"),
    resources=_RESOURCES,
    securityContext=Type("any"),
    volumeMounts=_keyed(
        _struct("name mountPath readOnly subPath subPathExpr mountPropagation recursiveReadOnly"), "mountPath"
    ),
    volumeDevices=_keyed(_struct("name devicePath"), "devicePath"),
)
POD_SPEC = _struct(
    "restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector",
    "serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC",
    "shareProcessNamespace hostname subdomain affinity schedulerName tolerations priorityClassName priority",
    "dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead ",
    "setHostnameAsFQDN os hostUsers resources hostnameOverride workloadRef",
    containers=_keyed(CONTAINER, "name", required=True),
    initContainers=_keyed(CONTAINER, "name"),
    ephemeralContainers=_keyed(CONTAINER, "name"),
    volumes=_keyed(Type("any"), "name"),
    securityContext=Type("any"),
    imagePullSecrets=_keyed(_struct("name"), "name"),
    hostAliases=_keyed(_struct("ip hostnames"), "ip"),
    topologySpreadConstraints=_keyed(Type("any"), "topologyKey", "whenUnsatisfiable"),
    schedulingGates=_keyed(_struct("name"), "name"),
    resourceClaims=_keyed(Type("any"), "name"),
)
_TEMPLATE = _struct(metadata=METADATA, spec=POD_SPEC)
_CONDITION = _struct(
    "type status lastUpdateTime lastTransitionTime lastProbeTime reason message observedGeneration"
)
_CONDITIONS = _keyed(_CONDITION, "type")
_WORKLOAD = (
    "replicas selector updateStrategy minReadySeconds revisionHistoryLimit podManagementPolicy ordinals "
    "persistentVolumeClaimRetentionPolicy"
)
_JOB = (
    "parallelism completions activeDeadlineSeconds backoffLimit selector manualSelector suspend "
    "ttlSecondsAfterFinished completionMode podFailurePolicy"
)
_COUNTS = "replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas terminatingReplicas"


def _kind(**parts: Type) -> Type:
    fields: dict[str, Type] = {"apiVersion": ATOM, "kind": ATOM, "metadata": METADATA, **parts}
    return Type("struct", fields, untracked=frozenset({"apiVersion", "kind"}))


KINDS: Mapping[str, Type] = {
    "Deployment": _kind(
        spec=_struct(
            "replicas selector minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds",
            template=_TEMPLATE,
            strategy=_struct("type", rollingUpdate=_struct("maxUnavailable maxSurge", pointer=True)),
        ),
        status=_struct(_COUNTS, "observedGeneration collisionCount", conditions=_CONDITIONS),
    ),
    "ReplicaSet": _kind(
        spec=_struct("replicas minReadySeconds selector", template=_TEMPLATE),
        status=_struct(
            "replicas fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas",
            "observedGeneration",
            conditions=_CONDITIONS,
        ),
    ),
    "Pod": _kind(
        spec=POD_SPEC,
        status=_struct(
            "phase hostIP podIP startTime containerStatuses initContainerStatuses qosClass reason message",
            "observedGeneration",
            hostIPs=_keyed(_struct("ip"), "ip"),
            podIPs=_keyed(_struct("ip"), "ip"),
            conditions=_CONDITIONS,
        ),
    ),
    "Secret": _kind(type=ATOM, immutable=ATOM, data=MAP, stringData=MAP),
    "Event": _struct(
        "involvedObject reason message firstTimestamp lastTimestamp count type eventTime series action",
        "related reportingComponent reportingInstance",
        untracked="apiVersion kind",
        metadata=METADATA,
        source=_struct("component host"),
    ),
    "NetworkPolicy": _kind(spec=_struct("podSelector ingress egress policyTypes")),
    "Lease": _kind(
        spec=_struct(
            "holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy",
            "preferredHolder",
        ),
    ),
    "HorizontalPodAutoscaler": _kind(
        spec=_struct(
            "minReplicas maxReplicas metrics behavior",
            scaleTargetRef=_struct("apiVersion kind name"),
        ),
        status=_struct(
            "currentReplicas desiredReplicas lastScaleTime currentMetrics observedGeneration",
            conditions=_CONDITIONS,
        ),
    ),
    "ConfigMap": _kind(data=MAP, binaryData=MAP, immutable=ATOM),
    "ServiceAccount": _kind(
        automountServiceAccountToken=ATOM,
        secrets=_keyed(_struct("name namespace"), "name"),
        imagePullSecrets=_keyed(_struct("name"), "name"),
    ),
    "Role": _kind(rules=ATOM),
    "RoleBinding": _kind(roleRef=_struct("apiGroup kind name"), subjects=ATOM),
    "StatefulSet": _kind(
        spec=_struct(_WORKLOAD, "serviceName volumeClaimTemplates", template=_TEMPLATE), status=ANY
    ),
    "DaemonSet": _kind(spec=_struct(_WORKLOAD, template=_TEMPLATE), status=ANY),
    "Job": _kind(spec=_struct(_JOB, template=_TEMPLATE), status=ANY),
    "CronJob": _kind(
        spec=_struct(
            "schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend",
            "successfulJobsHistoryLimit failedJobsHistoryLimit",
            jobTemplate=_struct(metadata=METADATA, spec=_struct(_JOB, template=_TEMPLATE)),
        ),
        status=ANY,
    ),
    "CustomResourceDefinition": _kind(
        spec=_struct(
            "group scope versions preserveUnknownFields",
            names=_struct("plural singular kind listKind shortNames categories"),
            conversion=_struct("strategy webhook", pointer=True),
        ),
        status=_struct("storedVersions", acceptedNames=Type("any"), conditions=_CONDITIONS),
    ),
    "Scale": _kind(spec=_struct("replicas"), status=_struct("replicas selector")),
    "TokenRequest": _kind(
        spec=_struct("audiences expirationSeconds", boundObjectRef=Type("any")),
        status=_struct("token expirationTimestamp"),
    ),
    "Namespace": _kind(spec=_struct("finalizers"), status=_struct("phase", conditions=_CONDITIONS)),
    "SelfSubjectAccessReview": _kind(
        spec=_struct(
            resourceAttributes=_struct(
                "namespace verb group version resource subresource name fieldSelector labelSelector",
                pointer=True,
            ),
            nonResourceAttributes=_struct("path verb", pointer=True),
        ),
        status=_struct("allowed denied reason evaluationError"),
    ),
}


def unknown_fields(value: Any, schema: Type, path: str = "") -> Iterator[str]:
    """The dotted paths of fields that the schema does not have, as field validation names them."""
    if schema.kind == "struct" and isinstance(value, dict):
        for name, child in value.items():
            where = f"{path}.{name}" if path else name
            if name.startswith("$"):
                continue
            if name not in schema.fields:
                yield where
            else:
                yield from unknown_fields(child, schema.fields[name], where)
    elif schema.kind == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, schema.item, f"{path}[{index}]")


def without_unknown(value: Any, schema: Type) -> Any:
    """A copy without fields that the schema does not have, or that are null: what decoding keeps."""
    if schema.kind == "struct" and isinstance(value, dict):
        return {
            name: without_unknown(child, schema.fields[name])
            for name, child in value.items()
            if name in schema.fields and child is not None
        }
    if schema.kind == "list" and isinstance(value, list):
        return [without_unknown(item, schema.item) for item in value]
    return value
