"""A console is killed, by SIGKILL in a process of its own: whoever is there takes over what it held."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.session.test_together import armed, changes, console, of, opened, same
from tests.support.drills import drill, until
from tests.support.thorough import THOROUGH
from tui.drill.serve import Drill
from tui.model.incident import Kind
from tui.record.verification import verify
from tui.session.errors import CommandHeld, LockHeld

ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def another(world: Drill, folder: Path, incident: str) -> AsyncIterator[Process]:
    """A console in a process of its own that takes part; killed at the latest at the end."""
    argv = [sys.executable, "-m", "tests.session.lone_session", str(world.addresses["config"]), str(folder)]
    process = await asyncio.create_subprocess_exec(*argv, incident, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        await heard(process, "here")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def heard(process: Process, word: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while line := (await process.stdout.readline()).decode().strip():
            if line == word:
                return
    raise AssertionError(f"it never said {word}")


def told(process: Process, word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n".encode())


@pytest.mark.parametrize("later", [0.0, 0.3, 2.0] if THOROUGH else [0.3])
async def test_a_change_of_a_killed_console_is_settled_and_judged_by_another(
    tmp_path: Path, later: float
) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "b", 2) as bo:
        incident = await opened(bo)
        await armed(bo)
        plan = await bo.preview("reduce-concurrency")
        async with another(world, tmp_path / "a", incident) as ana:
            told(ana, "change")
            await heard(ana, "intent")
            with pytest.raises(LockHeld, match="is changing"):
                await bo.approve(plan)
            await until(bo, changes)
            await asyncio.sleep(later)  # an instant of no plan
            ana.kill()
            await ana.wait()
        await until(bo, lambda s: any(c.outcome for c in changes(s)), 90)
        seen = await until(bo, lambda s: all(c.settled and not c.unjudged for c in changes(s)), 120)
        await until(bo, lambda s: not s.running, 60)
        (change,) = changes(seen)
        assert change.outcome in ("applied", "not applied", "overwritten")
        async with console(world, tmp_path / "a", 3) as again:
            await until(again, lambda s: s.place.user and s.diagnosis)
            await again.resume(incident)
            assert [c.outcome for c in changes(again.snapshot)] == [change.outcome]
            await same(again, bo)
            settled = of(again.snapshot, Kind.SETTLED)
            assert len(settled) <= 1
            assert len(of(again.snapshot, Kind.VERDICT)) == int(change.outcome == "applied")
    assert verify(tmp_path / "a", incident).whole
    assert verify(tmp_path / "b", incident).whole


@pytest.mark.thorough
@pytest.mark.parametrize("turn", range(4))
async def test_whoever_takes_over_is_killed_too_and_all_agree_afterwards(tmp_path: Path, turn: int) -> None:
    rng = Random(turn)
    async with drill("rate-limited") as world:
        async with console(world, tmp_path / "c", 2) as cy:
            incident = await opened(cy)
            async with (
                another(world, tmp_path / "a", incident) as ana,
                another(world, tmp_path / "b", incident) as bo,
            ):
                await cy.stop()
                told(ana, "change")
                await heard(ana, "intent")
                await asyncio.sleep(rng.uniform(0, 1.0))  # instants of no plan, on both sides
                ana.kill()
                await ana.wait()
                await asyncio.sleep(rng.uniform(5, 16))
                bo.kill()
                await bo.wait()
        async with console(world, tmp_path / "a", 3) as again, console(world, tmp_path / "b", 4) as back:
            for session in (again, back):
                await until(session, lambda s: s.place.user and s.diagnosis)
            await asyncio.gather(again.resume(incident), back.resume(incident))
            for session in (again, back):
                await until(session, lambda s: all(c.settled and not c.unjudged for c in changes(s)), 120)
                await until(session, lambda s: not s.running, 60)
            await same(again, back)
            (change,) = changes(back.snapshot)
            assert change.outcome in ("applied", "not applied", "overwritten")
            assert len(of(back.snapshot, Kind.VERDICT)) == int(change.outcome == "applied")
            assert len(of(back.snapshot, Kind.INTENT)) == 1
    for machine in "ab":
        assert verify(tmp_path / machine, incident).whole


async def test_command_of_a_killed_console_is_taken_over(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "b", 2) as bo:
        incident = await opened(bo)
        async with another(world, tmp_path / "a", incident) as ana:
            told(ana, "command")
            await heard(ana, "done")
            await until(bo, lambda s: s.sharing and s.sharing.command)
            with pytest.raises(CommandHeld):
                await bo.take_command()
            ana.kill()
            await ana.wait()
        await until(bo, lambda s: s.sharing and s.sharing.command and s.sharing.command.gone, 60)
        await bo.take_command()
        (*_, taken) = of(bo.snapshot, Kind.COMMANDER)
        assert taken.data["took_over"] is True
        assert "not heard of for" in taken.text
