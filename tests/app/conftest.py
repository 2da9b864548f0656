"""A console over a session that tests play by hand, driven by keys alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot

from tests.support import sights
from tests.support.clock import ManualClock
from tests.support.fake_session import FakeSession
from tui.app import LeewardApp, Opening
from tui.screens.view import Places
from tui.session.snapshot import Snapshot
from tui.settings import Console

PLACES = Places("~/.config/leeward/config.toml", "~/.local/state/leeward")


def opening(
    make: Callable[[], Awaitable[object]], clock: ManualClock, folder: Path, **more: object
) -> Opening:
    """What a test opens a console with."""
    console = more.pop("console", Console())
    return Opening(make, clock, console, PLACES, folder, more.pop("keep", lambda _error: None), **more)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A console that is open: what a person sees, and what was asked of the session."""

    app: LeewardApp
    pilot: Pilot[int]
    session: FakeSession
    clock: ManualClock

    async def press(self, *keys: str) -> None:
        """Press keys, and let everything that follows happen."""
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    async def settle(self) -> None:
        """Let workers and repaints finish."""
        for _ in range(2):
            await self.pilot.pause()

    async def until(self, *words: str) -> None:
        """Wait until all of this is on the screen: keys behind a flow are held for a moment of real time."""
        async with asyncio.timeout(60):
            while not all(one in self.seen() for one in words):
                await self.settle()

    def burst(self, *keys: str) -> None:
        """Send keys as a slow line does: all at once, without looking at what each of them opens."""
        for key in keys:
            self.app.post_message(Key("space" if key == " " else key, key if len(key) == 1 else None))

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.advance(seconds)
        await self.settle()

    def seen(self) -> str:
        """Every character on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def screen(self) -> str:
        """The name of the screen that has the keys."""
        return type(self.app.screen).__name__


Open = Callable[..., "AsyncIterator[Desk]"]


@pytest.fixture
def console(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Opens a console: `async with console(snapshot, size=(80, 24)) as desk:`."""

    @asynccontextmanager
    async def opened(
        snapshot: Snapshot | None = None, size: tuple[int, int] = (120, 40), **more: object
    ) -> AsyncIterator[Desk]:
        clock = ManualClock(sights.NOW)
        session = FakeSession(snapshot or sights.limited(), clock)

        async def make() -> FakeSession:
            return session

        app = LeewardApp(opening(make, clock, tmp_path / "state", **more))
        async with app.run_test(size=size) as pilot:
            desk = Desk(app, pilot, session, clock)
            await desk.settle()
            yield desk

    return opened
