"""Several consoles of one incident: who is here, who has command, who holds which lock."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.sharing.leases_in_memory import INCIDENT, LASTS, LeaseClient, LeaseStore, console, forbidden
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject, SeenLease, labelled
from tui.model.sharing import Holder, Link, Person
from tui.sharing import naming
from tui.sharing.command import CommandChange, CommandEvent
from tui.sharing.company import Company
from tui.sharing.held import HeldByOther, Lost, Taking
from tui.sharing.locks import TargetLock
from tui.sharing.naming import Console

ENTRY = "01kb0000000000000000000001"


class Ahead(ManualClock):
    """The manual clock of another machine, whose wall is ahead."""

    def __init__(self, clock: ManualClock, ahead: float) -> None:
        self._clock = clock
        self._ahead = timedelta(seconds=ahead)

    def now(self):  # type: ignore[no-untyped-def]
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class One:
    """A console with all of its leases."""

    def __init__(self, store: LeaseStore, clock: ManualClock, who: Console, ahead: float = 0.0) -> None:
        self.who = who
        self.client = LeaseClient(store, clock)
        self.entries: set[str] = set()
        self.changes = 0
        self.events: list[CommandEvent] = []
        self.stumbles = False
        self.losses: list[tuple[str, Holder | None]] = []
        self.company = Company(
            self._opened,
            INCIDENT,
            lambda: self.who,
            Ahead(clock, ahead),
            Random(who.id),
            LASTS,
            has=self.entries.__contains__,
            on_change=self._changed,
            on_command=self._commanded,
            on_lock_lost=lambda uid, holder: self.losses.append((uid, holder)),
        )

    async def _opened(self) -> LeaseClient:
        return self.client

    def _changed(self) -> None:
        self.changes += 1

    def _commanded(self, event: CommandEvent) -> None:
        self.events.append(event)
        if self.stumbles:
            raise ValueError

    @property
    def sees(self) -> list[tuple[str, bool]]:
        return [(person.name, person.gone) for person in self.company.roster.people]

    def happened(self) -> list[CommandChange]:
        return [event.change for event in self.events]


Make = Callable[..., One]


@pytest.fixture
async def make(store: LeaseStore, clock: ManualClock) -> AsyncIterator[Make]:
    made: list[One] = []

    def one(who: Console, ahead: float = 0.0) -> One:
        made.append(One(store, clock, who, ahead))
        made[-1].company.start()
        return made[-1]

    yield one
    for each in made:
        await each.company.stop()


@pytest.fixture
async def ada(make: Make, clock: ManualClock) -> One:
    return make(console(1, "ada"))


@pytest.fixture
async def bob(make: Make, clock: ManualClock) -> One:
    return make(console(2, "bob"))


async def test_everybody_sees_everybody_and_who_left(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    assert ada.sees == [("ada", False), ("bob", False)]
    assert bob.sees == [("bob", False), ("ada", False)]
    assert ada.company.roster.link is Link.LIVE
    await bob.company.stop()
    await clock.advance(1)
    assert ada.sees == [("ada", False), ("bob", True)]


async def test_leaving_a_place_that_hangs_ends_the_watch_too(
    ada: One, make: Make, clock: ManualClock
) -> None:
    await clock.advance(1)
    ada.client.slow = 3600.0
    leaving = asyncio.ensure_future(ada.company.stop())
    await clock.advance(1)
    assert ada.client.calls[-1] == "replace", "presence is being given up"
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert leaving.cancelled()
    heard = ada.changes
    make(console(2, "bob"))
    await clock.advance(1)
    assert ada.changes == heard


async def test_who_is_killed_is_gone_after_the_lease(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    bob.client.away = True
    await clock.advance(LASTS - 5)
    assert ada.sees[1] == ("bob", False)
    await clock.advance(LASTS)
    assert ada.sees[1] == ("bob", True)


async def test_nothing_is_published_while_nothing_changes(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(5)
    before = ada.changes
    await clock.advance(10 * LASTS)
    assert ada.changes == before


async def test_with_the_place_away_nobody_else_is_told_gone(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    ada.client.away = True
    await clock.advance(5 * LASTS)
    assert ada.company.roster.link is Link.AWAY
    assert ada.sees[1] == ("bob", False)
    assert ada.company.roster.people[1].ago > timedelta(seconds=4 * LASTS)
    ada.client.away = False
    ada.company.retry_now()
    await clock.advance(1)
    assert ada.company.roster.link is Link.LIVE
    assert ada.company.roster.people[1].ago < timedelta(seconds=LASTS)


async def test_a_place_that_hangs_is_noticed_by_ones_own_renewals_and_so_is_its_return(
    ada: One, clock: ManualClock
) -> None:
    await clock.advance(1)
    ada.client.away = ada.client.mute = True  # the watch stays open, and nothing answers
    await clock.advance(LASTS / 2)
    roster = ada.company.roster
    assert roster.link is Link.AWAY
    assert "did not answer" in str(roster.problem)
    await clock.advance(20 * LASTS)  # by then it is tried ever more seldom
    assert roster.link is Link.AWAY
    ada.client.away = ada.client.mute = False
    await clock.advance(LASTS / 6 + 1)
    assert (roster.link, roster.problem) == (Link.LIVE, None)


async def test_a_watch_that_falls_silent_is_noticed_by_ones_own_renewals(
    ada: One, bob: One, clock: ManualClock, make: Make
) -> None:
    await clock.advance(1)
    ada.client.mute = True
    lists = ada.client.calls.count("list")
    make(console(3, "carol"))
    await clock.advance(1.5 * LASTS)
    assert ada.client.calls.count("list") > lists
    assert ("carol", False) in ada.sees


async def test_a_version_that_is_too_old_is_listed_anew(
    ada: One, clock: ManualClock, store: LeaseStore, make: Make
) -> None:
    await clock.advance(1)
    ada.client.away = True
    await clock.advance(LASTS)
    make(console(2, "bob"))
    await clock.advance(1)
    store.compact()
    ada.client.away = False
    await clock.advance(2 * LASTS)
    assert ("bob", False) in ada.sees
    assert ada.company.roster.link is Link.LIVE


async def test_a_refusal_is_told(clock: ManualClock, store: LeaseStore) -> None:
    ada = One(store, clock, console(1, "ada"))
    ada.client.refuses = forbidden()
    ada.company.start()
    await clock.advance(5)
    roster = ada.company.roster
    assert roster.link is Link.REFUSED
    assert "may not update leases" in str(roster.problem)
    ada.client.refuses = None
    ada.company.retry_now()
    await clock.advance(1)
    assert (roster.link, roster.problem) == (Link.LIVE, None)
    await ada.company.stop()


async def test_who_may_not_renew_and_may_watch_keeps_its_watch(clock: ManualClock, store: LeaseStore) -> None:
    ada = One(store, clock, console(1, "ada"))
    ada.client.reads_only = True
    ada.company.start()
    await clock.advance(5)
    watches = ada.client.calls.count("watch")
    await clock.advance(LASTS)
    assert ada.company.roster.link is Link.LIVE
    assert ada.client.calls.count("watch") == watches
    await ada.company.stop()


async def test_who_was_only_listed_is_not_heard_yet_and_who_leaves_has_left(
    ada: One, bob: One, clock: ManualClock, store: LeaseStore
) -> None:
    await clock.advance(1)
    late = One(store, clock, console(7, "late"))
    late.company.start()
    await clock.advance(1)
    assert {one.name: one.unheard for one in late.company.roster.people[1:]} == {"ada": True, "bob": True}
    await clock.advance(LASTS / 2)
    assert not any(one.unheard for one in late.company.roster.people)
    await bob.company.stop()
    await clock.advance(1)
    (gone,) = [one for one in late.company.roster.people if one.gone]
    assert (gone.name, gone.left) == ("bob", True)
    await late.company.stop()


async def test_behind_and_overdue(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    bob.company.tell(ENTRY)
    await clock.advance(4)
    assert ada.company.roster.people[1].behind == 1
    await clock.advance(2)
    assert ada.company.roster.overdue == (ENTRY,)
    ada.entries.add(ENTRY)
    assert ada.company.roster.overdue == ()
    assert ada.company.roster.people[1].behind == 0


@pytest.mark.parametrize(("ahead", "told"), [(150.0, True), (-150.0, True), (1.0, False)])
async def test_a_clock_that_differs_is_told(
    ada: One, clock: ManualClock, make: Make, ahead: float, told: bool
) -> None:
    make(console(2, "bob"), ahead)
    await clock.advance(2 * LASTS)
    found = ada.company.roster.people[1].ahead
    assert found == (timedelta(seconds=ahead) if told else None)


async def test_the_commander_ranks_first(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    assert (ada.company.roster.rank, bob.company.roster.rank) == (0, 1)
    await bob.company.command.take()
    await clock.advance(1)
    assert (ada.company.roster.rank, bob.company.roster.rank) == (1, 0)


async def test_command_is_refused_handed_over_and_received(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    await ada.company.command.take()
    with pytest.raises(HeldByOther) as held:
        await bob.company.command.take()
    assert held.value.holder.name == "ada"
    person = ada.company.roster.person(bob.who.id)
    assert person is not None
    assert (await ada.company.command.hand_over(person)).how is Taking.OURS
    await clock.advance(1)
    assert bob.company.command.held
    assert not ada.company.command.held
    assert bob.happened() == [CommandChange.RECEIVED]
    assert ada.events == []
    holder = ada.company.roster.command(INCIDENT)
    assert holder is not None
    assert (holder.name, holder.here) == ("bob", False)


async def test_command_is_taken_over_from_who_is_gone(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    await ada.company.command.take()
    await clock.advance(1)
    ada.client.away = True
    await clock.advance(2 * LASTS)
    taken = await bob.company.command.take()
    assert taken.how is Taking.GONE
    assert taken.words.startswith("from ada (host1), not heard of for ")
    ada.client.away = False
    await clock.advance(2 * LASTS)
    assert ada.happened() == [CommandChange.LOST]
    assert "bob has it" in ada.events[0].words
    assert not ada.company.command.held


async def test_two_who_took_it_alone_end_with_one_holder(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    ada.client.away = bob.client.away = True
    assert (await ada.company.command.take()).how is Taking.ALONE
    assert (await bob.company.command.take()).how is Taking.ALONE
    assert ada.company.command.alone
    bob.client.away = False
    await clock.advance(LASTS)
    assert bob.happened() == [CommandChange.KEPT]
    ada.client.away = False
    await clock.advance(2 * LASTS)
    assert ada.happened() == [CommandChange.OVERRULED]
    assert ada.events[0].words.endswith("but bob has it.")
    assert (ada.company.command.held, bob.company.command.held) == (False, True)
    assert not ada.company.command.alone


async def test_command_of_a_restarted_console_is_still_its_own(
    ada: One, clock: ManualClock, make: Make
) -> None:
    await ada.company.command.take()
    await ada.company.stop()
    again = make(replace(ada.who, process=101))
    await clock.advance(2)
    assert again.company.command.held
    assert again.happened() == [CommandChange.RECEIVED]


# A connection that is closed cancels who waits for it: the login was renewed, say.
ENDS = [asyncio.CancelledError(), ValueError("a fault of ours")]


@pytest.mark.parametrize("ends", ENDS)
async def test_what_is_renewed_goes_on_whatever_ends_a_renewal(
    ada: One, bob: One, clock: ManualClock, ends: BaseException
) -> None:
    await clock.advance(1)
    await ada.company.command.take()
    lock = await ada.company.locks.take("uid-1", "Reduce")
    ada.client.refuses = ends
    await clock.advance(LASTS / 2)
    ada.client.refuses = None
    await clock.advance(5 * LASTS)
    assert bob.sees[1] == ("ada", False)
    assert ada.company.command.held
    assert lock.held
    with pytest.raises(HeldByOther):
        await bob.company.locks.take("uid-1", "Restart")


@pytest.mark.parametrize("ends", ENDS)
async def test_what_was_not_told_yet_is_told_later_whatever_ends_the_telling(
    clock: ManualClock, store: LeaseStore, make: Make, ends: BaseException
) -> None:
    ada = One(store, clock, console(1, "ada"))
    ada.client.away = True
    ada.company.start()
    assert (await ada.company.command.take()).how is Taking.ALONE
    ada.client.away, ada.client.refuses = False, ends
    await clock.advance(LASTS)
    ada.client.refuses = None
    await clock.advance(LASTS)
    assert ada.company.presence.told
    assert ada.company.command.held
    assert ada.happened() == [CommandChange.KEPT]
    await ada.company.stop()


async def test_whoever_is_told_of_command_and_fails_keeps_none_from_being_received(
    ada: One, bob: One, clock: ManualClock
) -> None:
    await clock.advance(1)
    await ada.company.command.take()
    bob.stumbles = True
    for _ in range(2):
        await ada.company.command.hand_over(_person(ada, bob))
        await clock.advance(LASTS)
        assert bob.company.command.held
        await bob.company.command.hand_over(_person(bob, ada))
        await clock.advance(LASTS)
    assert bob.happened() == [CommandChange.RECEIVED] * 2


def _person(by: One, of: One) -> Person:
    found = by.company.roster.person(of.who.id)
    assert found is not None
    return found


async def test_a_lock_blocks_others_and_tells_them_by_whom(ada: One, bob: One, clock: ManualClock) -> None:
    await clock.advance(1)
    lock = await ada.company.locks.take("uid-1", "Reduce concurrency")
    with pytest.raises(HeldByOther):
        await bob.company.locks.take("uid-1", "Restart")
    await clock.advance(1)
    holder = bob.company.roster.lock("uid-1")
    assert holder is not None
    assert (holder.name, holder.what, holder.incident) == ("ada", "Reduce concurrency", INCIDENT)
    assert (await bob.company.locks.take("uid-2", "Restart")).held
    await lock.release()
    await clock.advance(1)
    assert bob.company.roster.lock("uid-1") is None
    assert (await bob.company.locks.take("uid-1", "Restart")).taken.how is Taking.FREE


async def test_whoever_leaves_in_a_change_keeps_its_lock_until_it_runs_out_and_no_longer(
    ada: One, bob: One, clock: ManualClock
) -> None:
    await clock.advance(1)
    await ada.company.locks.take("uid-1", "Reduce")
    await ada.company.command.take()
    await clock.advance(1)
    await ada.company.stop()
    await clock.advance(LASTS / 2)
    with pytest.raises(HeldByOther):
        await bob.company.locks.take("uid-1", "Restart")
    await clock.advance(2 * LASTS)
    assert (await bob.company.locks.take("uid-1", "Restart")).taken.how is Taking.GONE
    assert (await bob.company.command.take()).how is Taking.GONE


async def test_two_uses_of_one_lock_give_it_up_with_the_last(ada: One, store: LeaseStore) -> None:
    first = await ada.company.locks.take("uid-1", "Restart")
    second = await ada.company.locks.take("uid-1", "Keep")
    await first.release()
    await second.confirm()
    with pytest.raises(Lost):
        await first.confirm()
    await second.release()
    assert store.objects[naming.lock_name("uid-1")].holder == ""


async def test_a_use_that_was_lost_stays_lost(ada: One, bob: One, clock: ManualClock) -> None:
    """Even where the same console comes by the lock again: somebody else changed the target meanwhile."""
    await clock.advance(1)
    first = await ada.company.locks.take("uid-1", "Restart")
    await clock.advance(1)
    ada.client.away = True
    await clock.advance(2 * LASTS)
    other = await bob.company.locks.take("uid-1", "Scale")
    await other.release()
    ada.client.away = False
    second = await ada.company.locks.take("uid-1", "Restart")
    await second.confirm()
    with pytest.raises(Lost):
        await first.confirm()
    assert [uid for uid, _ in ada.losses] == ["uid-1"]


async def test_a_lock_whose_last_use_is_over_is_given_up_however_late_the_place_answers(
    ada: One, bob: One, clock: ManualClock, store: LeaseStore
) -> None:
    """Also where whoever gave it up does not wait, and one more use of it was being asked for."""
    await clock.advance(1)
    first = await ada.company.locks.take("uid-1", "Reduce")
    ada.client.slow = 3.0
    taking = asyncio.ensure_future(ada.company.locks.take("uid-1", "Keep"))
    await clock.advance(0)
    await released_in_haste(first, clock)
    await clock.advance(3)
    second = await taking
    await released_in_haste(second, clock)
    await clock.advance(3)
    ada.client.slow = 0.0
    assert store.objects[naming.lock_name("uid-1")].holder == ""
    assert (await bob.company.locks.take("uid-1", "Restart")).taken.how is Taking.FREE


async def test_leaving_ends_what_is_still_being_given_up_and_nothing_goes_on_after_it(
    ada: One, clock: ManualClock
) -> None:
    await clock.advance(1)
    before = await ada.company.locks.take("uid-1", "Reduce")
    after = await ada.company.locks.take("uid-2", "Restart")
    ada.client.slow = 3600.0
    await released_in_haste(before, clock)
    leaving = asyncio.ensure_future(ada.company.stop())
    await clock.advance(1)
    assert not leaving.done(), "it is waited for, as presence is"
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await released_in_haste(after, clock)
    await clock.advance(0)
    left = [task for task in asyncio.all_tasks() if "lock" in task.get_name()]
    await clock.advance(3600)
    assert not left


async def released_in_haste(lock: TargetLock, clock: ManualClock) -> None:
    """Release it, and wait for that no longer than a second."""
    giving = asyncio.ensure_future(lock.release())
    await clock.advance(1)
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)


async def test_a_lock_with_the_place_away_is_an_error(ada: One) -> None:
    ada.client.away = True
    with pytest.raises(ClusterError):
        await ada.company.locks.take("uid-1", "Restart")


async def test_what_hostile_leases_say_is_text_and_bounded(
    ada: One, clock: ManualClock, store: LeaseStore
) -> None:
    told = {
        naming.NAME: "\x1b[31m[bold]" + "x" * 999,
        naming.HOST: "h\n" * 99,
        naming.PROCESS: "9" * 40,
        naming.INCIDENT: INCIDENT,
        naming.WHAT: "\u202egnirts" * 99,
        naming.LAST: "../../etc/passwd",
    }
    lies = {**told, naming.CONSOLE: "ffffffffffffffff"}
    store.put(LeaseObject(naming.here_name("0" * 15 + "9"), "x@y:1", 30, annotations=told))
    store.put(LeaseObject(naming.here_name("0" * 15 + "8"), "x@y:1", 30, annotations=lies))
    store.put(LeaseObject(naming.HERE + "../x", "x@y:1", 30, annotations=told))
    store.put(LeaseObject(naming.lock_name("uid-1"), "x@y:1", -5, annotations=told))
    store.put(LeaseObject("somebody-elses", "x@y:1", 30, annotations=told))
    await clock.advance(1)
    person = ada.company.roster.people[1]
    assert len(ada.company.roster.people) == 2
    assert "\x1b" not in person.name
    assert (len(person.name) <= 80, len(person.host) <= 64, person.process) == (True, True, 0)
    assert person.behind == 0
    holder = ada.company.roster.lock("uid-1")
    assert holder is not None
    assert len(holder.what) <= 120
    assert "\u202e" not in holder.what


async def test_a_lock_that_is_given_to_a_name_runs_out_and_command_does_not(
    ada: One, clock: ManualClock, store: LeaseStore
) -> None:
    told = {naming.CONSOLE: "", naming.NAME: "mallory"}
    for name in (naming.lock_name("uid-1"), naming.command_name(INCIDENT)):
        store.put(LeaseObject(name, "mallory", 30, annotations=told))
    await clock.advance(1)
    roster = ada.company.roster
    lock, command = roster.lock("uid-1"), roster.command(INCIDENT)
    assert lock is not None and command is not None
    assert (lock.gone, command.gone) == (False, False)
    await clock.advance(2 * LASTS)
    lock, command = roster.lock("uid-1"), roster.command(INCIDENT)
    assert lock is not None and command is not None
    assert (lock.gone, command.gone) == (True, False)


async def test_another_machine_under_our_id_is_told(ada: One, clock: ManualClock, make: Make) -> None:
    await clock.advance(1)
    copied = make(replace(ada.who, host="elsewhere"))
    await clock.advance(LASTS)
    assert "on host1" in copied.company.presence.problem
    assert ada.company.presence.problem == ""
    assert len(ada.sees) == 1


async def test_a_lease_that_changed_hands_as_often_as_can_be_counted_can_be_taken(
    ada: One, clock: ManualClock, store: LeaseStore
) -> None:
    """A server counts in 32 bits, and refuses more; anybody may have written the most."""
    await clock.advance(1)
    name = naming.lock_name("uid-1")
    store.put(labelled(LeaseObject(name, "", 30, transitions=2**31 - 1)))
    await ada.company.locks.take("uid-1", "Reduce")
    assert store.objects[name].transitions == 2**31 - 1


async def test_a_place_whose_versions_are_always_too_old_is_not_asked_without_a_pause(
    ada: One, clock: ManualClock
) -> None:
    watches = 0

    async def watch(version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        nonlocal watches
        watches += 1
        await asyncio.sleep(0)
        raise ClusterError(Reason.EXPIRED, "The version is too old.", "", 410)
        yield

    ada.client.watch = watch  # type: ignore[method-assign]
    ada.company.retry_now()
    await clock.advance(10)
    assert 0 < watches < 200
