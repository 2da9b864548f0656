"""An incident of 100,000 entries beside one of 1,000: opening it, adding to it, scrolling in it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.pilot import Pilot

from benchmarks.harness import Figure, Place, ratios, seconds, spread
from benchmarks.recorded import write
from tests.support import sights
from tests.support.fake_session import FakeSession
from tui.app import LeewardApp, Opening
from tui.model.clock import SystemClock
from tui.model.folding import fold
from tui.model.incident import Entry
from tui.record.reading import read
from tui.screens.view import Places
from tui.settings import Console
from widgets.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MANY, FEW = 100_000, 1_000
STEPS = 40
# "As at 1,000", and half as much again for what a busy machine does to two measurements.
AS_AT_FEW = 1.5


def measure(place: Place) -> Iterator[Figure]:
    """The whole console, headless, with the record read from disk."""
    state = place.state("timeline")
    many, few = write(state, MANY), write(state, FEW)
    yield asyncio.run(_opens(state, many))
    yield from asyncio.run(_side_by_side(read(state, many).entries, read(state, few).entries))


async def _opens(state: Path, incident: str) -> Figure:
    """From the file to the frame that shows its last entries."""
    async with _console(()) as (app, session, pilot):
        began = time.perf_counter()
        record = read(state, incident)
        had = time.perf_counter()
        snapshot = replace(session.snapshot, incident=fold(incident, record.entries), entries=record.entries)
        folded = time.perf_counter()
        session.publish(snapshot)
        await pilot.pause()
        ended = time.perf_counter()
        assert len(app.main.timeline.rows) == MANY
    parts = (("read", had - began), ("fold", folded - had), ("rows and frame", ended - folded))
    told = ", ".join(f"{name} {took * 1000:.0f} ms" for name, took in parts)
    return Figure("timeline of 100,000 entries opens", ended - began, "s", 1.0, told)


async def _side_by_side(many: tuple[Entry, ...], few: tuple[Entry, ...]) -> list[Figure]:
    """Both consoles at once, step by step in turns."""
    async with _console(many) as (large, large_session, _), _console(few) as (small, small_session, _):
        tick_large, tick_small, add_large, add_small, move_large, move_small = ([] for _ in range(6))
        for step in range(STEPS):
            for app, session, tick, add, move in (
                (large, large_session, tick_large, add_large, move_large),
                (small, small_session, tick_small, add_small, move_small),
            ):
                add.append(seconds(lambda a=app, s=session: _added(a, s)))
                move.append(seconds(lambda t=app.main.timeline, n=step: _scrolled(t, n)))
                tick.append(seconds(app.main.paint))
                await asyncio.sleep(0)
    return [
        _compared("append", add_large, add_small),
        _compared("scroll", move_large, move_small),
        _compared("a tick with nothing new", tick_large, tick_small),
    ]


def _compared(what: str, large: list[float], small: list[float]) -> Figure:
    told = f"{spread(large, 1e6, 'µs')} against {spread(small, 1e6, 'µs')}"
    return Figure(f"timeline: {what}, 100,000 / 1,000", ratios(large, small), "x", AS_AT_FEW, told)


def _added(app: LeewardApp, session: FakeSession) -> None:
    """One entry comes, and the lines that are visible are drawn."""
    entries = session.snapshot.entries
    last = replace(entries[-1], id=f"{entries[-1].id}0")
    session.publish(replace(session.snapshot, entries=(*entries, last)))
    _drawn(app.main.timeline)


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
async def _console(entries: tuple[Entry, ...]) -> "AsyncIterator[tuple[LeewardApp, FakeSession, Pilot[int]]]":
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
