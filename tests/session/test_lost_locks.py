"""What becomes of changes whose lock is lost, is left, or is had too late: one console settles and judges."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.test_protocol import world_of
from tests.session.test_guard import BO, HOW, SLOW, guarded
from tests.support.consoles import Console, console_on, runbook_of
from tui.model.incident import Draft, Entry, Kind
from tui.model.mitigation import Verdict, VerdictKind
from tui.model.runbook import Command
from tui.session.errors import LockHeld
from tui.session.intents import intended, verdict


async def applied(console: Console) -> None:
    """A change that is made, whose pods take their time."""
    await console.operations.approve(await console.plan("my-env"))
    await console.until(lambda: console.incident.mitigations and console.last.outcome == "applied")
    assert console.last.unjudged


def verdicts(console: Console) -> list[str]:
    return [entry.text for entry in console.chronicle.recorded if entry.kind == Kind.VERDICT]


async def test_a_change_whose_lock_was_lost_is_left_to_whoever_has_it_and_judged_here_if_nobody_does(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        await applied(console)
        guard.refuses = LockHeld(BO, "mistral-service")
        guard.on_lost(guard.uid)
        await console.rest()
        assert verdicts(console) == []
        assert console.last.unjudged
        console.operations.mind()
        assert not console.operations.busy, "bo is at it"
        guard.refuses, guard.others_are_gone = None, True
        console.operations.mind()
        await console.until(lambda: console.last.verdict)
        assert len(verdicts(console)) == 1


async def test_a_lock_that_is_lost_while_a_change_is_sent_does_not_tear_it_off(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        cluster = await console.door.open()
        plan = await console.plan("my-env")
        send = cluster.patch_deployment

        async def sending(*how: Any, **more: Any) -> dict[str, Any]:
            guard.on_lost(guard.uid)
            return await send(*how, **more)

        cluster.patch_deployment = sending  # type: ignore[method-assign]
        await console.operations.approve(plan)
        await console.rest()
        assert console.last.outcome == "applied"
        assert verdicts(console) == []


async def test_a_lock_that_is_lost_while_a_program_runs_does_not_end_it(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    rules = runbook_of(more={"slow": Command(("sh", "-c", f"touch {begun}; sleep 0.3"))})
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path, rules) as console:
        await console.open()
        guard = guarded(console)
        await console.operations.approve(await console.plan("slow"))
        await console.until(begun.exists)
        guard.on_lost(guard.uid)
        await console.rest()
        assert console.last.outcome == "applied"


async def test_what_another_console_judged_meanwhile_is_not_judged_twice(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world, console_on(world, tmp_path) as console:
        await console.open()
        guarded(console)
        await applied(console)
        found = Verdict(VerdictKind.INEFFECTIVE, "ineffective: 1.3/s → 1.2/s")
        await console.chronicle.record(verdict(console.last.intent, found, console.last.at))
        await console.rest()
        assert verdicts(console) == [found.summary]


async def test_what_was_judged_by_the_time_that_the_lock_is_had_is_not_watched(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world:
        async with console_on(world, tmp_path) as console:
            await console.open()
            guarded(console)
            await applied(console)
        async with console_on(world, tmp_path) as console:
            guard = guarded(console)
            found = Verdict(VerdictKind.INEFFECTIVE, "ineffective: 1.3/s → 1.2/s")
            guard.catches_up = lambda: console.chronicle.record(
                verdict(console.last.intent, found, console.last.at)
            )
            await console.resume()
            assert not console.operations.busy
            assert (verdicts(console), guard.holds) == ([found.summary], 0)


async def test_a_lock_is_given_up_where_catching_up_breaks_or_is_broken_off(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world:
        async with console_on(world, tmp_path) as console:
            await console.open()
            guarded(console)
            await applied(console)
        async with console_on(world, tmp_path) as console:
            guard = guarded(console)

            async def broken() -> None:
                raise ValueError

            guard.catches_up = broken
            with pytest.raises(ValueError):
                await console.resume()
            assert guard.holds == 0
            guard.catches_up = lambda: asyncio.sleep(60)
            watching = asyncio.ensure_future(console.operations.settle())
            await console.until(lambda: guard.holds)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            assert watching.cancelled()
            assert guard.holds == 0


async def left_open(console: Console) -> str:
    """Bo's console wrote down that it would change the target, and was not heard of again; that intent."""
    plan = await console.plan("my-env")
    drafts = intended(plan, {}, datetime.now(UTC), "bo", BO.console, without_lock=False)
    *_, intent = await console.chronicle.record(*drafts)
    return intent.id


def settlings(console: Console) -> list[Entry]:
    return [entry for entry in console.chronicle.recorded if entry.kind == Kind.SETTLED]


async def test_what_another_left_open_on_a_target_is_settled_before_it_is_changed(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guarded(console)
        intent = await left_open(console)
        await console.run("my-scale")
        (settled,) = settlings(console)
        assert settled.data == {"intent": intent, "outcome": "not applied"}
        (mine,) = [entry for entry in console.chronicle.recorded if entry.kind == Kind.INTENT][1:]
        assert settled.id < mine.id


async def test_what_was_settled_by_the_time_that_the_lock_is_had_is_not_settled_again(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        guard.others_are_gone = True
        intent = await left_open(console)
        data = {"intent": intent, "outcome": "refused"}
        guard.catches_up = lambda: console.chronicle.record(
            Draft(Kind.OUTCOME, "Nothing was sent", datetime.now(UTC), "bo", data)
        )
        await console.operations.settle()
        assert console.last.outcome == "refused"
        assert (settlings(console), guard.holds) == ([], 0)
        assert not [entry for entry in console.chronicle.recorded if entry.kind == Kind.LOCK]


async def test_leaving_keeps_the_lock_of_what_may_be_on_its_way(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        cluster = await console.door.open()
        plan = await console.plan("my-env")
        sent = asyncio.Event()

        async def sending(*how: Any, **more: Any) -> dict[str, Any]:
            sent.set()
            await asyncio.sleep(60)
            raise AssertionError

        cluster.patch_deployment = sending  # type: ignore[method-assign]
        await console.operations.approve(plan)
        await sent.wait()
        await console.operations.stop()
        assert guard.holds == 1
        guard.others_are_gone = True
        console.operations.mind()  # time still passes while a console leaves
        await asyncio.sleep(0.1)
        assert (console.last.outcome, guard.holds) == ("", 1)


async def test_leaving_gives_the_lock_up_of_what_is_only_watched(tmp_path: Path) -> None:
    async with world_of(tmp_path, **HOW | {"pace": SLOW}) as world, console_on(world, tmp_path) as console:
        await console.open()
        guard = guarded(console)
        await applied(console)
        assert guard.holds == 1
        await console.operations.stop()
        assert guard.holds == 0
        assert verdicts(console) == []
