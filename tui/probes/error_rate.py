"""How many of the service's calls to Mistral fail: by Prometheus, or else by the pods' logs."""

import asyncio
import math
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui.clients.prometheus import Answered, Prometheus, PrometheusError, Ranged
from tui.model.clock import Clock
from tui.model.onset import began
from tui.model.reading import Check, Fact, Reading, Series, State
from tui.model.redaction import Redactor
from tui.model.runbook import Runbook
from tui.model.text import shorten
from tui.probes import pod_logs
from tui.probes.figures import Figures, finite, ratio_of, top_of
from tui.probes.log_lines import top
from tui.probes.probe import SUMMARY, Asking, Pace

if TYPE_CHECKING:
    from tui.clients.cluster import ClusterDoor

# The alert's threshold (runbook: errors / requests > 5 %), and where most requests fail.
MUCH = 0.05
MOST = 0.5
SLOW_P95_S = 5.0
_TELLING = 0.01
HISTORY = timedelta(minutes=30)
STEP = timedelta(seconds=30)
# Fewer error lines than this in a window are what every service has.
FEW_LINES = 5
_QUERIES = ("errors", "requests", "error_ratio", "p95", "errors_by_status", "errors_by_type", "user_errors")
_NEEDED = ("errors", "requests")
_FAILING = "user_errors"
_NO_ANSWER = "0"


class ErrorRate(Asking):
    """The runbook's queries over `window`, and the errors of the last 30 minutes by model.

    When Prometheus gives no figures, error lines in the pods' logs are counted instead, and the
    reading says so.
    """

    check = Check.ERROR_RATE

    def __init__(
        self,
        prometheus: Prometheus | None,
        door: "ClusterDoor | None",
        container: str,
        runbook: Runbook,
        window: timedelta,
        pace: Pace,
        clock: Clock,
        redact: Redactor,
    ) -> None:
        super().__init__(pace, clock, redact)
        self._prometheus = prometheus
        self._door = door
        self._container = container
        self._runbook = runbook
        self._window = window
        # The fallback must still fit into the asking: Prometheus gets its part of it.
        self._share = self.limit * (0.55 if door else 1.0)

    async def ask(self) -> Reading:
        """By Prometheus; by the logs where it gives nothing; unknown where neither can tell."""
        if self._prometheus is None or not self._prometheus.server.url:
            unset = PrometheusError("unset", "no Prometheus is set", "Set prometheus.url in the settings.")
            return await self._by_logs(unset)
        try:
            async with asyncio.timeout(self._share):
                figures = await self._figures(self._prometheus)
        except PrometheusError as error:
            return await self._by_logs(error)
        except TimeoutError:
            said = f"Prometheus at {self._prometheus.place} did not answer within {self._share:.3g} s"
            return await self._by_logs(PrometheusError("timeout", said, ""))
        return self._reading(figures)

    # -- by Prometheus

    async def _figures(self, prometheus: Prometheus) -> Figures:
        """All queries at once. Raises the first failure of a query without which nothing is known."""
        now = self.clock.now()
        known = [name for name in _QUERIES if name in self._runbook.queries]
        figures = Figures()
        tasks: dict[str, Awaitable[Answered | Ranged]] = {
            name: prometheus.query(self._promql(name)) for name in known
        }
        tasks["history"] = prometheus.query_range(self._promql("errors"), now - HISTORY, now, STEP)
        tasks["before"] = prometheus.query(self._promql("requests"), at=now - HISTORY)
        answers = await asyncio.gather(*tasks.values(), return_exceptions=True)
        for name, answer in zip(tasks, answers, strict=True):
            if isinstance(answer, PrometheusError) and name not in _NEEDED:
                figures.failed.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            elif isinstance(answer, Ranged):
                figures.history = answer
            elif name == "before":
                figures.before = answer
            else:
                figures.answers[name] = answer
        if figures.total(_FAILING):
            figures.failing = await self._failing(prometheus, figures, now)
        return figures

    async def _failing(self, prometheus: Prometheus, figures: Figures, now: datetime) -> Ranged | None:
        """The users' failures of the last half hour: asked only where there are any."""
        try:
            return await prometheus.query_range(self._promql(_FAILING), now - HISTORY, now, STEP)
        except PrometheusError as error:
            figures.failed.append(error)
            return None

    def _promql(self, query: str) -> str:
        return self._runbook.queries[query].over(self._window)

    def _reading(self, figures: Figures) -> Reading:
        requests, errors = figures.total("requests"), figures.total("errors")
        if requests is None and errors is None:
            remedy = "See whether Prometheus scrapes the service, and whether the metrics' names are right."
            return self.unknown("no data: the metrics are not there", remedy=remedy)
        facts = self._facts(figures)
        state = _judge(facts, figures)
        partial = figures.warnings
        notes = [f"partial answer: {self.plain(partial[0], 60)}"] if partial else []
        if figures.failed:
            notes.append(f"not all is known: {self.plain(figures.failed[0].said, 80)}")
        if isinstance(p95 := facts.get("p95_s"), float) and p95 > SLOW_P95_S:
            notes.append(f"slow: 95 % take up to {p95:.1f} s")
        notes += [] if notes else self._by_model(figures)
        return Reading(
            self.check,
            state,
            _summary(facts, figures),
            self.clock.now(),
            facts,
            latency=max(answer.took for answer in figures.answers.values()),
            origin="prometheus",
            evidence=self._evidence(facts, figures),
            note="; ".join(notes),
            details=self._series(figures),
        )

    def _facts(self, figures: Figures) -> dict[str, Fact]:
        requests, errors = figures.total("requests"), figures.total("errors")
        # A labelled counter does not exist before its first increment: with requests counted, no
        # series of errors means that no error was counted.
        errors = 0.0 if errors is None and requests is not None else errors
        ratio = ratio_of(figures, errors, requests)
        status, share = top_of(figures, "errors_by_status", "status_code")
        kind, _ = top_of(figures, "errors_by_type", "error_type")
        facts: dict[str, Fact] = {
            "source": "prometheus",
            "ratio": _rounded(ratio, 4),
            "errors_per_s": _rounded(errors, 3),
            "requests_per_s": _rounded(requests, 2),
            "top_status": self.plain(status, 40),
            "top_status_share": round(share, 3),
            "top_error_type": self.plain(kind, 60),
            "partial": bool(figures.warnings),
            "has_errors": (ratio is not None and ratio > MUCH) or (not requests and bool(errors)),
        }
        if "p95" in figures.answers:
            facts["p95_s"] = _rounded(figures.largest("p95"), 2)
        if "user_errors" in figures.answers:
            failed = figures.total("user_errors") or 0.0
            facts["user_errors_per_s"] = _rounded(failed, 3)
            facts["user_error_ratio"] = _rounded(failed / requests, 4) if requests else None
        if figures.before is not None:
            facts["requests_per_s_before"] = _rounded(figures.before.total, 2)
        return facts | self._began(facts, figures)

    def _began(self, facts: Mapping[str, Fact], figures: Figures) -> dict[str, Fact]:
        """How long ago the errors began; nothing where there are none, or they are older than the figures."""
        user = facts.get("user_error_ratio")
        much = facts["has_errors"] or (isinstance(user, float) and user > MUCH)
        lines = [line for ranged in (figures.history, figures.failing) if ranged for line in ranged.lines]
        at = began([finite(line.points) for line in lines]) if much else None
        age = (self.clock.now() - at).total_seconds() if at else None
        return {} if age is None else {"began_s": round(max(age, 0.0))}

    def _evidence(self, facts: Mapping[str, Fact], figures: Figures) -> tuple[str, ...]:
        said = []
        errors, ratio, requests = facts["errors_per_s"], facts["ratio"], facts["requests_per_s"]
        if figures.empty("errors"):
            said.append("No error was ever counted: Prometheus has no series of errors.")
        # What a handful of errors met is no evidence for anything.
        telling = bool(errors) and (not isinstance(ratio, float) or ratio >= _TELLING)
        told = []
        if isinstance(ratio, float) and isinstance(requests, float) and errors:
            told.append(f"{_percent(ratio)} of {requests:.3g} requests/s fail at Mistral")
        if telling and facts["top_status"]:
            share = float(str(facts["top_status_share"]))
            what = "got no answer" if facts["top_status"] == _NO_ANSWER else f"are {facts['top_status']}"
            told.append(f"{_percent(share)} of errors {what}")
        if told:
            said.append(f"From the pods: {', '.join(told)}.")
        if figures.warnings:
            said.append(f"The figures are partial: {self.plain(figures.warnings[0], 120)}.")
        return tuple(said)

    def _by_model(self, figures: Figures) -> list[str]:
        """`errors/s: large 1.2, small 0.03`, the worst first; nothing where there are none."""
        answer = figures.answers.get("errors")
        found = [(s.value, s.labels.get("model", "")) for s in answer.vector] if answer else []
        worst = sorted(((v, m) for v, m in found if v and math.isfinite(v) and m), reverse=True)[:4]
        told = ", ".join(f"{self.plain(model, 40)} {value:.2g}" for value, model in worst)
        return [f"errors/s: {told}"] if told else []

    def _series(self, figures: Figures) -> tuple[Series, ...]:
        if figures.history is None:
            return ()
        lines = sorted(figures.history.lines, key=lambda line: line.labels.get("model", ""))
        return tuple(
            Series(self.plain(line.labels.get("model", "") or "all", 40), finite(line.points))
            for line in lines[:20]
        )

    # -- by the logs

    async def _by_logs(self, error: PrometheusError) -> Reading:
        said = self.plain(error.said)
        if self._door is None:
            return self.unknown(
                shorten(f"no figures: {_short(error)}", SUMMARY), said, self.plain(error.remedy)
            )
        from tui.clients.cluster_errors import ClusterError

        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.limit - self._share):
                logs = await self._logs(self._door)
        except (ClusterError, TimeoutError) as refused:
            why = refused.said if isinstance(refused, ClusterError) else "the cluster does not answer in time"
            note = f"{said}; and the logs: {self.plain(why)}"
            return self.unknown(
                shorten(f"no figures: {_short(error)}", SUMMARY), note, self.plain(error.remedy)
            )
        latency = timedelta(seconds=self.clock.monotonic() - began)
        if not logs.pods:
            return self.unknown("no figures, and no pod to read", said, self.plain(error.remedy))
        return self._counted(logs, said, error, latency)

    async def _logs(self, door: "ClusterDoor") -> pod_logs.PodLogs:
        cluster = await door.open()
        deployment, pods = await asyncio.gather(cluster.deployment(), cluster.pods())
        container = pod_logs.container_of(deployment, self._container)
        return await pod_logs.recent(cluster, pods, container, self._window)

    def _counted(
        self, logs: pod_logs.PodLogs, said: str, error: PrometheusError, latency: timedelta
    ) -> Reading:
        counted = logs.tally
        rate = counted.errors / logs.window.total_seconds()
        status, share = top(counted.statuses)
        kind, _ = top(counted.types)
        many = counted.errors >= FEW_LINES
        facts: dict[str, Fact] = {
            "source": "logs",
            "ratio": None,
            "errors_per_s": round(rate, 3),
            "top_status": status,
            "top_status_share": round(share, 3),
            "top_error_type": kind,
            "has_errors": many,
        }
        least = "at least " if logs.cut else ""
        evidence = [f"From {logs.pods} pods' logs: {least}{counted.errors} error lines in {_window(logs)}."]
        if status:
            what = "got no answer" if status == _NO_ANSWER else f"are {status}"
            evidence.append(f"From the pods: {_percent(share)} of errors {what}.")
        return Reading(
            self.check,
            State.WARN if many else State.OK,
            f"{least}{rate:.2g} errors/s, from the pods' logs"
            if counted.errors
            else "no errors in the pods' logs",
            self.clock.now(),
            facts,
            latency=latency,
            origin="pods",
            evidence=tuple(evidence),
            note=f"counted in the logs: {said}",
            remedy=self.plain(error.remedy),
        )


_SHORTLY = {
    "unset": "no Prometheus is set",
    "timeout": "Prometheus hangs",
    "refused": "Prometheus is down",
    "unreachable": "Prometheus unreachable",
    "forbidden": "Prometheus refuses us",
    "bad_query": "a query is rejected",
    "garbage": "no Prometheus there",
    "failed": "Prometheus fails",
}


def _short(error: PrometheusError) -> str:
    return _SHORTLY[error.outcome]


def _judge(facts: Mapping[str, Fact], figures: Figures) -> State:
    ratio, p95 = facts["ratio"], facts.get("p95_s")
    if isinstance(ratio, float) and ratio >= MOST:
        return State.FAIL
    slow = isinstance(p95, float) and p95 > SLOW_P95_S
    if facts["has_errors"] or slow or figures.warnings:
        return State.WARN
    return State.OK


def _summary(facts: Mapping[str, Fact], figures: Figures) -> str:
    """`11.8 % of 11.3 requests/s`."""
    ratio, requests, errors = facts["ratio"], facts["requests_per_s"], facts["errors_per_s"]
    if not requests:
        return f"{errors:.3g} errors/s, no requests counted" if errors else "no requests, no errors"
    if not errors:
        return f"no errors in {requests:.3g} requests/s"
    if not isinstance(ratio, float):
        return f"{errors:.3g} errors/s of {requests:.3g} requests/s"
    return f"{_percent(ratio)} of {requests:.3g} requests/s"


def _percent(share: float) -> str:
    """`97 %`, `11.8 %`, `0.03 %`: three digits, never 0 for something."""
    percent = share * 100
    return f"{percent:.0f} %" if percent >= 99.5 or percent == int(percent) else f"{percent:.3g} %"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else float(round(value, digits))


def _window(logs: pod_logs.PodLogs) -> str:
    seconds = logs.window.total_seconds()
    return f"{seconds / 60:.3g} min" if seconds >= 120 else f"{seconds:.3g} s"
