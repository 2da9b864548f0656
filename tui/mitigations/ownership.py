"""Who would undo a change, and how to keep them from it: told and copied, never done."""

import shlex
from collections.abc import Mapping
from typing import Any

from tui.model import deployment as workload
from tui.model.mitigation import Ownership
from tui.model.text import clean

_LONGEST = 120


def suspend(deployment: Mapping[str, Any], ownership: Ownership, context: str) -> str:
    """The command that suspends who declares the deployment; "" where nobody would undo a change."""
    if ownership is Ownership.ARGOCD:
        return shlex.join(["argocd", "app", "set", _application(deployment), "--sync-policy", "none"])
    if ownership is Ownership.FLUX:
        return _flux(workload.labels(deployment), context)
    return ""


def _application(deployment: Mapping[str, Any]) -> str:
    tracking = workload.annotations(deployment).get("argocd.argoproj.io/tracking-id", "")
    labels = workload.labels(deployment)
    named = tracking.partition(":")[0] or labels.get("argocd.argoproj.io/instance", "")
    return clean(named or labels.get("app.kubernetes.io/instance", ""), limit=_LONGEST) or "APPLICATION"


def _flux(labels: Mapping[str, str], context: str) -> str:
    for kind in ("kustomization", "helmrelease"):
        prefix = "kustomize" if kind == "kustomization" else "helm"
        name = clean(labels.get(f"{prefix}.toolkit.fluxcd.io/name", ""), limit=_LONGEST)
        if name:
            space = clean(labels.get(f"{prefix}.toolkit.fluxcd.io/namespace", ""), limit=_LONGEST)
            where = ["--namespace", space] if space else []
            return shlex.join(["flux", "--context", context, "suspend", kind, name, *where])
    return shlex.join(["flux", "--context", context, "suspend", "kustomization", "NAME"])
