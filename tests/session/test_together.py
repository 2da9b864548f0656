"""Several consoles work one incident: two folders are two machines, one folder is two consoles of one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest

from tests.support.drills import ENVIRON, drill, settings_for, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Entry, Kind
from tui.model.sharing import Link
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot


@contextlib.asynccontextmanager
async def console(world: Drill, folder: Path, seed: int = 7) -> AsyncIterator[Session]:
    """A console of its own, with its own dice."""
    session = Session(
        settings_for(world), clock=SystemClock(), environ=ENVIRON, state_dir=folder, rng=Random(seed)
    )
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def live(snapshot: Snapshot) -> bool:
    return snapshot.sharing is not None and snapshot.sharing.link is Link.LIVE


def notes(snapshot: Snapshot) -> list[str]:
    return [entry.text for entry in snapshot.entries if entry.kind == Kind.NOTE]


def has(*wanted: str) -> Callable[[Snapshot], bool]:
    return lambda snapshot: set(wanted) <= set(notes(snapshot))


def of(snapshot: Snapshot, *kinds: Kind) -> list[Entry]:
    return [entry for entry in snapshot.entries if entry.kind in kinds]


async def opened(session: Session) -> str:
    """It declared, and everything is shared; the incident's id."""
    await until(session, diagnosed)
    await session.note("the first")
    seen = await until(session, lambda s: live(s) and s.sharing and not s.sharing.unsent)
    assert seen.incident is not None
    return seen.incident.id


async def same(one: Session, two: Session) -> None:
    """Both have the same entries, and the same incident."""

    def told(session: Session) -> object:
        return session.snapshot.incident, [entry.id for entry in session.snapshot.entries]

    async with asyncio.timeout(60):
        while told(one) != told(two):  # noqa: ASYNC110 - either may be the one that lags
            await asyncio.sleep(0.05)


async def test_two_machines_one_incident(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        incident = await opened(ana)
        assert [entry.actor for entry in of(ana.snapshot, Kind.NOTE)] != ["leeward"]
        async with console(world, tmp_path / "b", 2) as bo:
            seen = await until(bo, lambda s: diagnosed(s) and s.open_incidents)
            (offered,) = seen.open_incidents
            assert (offered.id, offered.shared, offered.here) == (incident, True, False)
            assert [one.id for one in await bo.shared_incidents()] == [incident]
            await bo.join(incident)
            (joined,) = of(bo.snapshot, Kind.JOINED)
            assert bo.snapshot.came == joined.id
            assert has("the first")(bo.snapshot)
            await ana.note("from a")
            await bo.note("from b")
            await until(ana, has("from b"))
            await until(bo, has("from a"))
            await bo.resolve("it is over, nothing was wrong")
            over = await until(ana, lambda s: s.incident and not s.incident.open)
            assert over.incident is not None
            await same(ana, bo)
            with pytest.raises(SessionError, match="resolved already"):
                await ana.resolve("it is over, as I say, too")
