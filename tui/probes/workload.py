"""The workload: the deployment that calls Mistral, its pods, its key and its recent log lines."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tui.clients.alertmanager import moment
from tui.model import change
from tui.model import deployment as read
from tui.model.change import Change, Difference
from tui.model.clock import Clock
from tui.model.key_use import KEY_VARIABLE, secret_of
from tui.model.lease import leases_of
from tui.model.log_shapes import LogShape, LogShapes, shape
from tui.model.network_policy import EgressView
from tui.model.reading import Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import shorten
from tui.model.times import span
from tui.probes import pod_logs
from tui.probes.egress import Way, cleaned, facts_of
from tui.probes.log_lines import top
from tui.probes.pod_states import crashes, restarts, whole
from tui.probes.probe import SUMMARY, Asking, Pace
from tui.settings import Kubernetes

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster, ClusterDoor
    from tui.clients.cluster_errors import ClusterError

_VARIABLES = {
    "max_concurrent": "MAX_CONCURRENT_MISTRAL",
    "fallback": "MISTRAL_FALLBACK",
    "timeout_ms": "MISTRAL_TIMEOUT_MS",
}
# Of the asking's time, for each of the two rounds that follow the deployment.
_SHARE = 0.4
# Of two revisions, as many differences as a person reads.
_DIFFERENCES = 40
Json = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was asked of the cluster for one reading; None where we may not look."""

    deployment: Json
    pods: Sequence[Json] | None
    replica_sets: Sequence[Json] | None
    autoscalers: Sequence[Json] | None
    key: Secret | None
    logs: pod_logs.PodLogs | None
    hidden: tuple[str, ...]
    way: EgressView | None = None


class Workload(Asking):
    """Reads one deployment and what belongs to it. What we may not read is left unknown and named."""

    check = Check.WORKLOAD

    def __init__(
        self,
        door: "ClusterDoor",
        settings: Kubernetes,
        window: timedelta,
        pace: Pace,
        clock: Clock,
        redact: Redactor,
        way: Way | None = None,
    ) -> None:
        super().__init__(pace, clock, redact)
        self._door = door
        self._settings = settings
        self._window = window
        self._way = way

    async def ask(self) -> Reading:
        """One reading; a cluster that refuses or is away is told apart and never raised."""
        from tui.clients.cluster_errors import ClusterError

        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.limit):
                cluster = await self._door.open()
                found = await self._find(cluster)
        except ClusterError as error:
            return self._refused(error)
        except TimeoutError:
            return self.unknown(
                "the cluster does not answer",
                f"the Kubernetes API did not answer within {self.limit:.3g} s",
                "See whether the cluster is reachable from here (a VPN?).",
            )
        latency = timedelta(seconds=self.clock.monotonic() - began)
        return self._reading(cluster, found, latency)

    async def _find(self, cluster: "Cluster") -> Found:
        deployment = await cluster.deployment()
        container = pod_logs.container_of(deployment, self._settings.container)
        beside = _Beside(self.limit * _SHARE)
        pods, sets, scalers, key = await asyncio.gather(
            beside.ask("pods", cluster.pods),
            beside.ask("ReplicaSets", cluster.replica_sets),
            beside.ask("autoscalers", cluster.autoscalers),
            beside.ask("the key's Secret", lambda: self._key(cluster, deployment, container)),
        )
        logs, way = await asyncio.gather(
            beside.ask("logs", lambda: self._logs(cluster, pods or (), container)),
            beside.ask("policies", lambda: self._egress(cluster, deployment, container, pods or ())),
        )
        return Found(deployment, pods, sets, scalers, key, logs, tuple(beside.hidden), way)

    async def _logs(
        self, cluster: "Cluster", pods: Sequence[Json], container: str
    ) -> pod_logs.PodLogs | None:
        return await pod_logs.recent(cluster, pods, container, self._window) if pods else None

    async def _egress(
        self, cluster: "Cluster", deployment: Json, container: str, pods: Sequence[Json]
    ) -> EgressView | None:
        found = await self._way.look(cluster, deployment, container, pods) if self._way else None
        return cleaned(found, self.plain) if found else None

    async def _key(self, cluster: "Cluster", deployment: Json, container: str) -> Secret | None:
        """The key that new pods get: a Secret's value, or one that stands in the clear."""
        place = secret_of(deployment, container)
        if place is None:
            found = read.live_value(deployment, container, KEY_VARIABLE)
            key = Secret(found) if found else None
        else:
            key = await cluster.secret_value(*place)
        if key:
            self.redact.add(key)
        return key

    def _refused(self, error: "ClusterError") -> Reading:
        """Expired login, missing permission, unreachable and missing are four different things."""
        from tui.clients.cluster_errors import Reason

        summaries = {
            Reason.LOGIN_EXPIRED: ("login_expired", "login expired"),
            Reason.FORBIDDEN: ("forbidden", "not permitted"),
            Reason.MISSING: ("missing", "the deployment is not there"),
            Reason.CONFIG: ("config", "the kubeconfig cannot be used"),
        }
        outcome, summary = summaries.get(error.reason, ("unreachable", "the cluster does not answer"))
        said, remedy = self.plain(error.said, 200), self.plain(error.remedy, 200)
        # That it is not there is an answer; the others leave us without one.
        state = State.FAIL if error.reason is Reason.MISSING else State.UNKNOWN
        facts: dict[str, Fact] = {"outcome": outcome}
        return Reading(
            self.check, state, summary, self.clock.now(), facts, evidence=(said,), note=said, remedy=remedy
        )

    def _reading(self, cluster: "Cluster", found: Found, latency: timedelta) -> Reading:
        facts = self._facts(cluster, found)
        state, summary = _judge(found, facts)
        return Reading(
            self.check,
            state,
            shorten(summary, SUMMARY),
            self.clock.now(),
            facts,
            latency=latency,
            origin="cluster",
            evidence=self._evidence(found, facts),
            note=self._note(found, facts),
            details=(*leases_of(found.deployment), *self._pages(found)),
        )

    def _pages(self, found: Found) -> Iterator[EgressView | LogShapes | Change]:
        """What pages show of it: the way out, the log errors by shape, the last change."""
        if found.way is not None:
            yield found.way
        if found.logs is not None and found.logs.pods:
            shapes = found.logs.shapes
            # By the example that is safe to show: a shape could keep a part of what is taken out of it.
            examples = ((s, self.plain(s.example, 300)) for s in shapes.shapes)
            shown = tuple(LogShape(shape(example), s.count, example) for s, example in examples)
            yield replace(shapes, shapes=shown)
        if found.replica_sets:
            yield self._changed(found)

    def _changed(self, found: Found) -> Change:
        at = last_change(found.deployment, found.replica_sets or ())
        raw = change.of(found.deployment, found.replica_sets or (), at)
        differences = tuple(
            Difference(self.plain(d.what, 80), self._value(d.what, d.before), self._value(d.what, d.after))
            for d in raw.differences[:_DIFFERENCES]
        )
        return replace(
            raw,
            revision=self.plain(raw.revision, 20),
            previous=self.plain(raw.previous, 20),
            cause=self.plain(raw.cause, 120),
            differences=differences,
        )

    def _value(self, name: str, value: str | None) -> str | None:
        """A value as it may be shown: what a name says is secret is not."""
        if value is None:
            return None
        return self.plain(f"{name}={value}", 240).partition("=")[2]

    def _facts(self, cluster: "Cluster", found: Found) -> dict[str, Fact]:
        deployment, now = found.deployment, self.clock.now()
        container = pod_logs.container_of(deployment, self._settings.container)
        status = deployment.get("status") or {}
        notes = read.annotations(deployment)
        facts: dict[str, Fact] = {
            "outcome": "ok",
            "user": self.plain(cluster.user, 80),
            "replicas": read.replicas_wanted(deployment),
            "ready": whole(status.get("readyReplicas")),
            "updated": whole(status.get("updatedReplicas")),
            "rollout": str(read.rollout_of(deployment).state),
            "revision": self.plain(notes.get(read.REVISION, ""), 20) or None,
            "change_cause": self.plain(notes.get(read.CHANGE_CAUSE, ""), 120) or None,
            "image": self.plain(_image(deployment, container), 200),
        }
        for name, variable in _VARIABLES.items():
            value = read.live_value(deployment, container, variable)
            facts[name] = None if value is None else self.plain(value, 60)
        changed = last_change(deployment, found.replica_sets or ())
        if changed is not None:
            facts["last_change_age_s"] = round(max((now - changed).total_seconds(), 0.0))
        if found.pods is not None:
            facts["crashlooping"] = sum(1 for pod in found.pods if crashes(pod))
            facts["restarts"] = sum(restarts(pod) for pod in found.pods)
        if found.autoscalers is not None:
            facts["autoscaler_max"] = max((_most(scaler) for scaler in found.autoscalers), default=None)
        if found.key is not None:
            facts["key_fingerprint"] = found.key.fingerprint
        if found.way is not None:
            facts |= facts_of(found.way)
        return facts | _from_logs(found.logs)

    def _evidence(self, found: Found, facts: Mapping[str, Fact]) -> tuple[str, ...]:
        said = []
        age = facts.get("last_change_age_s")
        if isinstance(age, int):
            cause = f" ({facts['change_cause']})" if facts["change_cause"] else ""
            said.append(f"Last change {span(timedelta(seconds=age))} ago{cause}.")
        if found.logs and found.logs.tally.mistral:
            said.append(_mistral_lines(found.logs))
        if facts.get("app_exceptions"):
            said.append(f"The pods' logs have {facts['app_exceptions']} exceptions of the app's own.")
        for reason, message in read.waiting_reasons(tuple(found.pods or ()))[:3]:
            tail = f": {self.plain(message, 120)}" if message else ""
            said.append(f"A pod waits, {self.plain(reason, 60)}{tail}.")
        if found.hidden:
            said.append(f"Not all could be read: {self.plain(found.hidden[0], 160)}")
        return tuple(said)

    def _note(self, found: Found, facts: Mapping[str, Fact]) -> str:
        if found.hidden:
            return f"not all could be read: {self.plain(found.hidden[0], 90)}"
        age = facts.get("last_change_age_s")
        return f"last change {span(timedelta(seconds=age))} ago" if isinstance(age, int) else ""


class _Beside:
    """Asks for what stands beside the deployment: what cannot be had leaves the rest of the reading."""

    def __init__(self, seconds: float) -> None:
        self.hidden: list[str] = []
        self._seconds = seconds

    async def ask(self, what: str, asked: Callable[[], Awaitable[T]]) -> T | None:
        """The answer; None where it is refused or too slow, which is then noted.

        It is asked here and not by the caller: a reading that is given up at once asks nothing.
        """
        from tui.clients.cluster_errors import ClusterError

        try:
            async with asyncio.timeout(self._seconds):
                return await asked()
        except ClusterError as error:
            self.hidden.append(error.said)
        except TimeoutError:
            self.hidden.append(f"the {what.removeprefix('the ')} did not come in {self._seconds:.2g} s")
        return None


def last_change(deployment: Json, replica_sets: Sequence[Json]) -> datetime | None:
    """When the pods' template last changed.

    A ReplicaSet is made with each new template, and reused by a rollback: then the condition that
    the rollout wrote tells.
    """
    revision = read.annotations(deployment).get(read.REVISION)
    current = [rs for rs in replica_sets if read.annotations(rs).get(read.REVISION) == revision]
    metadata = (current[0].get("metadata") or {}) if current else {}
    made = moment(metadata.get("creationTimestamp"))
    if current and "deployment.kubernetes.io/revision-history" not in read.annotations(current[0]):
        return made
    conditions = (deployment.get("status") or {}).get("conditions")
    rolled = [
        moment(c.get("lastUpdateTime"))
        for c in (conditions if isinstance(conditions, list) else ())
        if isinstance(c, Mapping) and c.get("type") == "Progressing"
    ]
    return next((at for at in rolled if at), made)


def _judge(found: Found, facts: Mapping[str, Fact]) -> tuple[State, str]:
    rollout = read.rollout_of(found.deployment)
    ready, replicas = int(str(facts["ready"])), int(str(facts["replicas"]))
    said = f"{ready}/{replicas} ready"
    crashing = int(str(facts.get("crashlooping") or 0))
    if crashing:
        return (State.WARN if ready else State.FAIL), f"{said}, {crashing} crash-looping"
    if replicas and not ready:
        return State.FAIL, f"{said}, rollout {rollout.state}"
    match rollout.state:
        case read.RolloutState.COMPLETE:
            state = State.OK if ready >= replicas and replicas else State.WARN
            return state, f"{said}, no rollout" if replicas else "scaled to 0"
        case read.RolloutState.PAUSED:
            return State.WARN, f"{said}, rollout paused"
        case read.RolloutState.STALLED:
            return State.FAIL, f"{said}, rollout stalled at {rollout.done} of {rollout.wanted}"
    return State.WARN, f"{said}, rollout {rollout.done} of {rollout.wanted}"


def _from_logs(logs: pod_logs.PodLogs | None) -> dict[str, Fact]:
    """Facts of the logs; none where they could not be read, and None where they name no error."""
    if logs is None or not logs.pods:
        return {}
    code, _ = top(logs.tally.codes)
    kind, _ = top(logs.tally.types)
    return {
        "pods_error_code": code or None,
        "pods_error_type": kind or None,
        "app_exceptions": logs.tally.exceptions,
        "log_shapes": len(logs.shapes.shapes),
    }


def _mistral_lines(logs: pod_logs.PodLogs) -> str:
    """`In the pods' logs: 42 of 43 failed calls are 429, code 1300 (rate_limited), in 60 s.`"""
    counted = logs.tally
    status, _ = top(counted.statuses)
    code, _ = top(counted.codes)
    kind, _ = top(counted.types)
    what = {"": "of unknown status", "0": "without answer"}.get(status, status)
    many = counted.statuses[status] if status else counted.mistral
    told = f"{many} of {counted.mistral} failed calls are {what}"
    told += f", code {code}" if code else ""
    told += f" ({kind})" if kind else ""
    return f"In the pods' logs: {told}, in {span(logs.window)}."


def _image(deployment: Json, container: str) -> str:
    found = read.container_named(deployment, container)
    return str(found[1].get("image") or "") if found else ""


def _most(scaler: Json) -> int:
    return whole((scaler.get("spec") or {}).get("maxReplicas"))
