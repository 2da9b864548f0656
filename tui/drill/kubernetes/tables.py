"""Objects as the server prints them: `meta.k8s.io/v1` Tables, which kubectl asks for.

Columns and cells follow the recordings (table-*.json) and kubernetes/pkg/printers/internalversion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tui.drill.kubernetes import definitions
from tui.drill.kubernetes.pod_status import is_leaving
from tui.drill.kubernetes.resources import Resource

Obj = dict[str, Any]
Column = tuple[str, str, str, int]
Cells = Callable[[Obj, datetime], list[Any]]

_NAME: Column = ("Name", "string", "name", 0)


def _columns(*wide: str, narrow: tuple[str, ...]) -> list[Column]:
    return [_NAME, *((name, "string", "", 0) for name in narrow), *((name, "string", "", 1) for name in wide)]


def age(moment: str, now: datetime) -> str:
    """The time since a stamp as kubectl shows it: 45s, 3m12s, 47m, 5h12m, 2d, or <unknown>."""
    if not moment:
        return "<unknown>"
    then = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(0, int((now - then).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    return f"{days}d{hours % 24}h" if days < 8 and hours % 24 else f"{days}d"


def _born(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp", ""), now)


def _equalities(selector: Mapping[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for item in selector.get("matchExpressions") or []:
        values = ",".join(sorted(item.get("values") or []))
        shown = {"In": f"{item['key']} in ({values})", "NotIn": f"{item['key']} notin ({values})"}
        parts.append(
            shown.get(item["operator"], item["key"] if item["operator"] == "Exists" else f"!{item['key']}")
        )
    return ",".join(parts) or "<none>"


def _containers(template: Obj) -> tuple[str, str]:
    found = template["spec"]["containers"]
    return ",".join(item["name"] for item in found), ",".join(item["image"] for item in found)


def _deployment(obj: Obj, now: datetime) -> list[Any]:
    status, spec = obj.get("status", {}), obj["spec"]
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec['replicas']}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _born(obj, now),
        *_containers(spec["template"]),
        _equalities(spec["selector"]),
    ]


def _replica_set(obj: Obj, now: datetime) -> list[Any]:
    status, spec = obj["status"], obj["spec"]
    counts = [spec["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)]
    names = _containers(spec["template"])
    return [obj["metadata"]["name"], *counts, _born(obj, now), *names, _equalities(spec["selector"])]


def pod_phase(obj: Obj) -> str:
    """The Status column: the phase, a waiting reason, or Terminating."""
    if is_leaving(obj):
        return "Terminating"
    for item in obj["status"].get("containerStatuses") or []:
        waiting = item["state"].get("waiting")
        if waiting:
            return str(waiting["reason"])
    return str(obj["status"]["phase"])


def _pod(obj: Obj, now: datetime) -> list[Any]:
    found = obj["status"].get("containerStatuses") or []
    ready = sum(bool(item["ready"]) for item in found)
    restarts = sum(int(item["restartCount"]) for item in found)
    return [
        obj["metadata"]["name"],
        f"{ready}/{len(obj['spec']['containers'])}",
        pod_phase(obj),
        str(restarts),
        _born(obj, now),
        obj["status"].get("podIP", "<none>"),
        obj["spec"].get("nodeName", "<none>"),
        "<none>",
        "<none>",
    ]


def _event(obj: Obj, now: datetime) -> list[Any]:
    source = ", ".join(filter(None, (obj["source"].get("component"), obj["source"].get("host"))))
    about = obj["involvedObject"]
    return [
        age(obj["lastTimestamp"], now),
        obj["type"],
        obj["reason"],
        f"{about['kind'].lower()}/{about['name']}",
        about.get("fieldPath", ""),
        source,
        obj["message"].strip(),
        age(obj["firstTimestamp"], now),
        obj["count"],
        obj["metadata"]["name"],
    ]


def _policy(obj: Obj, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], _equalities(obj["spec"].get("podSelector") or {}), _born(obj, now)]


def _secret(obj: Obj, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", "Opaque"), len(obj.get("data") or {}), _born(obj, now)]


def _autoscaler(obj: Obj, now: datetime) -> list[Any]:
    spec, target = obj["spec"], obj["spec"]["scaleTargetRef"]
    return [
        obj["metadata"]["name"],
        f"{target['kind']}/{target['name']}",
        "cpu: <unknown>/70%",
        str(spec.get("minReplicas", "<unset>")),
        spec["maxReplicas"],
        obj["status"].get("currentReplicas", 0),
        _born(obj, now),
    ]


def _namespace(obj: Obj, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj["status"]["phase"], _born(obj, now)]


def _lease(obj: Obj, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("spec", {}).get("holderIdentity", ""), _born(obj, now)]


_EVENT_COLUMNS: list[Column] = [
    *((name, "string", "", 0) for name in ("Last Seen", "Type", "Reason", "Object")),
    ("Subobject", "string", "", 1),
    ("Source", "string", "", 1),
    ("Message", "string", "", 0),
    ("First Seen", "string", "", 1),
    ("Count", "string", "", 1),
    ("Name", "string", "name", 1),
]
_WIDE = ("Containers", "Images", "Selector")

PRINTERS: Mapping[str, tuple[list[Column], Cells]] = {
    "Deployment": (
        _columns(*_WIDE, narrow=("Ready", "Up-to-date", "Available", "Age")),
        _deployment,
    ),
    "ReplicaSet": (
        [
            _NAME,
            *((name, "integer", "", 0) for name in ("Desired", "Current", "Ready")),
            ("Age", "string", "", 0),
            *((name, "string", "", 1) for name in _WIDE),
        ],
        _replica_set,
    ),
    "Pod": (
        _columns(
            "IP", "Node", "Nominated Node", "Readiness Gates", narrow=("Ready", "Status", "Restarts", "Age")
        ),
        _pod,
    ),
    "Event": (_EVENT_COLUMNS, _event),
    "NetworkPolicy": (_columns(narrow=("Pod-Selector", "Age")), _policy),
    "Secret": (_columns(narrow=("Type", "Data", "Age")), _secret),
    "HorizontalPodAutoscaler": (
        _columns(narrow=("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age")),
        _autoscaler,
    ),
    "Namespace": (_columns(narrow=("Status", "Age")), _namespace),
    "Lease": (_columns(narrow=("Holder", "Age")), _lease),
}


def _plain(obj: Obj, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], _born(obj, now)]


_PLAIN: tuple[list[Column], Cells] = (_columns(narrow=("Age",)), _plain)


def _printer(resource: Resource) -> tuple[list[Column], Cells]:
    """The columns of a resource: its own, those of its definition, or name and age."""
    columns = resource.definition.columns if resource.definition else ()
    if not columns:
        return PRINTERS.get(resource.kind, _PLAIN)
    found = [(item["name"], item["type"], "", item.get("priority", 0)) for item in columns]
    readers = [definitions.reader(item["jsonPath"]) for item in columns]
    return [_NAME, *found], lambda obj, _now: [obj["metadata"]["name"], *(read(obj) for read in readers)]


def table(
    resource: Resource, objs: list[Obj], version: str, now: datetime, *, include: str = "Metadata"
) -> Obj:
    """A Table of these objects; `include` says what each row carries: Metadata, Object or None."""
    columns, cells = _printer(resource)
    shown = [
        {
            "name": name,
            "type": type_,
            "format": form,
            "description": f"{name} of the {resource.kind}.",
            "priority": priority,
        }
        for name, type_, form, priority in columns
    ]
    rows = [{"cells": cells(obj, now), "object": _carried(obj, include)} for obj in objs]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": shown,
        "rows": rows,
    }


def _carried(obj: Obj, include: str) -> Any:
    if include == "Object":
        return obj
    if include == "None":
        return None
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def wanted(accept: str) -> bool:
    """Whether the first type that we can serve is a Table."""
    for part in accept.split(","):
        words = {word.strip() for word in part.split(";")}
        if "application/json" in words:
            return "as=Table" in words and "v=v1" in words
    return False
