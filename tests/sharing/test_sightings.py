"""Which leases are kept in mind where there are too many: nobody's lock is held for ever, nor unseen."""

from dataclasses import replace

import pytest

from tests.sharing.leases_in_memory import INCIDENT, LASTS, LeaseStore, console
from tests.sharing.test_company import One
from tests.support.clock import ManualClock
from tui.clients.leases import LeaseObject
from tui.sharing import naming, sightings
from tui.sharing.held import HeldByOther, Taking
from tui.sharing.sightings import Sightings

MOST = 20
OTHER = "inc-20261101-0900-0000"


@pytest.fixture(autouse=True)
def most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST", MOST)


def presence(number: int, incident: str, holder: str = "zoe@host9:1") -> LeaseObject:
    told = {naming.CONSOLE: f"{number:016x}", naming.INCIDENT: incident}
    return LeaseObject(naming.here_name(f"{number:016x}"), holder, 30, annotations=told)


def lock(number: int, holder: str = "zoe@host9:1") -> LeaseObject:
    told = {naming.CONSOLE: "f" * 16, naming.NAME: "zoe"}
    return LeaseObject(naming.lock_name(f"uid-{number}"), holder, 30, annotations=told)


def versioned(lease: LeaseObject) -> LeaseObject:
    return replace(lease, uid=f"uid of {lease.name}", version="1")


async def taken_over(one: One, clock: ManualClock) -> Taking:
    """How the lock of somebody who is gone is come by."""
    with pytest.raises(HeldByOther):
        await one.company.locks.take("uid-1", "Restart")
    await clock.advance(LASTS + 2)
    return (await one.company.locks.take("uid-1", "Restart")).taken.how


@pytest.mark.parametrize("crowd", [presence(0, INCIDENT, holder=""), presence(0, OTHER)])
async def test_those_who_left_and_others_incidents_crowd_no_lock_out(
    store: LeaseStore, clock: ManualClock, crowd: LeaseObject
) -> None:
    for number in range(2 * MOST):
        store.put(replace(crowd, name=naming.here_name(f"{number + 100:016x}")))
    store.put(replace(crowd, name=naming.command_name("inc-of-others")))
    store.put(lock(1))
    ada = One(store, clock, console(1, "ada"))
    ada.company.start()
    await clock.advance(1)
    holder = ada.company.roster.lock("uid-1")
    assert holder is not None
    assert holder.name == "zoe"
    assert ada.company.presence.told
    assert await taken_over(ada, clock) is Taking.GONE
    await ada.company.stop()


async def test_a_lock_that_is_asked_for_runs_out_however_many_others_are_held(
    store: LeaseStore, clock: ManualClock
) -> None:
    for number in range(MOST):
        store.put(lock(100 + number))
    store.put(lock(1))
    ada = One(store, clock, console(1, "ada"))
    ada.company.start()
    await clock.advance(1)
    assert await taken_over(ada, clock) is Taking.GONE
    await ada.company.stop()


def test_what_counts_here_takes_the_place_of_what_does_not_and_no_more_are_kept(clock: ManualClock) -> None:
    seen = Sightings(clock, LASTS, INCIDENT)
    spare = [versioned(presence(number, OTHER)) for number in range(MOST)]
    assert seen.see_all(spare)
    assert not seen.hear(versioned(presence(MOST, OTHER)))
    here, command = presence(MOST + 1, INCIDENT), LeaseObject(naming.command_name(INCIDENT), "zoe")
    assert seen.hear(versioned(here)) and seen.hear(versioned(command))
    locks = [versioned(lock(number)) for number in range(MOST)]
    assert [seen.hear(one) for one in locks] == [True] * (MOST - 2) + [False] * 2
    assert len(list(seen)) == MOST
    assert seen.get(here.name) is not None and seen.get(command.name) is not None
    assert seen.hear(replace(locks[0], holder="", version="2")), "it was given up, and makes room"
    assert seen.hear(locks[-1])
    assert len(list(seen)) == MOST


def test_who_works_any_incident_is_kept_where_all_are_wanted(clock: ManualClock) -> None:
    seen = Sightings(clock, LASTS)
    seen.see_all([versioned(presence(number, INCIDENT, holder="")) for number in range(MOST)])
    for number in range(MOST):
        assert seen.hear(versioned(presence(100 + number, OTHER)))
    assert {sight.lease.holder for sight in seen} == {"zoe@host9:1"}


def test_a_listing_of_more_than_are_kept_has_what_counts_wherever_it_stands_in_it(clock: ManualClock) -> None:
    seen = Sightings(clock, LASTS, INCIDENT)
    listing = [*(versioned(presence(number, OTHER)) for number in range(2 * MOST)), versioned(lock(1))]
    for _ in range(2):
        seen.see_all(listing)
        assert len(list(seen)) == MOST
        assert seen.get(naming.lock_name("uid-1")) is not None
    assert not seen.see_all(listing), "nothing of it is news"
