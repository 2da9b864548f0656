"""Operations through crashes, lost answers and an end by hand: nothing is ever left unknown for good."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.support.consoles import BAD, INCIDENT, SHORT, Console, console_on, runbook_of
from tui.clients.cluster import ClusterError, Reason
from tui.model.clock import SystemClock
from tui.model.lease import leases_of
from tui.model.mitigation import Stage
from tui.model.runbook import (
    Command,
    Judgement,
    Proof,
)
from tui.record.verification import verify
from tui.session.errors import SessionError


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK, revisions=(BAD,), env={"APP_VERSION": "2.3.1"}) as made:
        yield made


# -- a lost answer


async def lost(console: Console, mitigation: str, world: World, *, arrives: bool) -> None:
    """The patch's answer is lost, and the cluster stays away."""
    cluster = await console.door.open()
    plan = await console.plan(mitigation)
    send = cluster.patch_deployment

    async def sending(body: Any, content_type: str, dry_run: bool) -> dict[str, Any]:
        if arrives:
            await send(body, content_type, dry_run)
        world.sim.faults.fail_status = 503
        raise ClusterError(Reason.TIMEOUT, "The answer was lost.", "Look again.", None, sent=True)

    cluster.patch_deployment = sending  # type: ignore[method-assign]
    await console.operations.approve(plan)
    await console.until(lambda: console.operations.unsettled)


async def test_nothing_is_approved_while_a_change_is_unsettled(world: World, tmp_path: Path) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        other = await console.plan("my-scale")
        await lost(console, "my-env", world, arrives=True)
        with pytest.raises(SessionError, match="not settled yet"):
            await console.operations.approve(other)


async def test_a_running_change_is_not_settled_under_its_own_hands(world: World, tmp_path: Path) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        await console.operations.approve(await console.plan("my-env"))
        await console.operations.settle()
        await console.rest()
        assert [entry.kind for entry in console.chronicle.timeline].count("settled") == 0


async def test_the_verdict_that_a_crash_took_is_unknown_with_its_reason_where_nothing_can_judge(
    world: World, tmp_path: Path
) -> None:
    await left_without_a_verdict(world, tmp_path)
    rules = {name: rule for name, rule in runbook_of().mitigations.items() if name != "my-env"}
    without = replace(runbook_of(), mitigations=MappingProxyType(rules))
    async with console_on(world, tmp_path, without) as console:
        await console.resume()
        await console.rest()
        assert console.last.verdict == "unknown"
        assert "has no mitigation called my-env" in console.last.verdict_text


async def left_without_a_verdict(world: World, tmp_path: Path) -> None:
    """A console that is stopped between the rollout and the verdict."""
    async with console_on(world, tmp_path, windows=replace(SHORT, window=timedelta(hours=1))) as console:
        console.operations._watch._clock = SystemClock()  # it waits for the verdict when it is stopped
        await console.open()
        await console.operations.approve(await console.plan("my-env"))
        await console.until(lambda: console.incident.mitigations and console.last.rolled_out_at)


async def test_a_verdict_is_made_after_all(world: World, tmp_path: Path) -> None:
    await left_without_a_verdict(world, tmp_path)
    async with console_on(world, tmp_path) as console:
        await console.resume()
        assert [run.text for run in console.operations.running] == ["looking again at what it did"]
        await console.rest()
        assert console.last.verdict == "effective"


async def test_what_was_overwritten_meanwhile_is_no_longer_judged(world: World, tmp_path: Path) -> None:
    await left_without_a_verdict(world, tmp_path)
    world.sim.set_env("MAX_CONCURRENT_MISTRAL", "10", manager="argocd-controller")
    async with console_on(world, tmp_path) as console:
        await console.resume()
        await console.rest()
        assert console.last.verdict_text == (
            "unknown: overwritten since: MAX_CONCURRENT_MISTRAL is 10 now, set by argocd-controller, "
            "no longer 3"
        )


# -- an end by hand


async def test_ending_the_watch_settles_and_says_so(world: World, tmp_path: Path) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        with pytest.raises(SessionError, match="Nothing is being waited for"):
            await console.operations.cancel_watch()
        world.sim.break_new_pods("crash")
        await console.operations.approve(await console.plan("my-env"))
        await console.until(lambda: console.incident.mitigations and console.last.outcome)
        await console.operations.cancel_watch()
        assert not console.operations.busy
        assert console.last.outcome == "applied"
        assert console.last.verdict == "unknown"
        assert console.last.verdict_text == "unknown: the watch was ended by hand"
        assert console.chronicle.timeline[-2].kind == "settled"


async def test_ending_it_before_the_answer_is_there_waits_for_the_answer(
    world: World, tmp_path: Path
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        plan = await console.plan("my-env")
        world.sim.faults.latency_s = 0.3
        await console.operations.approve(plan)
        await asyncio.sleep(0.05)
        await console.operations.cancel_watch()
        assert (console.last.outcome, console.last.verdict) == ("applied", "unknown")


async def test_a_program_that_runs_is_ended_by_hand(world: World, tmp_path: Path) -> None:
    more = {"sleeps": Command(("sleep", "60"))}
    async with console_on(world, tmp_path, runbook_of(more=more)) as console:
        await console.open()
        await console.operations.approve(await console.plan("sleeps"))
        await asyncio.sleep(0.2)
        await console.operations.cancel_watch()
        assert console.last.outcome == "failed"
        assert "ended by hand" in console.chronicle.timeline[-1].text


# -- the breaker


async def test_two_failures_trip_it_a_restart_keeps_it_tripped_and_a_person_resets_it(
    world: World, tmp_path: Path
) -> None:
    false = runbook_of(judged=Judgement(None, proof=Proof(("false",))))
    async with console_on(world, tmp_path, false) as console:
        await console.open()
        with pytest.raises(SessionError, match="nothing to reset"):
            await console.operations.reset("my-command")
        assert (await console.run("my-command")).verdict == "ineffective"
        assert console.operations.tripped == frozenset()
        await console.run("my-command")
        assert console.operations.tripped == {"my-command"}
        with pytest.raises(SessionError, match="failed twice in a row"):
            await console.run("my-command")
    async with console_on(world, tmp_path, false) as console:
        await console.resume()
        assert console.operations.tripped == {"my-command"}
        await console.operations.reset("my-command")
        assert console.operations.tripped == frozenset()
    async with console_on(world, tmp_path, false) as console:
        await console.resume()
        assert console.operations.tripped == frozenset()
        reset = [entry for entry in console.chronicle.timeline if entry.kind == "reset"]
        assert [(entry.actor, entry.data["mitigation"]) for entry in reset] == [("alice", "my-command")]
        await console.run("my-command")
        assert console.operations.tripped == frozenset()


async def test_a_stalled_rollout_counts_as_a_failure(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK, deadline_s=1) as world, console_on(world, tmp_path) as console:
        await console.open()
        world.sim.break_new_pods("crash")
        stalled = await console.run("my-env")
        assert (stalled.verdict, stalled.stalled) == ("unknown", True)
        world.sim.break_new_pods("")
        await console.undo()
        world.sim.break_new_pods("crash")
        await console.run("my-env")
        assert console.operations.tripped == {"my-env"}


# -- programs


async def test_a_programs_output_is_kept_clean_capped_and_redacted(world: World, tmp_path: Path) -> None:
    script = (
        "import os,sys;print(sys.stdin.read()=='', os.isatty(0), os.getcwd(), 'SECRET_X' in os.environ);"
        "sys.stdout.flush();"
        "print('\\x1b[31m' + 'Authorization: Bearer abcdefghijklmnop' + '\\x07', flush=True);"
        "print('y'*100000, file=sys.stderr)"
    )
    more = {"talks": Command((sys.executable, "-c", script))}
    async with console_on(world, tmp_path, runbook_of(more=more)) as console:
        await console.open()
        await console.run("talks")
        (outcome,) = [entry for entry in console.chronicle.timeline if entry.kind == "outcome"]
        output = outcome.data["output"]
        assert output.startswith("True False / False")
        assert "\x1b" not in output and "\x07" not in output
        assert "abcdefghijklmnop" not in output
        assert "bytes left out" in output
        assert len(output) < 20_000
        assert outcome.data["exit_code"] == 0


async def test_no_shell_reads_its_arguments_and_it_has_no_terminal(world: World, tmp_path: Path) -> None:
    script = (
        "import sys\nprint(sys.argv[1:])\n"
        "try:\n open('/dev/tty')\n print('a terminal')\nexcept OSError:\n print('no terminal')"
    )
    typed = ("$HOME; echo x", "`id`", "*", "a'b")
    more = {"told": Command((sys.executable, "-c", script, *typed))}
    async with console_on(world, tmp_path, runbook_of(more=more)) as console:
        await console.open()
        await console.run("told")
        (outcome,) = [entry for entry in console.chronicle.timeline if entry.kind == "outcome"]
        assert outcome.data["output"] == f"{list(typed)}\nno terminal"


async def test_a_program_past_its_deadline_is_ended_with_all_that_it_started(
    world: World, tmp_path: Path
) -> None:
    told = tmp_path / "child"
    script = f"sleep 60 & echo $! > {told}; wait"
    more = {"hangs": Command(("sh", "-c", script), deadline=timedelta(seconds=0.4))}
    async with console_on(world, tmp_path, runbook_of(more=more)) as console:
        await console.open()
        done = await console.run("hangs")
        assert done.outcome == "failed"
        assert "had not finished within" in console.chronicle.timeline[-1].text
    stat = Path(f"/proc/{told.read_text().strip()}/stat")
    assert not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def test_a_program_that_fails_or_is_not_there_is_told(world: World, tmp_path: Path) -> None:
    more = {"fails": Command(("false",)), "none": Command(("no-such-program-here",))}
    async with console_on(world, tmp_path, runbook_of(more=more)) as console:
        await console.open()
        with pytest.raises(SessionError, match="no program 'no-such-program-here'"):
            await console.plan("none")
        done = await console.run("fails")
        assert (done.outcome, done.verdict) == ("failed", "")
        assert "ended with exit code 1" in console.chronicle.timeline[-1].text


# -- several at once


async def test_of_eight_consoles_at_once_one_applies_and_seven_records_say_that_they_did_not(
    world: World, tmp_path: Path
) -> None:
    """Eight consoles, each with its own incident and its own journal, on one variable."""
    async with AsyncExitStack() as stack:
        consoles = []
        for number in range(8):
            folder = tmp_path / str(number)
            folder.mkdir()
            console = await stack.enter_async_context(console_on(world, folder))
            await console.open()
            await console.door.open()
            consoles.append(console)
        plans = await asyncio.gather(*(console.plan("my-env") for console in consoles))
        both = zip(consoles, plans, strict=True)
        await asyncio.gather(*(console.operations.approve(plan) for console, plan in both))
        await asyncio.gather(*(console.rest() for console in consoles))
        live = world.sim.deployment["metadata"]["annotations"]["leeward.dev/change"]
        won = [number for number, plan in enumerate(plans) if plan.mark["known_by"] == live]
        assert len(won) == 1
        for number, console in enumerate(consoles):
            assert console.last.outcome == ("applied" if number in won else "refused")
            (outcome,) = [entry for entry in console.chronicle.timeline if entry.kind == "outcome"]
            assert outcome.text.startswith("applied: " if number in won else "Nothing was applied: ")
            assert console.incident.unsettled == ()


# -- an undo while the effect is watched


async def test_a_change_that_is_being_watched_can_be_taken_back_at_once(world: World, tmp_path: Path) -> None:
    async with watching(world, tmp_path) as console:
        made = console.last
        with pytest.raises(SessionError, match="another change"):
            await console.operations.approve(await console.plan("my-restart"))
        undo = await console.operations.preview_undo(INCIDENT, made)
        await console.operations.approve(undo)
        await console.rest()
        first, second = console.incident.mitigations
        assert (first.verdict_text, first.undone) == ("unknown: taken back before its verdict", True)
        assert (second.outcome, second.undoes) == ("applied", first.intent)
    assert verify(tmp_path, INCIDENT).whole


async def test_a_lease_is_decided_about_while_its_change_is_still_watched(
    world: World, tmp_path: Path
) -> None:
    async with watching(world, tmp_path) as console:
        (lease,) = leases_of(world.sim.deployment)
        until = lease.until + timedelta(hours=3)
        plan = await console.operations.preview_keep(INCIDENT, lease, "bob", until, console.last.intent)
        await console.operations.approve(plan)
        await console.operations.decided()
        made, decision = console.incident.mitigations
        assert (decision.outcome, made.lease, made.lease_owner) == ("applied", "kept", "bob")
        assert [run.title for run in console.operations.running] == ["my-env"]


@asynccontextmanager
async def watching(world: World, folder: Path) -> AsyncIterator[Console]:
    """A console that watches what its change does, and would for an hour."""
    async with console_on(world, folder, windows=replace(SHORT, window=timedelta(hours=1))) as console:
        console.operations._watch._clock = SystemClock()
        await console.open()
        await console.operations.approve(await console.plan("my-env"))
        await console.until(lambda: [r for r in console.operations.running if r.stage is Stage.WATCHING])
        yield console
