"""Operations through crashes, lost answers and an end by hand: nothing is ever left unknown for good."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tui.clients.cluster import ClusterDoor, ClusterError, Reason
from tui.drill.kubernetes import Revision
from tui.model.clock import SystemClock
from tui.model.incident import Applied, Draft, Entry, Incident, Kind
from tui.model.mitigation import Plan
from tui.model.redaction import Redactor
from tui.model.runbook import (
    Change,
    Command,
    EnvChange,
    Judgement,
    MitigationRule,
    Proof,
    Restart,
    Risk,
    Rollback,
    Runbook,
    Scale,
)
from tui.record.verification import verify
from tui.runbooks import load
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.errors import SessionError
from tui.session.judging import Windows
from tui.session.operations import Operations
from tui.settings import Kubernetes

INCIDENT = "inc-20261123-1503-7f3a"
CHANGES: dict[str, Change] = {
    "my-env": EnvChange("MAX_CONCURRENT_MISTRAL", "3"),
    "my-restart": Restart(),
    "my-rollback": Rollback(),
    "my-scale": Scale(4),
    "my-command": Command(("true",), undo=("true",)),
}
BAD = Revision(
    datetime.now(UTC) - timedelta(minutes=20),
    env={"APP_VERSION": "2.4.0"},
    image="registry.example/app:2.4.0",
)
SHORT = Windows(timedelta(seconds=0.1), timedelta(seconds=0.1), timedelta(hours=1), timedelta(seconds=5))
PROVEN = Judgement(None, proof=Proof(("true",)))


class Fast(SystemClock):
    """Pauses of this program are short; the world keeps its time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class Console:
    """One console: a chronicle and its operations, on the world's cluster."""

    def __init__(self, world: World, folder: Path, runbook: Runbook, windows: Windows = SHORT) -> None:
        path = folder / "kubeconfig"
        path.write_text(world.api.kubeconfig("responder"))
        clock = Fast()
        self.door = ClusterDoor(Kubernetes(kubeconfig=str(path), deployment="mistral-service"), 2.0)
        self.chronicle = Chronicle(folder, clock, Redactor(()), lambda: None)
        self.safety = Safety("prod", timedelta(hours=1))
        self.safety.arm("prod", clock.now())
        self.operations = Operations(
            runbook, self.door, None, self.chronicle, self.safety, windows, clock, "alice", lambda: None
        )

    async def open(self) -> None:
        draft = Draft(Kind.DECLARED, "incident", datetime.now(UTC), "alice", {"title": "t"})
        await self.chronicle.open_new(INCIDENT, draft)

    async def resume(self) -> None:
        await self.chronicle.resume(INCIDENT)
        await self.operations.settle()

    @property
    def incident(self) -> Incident:
        assert self.chronicle.incident is not None
        return self.chronicle.incident

    @property
    def last(self) -> Applied:
        return self.incident.mitigations[-1]

    async def plan(self, mitigation: str) -> Plan:
        return await self.operations.preview(mitigation, None, INCIDENT)

    async def run(self, mitigation: str) -> Applied:
        await self.operations.approve(await self.plan(mitigation))
        await self.rest()
        return self.last

    async def undo(self) -> Applied:
        await self.operations.approve(await self.operations.preview_undo(INCIDENT, self.last))
        await self.rest()
        return self.last

    async def rest(self) -> None:
        await self.until(lambda: not self.operations.busy and not self.operations.unsettled)

    async def until(self, wanted: Callable[[], object], seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not wanted():  # noqa: ASYNC110 - nothing here says when
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.operations.stop()
        await self.chronicle.close()
        await self.door.close()


def runbook_of(**changes: Any) -> Runbook:
    """The shipped runbook with a mitigation of each kind."""
    shipped = load(None)
    rules = {
        name: MitigationRule(name, name, Risk.HIGH, change, PROVEN, "so it is", timedelta(hours=1))
        for name, change in {**CHANGES, **changes.pop("more", {})}.items()
    }
    rules = {name: replace(rule, **changes) for name, rule in rules.items()}
    return replace(shipped, mitigations=MappingProxyType({**shipped.mitigations, **rules}))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK, revisions=(BAD,), env={"APP_VERSION": "2.3.1"}) as made:
        yield made


@asynccontextmanager
async def console_on(
    world: World, folder: Path, runbook: Runbook | None = None, **how: Any
) -> AsyncIterator[Console]:
    console = Console(world, folder, runbook or runbook_of(), **how)
    try:
        yield console
    finally:
        await console.close()


@pytest.mark.parametrize("mitigation", CHANGES)
async def test_each_kind_runs_to_its_verdict_and_back(world: World, tmp_path: Path, mitigation: str) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        done = await console.run(mitigation)
        assert (done.outcome, done.verdict) == ("applied", "effective")
        assert done.kind == CHANGES[mitigation].kind
        if done.reversible:
            assert (await console.undo()).outcome == "applied"
            assert console.incident.mitigations[0].undone
        else:
            with pytest.raises(SessionError, match="cannot be taken back"):
                await console.operations.preview_undo(INCIDENT, done)
        assert console.incident.unsettled == ()
    assert verify(tmp_path, INCIDENT).whole


def entries_of(mitigation: str) -> int:
    """How many writes one run makes: intent, outcome with its lease, the rollout's steps, verdict."""
    return {"my-command": 3, "my-scale": 4, "my-restart": 4}.get(mitigation, 7)


POINTS = [
    (kind, point, after)
    for kind in CHANGES
    for point in range(entries_of(kind))
    for after in (True, False)
    # Between a write and the next one something is done only around the intent and the outcome.
    if after or point < 2
]


@pytest.mark.parametrize(("mitigation", "point", "after"), POINTS)
async def test_a_kill_at_every_journal_point_is_settled_on_resume(
    world: World, tmp_path: Path, mitigation: str, point: int, after: bool
) -> None:
    """The console dies just before, or just after, its n-th write; another takes the incident up."""
    async with console_on(world, tmp_path) as console:
        await console.open()
        plan = await console.plan(mitigation)
        record, writes, dead = console.chronicle.record, 0, asyncio.Event()

        async def dying(*drafts: Draft) -> tuple[Entry, ...]:
            nonlocal writes
            if dead.is_set():
                raise asyncio.CancelledError
            number, writes = writes, writes + 1
            if number == point and not after:
                dead.set()
                raise asyncio.CancelledError
            written = await record(*drafts)
            if number == point:
                dead.set()
                raise asyncio.CancelledError
            return written

        console.chronicle.record = dying  # type: ignore[method-assign]
        try:
            await console.operations.approve(plan)
        except asyncio.CancelledError:
            assert dead.is_set()
        await console.until(lambda: dead.is_set() or not console.operations.busy)
    async with console_on(world, tmp_path) as console:
        await console.resume()
        await console.rest()
        assert console.incident.unsettled == ()
        made = console.incident.mitigations
        assert len(made) == (0 if point == 0 and not after else 1)
        for change in made:
            wanted = {"interrupted"} if mitigation == "my-command" else {"applied", "not applied"}
            assert change.outcome in wanted | {"applied"}
            is_live = world.sim.deployment["metadata"]["annotations"].get("leeward.dev/change")
            if mitigation != "my-command":
                assert (change.outcome == "applied") is (is_live == plan.mark["known_by"])
            assert bool(change.verdict) is (change.outcome == "applied")
    assert verify(tmp_path, INCIDENT).whole


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


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("mitigation", [name for name in CHANGES if name != "my-command"])
async def test_a_lost_answer_is_unsettled_until_the_cluster_says(
    world: World, tmp_path: Path, mitigation: str, arrives: bool
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        await lost(console, mitigation, world, arrives=arrives)
        assert console.last.outcome == "unknown"
        assert console.incident.unsettled == (console.last,)
        await console.operations.settle()
        assert "not settled yet: " in console.operations.unsettled
        world.sim.faults.fail_status = 0
        await console.rest()
        assert console.last.outcome == ("applied" if arrives else "not applied")
        assert bool(console.last.verdict) is arrives


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
