"""Every kind of change through everything that can happen to it; the rows are in `tests.support.rows`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.support import api_stub
from tests.support.consoles import BAD, INCIDENT, Console, console_on
from tests.support.rows import ON_CLUSTER, ROLLING, ROWS, stored
from tui.clients import cluster_errors
from tui.clients.cluster import ClusterError, Reason
from tui.model.incident import Draft, Entry
from tui.model.mitigation import Plan
from tui.record.verification import verify
from tui.session.errors import SessionError

EVERY = pytest.mark.parametrize("name", ROWS)
EVERY_ON_CLUSTER = pytest.mark.parametrize("name", ON_CLUSTER)
EVERY_ROLLING = pytest.mark.parametrize("name", ROLLING)
REVERSIBLE = [name for name in ON_CLUSTER if ROWS[name].reversible]
REFUSALS = {
    "401": api_stub.UNAUTHORIZED,
    "403": api_stub.FORBIDDEN,
    "404": api_stub.MISSING,
    "409": api_stub.CONFLICT,
    "422": api_stub.INVALID,
    "test-failed": api_stub.TEST_FAILED,
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK, revisions=(BAD,), env={"APP_VERSION": "2.3.1"}) as made:
        yield made


@pytest.fixture
async def console(world: World, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(world, tmp_path) as made:
        await made.open()
        yield made


async def ran(console: Console, plan: Plan) -> None:
    await console.operations.approve(plan)
    await console.rest()


def kinds_of(console: Console) -> list[str]:
    return [entry.kind for entry in console.chronicle.timeline]


# -- success, and the way back


@EVERY
async def test_it_runs_to_its_end_and_the_record_is_whole(
    world: World, console: Console, tmp_path: Path, name: str
) -> None:
    row = ROWS[name]
    plan = await row.plan(console)
    await ran(console, plan)
    done = console.last
    assert done.outcome == "applied"
    assert done.verdict == ("effective" if row.judged else "")
    assert not row.on_cluster or row.is_live(world, plan)
    assert console.incident.unsettled == ()
    assert verify(tmp_path, INCIDENT).whole


@EVERY
async def test_it_is_taken_back_or_says_that_it_cannot_be(world: World, console: Console, name: str) -> None:
    row = ROWS[name]
    before = json.dumps(world.sim.deployment["spec"], sort_keys=True)
    await ran(console, await row.plan(console))
    if not row.reversible:
        with pytest.raises(SessionError, match="taken back"):
            await console.operations.preview_undo(INCIDENT, console.last)
        return
    assert (await console.undo()).outcome == "applied"
    assert console.incident.mitigations[0].undone
    assert json.dumps(world.sim.deployment["spec"], sort_keys=True) == before


@pytest.mark.parametrize("name", REVERSIBLE)
async def test_its_undo_is_refused_where_what_is_live_is_not_ours(
    world: World, console: Console, name: str
) -> None:
    row = ROWS[name]
    await ran(console, await row.plan(console))
    row.drift(world)
    theirs = stored(world)
    with pytest.raises(SessionError, match="nothing was undone") as refused:
        await console.operations.preview_undo(INCIDENT, console.last)
    assert refused.value.remedy
    assert stored(world) == theirs


# -- refusals


@EVERY_ON_CLUSTER
@pytest.mark.parametrize("answer", REFUSALS)
async def test_each_recorded_refusal_is_an_entry_and_changes_nothing(
    world: World, console: Console, name: str, answer: str
) -> None:
    row = ROWS[name]
    plan = await row.plan(console)
    before, status, body = stored(world), *REFUSALS[answer]
    cluster = await console.door.open()

    async def refuses(_body: Any, _type: str, dry_run: bool) -> dict[str, Any]:
        assert not dry_run
        asked = cluster._asked_deployment("patch")
        raise cluster_errors.refused(status, json.dumps(body).encode(), asked)

    cluster.patch_deployment = refuses  # type: ignore[method-assign,assignment]
    await ran(console, plan)
    done, told = console.last, console.chronicle.timeline[-1]
    assert (done.outcome, done.verdict, done.lease) == ("refused", "", "")
    assert told.kind == "outcome"
    assert "nothing was" in told.text.lower()
    assert told.data["remedy"]
    assert api_stub.KEY not in json.dumps([entry.text for entry in console.chronicle.timeline])
    assert stored(world) == before
    assert not console.operations.busy


@EVERY_ON_CLUSTER
async def test_a_cluster_that_cannot_be_reached_is_never_written_to_twice(
    world: World, console: Console, name: str
) -> None:
    plan = await ROWS[name].plan(console)
    before = stored(world)
    cluster = await console.door.open()

    async def unreachable(*_given: Any, **_named: Any) -> dict[str, Any]:
        raise ClusterError(Reason.UNREACHABLE, "The cluster could not be reached; nothing was sent.", "Wait.")

    cluster.patch_deployment = unreachable  # type: ignore[method-assign]
    await ran(console, plan)
    assert console.last.outcome == "refused"
    assert stored(world) == before


@EVERY_ON_CLUSTER
async def test_a_paused_deployment_stops_what_would_roll_out(
    world: World, console: Console, name: str
) -> None:
    row = ROWS[name]
    if row.stopped_by_a_pause:
        world.sim.pause()
        with pytest.raises(SessionError, match="is paused"):
            await row.plan(console)
        return
    plan = await row.plan(console)
    world.sim.pause()
    await ran(console, plan)
    assert console.last.outcome == "applied"


@EVERY_ON_CLUSTER
async def test_drift_between_preview_and_confirmation_applies_nothing_and_is_shown(
    world: World, console: Console, name: str
) -> None:
    row = ROWS[name]
    plan = await row.plan(console)
    row.drift(world)
    theirs = stored(world)
    await ran(console, plan)
    told = console.chronicle.timeline[-1]
    assert console.last.outcome == "refused"
    assert told.text.startswith("Nothing was applied: ")
    assert " now" in told.text
    assert stored(world) == theirs


# -- the rollout


@EVERY_ROLLING
async def test_a_stall_is_told_with_the_pods_reasons_and_undo_is_offered_not_performed(
    tmp_path: Path, name: str
) -> None:
    row = ROWS[name]
    how: dict[str, Any] = {"revisions": (BAD,), "env": {"APP_VERSION": "2.3.1"}, "deadline_s": 1}
    async with world_of(tmp_path, pace=QUICK, **how) as world, console_on(world, tmp_path) as console:
        await console.open()
        plan = await row.plan(console)
        world.sim.break_new_pods("crash")
        await ran(console, plan)
        done = console.last
        assert (done.outcome, done.verdict, done.stalled) == ("applied", "unknown", True)
        (stall,) = [e for e in console.chronicle.timeline if e.data.get("stage") == "stalled"]
        assert "CrashLoopBackOff" in stall.text
        assert len(console.incident.mitigations) == 1
        assert row.is_live(world, plan)
        if row.reversible:
            assert "z undoes" in stall.text
            undo = await console.operations.preview_undo(INCIDENT, done)
            assert undo.undoes == done.intent
        else:
            assert "cannot be taken back" in stall.text


@EVERY_ROLLING
async def test_an_end_by_hand_is_settled_against_the_cluster(
    world: World, console: Console, name: str
) -> None:
    row = ROWS[name]
    plan = await row.plan(console)
    world.sim.break_new_pods("crash")
    await console.operations.approve(plan)
    await console.until(lambda: console.incident.mitigations and console.last.outcome)
    await console.operations.cancel_watch()
    assert (console.last.outcome, console.last.verdict) == ("applied", "unknown")
    assert "settled" in kinds_of(console)
    assert console.last.verdict_text == "unknown: the watch was ended by hand"
    assert not console.operations.busy


# -- lost answers, and the console's own end


async def lost(console: Console, plan: Plan, world: World, *, arrives: bool) -> None:
    """The patch's answer is lost, and the cluster stays away."""
    cluster = await console.door.open()
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
@EVERY_ON_CLUSTER
async def test_a_lost_answer_is_unsettled_until_the_cluster_says(
    world: World, console: Console, name: str, arrives: bool
) -> None:
    row = ROWS[name]
    plan = await row.plan(console)
    await lost(console, plan, world, arrives=arrives)
    assert console.last.outcome == "unknown"
    assert console.incident.unsettled == (console.last,)
    await console.operations.settle()
    assert "not settled yet: " in console.operations.unsettled
    with pytest.raises(SessionError, match="not settled yet"):
        console.operations.check(plan)
    world.sim.faults.fail_status = 0
    await console.rest()
    assert console.last.outcome == ("applied" if arrives else "not applied")
    assert bool(console.last.verdict) is (arrives and row.judged)


def points() -> list[tuple[str, int, bool]]:
    """Every write of every row; between two writes something is done only around intent and outcome."""
    return [
        (name, point, after)
        for name, row in ROWS.items()
        for point in range(row.writes)
        for after in (True, False)
        if after or point < 2
    ]


@pytest.mark.parametrize(("name", "point", "after"), points())
async def test_a_kill_at_every_journal_point_is_settled_on_resume(
    world: World, tmp_path: Path, name: str, point: int, after: bool
) -> None:
    """The console dies just before, or just after, its n-th write; another takes the incident up."""
    row = ROWS[name]
    async with console_on(world, tmp_path) as console:
        await console.open()
        plan = await row.plan(console)
        dead = dying(console, point, after)
        try:
            await console.operations.approve(plan)
        except asyncio.CancelledError:
            assert dead()
        await console.until(lambda: dead() or not console.operations.busy)
        assert dead(), "it makes fewer writes than its row says"
    async with console_on(world, tmp_path) as console:
        await console.resume()
        assert console.incident.unsettled == ()
        await console.rest()
        made = console.incident.mitigations[row.before :]
        assert len(made) == (0 if point == 0 and not after else 1)
        for change in made:
            if row.on_cluster:
                assert (change.outcome == "applied") is row.is_live(world, plan)
                assert change.outcome in ("applied", "not applied")
            else:
                assert change.outcome in ("applied", "interrupted")
            assert bool(change.verdict) is (change.outcome == "applied" and row.judged)
            if change.decides:
                decided = {"keep": "kept", "end": "released"}[name]
                lease = console.incident.mitigations[0].lease
                assert lease == (decided if change.outcome == "applied" else "taken")
    assert verify(tmp_path, INCIDENT).whole


def dying(console: Console, point: int, after: bool) -> Callable[[], bool]:
    """Let the console die at its n-th write from now on; whether it has."""
    record, writes, dead = console.chronicle.record, 0, asyncio.Event()

    async def write(*drafts: Draft) -> tuple[Entry, ...]:
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

    console.chronicle.record = write  # type: ignore[method-assign]
    return dead.is_set
