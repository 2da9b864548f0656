"""A console that is killed for real, by SIGKILL in a process of its own, at whatever instant: all is settled.

LEEWARD_KILLS says how many kills; LEEWARD_THOROUGH kills every kind of change at each of its steps.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.support.consoles import BAD, INCIDENT, console_on
from tests.support.rows import ON_CLUSTER, ROWS, Row, stored
from tui.model.incident import Applied
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
THOROUGH = bool(os.environ.get("LEEWARD_THOROUGH"))
STEPS = [(name, step) for name in ON_CLUSTER for step in range(1, ROWS[name].writes + 1)]
SAMPLE = STEPS if THOROUGH else Random(KILLS).sample(STEPS, min(KILLS, len(STEPS)))


@pytest.mark.parametrize(("name", "step"), SAMPLE)
async def test_a_kill_9_is_settled_before_anything_else(tmp_path: Path, name: str, step: int) -> None:
    row, rng = ROWS[name], Random(f"{name} {step}")
    how = {"pace": QUICK, "revisions": (BAD,), "env": {"APP_VERSION": "2.3.1"}}
    async with world_of(tmp_path, **how) as world:
        await killed(world, tmp_path, name, step, rng.uniform(0, 0.03))
        async with console_on(world, tmp_path) as console:
            await console.resume()
            assert console.incident.unsettled == ()
            assert console.operations.unsettled == ""
            await console.rest()
            assert_truthful(world, row, console.incident.mitigations[row.before :])
    assert verify(tmp_path, INCIDENT).whole


async def killed(world: World, folder: Path, name: str, step: int, later: float) -> None:
    """Run it in a process, and kill that a moment after its n-th write."""
    kubeconfig = folder / "kubeconfig-of-the-other"
    kubeconfig.write_text(world.api.kubeconfig("responder"))
    argv = [sys.executable, "-m", "tests.session.lone_console", str(kubeconfig), str(folder), name]
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    try:
        for _ in range(step):
            assert (await process.stdout.readline()).strip() not in (b"", b"done")
        await asyncio.sleep(later)
    finally:
        process.kill()
        await process.wait()


def assert_truthful(world: World, row: Row, made: tuple[Applied, ...]) -> None:
    """What the record says is what the cluster has."""
    (change,) = made
    assert change.outcome in ("applied", "not applied")
    assert (change.outcome == "applied") is (
        change.mark.get("known_by", change.mark.get("becomes")) in written(world)
    )
    assert bool(change.verdict) is (change.outcome == "applied" and row.judged)


def written(world: World) -> tuple[str | None, ...]:
    """What stands on the object of ours; None stands for a lease that is not there."""
    found = [
        text for key, text in world.sim.deployment["metadata"]["annotations"].items() if "leeward.dev" in key
    ]
    return (*found, None) if "leeward.dev/lease-my-env" not in stored(world) else tuple(found)
