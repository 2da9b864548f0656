"""What an incident cost: the windows that are asked for, the share that is covered, the errors' course."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support import sights
from tui.clients.prometheus_answers import Answered, Line, Ranged, Sample
from tui.model.incident import Kind
from tui.model.measures import Errors
from tui.model.severity import Severity
from tui.runbooks import load
from tui.session.impact import POINTS, entry, measure

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
END = START + timedelta(minutes=20)
RUNBOOK = load(None)


class Scraping:
    """A Prometheus that has scraped every so often since `since`: an increase needs two scrapes."""

    def __init__(self, every: float, since: datetime = START - timedelta(hours=1)) -> None:
        self.every, self.since = every, since
        self.asked: list[str] = []

    async def query(self, promql: str, at: datetime | None = None) -> Answered:
        return Answered((Sample({}, 120.0, at or END),))

    async def query_range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> Ranged:
        self.asked.append(promql)
        seconds = float(promql.partition("[")[2].partition("s]")[0])
        moments = [start + step * i for i in range(int((end - start) / step) + 1)]
        enough = [at for at in moments if seconds >= 2 * self.every and at >= self.since]
        return Ranged((Line({}, tuple((at, seconds * 0.1) for at in enough)),))


@pytest.mark.parametrize(("every", "asked"), [(10, 1), (60, 2), (150, 3)])
async def test_scrapes_that_are_far_apart_are_no_gaps(every: float, asked: int) -> None:
    prometheus = Scraping(every)
    found = await measure(prometheus, RUNBOOK, START, END)  # type: ignore[arg-type]
    assert (found.failed_requests, found.coverage) == (120.0, 1.0)
    assert len(prometheus.asked) == asked
    assert found.errors is not None
    assert {round(value, 6) for value in found.errors.values if value is not None} == {0.1}


async def test_what_was_not_scraped_is_not_covered_and_a_gap_in_the_course() -> None:
    half = START + (END - START) / 2
    found = await measure(Scraping(10, half), RUNBOOK, START, END)  # type: ignore[arg-type]
    assert found.coverage == pytest.approx(0.5, abs=0.01)
    assert found.errors is not None
    told = dict(found.errors.points)
    assert min(at for at, value in told.items() if value is not None) >= half


async def test_the_course_begins_earlier_and_goes_on_until_now() -> None:
    for now, last in ((END, END), (END + timedelta(minutes=1), END + timedelta(minutes=1)), (None, END)):
        found = await measure(Scraping(10), RUNBOOK, START, END, now)  # type: ignore[arg-type]
        assert found.errors is not None
        assert found.errors.start == START - timedelta(minutes=2)
        assert found.errors.points[-1][0] == last
        assert len(found.errors.values) <= POINTS * 1.2 + 1


@pytest.mark.parametrize("start", [None, END])
async def test_no_window_is_no_question(start: datetime | None) -> None:
    prometheus = Scraping(10)
    found = await measure(prometheus, RUNBOOK, start, END)  # type: ignore[arg-type]
    assert found.failed_requests is None and found.errors is None
    assert prometheus.asked == []


async def test_the_entry_holds_the_course_in_few_digits() -> None:
    found = await measure(Scraping(10), RUNBOOK, START, END)  # type: ignore[arg-type]
    draft = entry(found, {Severity.P1: timedelta(minutes=15)}, sights.NOW, "ana")
    assert draft.kind is Kind.IMPACT
    assert draft.text == "120 failed requests, the metrics cover 100% of the impact window"
    assert draft.data["every"] == {"P1": 900.0}
    assert isinstance(found.errors, Errors)
    kept = draft.data["errors"]
    assert (kept["start"], kept["step_s"]) == ("2026-11-23T14:58:00.000Z", 10.0)
    assert set(kept["values"]) == {0.1}
