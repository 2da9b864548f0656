"""Who has nothing open hears when others begin and end something, and nothing of what goes on as it was."""

from collections.abc import AsyncIterator
from random import Random

import pytest

from tests.sharing.leases_in_memory import INCIDENT, LASTS, LeaseClient, LeaseStore, console
from tests.sharing.test_company import One
from tests.support.clock import ManualClock
from tui.sharing.lease_activity import LeaseActivity


class Listener:
    """It hears what stirs."""

    def __init__(self, store: LeaseStore, clock: ManualClock) -> None:
        self.client = LeaseClient(store, clock)
        self.count = 0
        self.activity = LeaseActivity(self._opened, clock, Random(3), LASTS, self._heard)

    async def _opened(self) -> LeaseClient:
        return self.client

    def _heard(self) -> None:
        self.count += 1

    def news(self) -> int:
        """How often it was told since it was asked last."""
        count, self.count = self.count, 0
        return count


@pytest.fixture
async def listener(store: LeaseStore, clock: ManualClock) -> AsyncIterator[Listener]:
    made = Listener(store, clock)
    made.activity.start()
    await clock.advance(1)
    yield made
    await made.activity.stop()


async def test_who_comes_and_leaves_is_news_and_a_renewal_is_none(
    listener: Listener, store: LeaseStore, clock: ManualClock
) -> None:
    assert not listener.news() and not listener.activity.incidents
    ada = One(store, clock, console(1, "ada"))
    ada.company.start()
    await clock.advance(1)
    assert listener.news()
    assert listener.activity.incidents == {INCIDENT}
    await clock.advance(10 * LASTS)
    assert not listener.news()
    await ada.company.command.take()
    await clock.advance(1)
    assert listener.news()
    await ada.company.command.release()
    await clock.advance(1)
    assert listener.news()
    await ada.company.stop()
    await clock.advance(1)
    assert listener.news()
    assert not listener.activity.incidents


async def test_who_is_killed_works_nothing_any_more_as_soon_as_somebody_else_is_heard_for_long_enough(
    listener: Listener, store: LeaseStore, clock: ManualClock
) -> None:
    ada = One(store, clock, console(1, "ada"))
    ada.company.start()
    await clock.advance(1)
    assert listener.news()
    ada.client.away = True
    await clock.advance(2 * LASTS)
    assert not listener.news(), "it was not heard that she renewed nothing: nothing was heard at all"
    bob = One(store, clock, console(2, "bob"))
    bob.company.start()
    await clock.advance(2 * LASTS)
    assert listener.news()
    await bob.company.stop()
    await clock.advance(1)
    assert listener.news()
    assert not listener.activity.incidents
    await ada.company.stop()


async def test_while_the_place_is_away_nothing_is_news(listener: Listener, clock: ManualClock) -> None:
    listener.client.away = True
    await clock.advance(10 * LASTS)
    assert not listener.news()
