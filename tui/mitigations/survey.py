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
        place: the container's index.
        autoscaler_max: the most replicas that an autoscaler may make; None without one.
        last_rollout: seconds that the last rollout took; None where that cannot be told.
        notes: what a person must know.
    """

    deployment: Json
    target: Target
    place: int
    variable: str
    before: str | None
    pods: int
    rollout: Rollout
    autoscaler_max: int | None
    last_rollout: float | None
    notes: tuple[str, ...]

    @property
    def container(self) -> Json:
        """The container that is changed."""
        return workload.containers(self.deployment)[self.place]


async def survey(cluster: Cluster, variable: str, *, undoing: bool = False) -> Survey:
    """Read everything that a plan rests on. Raises Refused where the change must not be made.

    Args:
        cluster: the pinned one.
        variable: the environment variable that is to change.
        undoing: an undo may also be made while a rollout runs, which may be the one that it ends.
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
        raise _not_permitted(cluster, user)
    _check_state(cluster, deployment, undoing)
    place, container = _container(cluster, deployment, variable)
    before = _plain_value(container, variable)
    target = Target(
        context=cluster.context,
        namespace=cluster.namespace,
        deployment=cluster.deployment_name,
        container=str(container.get("name") or ""),
        user=user,
        uid=str(deployment["metadata"].get("uid") or ""),
        generation=workload.generation(deployment),
    )
    return Survey(
        deployment=deployment,
        target=target,
        place=place,
        variable=variable,
        before=before,
        pods=workload.replicas_wanted(deployment),
        rollout=workload.rollout_of(deployment),
        autoscaler_max=_most(scalers),
        last_rollout=_last_rollout(deployment, sets),
        notes=_notes(deployment, container, variable, before),
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


async def _replica_sets(cluster: Cluster) -> tuple[Json, ...]:
    """They only tell how long a rollout takes: a refusal to list them stops nothing."""
    try:
        return await cluster.replica_sets()
    except ClusterError as error:
        if error.reason is Reason.FORBIDDEN:
            return ()
        raise


def _not_permitted(cluster: Cluster, user: str) -> Refused:
    return Refused(
        f"{user or 'Your user'} may not patch deployments.apps in namespace {cluster.namespace} "
        f"of {cluster.context}; nothing was changed.",
        f"Ask an administrator of {cluster.context} for a Role with patch on deployments.apps "
        f"in {cluster.namespace}.",
        reason=Reason.FORBIDDEN,
    )


def _check_state(cluster: Cluster, deployment: Json, undoing: bool) -> None:
    name = f"Deployment {cluster.deployment_name} in {cluster.namespace} of {cluster.context}"
    if deployment.get("metadata", {}).get("deletionTimestamp"):
        raise Refused(f"{name} is being deleted; nothing was changed.", "Find out who deletes it, and why.")
    if workload.is_paused(deployment):
        resume = by_hand.resume(
            context=cluster.context,
            namespace=cluster.namespace,
            deployment=cluster.deployment_name,
            kubeconfig=cluster.kubeconfig,
        )
        raise Refused(
            f"{name} is paused: it would take the change and roll nothing out, so nothing was changed.",
            f"Find out who paused it; to go on: {resume}",
        )
    if workload.replicas_wanted(deployment) == 0:
        raise Refused(
            f"{name} has 0 replicas: a change would reach no pod, so nothing was changed.",
            "Check that kubernetes.deployment, namespace and context are the ones that are meant.",
        )
    if rollout_runs(deployment) and not undoing:
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


def _container(cluster: Cluster, deployment: Json, variable: str) -> tuple[int, Json]:
    """The container that is meant: the settings', the only one, the one that has the variable."""
    all_of_them = workload.containers(deployment)
    names = [str(container.get("name")) for container in all_of_them]
    if cluster.container:
        found = workload.container_named(deployment, cluster.container)
        if found is None:
            raise Refused(
                f"Deployment {cluster.deployment_name} has no container {cluster.container}; "
                "nothing was changed.",
                f"Set kubernetes.container to one of: {clean(', '.join(names), limit=200)}.",
            )
        return found
    if len(all_of_them) == 1:
        return 0, all_of_them[0]
    having = [i for i, container in enumerate(all_of_them) if workload.env_entries(container, variable)]
    if len(having) == 1:
        return having[0], all_of_them[having[0]]
    named = workload.container_named(deployment, cluster.deployment_name)
    if named is not None and not having:
        return named
    raise Refused(
        f"Deployment {cluster.deployment_name} has several containers, and it is not plain which one "
        f"reads {variable}; nothing was changed.",
        f"Set kubernetes.container to one of: {clean(', '.join(names), limit=200)}.",
    )


def _plain_value(container: Json, variable: str) -> str | None:
    found = workload.env_entries(container, variable)
    if len(found) > 1:
        raise Refused(
            f"{variable} stands {len(found)} times in the container's env, and the last one wins; "
            "nothing was changed.",
            "Remove the others from the deployment first.",
        )
    if not found:
        return None
    source = found[0][1].get("valueFrom")
    if source:
        raise Refused(
            f"{variable} comes from {_source(source)}, not from a plain value; nothing was changed.",
            "Change it there, then restart the pods.",
        )
    return workload.env_value(container, variable)


def _source(value_from: Json) -> str:
    for kind, word in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        reference = value_from.get(kind)
        if isinstance(reference, Mapping):
            return clean(f"{word} {reference.get('name')}, key {reference.get('key')}", limit=160)
    return clean(f"the pod's own {', '.join(map(str, value_from))}", limit=160)


def _most(scalers: tuple[Json, ...]) -> int | None:
    found = [scaler.get("spec", {}).get("maxReplicas") for scaler in scalers]
    numbers = [most for most in found if isinstance(most, int)]
    return max(numbers) if numbers else None


def _last_rollout(deployment: Json, sets: tuple[Json, ...]) -> float | None:
    """From the newest ReplicaSet's birth to the Progressing condition's last update."""
    if not sets or workload.progress_reason(deployment) != "NewReplicaSetAvailable":
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


def _notes(deployment: Json, container: Json, variable: str, before: str | None) -> tuple[str, ...]:
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
    if before is None and container.get("envFrom"):
        notes.append(f"{variable} may come from the container's envFrom today: a value set here wins over it")
    if before is not None and "$(" in before:
        notes.append(f"today's value of {variable} refers to another variable")
    return tuple(notes)
