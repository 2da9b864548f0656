"""The metrics' history: each query of the runbook over the time of the incident, raw."""

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.evidence.piece import Piece, Unobtainable, later
from tui.model.runbook import Runbook
from tui.model.times import rfc3339

if TYPE_CHECKING:
    from tui.clients.prometheus import Prometheus

# Prometheus answers at most 11,000 points a series (facts: 5); a page needs far fewer.
_POINTS = 2000
_FINEST = timedelta(seconds=15)


def pieces(
    prometheus: "Prometheus", runbook: Runbook, window: timedelta, start: datetime, end: datetime
) -> list[Piece]:
    """One piece for each query.

    Args:
        window: what `$window` of the queries stands for.
        start, end: which time the series cover.
    """
    found = []
    step = max(_FINEST, timedelta(seconds=math.ceil((end - start).total_seconds() / _POINTS)))
    for query in runbook.queries.values():
        found.append(_piece(prometheus, query.id, query.what, query.over(window), start, end, step))
    return found


def _piece(
    prometheus: "Prometheus",
    name: str,
    what: str,
    promql: str,
    start: datetime,
    end: datetime,
    step: timedelta,
) -> Piece:
    async def make() -> Any:
        from tui.clients.prometheus import PrometheusError

        try:
            found = await prometheus.query_range(promql, start, end, step)
        except PrometheusError as error:
            raise Unobtainable(f"{error.said}.") from None
        return {
            "query": promql,
            "what": what,
            "start": rfc3339(start),
            "end": rfc3339(end),
            "step_seconds": step.total_seconds(),
            "warnings": list(found.warnings),
            "series": [
                {
                    "labels": dict(line.labels),
                    "points": [[rfc3339(at), value] for at, value in line.points],
                }
                for line in found.lines
            ],
        }

    return later(f"metrics/{name}.json", what, make)
