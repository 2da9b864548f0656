"""A watch of leases that nothing ends unnoticed: what it tells is who is here, and who may change what."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from tests.sharing.support import until
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject, SeenLease
from tui.model.sharing import Link
from tui.sharing.sightings import Sightings
from tui.sharing.watching import LeaseWatch


class Place:
    """A place without leases, whose watch ends as it is told to."""

    def __init__(self) -> None:
        self.lists = 0
        self.ends: BaseException | None = None
        self.too_old = False
        self.told = asyncio.Event()

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]:
        self.lists += 1
        return (), "1"

    async def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        if self.too_old:
            raise ClusterError(Reason.EXPIRED, "The version is too old.", "", 410)
        self.told.clear()
        await self.told.wait()
        ends, self.ends = self.ends, None
        if ends is not None:
            raise ends
        yield SeenLease("bookmark", None, "", "2")


@asynccontextmanager
async def watching(
    place: Place, clock: ManualClock, changed: Callable[[], None] = lambda: None
) -> AsyncIterator[LeaseWatch]:
    """A watch that has begun, and is stopped in the end."""
    sightings = Sightings(clock, 15.0)
    watch = LeaseWatch(place, sightings, clock, Random(3), 15.0, lambda lease, live: None, changed)
    watch.start()
    try:
        yield watch
    finally:
        await watch.stop()


class BriefPlace(Place):
    """One that ends each watch as soon as it has told one thing."""

    def __init__(self) -> None:
        super().__init__()
        self.watches = 0

    async def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        self.watches += 1
        await asyncio.sleep(0)
        yield SeenLease("bookmark", None, "", "2")


async def test_a_watch_that_tells_one_thing_and_ends_is_not_asked_for_all_the_time() -> None:
    clock, place = ManualClock(), BriefPlace()
    async with watching(place, clock):
        for _ in range(400):
            await clock.advance(0.05)
        assert 10 < place.watches < 200, "in twenty seconds"


@pytest.mark.parametrize("ends", [asyncio.CancelledError(), ValueError("a fault of ours")])
async def test_a_watch_that_ends_as_nothing_should_is_said_and_begun_again(ends: BaseException) -> None:
    clock, place = ManualClock(), Place()
    async with watching(place, clock) as watch:
        await until(clock, lambda: watch.link is Link.LIVE)
        place.ends = ends
        place.told.set()
        await until(clock, lambda: watch.link is Link.AWAY)
        assert "fault" in str(watch.problem)
        assert "a fault of ours" not in str(watch.problem)
        await until(clock, lambda: watch.link is Link.LIVE and place.lists == 2, step=0.1)
        assert watch.problem is None


async def test_whoever_is_told_and_fails_ends_nothing() -> None:
    clock, place, fails = ManualClock(), Place(), [False]

    def changed() -> None:
        if fails[0]:
            raise ValueError

    async with watching(place, clock, changed) as watch:
        await until(clock, lambda: watch.link is Link.LIVE)
        fails[0] = True
        await until(clock, lambda: watch.link is Link.AWAY, step=0.1)
        for _ in range(60):
            await clock.advance(1)
        assert place.lists < 40, "it is not tried all the time"
        fails[0] = False
        await until(clock, lambda: watch.link is Link.LIVE, step=0.1)


async def test_a_version_that_is_too_old_as_soon_as_it_is_listed_is_listed_ever_more_seldom() -> None:
    clock, place = ManualClock(), Place()
    place.too_old = True
    async with watching(place, clock) as watch:
        await clock.advance(0)
        assert place.lists == 1
        await clock.advance(60)
        assert 3 < place.lists < 20
        place.too_old = False
        watch.retry_now()
        await clock.advance(1)
        assert watch.link is Link.LIVE


async def test_a_version_that_became_too_old_while_the_watch_told_something_is_listed_anew_soon() -> None:
    clock, place = ManualClock(), Place()
    place.too_old = True
    async with watching(place, clock) as watch:
        await clock.advance(60)
        place.too_old = False
        await until(clock, lambda: watch.link is Link.LIVE, step=0.1)
        await clock.advance(1)
        before, since = place.lists, clock.monotonic()
        place.too_old = True  # for the watch after this one, which tells something first
        place.told.set()
        await until(clock, lambda: place.lists > before, step=0.1)
        assert clock.monotonic() - since < 1
