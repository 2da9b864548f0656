"""Leases that nothing ends but what is meant to: not broken off work, nor hostile objects, nor floods."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tests.sharing.leases_in_memory import INCIDENT, LASTS, LeaseStore, console
from tests.sharing.test_company import Make, One, ada, bob, make
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import MANAGED_BY, LeaseObject, SeenLease
from tui.sharing import naming
from tui.sharing.held import Taking
from tui.sharing.sightings import MOST

__all__ = ["ada", "bob", "make"]
OURS = {MANAGED_BY: "leeward"}


@pytest.mark.parametrize("broken", [asyncio.CancelledError, RuntimeError])
async def test_renewals_go_on_after_one_of_them_was_broken_off(
    ada: One, bob: One, clock: ManualClock, broken: type[BaseException]
) -> None:
    """As where the connection is closed to log in anew: what waits for it is cancelled by nobody's will."""
    await clock.advance(1)
    await ada.company.command.take()
    lock = await ada.company.locks.take("uid-1", "Reduce")
    real, left = ada.client.replace, 3

    async def replace(lease: LeaseObject) -> LeaseObject:
        nonlocal left
        if left:
            left -= 1
            raise broken
        return await real(lease)

    ada.client.replace = replace  # type: ignore[method-assign]
    for _ in range(5):
        await clock.advance(LASTS)
        assert ("ada", False) in bob.sees
    command, held = bob.company.roster.command(INCIDENT), bob.company.roster.lock("uid-1")
    assert command is not None and not command.gone
    assert held is not None and not held.gone
    assert lock.held


async def test_a_handover_is_received_after_a_listener_failed(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    bob.company.command._on_event = lambda event: 1 / 0  # type: ignore[assignment, return-value]
    for _ in range(2):
        await ada.company.command.take()
        await clock.advance(1)
        person = ada.company.roster.person(bob.who.id)
        assert person is not None
        await ada.company.command.hand_over(person)
        await clock.advance(LASTS)
        assert bob.company.command.held
        ours = bob.company.roster.person(ada.who.id)
        assert ours is not None
        await bob.company.command.hand_over(ours)
        await clock.advance(LASTS)
        assert ada.company.command.held


async def test_a_lock_that_somebody_gave_to_a_name_runs_out_as_any(
    bob: One, clock: ManualClock, store: LeaseStore
) -> None:
    """Command waits for that person to take it; a lock waits for nobody."""
    told = {naming.CONSOLE: "", naming.NAME: "mallory"}
    store.put(LeaseObject(naming.lock_name("uid-1"), "mallory", 30, annotations=told, labels=OURS))
    await clock.advance(2 * LASTS)
    holder = bob.company.roster.lock("uid-1")
    assert holder is not None and holder.gone
    assert (await bob.company.locks.take("uid-1", "Restart")).taken.how is Taking.GONE


async def test_among_thousands_of_presences_a_lock_is_seen_and_runs_out(
    make: Make, clock: ManualClock, store: LeaseStore
) -> None:
    for number in range(MOST):
        store.put(
            LeaseObject(f"{naming.HERE}{number:016x}", "zoe@host:1" if number % 2 else "", 30, labels=OURS)
        )
    told = {naming.CONSOLE: "f" * 16, naming.NAME: "zoe"}
    store.put(LeaseObject(naming.lock_name("uid-1"), "zoe@host:1", 30, annotations=told, labels=OURS))
    cy = make(console(9, "cy"))
    await clock.advance(1)
    holder = cy.company.roster.lock("uid-1")
    assert holder is not None and (holder.name, holder.gone) == ("zoe", False)
    await clock.advance(LASTS + 2)
    assert (await cy.company.locks.take("uid-1", "Restart")).taken.how is Taking.GONE


async def test_a_lease_that_changed_hands_as_often_as_can_be_counted_can_be_taken(
    ada: One, clock: ManualClock, store: LeaseStore
) -> None:
    await clock.advance(1)
    name = naming.lock_name("uid-1")
    store.put(LeaseObject(name, "", 30, transitions=2**31 - 1, labels=OURS))
    await ada.company.locks.take("uid-1", "Reduce")
    assert store.objects[name].transitions == 2**31 - 1


async def test_a_place_whose_versions_are_always_too_old_is_not_asked_without_a_pause(
    ada: One, clock: ManualClock
) -> None:
    watches = 0

    async def watch(version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        nonlocal watches
        watches += 1
        raise ClusterError(Reason.EXPIRED, "The version is too old.", "", 410)
        yield

    ada.client.watch = watch  # type: ignore[method-assign]
    ada.company.retry_now()
    await clock.advance(10)
    assert 0 < watches < 200
