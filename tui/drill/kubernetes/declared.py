"""Who declares the deployment, and the marks that each leaves on it."""

from __future__ import annotations

import json
from typing import Any

from tui.drill.kubernetes.managed_fields import Writer

Obj = dict[str, Any]
_WRITERS = {
    "": Writer("kubectl-client-side-apply"),
    "argocd": Writer("argocd-controller"),
    "helm": Writer("helm"),
    "flux": Writer("kustomize-controller", "Apply"),
}


def writer(owner: str) -> Writer:
    """The field manager of an owner; raises ValueError for one that is not known."""
    if owner not in _WRITERS:
        raise ValueError(f"unknown owner {owner!r}: use one of {', '.join(map(repr, _WRITERS))}")
    return _WRITERS[owner]


def by(owner: str, deployment: Obj) -> Obj:
    """The deployment with the labels and annotations that its owner puts there."""
    meta = deployment["metadata"]
    labels, annotations = _marks(owner, deployment)
    marked = {**meta, "labels": {**meta.get("labels", {}), **labels}, "annotations": annotations}
    return {**deployment, "metadata": marked}


def _marks(owner: str, deployment: Obj) -> tuple[dict[str, str], dict[str, str]]:
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    if owner == "argocd":
        tracking = {"argocd.argoproj.io/tracking-id": f"{name}:apps/Deployment:{namespace}/{name}"}
        return {}, {**tracking, **_last_applied(deployment)}
    if owner == "helm":
        release = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace}
        return {"app.kubernetes.io/managed-by": "Helm"}, release
    if owner == "flux":
        flux = "kustomize.toolkit.fluxcd.io"
        return {f"{flux}/name": name, f"{flux}/namespace": "flux-system"}, {}
    return {}, _last_applied(deployment)


def _last_applied(deployment: Obj) -> dict[str, str]:
    """What client-side apply leaves, Argo CD's by default too: the object as it was declared."""
    parts = {key: deployment[key] for key in ("metadata", "spec")}
    config = {"apiVersion": "apps/v1", "kind": "Deployment", **parts}
    text = json.dumps(config, separators=(",", ":")) + "\n"
    return {"kubectl.kubernetes.io/last-applied-configuration": text}
