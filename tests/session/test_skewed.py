"""Two whole consoles whose clocks are minutes apart: one incident, in one order, and the skew is told."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.session.test_together import armed, changes, diagnosed, has, live, of, opened, same
from tests.support.drills import ENVIRON, drill, settings_for, until
from tests.support.thorough import THOROUGH
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.record.verification import verify
from tui.session.session import Session


class Wrong(SystemClock):
    """A clock that is off by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@contextlib.asynccontextmanager
async def wrong(world: Drill, folder: Path, minutes: int) -> AsyncIterator[Session]:
    session = Session(
        settings_for(world),
        clock=Wrong(timedelta(minutes=minutes)),
        environ=ENVIRON,
        state_dir=folder,
        rng=Random(minutes),
    )
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


@pytest.mark.parametrize(("one", "other"), [(4, -3), (-3, 4)] if THOROUGH else [(4, -3)])
async def test_minutes_apart_they_have_one_record_and_change_one_after_the_other(
    tmp_path: Path, one: int, other: int
) -> None:
    async with drill("rate-limited") as world, wrong(world, tmp_path / "a", one) as ana:
        incident = await opened(ana)
        async with wrong(world, tmp_path / "b", other) as bo:
            await until(bo, diagnosed)
            await bo.join(incident)
            for console in (ana, bo):
                await until(console, lambda s: live(s) and s.sharing and s.sharing.others)
            for number in range(3):
                await ana.note(f"asks {number}")
                await until(bo, has(f"asks {number}"))
                await bo.note(f"answers {number}")
                await until(ana, has(f"answers {number}"))
            folded = [e.text for e in sorted(of(ana.snapshot, Kind.NOTE), key=lambda entry: entry.id)]
            turns = [f"{what} {number}" for number in range(3) for what in ("asks", "answers")]
            assert folded == ["the first", *turns]
            for session in (ana, bo):
                seen = await until(session, lambda s: s.sharing and any(p.ahead for p in s.sharing.people))
                assert seen.sharing is not None
                off = [person.ahead for person in seen.sharing.people if person.ahead]
                assert all(abs(abs(ahead) - timedelta(minutes=7)) < timedelta(seconds=30) for ahead in off)
            await armed(ana)
            await ana.approve(await ana.preview("reduce-concurrency"))
            await until(ana, lambda s: not s.running, 90)
            await until(bo, lambda s: changes(s) and changes(s)[0].verdict, 60)
            await until(bo, lambda s: s.lock is None)
            await armed(bo)
            await bo.approve(await bo.preview_undo())
            await until(ana, lambda s: any(change.undone for change in changes(s)), 60)
            await until(bo, lambda s: not s.running, 90)
            await bo.resolve("it is over, as far as this goes")
            await until(ana, lambda s: s.incident and not s.incident.open)
            await same(ana, bo)
    for machine in "ab":
        assert verify(tmp_path / machine, incident).whole
