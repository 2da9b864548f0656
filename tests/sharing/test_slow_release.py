"""A change's hold on its target is given up however slowly the shared place answers, and holds nobody up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.sharing.leases_in_memory import LeaseStore, console
from tests.sharing.test_company import One
from tests.support.clock import ManualClock
from tui.session import locks
from tui.session.locks import Lock
from tui.sharing import naming


@pytest.fixture
async def ana(store: LeaseStore, clock: ManualClock) -> AsyncIterator[One]:
    one = One(store, clock, console(1, "ana"))
    one.company.start()
    await clock.advance(1)
    yield one
    one.client.slow = 0.0
    await one.company.stop()


async def test_a_lock_that_another_change_asks_for_is_given_up_once_both_are_over(
    ana: One, clock: ManualClock, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "RELEASING", 0.05)
    first = await ana.company.locks.take("uid-1", "Reduce")
    ana.client.slow = 3.0
    taking = asyncio.ensure_future(ana.company.locks.take("uid-1", "Keep"))
    await clock.advance(0)
    async with asyncio.timeout(10):
        await Lock("uid-1", "rag", "", first).release()
    await clock.advance(3)
    async with asyncio.timeout(10):
        await Lock("uid-1", "rag", "", await taking).release()
    await clock.advance(3)
    assert store.objects[naming.lock_name("uid-1")].holder == ""
