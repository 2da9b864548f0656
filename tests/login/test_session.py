"""The login ends in the middle of an incident: that costs the workload panel, and nothing else."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.login.plugins import BROKEN, LoginPlugin
from tests.support.drills import drill, session_on, until
from tests.support.thorough import THOROUGH
from tui.drill.serve import Drill
from tui.model.reading import Check, State
from tui.model.walk import Walk
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot

SPEED = 20.0


@pytest.fixture
async def world() -> AsyncIterator[Drill]:
    async with drill("rate-limited", speed=SPEED) as made:
        yield made


@pytest.fixture
def plugin(world: Drill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoginPlugin:
    """The responder logs in by a plugin; one that hangs is given up sooner than in life."""
    monkeypatch.setattr("tui.clients.cluster_connection._PLUGIN_DEADLINE", 0.5)
    monkeypatch.setattr("tui.clients.cluster_connection._AGAIN", 0.0)
    kubeconfig = Path(world.addresses["kubeconfig"])
    return LoginPlugin(tmp_path / "plugin", kubeconfig, world.kubernetes.token())


@pytest.fixture
async def session(world: Drill, plugin: LoginPlugin, tmp_path: Path) -> AsyncIterator[Session]:
    async with session_on(world, tmp_path / "state") as made:
        yield made


def workload_is(state: State) -> Callable[[Snapshot], bool]:
    """Whether the workload's latest answer is of this state."""

    def told(snapshot: Snapshot) -> bool:
        held = snapshot.checks.get(Check.WORKLOAD)
        return held is not None and held.latest.state is state

    return told


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.walk.diagnosis == "rate-limited"


def asked_since(snapshot: Snapshot, before: Snapshot, check: Check) -> bool:
    """Whether a check was answered again."""
    return snapshot.checks[check].latest.at > before.checks[check].latest.at


@pytest.mark.parametrize("mode", BROKEN if THOROUGH else ("hangs", "asks"))
async def test_a_login_that_ends_costs_the_workload_alone(
    mode: str, world: Drill, plugin: LoginPlugin, session: Session
) -> None:
    """Every other check is answered on, the path and the record stand, and no change is tried."""
    await until(session, lambda s: diagnosed(s) and workload_is(State.OK)(s), 30)
    await session.declare()
    plugin.does(mode)
    world.kubernetes.expire()
    lost = await until(session, workload_is(State.UNKNOWN), 30)
    others = [check for check in lost.checks if check is not Check.WORKLOAD]
    after = await until(session, lambda s: all(asked_since(s, lost, check) for check in others), 30)
    held = after.checks[Check.WORKLOAD]
    assert held.latest.state is State.UNKNOWN
    assert held.good is not None, "what was last known is still shown"
    assert held.latest.facts["outcome"] == "login_expired"
    assert {after.checks[check].latest.state for check in others} >= {State.OK}
    assert all(after.checks[check].latest.state is not State.UNKNOWN for check in others)
    assert diagnosed(after) or after.walk != Walk()
    entry = await session.note("still here")
    assert entry.text == "still here"
    with pytest.raises(SessionError) as refused:
        await session.preview("reduce-concurrency")
    assert "log" in f"{refused.value.said} {refused.value.remedy}".lower()
    assert world.cluster.variable("MAX_CONCURRENT_MISTRAL") == "10"
    assert plugin.heard == ""


async def test_after_logging_in_again_the_workload_is_back(
    world: Drill, plugin: LoginPlugin, session: Session
) -> None:
    await until(session, workload_is(State.OK), 30)
    plugin.does("fails")
    fresh = world.kubernetes.expire()
    await until(session, workload_is(State.UNKNOWN), 30)
    plugin.gives(fresh)
    plugin.does("good")
    session.refresh()
    await until(session, workload_is(State.OK), 60)
    assert (await session.preview("reduce-concurrency")).after == "3"


async def test_a_token_that_ends_and_is_renewed_is_never_noticed(
    world: Drill, plugin: LoginPlugin, session: Session
) -> None:
    """The server refuses it; the plugin is run once more, and the same question is asked again."""
    await until(session, workload_is(State.OK), 30)
    seen: list[State] = []
    stop = session.subscribe(lambda s: seen.append(s.checks[Check.WORKLOAD].latest.state))
    for _ in range(2):
        runs, before = plugin.runs, session.snapshot
        plugin.gives(world.kubernetes.expire())

        def renewed(snapshot: Snapshot, runs: int = runs, before: Snapshot = before) -> bool:
            return plugin.runs > runs and asked_since(snapshot, before, Check.WORKLOAD)

        await until(session, renewed, 30)
    stop()
    assert set(seen) == {State.OK}


async def test_a_login_that_never_was_leaves_the_rest_of_the_console(
    world: Drill, plugin: LoginPlugin, tmp_path: Path
) -> None:
    plugin.does("asks")
    async with session_on(world, tmp_path / "state") as session:
        found = await until(session, lambda s: diagnosed(s) and workload_is(State.UNKNOWN)(s), 30)
        assert found.checks[Check.MISTRAL_API].latest.state is State.FAIL
        assert found.checks[Check.ERROR_RATE].latest.state in (State.WARN, State.FAIL)
        assert plugin.heard == ""


async def test_a_login_that_ends_while_a_rollout_is_followed_leaves_nothing_unknown(
    world: Drill, plugin: LoginPlugin, session: Session
) -> None:
    """The change is made, the rollout goes on by itself, and is followed to its verdict after logging in."""
    await until(session, lambda s: diagnosed(s) and workload_is(State.OK)(s) and bool(s.arming.word), 30)
    plan = await session.preview("reduce-concurrency")
    assert session.arm(session.snapshot.arming.word)
    await session.approve(plan)
    await until(session, lambda s: bool(s.incident and s.incident.mitigations[-1].outcome), 30)
    plugin.does("fails")
    fresh = world.kubernetes.expire()
    await until(session, workload_is(State.UNKNOWN), 30)
    plugin.gives(fresh)
    plugin.does("good")
    done = await until(session, lambda s: not s.running, 60)
    assert done.incident is not None
    change = done.incident.mitigations[-1]
    assert (change.outcome, change.settled) == ("applied", True)
    assert change.verdict == "effective", change.verdict_text
