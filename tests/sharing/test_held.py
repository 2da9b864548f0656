"""One lease: who may take it, when it is lost, and that nobody acts on one that is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.sharing.leases_in_memory import INCIDENT, LASTS, LeaseClient, LeaseStore, console, forbidden
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError
from tui.clients.leases import LeaseObject
from tui.model.sharing import Holder, Person
from tui.sharing import naming
from tui.sharing.held import HeldByOther, HeldLease, Lost, Taking
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.naming import Console
from tui.sharing.sightings import Sightings

NAME = naming.lock_name("uid-of-the-deployment")


class One:
    """A console with one lease."""

    def __init__(
        self, store: LeaseStore, clock: ManualClock, who: Console, lasts: float = LASTS, named: bool = False
    ) -> None:
        self.who = who
        self.client = LeaseClient(store, clock)
        self.sightings = Sightings(clock, lasts)
        self.losses: list[Holder | None] = []
        self.lease = HeldLease(
            LeaseConfig(self.client, lambda: self.who, INCIDENT, self.sightings, clock, Random(7), lasts),
            NAME,
            on_lost=self.losses.append,
            named=named,
        )


@pytest.fixture
async def ada(store: LeaseStore, clock: ManualClock) -> AsyncIterator[One]:
    one = One(store, clock, console(1, "ada"))
    yield one
    await one.lease.stop()


@pytest.fixture
async def bob(store: LeaseStore, clock: ManualClock) -> AsyncIterator[One]:
    one = One(store, clock, console(2, "bob"))
    yield one
    await one.lease.stop()


async def test_it_is_taken_and_says_by_whom_for_what_and_since_when(
    ada: One, store: LeaseStore, clock: ManualClock
) -> None:
    taken = await ada.lease.take("Reduce concurrency")
    assert (taken.how, taken.before, taken.words) == (Taking.FREE, None, "")
    there = store.objects[NAME]
    assert (there.holder, there.duration_s, there.transitions) == ("ada@host1:100", 30, 0)
    assert there.labels == {"app.kubernetes.io/managed-by": "leeward"}
    assert there.acquired_at == there.renewed_at == clock.now()
    assert there.annotations[naming.WHAT] == "Reduce concurrency"
    assert there.annotations[naming.CONSOLE] == "0000000000000001"
    assert ada.lease.held


async def test_nobody_takes_it_from_somebody_who_renews(ada: One, bob: One, clock: ManualClock) -> None:
    await ada.lease.take("Restart")
    for _ in range(20):
        with pytest.raises(HeldByOther) as other:
            await bob.lease.take()
        assert (other.value.holder.name, other.value.holder.what) == ("ada", "Restart")
        await clock.advance(LASTS / 2)
    assert ada.lease.held
    assert not bob.lease.held


async def test_it_is_taken_over_once_it_was_seen_unchanged_for_as_long_as_it_lasts(
    ada: One, bob: One, clock: ManualClock, store: LeaseStore
) -> None:
    await ada.lease.take()
    ada.client.away = True
    began = clock.now()
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await clock.advance(LASTS - 1)
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await clock.advance(1)
    assert not ada.lease.held
    taken = await bob.lease.take()
    assert taken.how is Taking.GONE
    assert taken.before is not None
    assert taken.before.gone
    assert taken.silent_since == began
    assert taken.words == "from ada (host1), not heard of for 30 s"
    assert store.objects[NAME].transitions == 1


async def test_a_watch_that_told_nothing_for_hours_lets_nobody_steal(
    ada: One, bob: One, clock: ManualClock
) -> None:
    await ada.lease.take()
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await clock.advance(3 * 3600)  # ada renews; bob saw nothing of it
    with pytest.raises(HeldByOther):
        await bob.lease.take()


async def test_who_wakes_from_a_pause_finds_that_it_is_lost_before_acting(
    ada: One, bob: One, clock: ManualClock
) -> None:
    await ada.lease.take()
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await ada.lease.stop()  # nothing of ada's process runs
    await clock.advance(LASTS)
    await bob.lease.take("Restart")
    assert not ada.lease.held
    with pytest.raises(Lost) as lost:
        await ada.lease.confirm()
    assert lost.value.holder is not None
    assert (lost.value.holder.name, lost.value.holder.what) == ("bob", "Restart")
    assert ada.losses == [lost.value.holder]
    with pytest.raises(Lost):
        await ada.lease.confirm()
    assert bob.lease.held


async def test_the_background_finds_out_too(ada: One, bob: One, clock: ManualClock) -> None:
    await ada.lease.take()
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    ada.client.away = True
    await clock.advance(LASTS)
    await bob.lease.take()
    ada.client.away = False
    await clock.advance(LASTS)
    assert [holder.name for holder in ada.losses if holder] == ["bob"]
    assert not ada.lease.kept


async def test_a_lease_that_ran_out_and_that_nobody_took_is_ours_again(ada: One, clock: ManualClock) -> None:
    await ada.lease.take()
    ada.client.away = True
    await clock.advance(LASTS * 5)
    assert not ada.lease.held
    assert ada.lease.problem is not None
    with pytest.raises(ClusterError):
        await ada.lease.confirm()
    ada.client.away = False
    await ada.lease.confirm()
    assert ada.lease.held
    assert ada.losses == []


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_lost_answer_is_settled_by_reading(ada: One, store: LeaseStore, lost: int) -> None:
    ada.client.loses = lost
    taken = await ada.lease.take()
    assert taken.how is Taking.FREE
    ada.client.loses = lost
    await ada.lease.confirm()
    assert ada.lease.held
    ada.client.loses = lost
    await ada.lease.release()
    assert store.objects[NAME].holder == ""
    assert ada.losses == []


async def test_a_handover_whose_answer_is_lost_is_made_once(ada: One, bob: One, store: LeaseStore) -> None:
    await ada.lease.take()
    ada.client.loses = 1
    await ada.lease.hand_to(_person(bob.who))
    there = store.objects[NAME]
    assert (there.holder, there.transitions) == ("bob@host2:100", 1)
    assert (await bob.lease.take()).how is Taking.OURS
    assert store.objects[NAME].transitions == 1
    with pytest.raises(Lost):
        await ada.lease.confirm()
    assert ada.losses == []


async def test_what_is_not_ours_any_more_is_neither_released_nor_handed_on(
    ada: One, bob: One, clock: ManualClock, store: LeaseStore
) -> None:
    await ada.lease.take()
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await ada.lease.stop()
    await clock.advance(LASTS)
    await bob.lease.take()
    with pytest.raises(Lost):
        await ada.lease.hand_to("carol")
    await ada.lease.release()
    assert store.objects[NAME].holder == "bob@host2:100"


async def test_a_restarted_console_takes_its_own_at_once_and_a_copied_one_does_not(
    ada: One, store: LeaseStore, clock: ManualClock
) -> None:
    await ada.lease.take()
    await ada.lease.stop()
    copied = One(store, clock, replace(ada.who, host="elsewhere"))
    with pytest.raises(HeldByOther):
        await copied.lease.take()
    again = One(store, clock, replace(ada.who, process=101))
    assert (await again.lease.take()).how is Taking.OURS
    with pytest.raises(Lost):
        await ada.lease.confirm()
    await again.lease.stop()


async def test_of_two_containers_with_one_name_and_process_number_only_the_one_that_took_it_last_has_it(
    ada: One, store: LeaseStore, clock: ManualClock
) -> None:
    """A copied state directory: by all that is told they are one console, and one of them was restarted."""
    await ada.lease.take("Reduce")
    copied = One(store, clock, replace(ada.who, run="of the other container"))
    assert (await copied.lease.take("Restart")).how is Taking.OURS
    with pytest.raises(Lost):
        await ada.lease.confirm()
    await copied.lease.confirm()
    await clock.advance(2 * LASTS)
    assert (ada.lease.held, copied.lease.held) == (False, True)
    assert [holder.what for holder in ada.losses if holder] == ["Restart"]
    await copied.lease.stop()


async def test_a_lease_that_is_handed_on_is_in_no_process_before_one_takes_it(
    ada: One, bob: One, store: LeaseStore
) -> None:
    await ada.lease.take()
    await ada.lease.hand_to(_person(bob.who))
    assert not bob.who.is_in(store.objects[NAME])
    await bob.lease.take()
    assert bob.who.is_in(store.objects[NAME])
    await bob.lease.hand_to("carol")
    assert not bob.who.is_in(store.objects[NAME])


async def test_exactly_one_of_eight_wins(store: LeaseStore, clock: ManualClock) -> None:
    eight = [One(store, clock, console(number)) for number in range(8)]
    results = await asyncio.gather(*(one.lease.take() for one in eight), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, HeldByOther) for result in results) == 7
    assert sum(one.lease.held for one in eight) == 1
    for one in eight:
        await one.lease.stop()


async def test_a_refusal_is_told_as_it_is(ada: One) -> None:
    ada.client.refuses = forbidden()
    with pytest.raises(ClusterError, match="may not update"):
        await ada.lease.take()
    assert not ada.lease.held


async def test_a_confirmation_that_took_too_long_is_asked_for_again(ada: One, clock: ManualClock) -> None:
    await ada.lease.take()
    await ada.lease.stop()
    ada.client.slow = LASTS * 0.6
    ada.client.calls.clear()
    confirming = asyncio.ensure_future(ada.lease.confirm())
    await clock.advance(LASTS * 0.7)
    assert not confirming.done()
    ada.client.slow = 0.0
    await clock.advance(LASTS)
    await confirming
    assert ada.client.calls.count("replace") > 1


async def test_a_deleted_lease_is_lost_and_can_be_taken_anew(ada: One, store: LeaseStore) -> None:
    await ada.lease.take()
    store.delete(NAME)
    with pytest.raises(Lost) as lost:
        await ada.lease.confirm()
    assert lost.value.holder is None
    assert (await ada.lease.take()).how is Taking.FREE


@pytest.mark.parametrize("says", [0, 1_000_000])
async def test_how_long_a_hostile_lease_lasts_is_bounded(
    bob: One, store: LeaseStore, clock: ManualClock, says: int
) -> None:
    """It neither falls into anybody's lap nor blocks for ever."""
    store.put(LeaseObject(NAME, holder="mallory", duration_s=says))
    with pytest.raises(HeldByOther) as other:
        await bob.lease.take()
    assert other.value.holder.name == "mallory"
    await clock.advance(LASTS - 1)
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    await clock.advance(naming.LONGEST)
    assert (await bob.lease.take()).how is Taking.GONE


async def test_a_name_without_a_console_gives_way_where_that_is_meant(
    ada: One, bob: One, store: LeaseStore, clock: ManualClock
) -> None:
    await ada.lease.take()
    await ada.lease.hand_to("carol")
    with pytest.raises(HeldByOther):
        await bob.lease.take()
    dan = One(store, clock, console(3, "dan"), named=True)
    taken = await dan.lease.take()
    assert (taken.how, taken.words) == (Taking.NAMED, "from carol")
    await dan.lease.stop()


def _person(who: Console) -> Person:
    return Person(who.id, who.name, who.host, who.process, here=False, ago=timedelta(0))
