"""Whether it worked: the mitigation's own query and its guards, before and after.

A query is asked at the end of each window, over exactly that window, so that nothing from before
the rollout is in the figure from after it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tui.clients.prometheus import Answered, PrometheusError
from tui.model.mitigation import Measure, Verdict, VerdictKind
from tui.model.runbook import Direction, MitigationRule, Query

Window = tuple[datetime, datetime]
WORSE = 0.2  # a rise of this share is harm, and a traffic change above it is stated
_TRAFFIC = "requests"
_USERS = "user_errors"
_LATENCY = "p95"
_SPECK = 0.02  # errors per second: less than one in 50 s is noise
_RANGE = re.compile(r"\[(\d+)([smhd])\]")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Asks(Protocol):
    """What answers PromQL: `clients.prometheus.Prometheus`."""

    async def query(self, promql: str, at: datetime | None = None) -> Answered:
        """An instant query. Raises PrometheusError."""
        ...


def windows(
    rule: MitigationRule,
    queries: Mapping[str, Query],
    applied: datetime,
    rolled_out: datetime,
    window: timedelta,
) -> tuple[Window, Window]:
    """The windows to measure: the one that ends when it was applied, and the first clean one after.

    Queries with `$window` look back over the window itself. One with a range of its own looks
    back further, so that the window after starts only when that much time has passed.
    """
    ids = (*((rule.judged.query,) if rule.judged.query else ()), *rule.judged.guards)
    own = max((_own_range(queries[i].promql) for i in ids if i in queries), default=timedelta(0))
    start = max(rolled_out + own - window, rolled_out)
    return (applied - window, applied), (start, start + window)


async def measure(
    prometheus: Asks | None,
    rule: MitigationRule,
    queries: Mapping[str, Query],
    before: Window,
    after: Window,
) -> Verdict:
    """The verdict. It never raises: what cannot be measured is `unknown`, with the reason.

    Args:
        prometheus: None where there is none.
        rule: says which query judges it, which way is better, and what is enough.
        queries: the runbook's, by id.
        before: the window before the change.
        after: the window after the rollout; it must be over.
    """
    judge = queries.get(rule.judged.query) if rule.judged.query else None
    if judge is None:
        return _unknown("no query judges it")
    if prometheus is None:
        return _unknown("no Prometheus is set, so nothing can be measured")
    wanted = dict.fromkeys((judge.id, *rule.judged.guards, _TRAFFIC, _USERS))
    asked = [queries[name] for name in wanted if name in queries]
    try:
        measures, partial = await _measures(prometheus, asked, before, after)
    except PrometheusError as error:
        return _unknown(f"Prometheus could not be asked: {error.said}")
    verdict = judged(rule, measures)
    if partial:
        return Verdict(verdict.kind, f"{verdict.summary} (Prometheus answered in part)", measures)
    return verdict


def judged(rule: MitigationRule, measures: Sequence[Measure]) -> Verdict:
    """The verdict on what was measured; the judging query comes first."""
    judge = measures[0]
    if judge.before is None or judge.after is None:
        when = "before" if judge.before is None else "after"
        return _unknown(f"no data for {judge.what} {when} the change", measures)
    by_id = {measured.query: measured for measured in measures}
    traffic = by_id.get(_TRAFFIC)
    kind, why = _kind(rule, judge, by_id)
    parts = [f"{kind}: {_span(judge)}", *([why] if why else []), _traffic(traffic)]
    if kind is not VerdictKind.HARMFUL:
        parts += _guards(rule, by_id)
    summary = ", ".join(parts)
    if kind is VerdictKind.INEFFECTIVE and rule.without_effect:
        summary = f"{summary}. {rule.without_effect}"
    return Verdict(kind, summary, tuple(measures))


@dataclass(frozen=True, slots=True)
class _Effect:
    better: bool
    worse: bool


def _kind(rule: MitigationRule, judge: Measure, by_id: Mapping[str, Measure]) -> tuple[VerdictKind, str]:
    """The kind, and a clause where the judging figures alone do not explain it."""
    users = by_id.get(_USERS)
    if users is not None and users.query != judge.query and _effect(rule, users, Direction.LOWER).worse:
        return VerdictKind.HARMFUL, f"users' errors {_span(users)}"
    effect = _effect(rule, judge, rule.judged.better)
    if effect.worse:
        return VerdictKind.HARMFUL, ""
    if rule.judged.no_worse:
        return _no_worse(rule, judge, by_id)
    if rule.judged.better is Direction.LOWER and (judge.before or 0.0) <= _speck(judge):
        return VerdictKind.UNKNOWN, "nothing to improve before"
    shared = _per_request(judge, by_id.get(_TRAFFIC))
    if shared is not None and _effect(rule, shared, rule.judged.better).better != effect.better:
        return VerdictKind.UNKNOWN, "the traffic changed as well"
    if effect.better:
        return VerdictKind.EFFECTIVE, ""
    latency = by_id.get(_LATENCY)
    if latency is not None and latency.query != judge.query and _rise(latency) >= WORSE:
        return VerdictKind.HARMFUL, f"p95 {_span(latency)}"
    return VerdictKind.INEFFECTIVE, ""


def _no_worse(rule: MitigationRule, judge: Measure, by_id: Mapping[str, Measure]) -> tuple[VerdictKind, str]:
    """Where it is enough that nothing got worse: not even for each request."""
    shared = _per_request(judge, by_id.get(_TRAFFIC))
    if shared is not None and _effect(rule, shared, rule.judged.better).worse:
        return VerdictKind.HARMFUL, "worse for each request"
    return VerdictKind.EFFECTIVE, "it did not get worse"


def _effect(rule: MitigationRule, measured: Measure, better: Direction) -> _Effect:
    before, after = measured.before, measured.after
    if before is None or after is None:
        return _Effect(better=False, worse=False)
    enough, speck = rule.judged.enough, _speck(measured)
    if better is Direction.LOWER:
        return _Effect(
            better=before > speck and after <= before * (1 - enough),
            worse=after > before * (1 + WORSE) and after - before > speck,
        )
    return _Effect(
        better=after >= before * (1 + enough) and after - before > speck,
        worse=after < before * (1 - WORSE) and before - after > speck,
    )


def _per_request(judge: Measure, traffic: Measure | None) -> Measure | None:
    """A rate for each request, where the traffic changed so much that the rate alone proves little."""
    if judge.unit != "/s" or traffic is None or not traffic.before or not traffic.after:
        return None
    if judge.before is None or judge.after is None or abs(_rise(traffic)) <= WORSE:
        return None
    # In the scale of the traffic before, so that the same noise floor holds.
    return Measure(
        judge.query, judge.what, judge.unit, judge.before, judge.after * traffic.before / traffic.after
    )


def _guards(rule: MitigationRule, by_id: Mapping[str, Measure]) -> list[str]:
    """What got worse beside it, said; harm by it is judged elsewhere."""
    told = []
    for name in rule.judged.guards:
        guard = by_id.get(name)
        if guard is not None and name != _TRAFFIC and _rise(guard) >= WORSE:
            told.append(f"{name} {_span(guard)}")
    return told


def _traffic(traffic: Measure | None) -> str:
    if traffic is None or traffic.before is None or traffic.after is None:
        return "traffic unknown"
    if traffic.before == 0:
        return "traffic even" if traffic.after == 0 else "traffic began"
    rise = _rise(traffic)
    if abs(rise) <= WORSE:
        return "traffic even"
    return f"traffic {'up' if rise > 0 else 'down'} {abs(rise) * 100:.0f} %"


def _rise(measured: Measure) -> float:
    if measured.before is None or measured.after is None or measured.before == 0:
        return 0.0
    return measured.after / measured.before - 1


def _speck(measured: Measure) -> float:
    return _SPECK if measured.unit == "/s" else 0.0


def _span(measured: Measure) -> str:
    return f"{_figure(measured.before, measured.unit)} → {_figure(measured.after, measured.unit)}"


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "?"
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    number = f"{value:.0f}" if value >= 100 else f"{value:.2g}" if 0 < value < 0.1 else f"{value:.1f}"
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}"


async def _measures(
    prometheus: Asks, queries: Sequence[Query], before: Window, after: Window
) -> tuple[tuple[Measure, ...], bool]:
    """What each query gives, in their order, and whether an answer was partial.

    Traffic is asked first: it tells what the absence of the others means.
    """
    found: dict[str, Measure] = {}
    flowing, partial = (False, False), False
    for query in sorted(queries, key=lambda query: query.id != _TRAFFIC):
        measured, part = await _measure(prometheus, query, before, after, flowing)
        found[query.id], partial = measured, partial or part
        if query.id == _TRAFFIC:
            flowing = (bool(measured.before), bool(measured.after))
    return tuple(found[query.id] for query in queries), partial


async def _measure(
    prometheus: Asks, query: Query, before: Window, after: Window, flowing: tuple[bool, bool]
) -> tuple[Measure, bool]:
    """The query at both ends, and whether an answer was partial. `flowing`: is there traffic, at each."""
    was = await prometheus.query(query.over(before[1] - before[0]), at=before[1])
    becomes = await prometheus.query(query.over(after[1] - after[0]), at=after[1])
    values = (_value(was, query, flowing[0]), _value(becomes, query, flowing[1]))
    return Measure(query.id, query.what, query.unit, *values), bool(was.warnings or becomes.warnings)


def _value(answer: Answered, query: Query, flowing: bool) -> float | None:
    """One number: rates add up; durations and ratios do not, there the worst one stands.

    None for an empty vector, and for a rate of which a part is no number. But where requests are
    counted, a counter of errors that is not there was never incremented since the pods started:
    that is none, not unknown.
    """
    if not answer.vector and flowing and query.unit == "/s" and not answer.warnings:
        return 0.0
    values = [sample.value for sample in answer.vector]
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    if not numbers:
        return None
    if query.unit in ("s", "ratio"):
        return max(numbers)
    return math.fsum(numbers) if len(numbers) == len(values) else None


def _own_range(promql: str) -> timedelta:
    seconds = [int(number) * _UNITS[unit] for number, unit in _RANGE.findall(promql)]
    return timedelta(seconds=max(seconds, default=0))


def _unknown(why: str, measures: Sequence[Measure] = ()) -> Verdict:
    return Verdict(VerdictKind.UNKNOWN, f"unknown: {why}", tuple(measures))
