"""A whole session against a simulated world: seen, declared, mitigated, taken back, resumed, resolved."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.drills import drill, session_on, until
from tui.clients.cluster import ClusterDoor
from tui.drill.servers.base import Fault, Misbehaviour
from tui.model.incident import Kind, Status
from tui.model.severity import Severity
from tui.record.verification import verify
from tui.session.chronicle import Chronicle
from tui.session.errors import NotArmed, SessionError
from tui.session.session import Session
from tui.session.sharing import Sharing
from tui.session.snapshot import Snapshot


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def at_rest(snapshot: Snapshot) -> bool:
    return not snapshot.running


async def armed(session: Session) -> None:
    await until(session, diagnosed)
    assert session.arm(session.snapshot.arming.word)


async def test_looking_needs_no_incident_and_writes_nothing(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        seen = await until(session, diagnosed)
        assert seen.diagnosis is not None and seen.diagnosis.id == "rate-limited"
        plan = await session.preview("reduce-concurrency")
        assert plan.change == "MAX_CONCURRENT_MISTRAL 10 → 3"
        assert seen.incident is None
        assert seen.actions[0].hint == "10 → 3 per pod"
    assert list(tmp_path.rglob("*.jsonl")) == []


async def test_nothing_is_changed_while_read_only(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        plan = await session.preview("reduce-concurrency")
        assert not session.arm("wrong")
        with pytest.raises(NotArmed):
            await session.approve(plan)
        assert session.snapshot.incident is None


async def test_read_only_consoles_cannot_be_armed_and_say_why(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path, read_only=True) as session:
        seen = await until(session, diagnosed)
        assert "--read-only" in seen.arming.locked
        with pytest.raises(NotArmed, match="--read-only"):
            session.arm(seen.arming.word)


async def test_a_mitigation_runs_through_the_protocol_and_its_undo_takes_it_back(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await armed(session)
        plan = await session.preview("reduce-concurrency")
        await session.approve(plan)
        with pytest.raises(SessionError, match="another change"):
            await session.approve(plan)
        seen = await until(session, lambda s: s.incident and s.incident.status is Status.MITIGATING)
        seen = await until(session, at_rest, 30)
        assert seen.incident is not None
        (change,) = seen.incident.mitigations
        assert (change.outcome, change.verdict) == ("applied", "effective")
        seen = await until(session, lambda s: s.leases)
        assert [(held.seen.variable, held.seen.value, held.ours) for held in seen.leases] == [
            ("MAX_CONCURRENT_MISTRAL", "3", True)
        ]
        undo = await session.preview_undo()
        assert (undo.before, undo.after) == ("3", "10")
        await session.approve(undo)
        seen = await until(session, at_rest, 30)
        assert seen.incident is not None and seen.incident.mitigations[0].undone
        kinds = [entry.kind for entry in seen.entries]
        for kind in (Kind.INTENT, Kind.OUTCOME, Kind.LEASE, Kind.ROLLOUT, Kind.VERDICT):
            assert kind in kinds
        incident_id = seen.incident.id
    assert verify(tmp_path, incident_id).whole


async def test_resolving_asks_for_a_reason_while_something_speaks_against_it(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        await session.note("users cannot log in")
        assert session.snapshot.incident is not None
        assert session.snapshot.incident.severity is Severity.P1
        with pytest.raises(SessionError, match="not monitored yet"):
            await session.resolve()
        await session.resolve("handled in another incident")
        seen = session.snapshot.incident
        assert seen is not None and seen.status is Status.RESOLVED
        assert seen.failed_requests is not None and seen.failed_requests > 0
        assert seen.coverage is not None and seen.coverage > 0.9
        report = await session.postmortem()
        assert "# Incident: Mistral AI" in report.read_text()


async def test_what_a_killed_console_left_is_settled_before_anything_else(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await armed(session)
            await session.approve(await session.preview("reduce-concurrency"))
            assert session.snapshot.incident is not None
            incident_id = session.snapshot.incident.id
            # As a kill would: the task dies with its intent on disk.
            await session._working.operations.stop()
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            assert [left.id for left in session.snapshot.open_incidents] == [incident_id]
            incident = await session.resume(incident_id)
            assert session.snapshot.open_incidents == ()
            assert session.snapshot.incident is not None
            assert session.snapshot.incident.unsettled == ()
            assert incident.id == incident_id
            assert session.snapshot.entries[-1].kind in {k.value for k in Kind}
    assert verify(tmp_path, incident_id).whole


async def test_every_check_may_hang_and_the_session_still_answers_and_leaves(tmp_path: Path) -> None:
    async with drill("healthy") as world:
        for server in world.servers:
            server.fault = Fault(Misbehaviour.HANG)
        async with session_on(world, tmp_path) as session:
            await session.note("everything hangs")
            assert session.snapshot.entries[-1].text == "everything hangs"


async def test_a_session_that_is_not_waited_for_closes_its_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console waits a few seconds for it: a disk that hangs takes longer."""
    closed: list[str] = []
    hangs = asyncio.Event()

    async def finish(chronicle: Chronicle) -> None:
        hangs.set()
        await asyncio.Event().wait()

    async def close_door(door: ClusterDoor, close: Any = ClusterDoor.close) -> None:
        await close(door)
        closed.append("cluster")

    async def close_place(sharing: Sharing, close: Any = Sharing.close) -> None:
        await close(sharing)
        closed.append("shared place")

    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        with monkeypatch.context() as patched:
            patched.setattr(Chronicle, "finish", finish)
            patched.setattr(ClusterDoor, "close", close_door)
            patched.setattr(Sharing, "close", close_place)
            stopping = asyncio.ensure_future(session.stop())
            await hangs.wait()
            assert closed == []
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
            assert stopping.cancelled()
            assert sorted(closed) == ["cluster", "shared place"]
