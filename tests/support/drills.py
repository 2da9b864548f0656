"""A simulated world in this very process, and a session on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

from tui.drill.scenarios import SCENARIOS
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import Loaded, load

ENVIRON = {"USER": "responder", "HOME": "/nowhere"}


@contextlib.asynccontextmanager
async def drill(scenario: str, *, speed: float = 20.0) -> AsyncIterator[Drill]:
    """A running world; its servers may be told to misbehave."""
    world = Drill(SCENARIOS[scenario], seed=1, speed=speed)
    await world.start()
    until = asyncio.Event()
    living = asyncio.create_task(world.live(until))
    try:
        yield world
    finally:
        until.set()
        await living
        await world.stop()


def settings_for(world: Drill) -> Loaded:
    """The settings that lead a console to this world."""
    return load(Path(world.addresses["config"]), ENVIRON)


@contextlib.asynccontextmanager
async def session_on(world: Drill, state_dir: Path, *, read_only: bool = False) -> AsyncIterator[Session]:
    """A session on this world, started; stopped on leaving."""
    session = Session(
        settings_for(world),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=state_dir,
        read_only=read_only,
        rng=Random(7),
    )
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


async def until(session: Session, wanted: Callable[[Snapshot], object], seconds: float = 60.0) -> Snapshot:
    """The first snapshot that is as wanted; fails with the last one after so many seconds."""
    as_wanted = asyncio.Event()
    stop = session.subscribe(lambda snapshot: as_wanted.set() if wanted(snapshot) else None)
    try:
        if not wanted(session.snapshot):
            async with asyncio.timeout(seconds):
                await as_wanted.wait()
    finally:
        stop()
    return session.snapshot
