"""What the server does to an object before it validates it: status kept, defaults, encodings."""

from __future__ import annotations

import base64
from typing import Any

from tui.drill.kubernetes import definitions, objects
from tui.drill.kubernetes.resources import (
    CUSTOM_RESOURCES,
    DEPLOYMENTS,
    NAMESPACES,
    NETWORK_POLICIES,
    SECRETS,
    Resource,
)

Obj = dict[str, Any]


def prepared(resource: Resource, new: Obj, old: Obj | None) -> Obj:
    """The object as it is validated and stored; `old` is what it replaces."""
    keeps = old is not None and "status" in old and resource.definition is None
    obj = {**new, "status": old["status"]} if old is not None and keeps else dict(new)
    if resource == DEPLOYMENTS:
        obj = objects.with_defaults(obj)
        obj.setdefault("status", {})
    elif resource == SECRETS:
        obj = _encoded(obj)
    elif resource == NAMESPACES:
        obj = _namespace(obj)
    elif resource == NETWORK_POLICIES:
        obj = _policy(obj)
    elif resource == CUSTOM_RESOURCES:
        obj = definitions.defaulted(obj)
    return obj


def _encoded(secret: Obj) -> Obj:
    plain = secret.pop("stringData", None) or {}
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
    data = {**(secret.pop("data", None) or {}), **encoded}
    return {**secret, **({"data": data} if data else {}), "type": secret.get("type", "Opaque")}


def _namespace(space: Obj) -> Obj:
    meta = dict(space.get("metadata") or {})
    labels = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta.get("name", "")}
    return {
        **space,
        "metadata": {**meta, "labels": labels},
        "spec": {"finalizers": ["kubernetes"], **(space.get("spec") or {})},
        "status": space.get("status") or {"phase": "Active"},
    }


def _policy(policy: Obj) -> Obj:
    spec = dict(policy.get("spec") or {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    return {**policy, "spec": spec}
