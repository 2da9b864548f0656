"""An incident of 100,000 entries beside one of 1,000: opening it, adding to it, scrolling in it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.pilot import Pilot

from benchmarks.harness import Figure, Place, median, ratios, seconds, spread
from benchmarks.recorded import write
from tests.support import sights
from tests.support.fake_session import FakeSession
from tui.app import LeewardApp, Opening
from tui.model.clock import SystemClock
from tui.model.folding import fold
from tui.model.incident import Entry
from tui.record.reading import read
from tui.screens.view import Places
from tui.session.snapshot import Snapshot
from tui.settings import Console
from widgets.timeline import Timeline, TimelineRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MANY, FEW = 100_000, 1_000
STEPS = 40
OPENINGS = 3
# "As at 1,000", and half as much again for what a busy machine does to two measurements.
AS_AT_FEW = 1.5


def measure(place: Place) -> Iterator[Figure]:
    """The whole console, headless, with the record read from disk."""
    state = place.state("timeline")
    many, few = write(state, MANY), write(state, FEW)
    yield _opens(state, many)
    yield from asyncio.run(_side_by_side(read(state, many).entries, read(state, few).entries))


async def _opened(state: Path, incident: str) -> dict[str, float]:
    """From the file to the frame that shows its last entries: the seconds of each part."""
    async with opened_console(()) as (app, session, pilot):
        began = time.perf_counter()
        record = read(state, incident)
        had = time.perf_counter()
        snapshot = replace(session.snapshot, incident=fold(incident, record.entries), entries=record.entries)
        folded = time.perf_counter()
        session.publish(snapshot)
        await pilot.pause()
        ended = time.perf_counter()
        assert len(app.main.timeline.rows) == MANY
    return {"read": had - began, "fold": folded - had, "rows and frame": ended - folded}


def _opens(state: Path, incident: str) -> Figure:
    runs = [asyncio.run(_opened(state, incident)) for _ in range(OPENINGS)]
    told = ", ".join(f"{name} {spread([run[name] for run in runs])}" for name in runs[0])
    whole = median([sum(run.values()) for run in runs])
    return Figure("timeline of 100,000 entries opens", whole, "s", 1.0, told)


async def _side_by_side(many: tuple[Entry, ...], few: tuple[Entry, ...]) -> list[Figure]:
    """Both consoles at once, by turns: each list holds the seconds at MANY and those at FEW."""
    add, move, tick, come = ([], []), ([], []), ([], []), ([], [])
    async with (
        opened_console(many) as (large, large_session, _),
        opened_console(few) as (small, small_session, _),
    ):
        for step in range(STEPS):
            for at, app, session in ((0, large, large_session), (1, small, small_session)):
                timeline = app.main.timeline
                snapshot = _with_one_more(session.snapshot)
                come[at].append(seconds(lambda a=app, s=session, n=snapshot: _came(a, s, n)))
                add[at].append(seconds(lambda t=timeline: _appended(t)))
                move[at].append(seconds(lambda t=timeline, n=step: _scrolled(t, n)))
                tick[at].append(seconds(app.main.paint))
                await asyncio.sleep(0)
    return [
        _compared("append", add, AS_AT_FEW),
        _compared("scroll", move, AS_AT_FEW),
        _compared("a tick of the whole console", tick, AS_AT_FEW),
        _compared("an entry comes to the whole console", come, None),
    ]


def _compared(what: str, taken: tuple[list[float], list[float]], budget: float | None) -> Figure:
    large, small = taken
    told = f"{spread(large, 1e6, 'µs')} against {spread(small, 1e6, 'µs')}"
    return Figure(f"at 100,000 / at 1,000: {what}", ratios(large, small), "x", budget, told)


def _with_one_more(snapshot: Snapshot) -> Snapshot:
    last = snapshot.entries[-1]
    return replace(snapshot, entries=(*snapshot.entries, replace(last, id=f"{last.id}0")))


def _came(app: LeewardApp, session: FakeSession, snapshot: Snapshot) -> None:
    """The session publishes one entry more, and the lines that are visible are drawn."""
    session.publish(snapshot)
    _drawn(app.main.timeline)


def _appended(timeline: Timeline) -> None:
    """The panel alone gets a row, and draws."""
    timeline.append(TimelineRow("15:03:09", "note", "traffic rose"))
    _drawn(timeline)


def _scrolled(timeline: Timeline, step: int) -> None:
    """A page up, or the way back down to the end."""
    if step % 8 == 7:
        timeline.action_last()
    else:
        timeline.action_page(-1)
    _drawn(timeline)


def _drawn(timeline: Timeline) -> None:
    for y in range(timeline.size.height):
        timeline.render_line(y)


@asynccontextmanager
async def opened_console(
    entries: tuple[Entry, ...],
) -> "AsyncIterator[tuple[LeewardApp, FakeSession, Pilot[int]]]":
    """The console at 120x40 over a session that shows these entries."""
    clock = SystemClock()
    session = FakeSession(sights.limited(entries=entries), clock)

    async def make() -> FakeSession:
        return session

    opening = Opening(make, clock, Console(), Places(), Path(), lambda _error: None)  # type: ignore[arg-type]
    app = LeewardApp(opening)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.main.all_entries = True
        app.main.sift()
        yield app, session, pilot
