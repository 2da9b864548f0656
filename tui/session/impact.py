"""What an incident cost, asked of Prometheus: failed requests over the impact window, and their course."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING

from tui.model.incident import Draft, Kind
from tui.model.measures import Errors, Impact
from tui.model.runbook import Runbook
from tui.model.severity import Severity
from tui.model.times import rfc3339

if TYPE_CHECKING:
    from tui.clients.prometheus import Prometheus
    from tui.clients.prometheus_answers import Ranged

# Enough points to tell how much of the window is covered, few enough for any server and any journal.
POINTS = 120
FAILED = "errors_total_increase"
# An increase needs two scrapes: where hardly anything is seen over short windows, they may be far apart.
WINDOWS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
ENOUGH = 0.5


async def measure(
    prometheus: "Prometheus | None",
    runbook: Runbook,
    start: datetime | None,
    end: datetime,
    now: datetime | None = None,
) -> Impact:
    """Measure the impact between two moments; whatever cannot be asked is unknown.

    The errors' course begins a tenth of the window earlier, and goes on as long after it, until `now`.
    """
    if start is None or end <= start:
        return Impact(start, end)
    if prometheus is None or FAILED not in runbook.queries:
        return Impact(start, end)
    from tui.clients.prometheus import PrometheusError

    window = end - start
    step = max(window / POINTS, timedelta(seconds=1))
    query = runbook.queries[FAILED]
    first, last = start - window / 10, min(max(now or end, end), end + window / 10)
    best = Impact(start, end)
    try:
        failed = (await prometheus.query(query.over(window), end)).total
        for least in WINDOWS:
            over = max(step * 2, least)
            seen = await prometheus.query_range(query.over(over), first, last, step)
            course = _course(seen, first, step, over)
            covered = _covered(course, start, end)
            if best.coverage is None or covered > best.coverage:
                best = Impact(start, end, failed, covered, course)
            if covered >= ENOUGH:
                break
    except PrometheusError:
        return best
    return best


def entry(impact: Impact, every: Mapping[Severity, timedelta], at: datetime, actor: str) -> Draft:
    """What the record keeps of it, with the intervals by which updates were due."""
    failed, share = impact.failed_requests, impact.coverage
    told = "failed requests unknown" if failed is None else f"{failed:.0f} failed requests"
    seen = f", the metrics cover {share:.0%} of the impact window" if share is not None else ""
    data = {
        "start": rfc3339(impact.start) if impact.start else None,
        "end": rfc3339(impact.end) if impact.end else None,
        "failed_requests": failed,
        "coverage": share,
        "every": {level.value: length.total_seconds() for level, length in every.items()},
        "errors": _kept(impact.errors),
    }
    return Draft(Kind.IMPACT, f"{told}{seen}", at, actor, data)


def _course(seen: "Ranged", first: datetime, step: timedelta, over: timedelta) -> Errors:
    """Errors per second at each step: every line's increase, added up."""
    sums: dict[int, float] = {}
    for line in seen.lines:
        for at, value in line.points:
            if value is not None and isfinite(value):
                index = round((at - first) / step)
                sums[index] = sums.get(index, 0.0) + value / over.total_seconds()
    count = max(sums, default=-1) + 1
    return Errors(first, step, tuple(sums.get(index) for index in range(count)))


def _covered(course: Errors, start: datetime, end: datetime) -> float:
    """The share of the window's steps at which there is anything."""
    expected = int((end - start) / course.step) + 1
    seen = sum(value is not None and start <= at <= end for at, value in course.points)
    return min(seen / expected, 1.0)


def _kept(errors: Errors | None) -> Mapping[str, object] | None:
    """Four digits that count are more than a chart shows."""
    if errors is None or not errors.values:
        return None
    values = [float(f"{value:.4g}") if value is not None else None for value in errors.values]
    return {"start": rfc3339(errors.start), "step_s": round(errors.step.total_seconds(), 3), "values": values}
