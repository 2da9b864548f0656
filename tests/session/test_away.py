"""The shared place goes away at any step of an incident: it is worked on, and afterwards all agree."""

import asyncio
from pathlib import Path

import pytest

from tests.session.test_partitioned import behind
from tests.session.test_together import armed, changes, console, diagnosed, live, of, same
from tests.support.drills import drill, until
from tests.support.partition import Partition
from tests.support.thorough import THOROUGH
from tui.model.incident import Kind
from tui.model.mitigation import Stage
from tui.model.sharing import Link
from tui.record.verification import verify
from tui.session.errors import LockUnreachable
from tui.session.session import Session

STEPS = (
    "declare",
    "note",
    "command",
    "handover",
    "approve",
    "rollout",
    "verdict",
    "undo",
    "resolve",
    "leave",
)
SAMPLE = ("approve",)


class Stepping:
    """Cuts the way to the shared place at one step, and goes on."""

    def __init__(self, session: Session, way: Partition, at: str) -> None:
        self.session = session
        self.cut = False
        self._way = way
        self._at = at

    async def reach(self, step: str) -> None:
        if step == self._at:
            await self._way.refuse()
            self.cut = True
            if self.session.snapshot.sharing is not None:
                await until(self.session, lambda s: s.sharing and s.sharing.link is Link.AWAY)

    async def change(self, undo: bool) -> None:
        """As a person would: without the lock where nobody can tell who has it, and only then."""
        session = self.session
        plan = await (session.preview_undo() if undo else session.preview("reduce-concurrency"))
        try:
            await session.approve(plan)
        except LockUnreachable:
            assert self.cut
            await session.approve(plan, without_lock=True)


def running(stage: Stage):  # type: ignore[no-untyped-def]
    order = list(Stage)
    return lambda s: s.running and order.index(s.running[0].stage) >= order.index(stage)


async def worked(session: Session, step: Stepping) -> str:
    """A whole incident, from its declaration to its end."""
    await until(session, diagnosed)
    await step.reach("declare")
    await session.declare()
    if not step.cut:
        await until(session, live)
    await step.reach("note")
    await session.note("a note of it")
    await step.reach("command")
    await session.take_command()
    await step.reach("handover")
    await session.hand_over("somebody else")
    await armed(session)
    await step.reach("approve")
    await step.change(undo=False)
    await until(session, running(Stage.ROLLING_OUT))
    await step.reach("rollout")
    await until(session, lambda s: not s.running or running(Stage.WATCHING)(s), 90)
    await step.reach("verdict")
    await until(session, lambda s: not s.running and changes(s), 90)
    assert changes(session.snapshot)[0].verdict
    await step.reach("undo")
    await step.change(undo=True)
    await until(session, lambda s: not s.running, 90)
    await step.reach("resolve")
    await session.resolve("it is over, as far as this goes")
    await step.reach("leave")
    assert session.snapshot.incident is not None
    return session.snapshot.incident.id


@pytest.mark.parametrize("at", STEPS if THOROUGH else SAMPLE)
async def test_the_place_goes_away_at_a_step_and_afterwards_all_agree(tmp_path: Path, at: str) -> None:
    async with drill("rate-limited") as world:
        async with behind(world, tmp_path / "a") as (ana, way):
            incident = await worked(ana, Stepping(ana, way, at))
            before = ana.snapshot.incident
            assert before is not None
            assert (before.commander, before.open) == ("somebody else", False)
            made = changes(ana.snapshot)[0]
            assert (made.outcome, made.undone) == ("applied", True)
        # Where what it wrote could not be sent, the next start sends it.
        async with (
            console(world, tmp_path / "a", 3) as again,
            console(world, tmp_path / "b", 2) as bo,
        ):
            await asyncio.gather(until(again, diagnosed), until(bo, diagnosed))
            await again.resume(incident)
            await until(again, lambda s: live(s) and s.sharing and not s.sharing.unsent)
            await bo.join(incident)
            await same(again, bo)
            seen = bo.snapshot.incident
            assert seen is not None
            assert (seen.commander, seen.open) == ("somebody else", False)
            assert [c.verdict for c in seen.mitigations] == [c.verdict for c in before.mitigations]
            assert len(of(bo.snapshot, Kind.VERDICT)) == len([c for c in seen.mitigations if c.verdict])
    for machine in "ab":
        assert verify(tmp_path / machine, incident).whole


async def test_leaving_does_not_wait_for_a_place_that_is_silent(tmp_path: Path) -> None:
    """The lock of a change is held meanwhile, and what was written is not sent."""
    async with drill("rate-limited") as world, behind(world, tmp_path / "a") as (ana, way):
        await until(ana, diagnosed)
        await ana.note("the first")
        seen = await until(ana, live)
        assert seen.incident is not None
        incident = seen.incident.id
        await armed(ana)
        await ana.approve(await ana.preview("reduce-concurrency"))
        await until(ana, running(Stage.ROLLING_OUT))
        way.cut()
        await ana.note("nobody hears this")
        # Less than any deadline of the place's clients: a machine ten times slower keeps it, too.
        async with asyncio.timeout(30):
            await ana.stop()
        assert f" on this machine only: leeward share sync {incident} sends" in ana.left_behind
        assert way.to_server.cut
