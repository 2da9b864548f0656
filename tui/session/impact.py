"""What an incident cost, asked of Prometheus: failed requests over the impact window."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui.model.runbook import Runbook

if TYPE_CHECKING:
    from tui.clients.prometheus import Prometheus

# Enough points to tell how much of the window is covered, few enough for any server.
POINTS = 120
FAILED = "errors_total_increase"


@dataclass(frozen=True, slots=True)
class Impact:
    """Failed requests between two moments.

    `failed_requests` None is unknown, never zero. `coverage` is the share (0 to 1) of the window
    for which Prometheus has anything at all.
    """

    start: datetime | None = None
    end: datetime | None = None
    failed_requests: float | None = None
    coverage: float | None = None


async def measure(
    prometheus: "Prometheus | None", runbook: Runbook, start: datetime | None, end: datetime
) -> Impact:
    """Measure the impact; whatever cannot be asked is unknown."""
    if start is None or end <= start:
        return Impact(start, end)
    if prometheus is None or FAILED not in runbook.queries:
        return Impact(start, end)
    from tui.clients.prometheus import PrometheusError

    window = end - start
    step = max(window / POINTS, timedelta(seconds=1))
    query = runbook.queries[FAILED]
    try:
        failed = (await prometheus.query(query.over(window), end)).total
        seen = await prometheus.query_range(
            query.over(max(step * 2, timedelta(seconds=30))), start, end, step
        )
    except PrometheusError:
        return Impact(start, end)
    moments = {at for line in seen.lines for at, value in line.points if value is not None}
    expected = int(window / step) + 1
    return Impact(start, end, failed, min(len(moments) / expected, 1.0))
