"""Resolving while a temporary change is live: on a simulated world, across consoles, down to what is told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.drills import drill, session_on, until
from tui.drill.serve import Drill
from tui.model.incident import Status
from tui.model.mitigation import Lease
from tui.record.verification import verify
from tui.session.deciding import Undecided
from tui.session.errors import NotArmed
from tui.session.session import Session
from tui.session.snapshot import Snapshot

WHY = "handled elsewhere, as agreed"


def ready(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


@asynccontextmanager
async def held(world: Drill, folder: Path) -> AsyncIterator[Session]:
    """A session whose mitigation is through and whose lease is live."""
    async with session_on(world, folder) as session:
        await until(session, ready)
        assert session.arm(session.snapshot.arming.word)
        await session.approve(await session.preview("reduce-concurrency"))
        await until(session, lambda s: s.leases, 30)
        await session.cancel_watch()
        yield session


async def test_no_reason_stands_in_for_a_decision_which_is_told_everywhere_and_can_be_undone_anywhere(
    tmp_path: Path,
) -> None:
    here, there = tmp_path / "here" / "leeward", tmp_path / "there"
    end = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    until_then = f"until {end:%Y-%m-%d %H:%M} UTC"
    async with drill("rate-limited") as world:
        async with held(world, here) as session:
            assert session.snapshot.incident is not None
            incident_id = session.snapshot.incident.id
        async with session_on(world, here) as session:
            await until(session, ready)
            await session.resume(incident_id)
            await until(session, lambda s: s.leases)
            with pytest.raises(Undecided, match="MAX_CONCURRENT_MISTRAL=3 is still live, held by responder"):
                await session.resolve(WHY)
            (lease,) = session.undecided
            await kept_by_bob(session, lease, end)
            assert session.undecided == ()
            await session.resolve(WHY)
            seen = session.snapshot.incident
            assert seen is not None and seen.status is Status.RESOLVED
            assert "MAX_CONCURRENT_MISTRAL=3" in session.snapshot.entries[-1].text
            report = (await session.postmortem()).read_text()
        assert f"is held by bob {until_then}" in report
        assert "| P2 | MAX_CONCURRENT_MISTRAL is still 3: undo it, or declare it for good | bob |" in report
        shown = json.loads(told(here, "--json", incident_id))["incident"]["held"]
        assert [(one["variable"], one["value"], one["owner"]) for one in shown] == [
            ("MAX_CONCURRENT_MISTRAL", "3", "bob")
        ]
        assert f"MAX_CONCURRENT_MISTRAL=3 by bob {until_then}" in told(here, incident_id)
        assert verify(here, incident_id).whole
        await taken_back_from_another_machine(world, there)


async def kept_by_bob(session: Session, lease: Lease, end: datetime) -> None:
    """A decision is a change: it needs arming. What stays as it is needs none."""
    await session.keep_as_it_is(lease)
    assert session.undecided == ()
    assert session.snapshot.entries[-1].text.startswith("kept: MAX_CONCURRENT_MISTRAL=3, held by responder")
    plan = await session.preview_keep(lease, "bob", end)
    assert plan.change.endswith(f"held by bob until {end:%Y-%m-%d %H:%M} UTC")
    with pytest.raises(NotArmed):
        await session.approve(plan)
    assert session.arm(session.snapshot.arming.word)
    await session.approve(plan)
    await session.rested()


async def taken_back_from_another_machine(world: Drill, folder: Path) -> None:
    async with session_on(world, folder) as session:
        seen = await until(session, lambda s: ready(s) and s.leases)
        assert [(lease.seen.owner, lease.ours) for lease in seen.leases] == [("bob", True)]
        assert seen.incident is None
        assert session.arm(seen.arming.word)
        undo = await session.preview_undo()
        assert (undo.before, undo.after) == ("3", "10")
        await session.approve(undo)
        await until(session, lambda s: not s.running and not s.leases, 30)


def told(state_dir: Path, *argv: str) -> str:
    from tui.cli.show import command

    found = CliRunner(env={"XDG_STATE_HOME": str(state_dir.parent)}).invoke(command, argv)
    return found.output
