"""A lock is taken with the intent, confirmed before each write, given up after: of every kind of change."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.mitigations.keys import NEW
from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.session.test_rotation_points import key_of, planned, restarted, rotating
from tests.support.consoles import BAD, INCIDENT, Console, console_on
from tui.model.incident import Applied, Kind
from tui.model.lease import leases_of
from tui.model.mitigation import Plan, Target
from tui.model.sharing import Holder
from tui.session.errors import LockHeld, LockLost, LockUnreachable, SessionError
from tui.session.guard import TargetGuard

HOW = {"pace": QUICK, "revisions": (BAD,), "env": {"APP_VERSION": "2.3.1"}}
SLOW = replace(QUICK, ready_s=1.0)
BO = Holder("b0" * 8, "bo", what="Raise timeout")
KINDS = ["my-env", "my-several", "my-restart", "my-rollback", "my-scale", "my-command"]
DECISIONS = ["keep", "end"]


class Guard:
    """A guard that refuses as it is told, and counts."""

    console = "c0" * 8

    def __init__(self) -> None:
        self.refuses: SessionError | None = None
        self.lost: SessionError | None = None
        self.over_from = ""
        self.uid = "u1"
        self.holds = self.confirmed = 0
        self.good_for = 0
        self.others_are_gone = False
        self.on_lost: Callable[[str], None] = lambda uid: None
        self.catches_up: Callable[[], Awaitable[object]] = nothing_came

    async def take(self, uid: str, target: Target | Applied, what: str) -> "Guard":
        if self.refuses is not None:
            raise self.refuses
        self.uid = uid
        self.holds += 1
        return self

    @property
    def held(self) -> bool:
        return self.holds > 0

    async def confirm(self) -> None:
        self.confirmed += 1
        if self.lost is not None and self.confirmed > self.good_for:
            raise self.lost

    async def release(self) -> None:
        self.holds -= 1

    def began(self, change: Applied) -> bool:
        return change.console in ("", self.console)

    def left(self, change: Applied) -> bool:
        return self.others_are_gone

    async def caught_up(self) -> None:
        await self.catches_up()


async def nothing_came() -> None:
    return None


def guarded(console: Console) -> Guard:
    """The console's operations, guarded by this."""
    guard = Guard()
    given: TargetGuard = guard
    operations = console.operations
    guard.on_lost = operations._guard.on_lost
    for part in (operations, operations._settling, operations._watching):
        part._guard = given
    return guard


def stored(world: World) -> object:
    return world.sim.deployment["spec"], world.sim.deployment["metadata"]["generation"]


async def planned_kind(world: World, console: Console, name: str) -> Plan:
    """The plan of a change of this kind; a decision about a lease is about one that is taken first."""
    if name not in DECISIONS:
        return await console.plan(name)
    await console.run("my-env")
    (lease,) = leases_of(world.sim.deployment)
    until = lease.until + timedelta(hours=3) if name == "keep" else None
    return await console.operations.preview_keep(INCIDENT, lease, "bob", until, console.last.intent)


@pytest.mark.parametrize("name", [*KINDS, *DECISIONS])
async def test_a_lock_is_confirmed_and_given_up(tmp_path: Path, name: str) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        plan = await planned_kind(world, console, name)
        guard, before = guarded(console), len(console.chronicle.recorded)
        await console.operations.approve(plan)
        await console.rest()
        change = console.last
        assert change.outcome == "applied"
        assert (guard.confirmed, guard.holds) == (1, 0)
        assert change.console == guard.console
        kinds = [entry.kind for entry in console.chronicle.recorded[before:]]
        assert kinds[:2] == [Kind.LOCK, Kind.INTENT]
        assert change.uid == guard.uid == world.sim.deployment["metadata"]["uid"]


@pytest.mark.parametrize("name", [*KINDS, *DECISIONS])
async def test_a_lock_that_was_lost_lets_nothing_be_sent(tmp_path: Path, name: str) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        plan = await planned_kind(world, console, name)
        guard = guarded(console)
        guard.lost = LockLost("Nothing was sent: the lock was lost to bo.")
        before, leases = stored(world), leases_of(world.sim.deployment)
        await console.operations.approve(plan)
        await console.rest()
        assert console.last.outcome == "refused"
        assert (stored(world), leases_of(world.sim.deployment)) == (before, leases)
        assert guard.holds == 0
        *_, outcome = [entry for entry in console.chronicle.recorded if entry.kind == Kind.OUTCOME]
        assert "lost to bo" in outcome.text


async def test_a_lock_lost_between_a_key_and_its_restart_leaves_the_pods_alone(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK) as world, rotating(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        guard.lost = LockLost("Nothing was sent: the lock was lost to bo.")
        guard.good_for = 1  # the store's write; the restart is the second
        await console.operations.approve(await planned(console))
        await console.rest()
        assert (console.last.outcome, guard.confirmed, guard.holds) == ("stored", 2, 0)
        assert key_of(world) == NEW
        assert not restarted(world)
        (outcome,) = [entry for entry in console.chronicle.recorded if entry.kind == Kind.OUTCOME]
        assert "is stored, and the pods were not restarted: the lock was lost to bo." in outcome.text
        assert outcome.data["restarted"] is False


async def test_what_somebody_else_changes_is_refused_with_the_name(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard, before = guarded(console), stored(world)
        guard.refuses = LockHeld(BO, "mistral-service")
        with pytest.raises(LockHeld, match=r"bo is changing mistral-service \(Raise timeout\)"):
            await console.run("my-env")
        assert console.incident.mitigations == ()
        assert stored(world) == before
        guard.refuses = LockUnreachable("Nothing was changed: nobody can tell.")
        plan = await console.plan("my-env")
        with pytest.raises(LockUnreachable):
            await console.operations.approve(plan)
        await console.operations.approve(plan, without_lock=True)
        await console.rest()
        assert console.last.outcome == "applied"
        (without,) = [entry for entry in console.chronicle.recorded if entry.kind == Kind.LOCK]
        assert without.data == {"event": "without"}
        assert guard.confirmed == 0


async def test_a_lock_that_can_be_had_after_all_is_not_gone_without(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard, before = guarded(console), stored(world)
        plan = await console.plan("my-env")
        guard.refuses = LockHeld(BO, "mistral-service")
        with pytest.raises(LockHeld):
            await console.operations.approve(plan, without_lock=True)
        assert stored(world) == before
        guard.refuses = None
        await console.operations.approve(plan, without_lock=True)
        await console.rest()
        assert (console.last.outcome, guard.confirmed, guard.holds) == ("applied", 1, 0)
        told = [entry for entry in console.chronicle.recorded if entry.kind in (Kind.LOCK, Kind.INTENT)]
        assert [entry.data.get("event") for entry in told] == ["taken", None]
        assert "without" not in str(told[-1].data)


async def test_a_change_without_its_lock_takes_it_once_the_place_is_back(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        guard.refuses = LockUnreachable("Nothing was changed: nobody can tell.")
        await console.operations.approve(await console.plan("my-env"), without_lock=True)
        await console.until(lambda: console.incident.mitigations and console.last.outcome == "applied")
        (run,) = console.operations.running
        assert not run.locked
        guard.refuses, guard.others_are_gone = None, True
        console.operations.mind()
        await console.until(lambda: any(run.locked for run in console.operations.running))
        await console.rest()
        assert guard.holds == 0
        told = [entry.data["event"] for entry in console.chronicle.recorded if entry.kind == Kind.LOCK]
        assert told == ["without", "taken"]


async def test_what_another_judged_and_left_is_looked_at_again_by_itself(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world:
        async with console_on(world, tmp_path) as console:
            await console.open()
            guarded(console)
            await console.operations.approve(await console.plan("my-env"))
            await console.until(lambda: console.incident.mitigations and console.last.outcome == "applied")
            assert console.last.unjudged
        async with console_on(world, tmp_path) as console:
            guard = guarded(console)
            guard.refuses = LockHeld(BO, "mistral-service")
            await console.resume()
            assert not console.operations.busy
            console.operations.mind()
            assert not console.operations.busy, "bo is at it"
            guard.refuses, guard.others_are_gone = None, True

            def judged() -> bool:
                console.operations.mind()
                return bool(console.last.verdict)

            await console.until(judged)
            assert guard.holds == 0


async def test_the_record_says_who_settles_and_who_judges_what_another_left(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world:
        async with console_on(world, tmp_path) as console:
            await console.open()
            guarded(console)
            await console.operations.approve(await console.plan("my-env"))
            await console.until(lambda: console.incident.mitigations and console.last.outcome == "applied")
        async with console_on(world, tmp_path) as console:
            guard = guarded(console)
            guard.console, guard.over_from, guard.others_are_gone = "c1" * 8, "bo", True
            await console.resume()
            await console.until(lambda: console.last.verdict)
            told = [entry for entry in console.chronicle.recorded if entry.kind == Kind.LOCK]
            assert [entry.data["event"] for entry in told] == ["taken", "taken_over"]
            title = console.last.title
            assert (
                told[-1].text == f"lock of mistral-service taken over from bo, who is gone, to judge {title}"
            )
            assert told[-1].actor == "alice"
            assert told[-1].data["intent"] == console.last.intent


async def test_an_undo_takes_the_lock_too_and_who_had_it_before_is_told(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        await console.run("my-env")
        guard.over_from = "bo"
        await console.undo()
        assert console.incident.mitigations[0].undone
        told = [entry.data for entry in console.chronicle.recorded if entry.kind == Kind.LOCK]
        assert [(one["event"], one.get("from", "")) for one in told] == [("taken", ""), ("taken_over", "bo")]
        assert (guard.confirmed, guard.holds) == (2, 0)
