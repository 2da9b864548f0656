"""What a Deployment says, read from the dict that the API server sent. Nothing here asks anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]

CHANGE_CAUSE = "kubernetes.io/change-cause"
REVISION = "deployment.kubernetes.io/revision"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
# What Leeward's last change of the object is known by.
CHANGE_MARK = "leeward.dev/change"


class RolloutState(StrEnum):
    """Where a rollout is, by the rule of `kubectl rollout status`."""

    COMPLETE = "complete"
    PROGRESSING = "progressing"
    PAUSED = "paused"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Rollout:
    """A Deployment's rollout; `done` of `wanted` pods run the new template and are available."""

    state: RolloutState
    done: int
    wanted: int

    @property
    def complete(self) -> bool:
        """Whether every pod runs the newest template."""
        return self.state is RolloutState.COMPLETE


def rollout_of(deployment: Json) -> Rollout:
    """The rollout's state; absent status numbers are 0, and conditions' messages are never read.

    A condition counts only once the controller has observed the current generation. A paused
    Deployment is paused, even where the last rollout is complete: what is changed now rolls nothing out.
    """
    status = _dict(deployment, "status")
    wanted = replicas_wanted(deployment)
    updated = _number(status, "updatedReplicas")
    available = _number(status, "availableReplicas")
    old = max(_number(status, "replicas") - updated, 0)
    done = max(min(available - old, updated, wanted), 0)  # old pods are taken to be available
    observed = _number(status, "observedGeneration") >= _number(_dict(deployment, "metadata"), "generation")
    if not observed:
        done = 0
    if is_paused(deployment):
        return Rollout(RolloutState.PAUSED, done, wanted)
    if observed and updated >= wanted and _number(status, "replicas") <= updated and available >= updated:
        return Rollout(RolloutState.COMPLETE, wanted, wanted)
    if observed and progress_reason(deployment) == "ProgressDeadlineExceeded":
        return Rollout(RolloutState.STALLED, done, wanted)
    return Rollout(RolloutState.PROGRESSING, done, wanted)


def progress_reason(deployment: Json) -> str:
    """The `Progressing` condition's reason, or ""."""
    for condition in _list(_dict(deployment, "status"), "conditions"):
        if condition.get("type") == "Progressing":
            return str(condition.get("reason") or "")
    return ""


def is_paused(deployment: Json) -> bool:
    """Whether `spec.paused` is set: changes are stored, and nothing rolls out."""
    return _dict(deployment, "spec").get("paused") is True


def replicas_wanted(deployment: Json) -> int:
    """`spec.replicas`, which is 1 where it is not given."""
    wanted = _dict(deployment, "spec").get("replicas", 1)
    return wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else 1


def uid(found: Json) -> str:
    """`metadata.uid` of any object; "" where it has none."""
    return str(_dict(found, "metadata").get("uid") or "")


def generation(deployment: Json) -> int:
    """`metadata.generation`: bumped by every change of the spec, and by nothing else."""
    return _number(_dict(deployment, "metadata"), "generation")


def annotations(deployment: Json) -> Mapping[str, str]:
    """The Deployment's own annotations."""
    found = _dict(deployment, "metadata").get("annotations")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def labels(deployment: Json) -> Mapping[str, str]:
    """The Deployment's own labels."""
    found = _dict(deployment, "metadata").get("labels")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def selector(deployment: Json) -> str:
    """The label selector of its pods, as a query parameter; "" where it selects by nothing we know."""
    wanted = _dict(_dict(deployment, "spec"), "selector")
    terms = [f"{key}={value}" for key, value in _dict(wanted, "matchLabels").items()]
    for rule in _list(wanted, "matchExpressions"):
        terms.append(_term(rule))
    return ",".join(term for term in terms if term)


def _term(rule: Json) -> str:
    key, values = rule.get("key", ""), ",".join(str(v) for v in rule.get("values") or ())
    match rule.get("operator"):
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
    return ""


def template(deployment: Json) -> Json:
    """The pod template, of a Deployment or of a ReplicaSet."""
    return _dict(_dict(deployment, "spec"), "template")


def restarted_at(deployment: Json) -> str | None:
    """The stamp of the last `kubectl rollout restart`, or None."""
    stamp = _dict(_dict(template(deployment), "metadata"), "annotations").get(RESTARTED_AT)
    return stamp if isinstance(stamp, str) else None


def revision(item: Json) -> int:
    """The revision number of a Deployment or a ReplicaSet; 0 where the controller gave none yet."""
    number = annotations(item).get(REVISION, "")
    return int(number) if number.isdecimal() else 0


def containers(deployment: Json) -> tuple[Json, ...]:
    """The containers of the pod template, in their order."""
    template = _dict(_dict(deployment, "spec"), "template")
    return tuple(_list(_dict(template, "spec"), "containers"))


def container_named(deployment: Json, name: str) -> tuple[int, Json] | None:
    """A container of the template and its place, or None."""
    for index, container in enumerate(containers(deployment)):
        if container.get("name") == name:
            return index, container
    return None


def env_entries(container: Json, variable: str) -> tuple[tuple[int, Json], ...]:
    """Every `env` entry of this name, with its place. More than one is a trap: the last one wins."""
    return tuple(
        (index, entry) for index, entry in enumerate(_list(container, "env")) if entry.get("name") == variable
    )


def env_value(container: Json, variable: str) -> str | None:
    """The variable's plain value; None where it is unset or comes from elsewhere (`valueFrom`)."""
    found = env_entries(container, variable)
    if not found or found[-1][1].get("valueFrom"):
        return None
    return str(found[-1][1].get("value") or "")


def live_value(deployment: Json, container: str, variable: str) -> str | None:
    """The variable's value in that container ("": the only, or first, one); None where it is unset."""
    found = container_named(deployment, container) if container else None
    if found is None:
        named = containers(deployment)
        return env_value(named[0], variable) if named and not container else None
    return env_value(found[1], variable)


def env_manager(deployment: Json, container: str, variable: str) -> str:
    """Who last wrote the variable's entry, by `managedFields`; "" where nobody is told.

    Who owns the value counts before who owns the entry, and of several the latest one.
    """
    found: list[tuple[int, str, str]] = []
    for managed in _list(_dict(deployment, "metadata"), "managedFields"):
        entry = _owned_entry(managed, container, variable)
        if entry is not None:
            owns_value = int("f:value" in entry or "f:valueFrom" in entry)
            found.append((owns_value, str(managed.get("time") or ""), str(managed.get("manager") or "")))
    return max(found)[2] if found else ""


def field_manager(deployment: Json, *path: str) -> str:
    """Who last wrote a field, by `managedFields` and its path there (`f:spec`, …), or ""."""
    found = [
        # Times are whole seconds: of two in the same one, the other hand came after ours.
        (
            str(managed.get("time") or ""),
            managed.get("manager") != "leeward",
            str(managed.get("manager") or ""),
        )
        for managed in _list(_dict(deployment, "metadata"), "managedFields")
        if _owned(managed, ("fieldsV1", *path)) is not None
    ]
    return max(found)[2] if found else ""


def managers(deployment: Json) -> tuple[str, ...]:
    """Everybody who owns a field of the spec or the metadata, status writers left out."""
    return tuple(
        str(managed.get("manager") or "")
        for managed in _list(_dict(deployment, "metadata"), "managedFields")
        if managed.get("subresource") != "status"
    )


def _owned_entry(managed: Json, container: str, variable: str) -> Json | None:
    path = (
        "fieldsV1",
        "f:spec",
        "f:template",
        "f:spec",
        "f:containers",
        f'k:{{"name":"{container}"}}',
        "f:env",
        f'k:{{"name":"{variable}"}}',
    )
    return _owned(managed, path)


def _owned(managed: Json, path: tuple[str, ...]) -> Json | None:
    here: Any = managed
    for step in path:
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here if isinstance(here, Mapping) else None


def waiting_reasons(pods: tuple[Json, ...]) -> tuple[tuple[str, str], ...]:
    """Why pods are not ready, as (reason, message), each once, most frequent first."""
    counted: dict[tuple[str, str], int] = {}
    for pod in pods:
        for reason in _pod_reasons(pod):
            counted[reason] = counted.get(reason, 0) + 1
    return tuple(sorted(counted, key=lambda reason: -counted[reason]))


def _pod_reasons(pod: Json) -> Iterator[tuple[str, str]]:
    status = _dict(pod, "status")
    for container in (*_list(status, "initContainerStatuses"), *_list(status, "containerStatuses")):
        waiting = _dict(_dict(container, "state"), "waiting")
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            yield str(waiting["reason"]), str(waiting.get("message") or "")
    for condition in _list(status, "conditions"):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield str(condition.get("reason") or "Unschedulable"), str(condition.get("message") or "")


def _dict(parent: Json, key: str) -> Json:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(parent: Json, key: str) -> list[Json]:
    value = parent.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _number(parent: Json, key: str) -> int:
    value = parent.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
