"""Locks and command of one console, with its shared place in memory: whose they are, and what is known."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.sharing.leases_in_memory import LeaseClient, LeaseStore
from tests.sharing.leases_in_memory import console as who
from tests.sharing.support import Client, Server
from tests.support.clock import ManualClock
from tui.clients.leases import LeaseObject, labelled
from tui.model.clock import SystemClock
from tui.model.incident import Applied, Draft, Entry, Kind
from tui.model.mitigation import Target
from tui.model.redaction import Redactor
from tui.session import commanding, locks
from tui.session.chronicle import Chronicle
from tui.session.command import Command
from tui.session.commanding import CommandByLease
from tui.session.errors import LockLost, LockUnreachable, SessionError
from tui.session.guard import told
from tui.session.identity import Identity
from tui.session.locks import Locks
from tui.session.sharing import Sharing
from tui.settings import Settings
from tui.settings import Sharing as Where
from tui.sharing import naming
from tui.sharing.command import CommandChange, CommandEvent

FIRST, SECOND = "inc-20261123-1503-7f3a", "inc-20261123-1611-0b2c"
TARGET = Target("prod", "shop", "mistral-service", "app", "u1", 1, "ana")
BO, OTHER_BO = who(2, "bo"), who(3, "bo")


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
        clock, self.identity = SystemClock(), Identity("ana")
        settings = Settings(sharing=Where(namespace="home"))
        self.place: Any = Place(store)
        self.chronicle = Chronicle(folder, clock, Redactor(()), lambda: None)
        self.sharing = Sharing(
            settings, self.chronicle, self.identity, folder, clock, Redactor(()), Random(7), lambda: None
        )
        self.locks = Locks(self.sharing, self.chronicle, clock, lambda: self.identity.name)
        self.events: list[CommandEvent] = []
        self.sharing.on_command = self.events.append
        self.command = Command(self.chronicle, clock, self.identity, timedelta(0), drill=False)
        self.command.lead_by(CommandByLease(self.sharing, clock))

    def reach(self) -> None:
        """The place can be opened from now on, and is."""
        self.sharing._place = self.place
        self.sharing._open.set()
        self.sharing.mind()

    async def declare(self, incident: str) -> None:
        await self.chronicle.open_new(
            incident, Draft(Kind.DECLARED, "incident", datetime.now(UTC), "ana", {"title": "t"})
        )

    def recorded(self, *kinds: Kind) -> list[Entry]:
        return [entry for entry in self.chronicle.recorded if entry.kind in kinds]

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


async def news(console: Console) -> list[CommandChange]:
    """What happened to command, once something did; the place is minded as a session does."""

    def happened() -> list[CommandEvent]:
        console.sharing.mind()
        return console.events

    await until(happened)
    return [event.change for event in console.events]


async def sharing(console: Console) -> None:
    """It works an incident, and what is known of others is known now."""
    console.reach()
    await console.declare(FIRST)
    await until(lambda: console.sharing.live)


def held(name: str, by: naming.Console, lasts: int = 30, incident: str = FIRST) -> LeaseObject:
    """A lease that another console holds."""
    told = naming.written_by(by, incident, "Raise timeout")
    return replace(labelled(LeaseObject(name)), holder=by.holder, duration_s=lasts, annotations=told)


def here(one: naming.Console, lasts: int = 30) -> LeaseObject:
    """Another console is here."""
    return held(naming.here_name(one.id), one, lasts)


def is_gone(console: Console, uid: str) -> bool:
    """Whether whoever has the lock of this target is known to be gone."""
    assert console.sharing._current is not None
    holder = console.sharing._current.company.roster.lock(uid)
    return holder is not None and holder.gone


def change(by: naming.Console) -> Applied:
    """One that another console began."""
    at = datetime.now(UTC)
    return Applied("i1", "my-env", "my-env", "V", "1", "2", at, uid="u1", console=by.id, by=by.name)


async def test_a_lock_that_was_lost_is_an_entry_and_told(ana: Console) -> None:
    ana.reach()
    await ana.declare(FIRST)
    lost: list[str] = []
    ana.locks.on_lost = lost.append
    hold = await ana.locks.take("u1", TARGET, "Reduce concurrency")
    assert hold is not None
    store = ana.place.leases.store
    store.delete(naming.lock_name("u1"))
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
    assert store.objects[naming.lock_name("u1")].annotations[naming.INCIDENT] == SECOND
    await until(lambda: ana.sharing.live)
    await hold.confirm()
    assert hold.held


async def test_nothing_is_sent_under_a_lock_of_which_the_place_does_not_answer(
    ana: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sharing(ana)
    hold = await ana.locks.take("u1", TARGET, "Reduce concurrency")
    assert hold is not None
    ana.place.leases.away = True
    with pytest.raises(LockUnreachable, match="Nothing was sent: whether somebody else is changing"):
        await hold.confirm()
    ana.place.leases.away, ana.place.leases.slow = False, 60.0
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    with pytest.raises(LockUnreachable, match="does not answer in time"):
        await hold.confirm()


async def test_a_lock_of_who_is_gone_is_told_as_taken_over(ana: Console, store: LeaseStore) -> None:
    store.create(held(naming.lock_name("u1"), BO, lasts=1))
    await sharing(ana)
    await until(lambda: is_gone(ana, "u1"))
    hold = await ana.locks.take("u1", TARGET, "Reduce concurrency")
    (entry,) = told(hold, "mistral-service", datetime.now(UTC), "ana", without=False)
    assert entry.text == "lock of mistral-service taken over from bo, who is gone"
    assert entry.data == {"event": "taken_over", "uid": "u1", "from": "bo"}


async def test_a_lock_of_another_incidents_console_is_seen_of_a_target_that_is_known(
    ana: Console, store: LeaseStore
) -> None:
    store.create(held(naming.lock_name("u1"), BO, incident=SECOND))
    await sharing(ana)
    await until(lambda: ana.sharing.lock("u1"))
    holder = ana.sharing.lock("u1")
    assert holder is not None and (holder.name, holder.incident) == ("bo", SECOND)
    assert ana.sharing.lock() is None


async def test_a_change_is_left_once_its_console_is_gone_and_nobody_has_its_target(
    ana: Console, store: LeaseStore
) -> None:
    store.create(here(BO))
    await sharing(ana)
    await until(lambda: ana.sharing.is_here(BO.id))
    assert not ana.locks.left(change(BO)), "bo is here"
    store.put(replace(store.objects[naming.here_name(BO.id)], holder=""))
    await until(lambda: ana.locks.left(change(BO)))
    store.create(held(naming.lock_name("u1"), OTHER_BO))
    await until(lambda: not ana.locks.left(change(BO)))
    assert ana.sharing.locked(["u1"]) is not None


async def test_command_that_was_taken_before_the_place_could_be_opened_is_brought_there(
    ana: Console, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "PATIENCE", 0.05)
    await ana.declare(FIRST)
    await ana.command.take_command()
    (entry,) = ana.recorded(Kind.COMMANDER)
    assert entry.data == {"name": "ana", "alone": True}
    ana.identity.name = "responder"  # as the place knows the login
    ana.reach()
    assert await news(ana) == [CommandChange.KEPT]
    lease = store.objects[naming.command_name(FIRST)]
    assert lease.annotations[naming.CONSOLE] == ana.chronicle.console


async def test_command_that_was_handed_over_before_the_place_could_be_opened_is_handed_there(
    ana: Console, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "PATIENCE", 0.05)
    await ana.declare(FIRST)
    await ana.command.hand_over("carol")
    (entry,) = ana.recorded(Kind.HANDOVER)
    assert entry.data["alone"] is True
    ana.reach()
    assert await news(ana) == [CommandChange.KEPT]
    assert store.objects[naming.command_name(FIRST)].annotations[naming.NAME] == "carol"


async def test_command_that_was_taken_before_the_place_could_be_opened_does_not_stand_where_another_has_it(
    ana: Console, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "PATIENCE", 0.05)
    store.create(held(naming.command_name(FIRST), BO))
    await ana.declare(FIRST)
    await ana.command.take_command()
    ana.reach()
    assert await news(ana) == [CommandChange.OVERRULED]
    (event,) = ana.events
    assert event.holder is not None and event.holder.name == "bo"


async def test_what_was_decided_of_another_incidents_command_is_not_brought_to_this_one(
    ana: Console, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "PATIENCE", 0.05)
    await ana.declare(FIRST)
    await ana.command.take_command()
    await ana.declare(SECOND)
    ana.reach()
    await until(lambda: ana.sharing.live)
    ana.sharing.mind()
    await asyncio.sleep(0.1)
    assert naming.command_name(SECOND) not in store.objects


async def test_command_given_to_a_name_is_taken_up_by_its_owner_in_a_console(
    ana: Console, store: LeaseStore
) -> None:
    await sharing(ana)
    await ana.command.take_command()
    await ana.command.hand_over("carol")
    assert store.objects[naming.command_name(FIRST)].annotations[naming.CONSOLE] == ""
    ana.identity.name = "carol"
    await ana.command.take_command()
    assert store.objects[naming.command_name(FIRST)].annotations[naming.CONSOLE] == ana.chronicle.console
    assert ana.recorded(Kind.COMMANDER)[-1].text == "carol takes command"
    with pytest.raises(SessionError, match="carol has command already"):
        await ana.command.take_command()


async def test_command_that_nobody_held_any_more_is_taken_anew_by_who_had_it(
    ana: Console, store: LeaseStore
) -> None:
    await sharing(ana)
    await ana.command.take_command()
    name = naming.command_name(FIRST)
    store.put(replace(store.objects[name], holder=""))
    await ana.command.take_command()
    assert len(ana.recorded(Kind.COMMANDER)) == 2


async def test_command_goes_to_the_very_console_that_was_chosen(ana: Console, store: LeaseStore) -> None:
    for one in (BO, OTHER_BO):
        store.create(here(one))
    await sharing(ana)
    await until(lambda: ana.sharing.is_here(BO.id) and ana.sharing.is_here(OTHER_BO.id))
    await ana.command.take_command()
    with pytest.raises(SessionError, match="bo has left meanwhile: nothing was handed over"):
        await ana.command.hand_over("bo", "f" * 16)
    for one in (BO, OTHER_BO):
        await ana.command.hand_over("bo", one.id)
        given = store.objects[naming.command_name(FIRST)].annotations
        assert given[naming.CONSOLE] == one.id
        assert ana.recorded(Kind.HANDOVER)[-1].data["console"] == one.id
        store.delete(naming.command_name(FIRST))
        await ana.command.take_command()
    await ana.command.hand_over("bo")
    assert store.objects[naming.command_name(FIRST)].annotations[naming.CONSOLE] in (BO.id, OTHER_BO.id)
