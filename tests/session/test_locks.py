"""Locks and command of one console, with its shared place in memory: whose they are, and what is known."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.sharing.leases_in_memory import LeaseClient, LeaseStore
from tests.sharing.support import Client, Server
from tests.support.clock import ManualClock
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.mitigation import Target
from tui.model.redaction import Redactor
from tui.session.chronicle import Chronicle
from tui.session.errors import LockLost
from tui.session.identity import Identity
from tui.session.locks import Locks
from tui.session.sharing import Sharing
from tui.settings import Settings
from tui.settings import Sharing as Where
from tui.sharing.naming import INCIDENT as WORKED
from tui.sharing.naming import lock_name

FIRST, SECOND = "inc-20261123-1503-7f3a", "inc-20261123-1611-0b2c"
TARGET = Target("prod", "shop", "mistral-service", "app", "u1", 1, "ana")


class Place:
    """A shared place that is open: `tui.clients.shared_place.SharedPlace`."""

    words, administrators = "leeward in memory", ""

    def __init__(self, store: LeaseStore) -> None:
        self.leases = LeaseClient(store, ManualClock())
        self.entries = Client(Server())

    async def open(self) -> "Place":
        return self

    async def close(self) -> None:
        return None


class Console:
    """What one console has of a shared incident: its record, the place, and the locks."""

    def __init__(self, folder: Path, store: LeaseStore) -> None:
        clock, identity = SystemClock(), Identity("ana")
        settings = Settings(sharing=Where(namespace="home"))
        self.place: Any = Place(store)
        self.chronicle = Chronicle(folder, clock, Redactor(()), lambda: None)
        self.sharing = Sharing(
            settings, self.chronicle, identity, folder, clock, Redactor(()), Random(7), lambda: None
        )
        self.locks = Locks(self.sharing, self.chronicle, clock, lambda: identity.name)

    def reach(self) -> None:
        """The place can be opened from now on, and is."""
        self.sharing._place = self.place
        self.sharing._open.set()
        self.sharing.mind()

    async def declare(self, incident: str) -> None:
        await self.chronicle.open_new(
            incident, Draft(Kind.DECLARED, "incident", datetime.now(UTC), "ana", {"title": "t"})
        )

    async def close(self) -> None:
        await self.sharing.stop()
        await self.chronicle.close()


@pytest.fixture
def store() -> LeaseStore:
    return LeaseStore()


@pytest.fixture
async def ana(tmp_path: Path, store: LeaseStore) -> AsyncIterator[Console]:
    console = Console(tmp_path, store)
    yield console
    await console.close()


async def until(true: Any) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - nothing here says when
            await asyncio.sleep(0.01)


async def test_a_lock_that_was_lost_is_an_entry_and_told(ana: Console) -> None:
    ana.reach()
    await ana.declare(FIRST)
    lost: list[str] = []
    ana.locks.on_lost = lost.append
    hold = await ana.locks.take("u1", TARGET, "Reduce concurrency")
    assert hold is not None
    store = ana.place.leases.store
    store.delete(lock_name("u1"))
    with pytest.raises(LockLost, match="the lock of mistral-service was lost; nobody has it now"):
        await hold.confirm()
    assert lost == ["u1"]
    await ana.chronicle.finish()
    (told,) = [entry for entry in ana.chronicle.recorded if entry.kind == Kind.LOCK]
    assert told.data == {"event": "lost", "uid": "u1"}


async def test_a_lock_of_a_second_incident_is_not_taken_in_the_first_ones_company(
    ana: Console, store: LeaseStore
) -> None:
    ana.reach()
    await ana.declare(FIRST)
    await until(lambda: ana.sharing.live)
    others = ana.sharing._one.company.roster.people  # type: ignore[union-attr]
    assert ana.sharing.is_here(others[0].console)
    await ana.declare(SECOND)
    assert not ana.sharing.live
    assert not ana.sharing.is_here(others[0].console)
    hold = await ana.locks.take("u1", TARGET, "Reduce concurrency")
    assert hold is not None and hold.held
    assert store.objects[lock_name("u1")].annotations[WORKED] == SECOND
    await until(lambda: ana.sharing.live)
    await hold.confirm()
    assert hold.held
