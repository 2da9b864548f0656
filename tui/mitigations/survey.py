"""The pre-check: who are we, may we, is the target there and the one meant, and in what state."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.mitigations import by_hand
from tui.mitigations.refusal import Refused, refused_by
from tui.model import deployment as workload
from tui.model.deployment import Rollout, RolloutState
from tui.model.mitigation import Ownership, Target
from tui.model.text import clean
from tui.model.times import parse_rfc3339

Json = Mapping[str, Any]
_LONGEST_ROLLOUT = 3600.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What the cluster has now, fit to be changed.

    Attributes:
        deployment: as read.
        autoscalers: names of the autoscalers that scale it.
        autoscaler_max: the most replicas that an autoscaler may make; None without one.
        last_rollout: seconds that the last rollout took; None where that cannot be told.
        replica_sets: its revisions, the newest first; None where we may not list them.
        notes: what a person must know.
    """

    deployment: Json
    target: Target
    pods: int
    rollout: Rollout
    autoscalers: tuple[str, ...]
    autoscaler_max: int | None
    last_rollout: float | None
    replica_sets: tuple[Json, ...] | None
    notes: tuple[str, ...]


async def survey(
    cluster: Cluster, *, undoing: bool = False, during_rollout: bool = False, at_rest: bool = False
) -> Survey:
    """Read everything that a plan rests on. Raises Refused where the change must not be made.

    Args:
        cluster: the pinned one.
        undoing: an undo may also be made while a rollout runs, which may be the one that it ends.
        during_rollout: the change may be made while a rollout runs, which is what it is there to end.
        at_rest: the change reaches a deployment of 0 replicas, too.
    """
    try:
        user, allowed, deployment, scalers, sets = await asyncio.gather(
            cluster.whoami(),
            cluster.may("patch", "apps", "deployments", cluster.deployment_name),
            cluster.deployment(),
            cluster.autoscalers(),
            _replica_sets(cluster),
        )
    except ClusterError as error:
        raise refused_by(error) from None
    if not allowed:
        raise not_permitted(cluster, user)
    _check_state(cluster, deployment, undoing or during_rollout, at_rest)
    target = Target(
        context=cluster.context,
        namespace=cluster.namespace,
        deployment=cluster.deployment_name,
        container="",
        user=user,
        uid=workload.uid(deployment),
        generation=workload.generation(deployment),
    )
    return Survey(
        deployment=deployment,
        target=target,
        pods=workload.replicas_wanted(deployment),
        rollout=workload.rollout_of(deployment),
        autoscalers=tuple(
            clean(str((scaler.get("metadata") or {}).get("name") or "?"), limit=120) for scaler in scalers
        ),
        autoscaler_max=_most(scalers),
        last_rollout=_last_rollout(deployment, sets or ()),
        replica_sets=sets,
        notes=_notes(deployment),
    )


def ownership_of(deployment: Json) -> Ownership:
    """Who else writes this object, by its labels, annotations and field managers."""
    names = {*workload.annotations(deployment), *workload.labels(deployment)}
    managers = " ".join(workload.managers(deployment)).lower()
    if any(name.startswith("argocd.argoproj.io/") for name in names) or "argocd" in managers:
        return Ownership.ARGOCD
    by_flux = any(manager in managers for manager in ("kustomize-controller", "helm-controller"))
    if by_flux or any("toolkit.fluxcd.io/" in name for name in names):
        return Ownership.FLUX
    by_helm = workload.labels(deployment).get("app.kubernetes.io/managed-by", "").lower() == "helm"
    if by_helm or any(name.startswith("meta.helm.sh/") for name in names) or "helm" in managers.split():
        return Ownership.HELM
    return Ownership.NONE


def at_a_time(deployment: Json) -> str:
    """How a rollout goes through the pods: "one at a time", "all at once, …"."""
    pods = workload.replicas_wanted(deployment)
    strategy = deployment.get("spec", {}).get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return "all at once: the service is down until the new ones are ready"
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), pods, up=True)
    missing = _share(rolling.get("maxUnavailable", "25%"), pods, up=False)
    step = max(surge + missing, 1)
    if step >= pods > 1:
        return "all at once"
    return "one at a time" if step == 1 else f"{step} at a time"


def _share(value: Any, pods: int, *, up: bool) -> int:
    """`25%` of the pods, rounded as the controller does, or a plain number."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return -(-int(value[:-1]) * pods // 100) if up else int(value[:-1]) * pods // 100
    return value if isinstance(value, int) else 0


async def _replica_sets(cluster: Cluster) -> tuple[Json, ...] | None:
    """To most changes they only tell how long a rollout takes: a refusal to list them stops nothing."""
    try:
        return await cluster.replica_sets()
    except ClusterError as error:
        if error.reason is Reason.FORBIDDEN:
            return None
        raise


def not_permitted(cluster: Cluster, user: str) -> Refused:
    """The refusal of who may not patch the deployment, with what is missing and whom to ask."""
    return Refused(
        f"{user or 'Your user'} may not patch deployments.apps in namespace {cluster.namespace} "
        f"of {cluster.context}; nothing was changed.",
        f"Ask {cluster.administrators} for a Role with patch on deployments.apps in {cluster.namespace}.",
        reason=Reason.FORBIDDEN,
    )


def _check_state(cluster: Cluster, deployment: Json, during_rollout: bool, at_rest: bool) -> None:
    name = f"Deployment {cluster.deployment_name} in {cluster.namespace} of {cluster.context}"
    if deployment.get("metadata", {}).get("deletionTimestamp"):
        raise Refused(f"{name} is being deleted; nothing was changed.", "Find out who deletes it, and why.")
    if workload.is_paused(deployment):
        resume = by_hand.of(cluster, "rollout", "resume")
        raise Refused(
            f"{name} is paused: it would take the change and roll nothing out, so nothing was changed.",
            f"Find out who paused it; to go on: {resume}",
        )
    if workload.replicas_wanted(deployment) == 0 and not at_rest:
        raise Refused(
            f"{name} has 0 replicas: a change would reach no pod, so nothing was changed.",
            "Check that kubernetes.deployment, namespace and context are the ones that are meant.",
        )
    if rollout_runs(deployment) and not during_rollout:
        rollout = workload.rollout_of(deployment)
        raise Refused(
            f"A rollout of {cluster.deployment_name} is running ({rollout.done} of {rollout.wanted} pods); "
            "nothing was changed.",
            "Wait until it is complete, then open the preview again.",
        )


def rollout_runs(deployment: Json) -> bool:
    """Whether pods are being replaced now. Pods that are merely not ready, or being scaled, are not."""
    if workload.rollout_of(deployment).state is not RolloutState.PROGRESSING:
        return False
    status = deployment.get("status") or {}
    updated = int(status.get("updatedReplicas") or 0)
    if int(status.get("observedGeneration") or 0) < workload.generation(deployment):
        return True
    if int(status.get("replicas") or 0) > updated:
        return True
    settled = workload.progress_reason(deployment) == "NewReplicaSetAvailable"
    return updated < workload.replicas_wanted(deployment) and not settled


def _most(scalers: tuple[Json, ...]) -> int | None:
    found = [scaler.get("spec", {}).get("maxReplicas") for scaler in scalers]
    numbers = [most for most in found if isinstance(most, int)]
    return max(numbers) if numbers else None


def _last_rollout(deployment: Json, sets: tuple[Json, ...]) -> float | None:
    """From the newest ReplicaSet's birth to the Progressing condition's last update.

    A deployment with one ReplicaSet was only ever created, all of its pods at once: that tells nothing
    of how long it takes to replace them.
    """
    if len(sets) < 2 or workload.progress_reason(deployment) != "NewReplicaSetAvailable":
        return None
    conditions = deployment.get("status", {}).get("conditions", ())
    ended = next((c.get("lastUpdateTime") for c in conditions if c.get("type") == "Progressing"), None)
    began = sets[0].get("metadata", {}).get("creationTimestamp")
    try:
        took = (_moment(ended) - _moment(began)).total_seconds()
    except ValueError:
        return None
    return took if 0 < took < _LONGEST_ROLLOUT else None


def _moment(text: Any) -> datetime:
    return parse_rfc3339(str(text))


def _notes(deployment: Json) -> tuple[str, ...]:
    notes = []
    status = deployment.get("status") or {}
    wanted, available = workload.replicas_wanted(deployment), int(status.get("availableReplicas") or 0)
    rollout = workload.rollout_of(deployment)
    if rollout_runs(deployment):
        notes.append(f"a rollout is running ({rollout.done} of {rollout.wanted} pods): this starts another")
    if rollout.state is RolloutState.STALLED:
        notes.append("the last rollout is stalled: this change starts another")
    elif available < wanted and not rollout_runs(deployment):
        notes.append(f"only {available} of {wanted} pods are available")
    return tuple(notes)
