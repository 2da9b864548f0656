"""When all is listed anew: soon where something is missing, seldom where nothing comes of it."""

from random import Random

from tests.support.clock import ManualClock
from tui.sharing.relisting import Relisting


async def lists(relisting: Relisting, clock: ManualClock, seconds: int, *, entries: int, news: bool) -> int:
    """How many lists there are where something is said to be missing all the time."""
    count = 0
    for _ in range(seconds):
        if relisting.missed():
            count += 1
            relisting.listed(entries, news=news)
        await clock.advance(1)
    return count


async def test_what_is_missed_is_listed_at_once_and_ever_more_seldom_where_that_brings_nothing() -> None:
    clock = ManualClock()
    relisting = Relisting(clock, Random(1))
    relisting.listed(10, news=True)
    assert await lists(relisting, clock, 60, entries=10, news=False) in range(3, 7)
    assert await lists(relisting, clock, 3600, entries=10, news=False) < 20


async def test_where_every_list_brings_something_it_is_as_often_as_its_size_allows() -> None:
    """A proxy that keeps a watch's events back; or a server that cannot keep up, which lists do not help."""
    clock = ManualClock()
    few, many = Relisting(clock, Random(1)), Relisting(clock, Random(1))
    for one, entries in ((few, 20), (many, 10_000)):
        one.listed(entries, news=True)
    assert await lists(few, clock, 120, entries=20, news=True) > 50
    assert await lists(many, clock, 120, entries=10_000, news=True) <= 3


async def test_an_entry_that_waits_for_another_is_given_some_seconds_and_each_its_own() -> None:
    clock = ManualClock()
    relisting = Relisting(clock, Random(1))
    for number in range(20):
        assert not relisting.awaits(f"entry {number}"), "what is overtaken waits a moment, each another"
        await clock.advance(3)
    assert not relisting.awaits("")
    for _ in range(4):
        assert not relisting.awaits("the one")
        await clock.advance(1)
    await clock.advance(5)
    assert relisting.awaits("the one")
    assert not relisting.awaits("the one"), "not before that list can have been done"


async def test_the_more_there_is_the_seldomer_all_of_it_is_listed_in_any_case() -> None:
    clock = ManualClock()
    waits = []
    for entries in (10, 10_000):
        relisting = Relisting(clock, Random(entries))
        relisting.listed(entries, news=False)
        began = clock.monotonic()
        while not relisting.regular():
            await clock.advance(10)
        waits.append(clock.monotonic() - began)
    assert 200 <= waits[0] <= 411
    assert 1200 <= waits[1] <= 1410
