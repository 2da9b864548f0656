"""A console that is killed for real, by SIGKILL in a process of its own, at whatever instant: all is settled.

LEEWARD_KILLS says how many kills; LEEWARD_THOROUGH kills every kind of change at each of its steps.
At instants of no plan it is one kill for each twenty of `LEEWARD_KILLS`, since each starts a console anew.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.support.consoles import BAD, INCIDENT, console_on
from tests.support.nursery import Nursery, nursery
from tests.support.rows import ON_CLUSTER, ROWS, Row, stored
from tests.support.thorough import THOROUGH
from tui.model.incident import Applied
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
STEPS = [(name, step) for name in ON_CLUSTER for step in range(1, ROWS[name].writes + 1)]
SAMPLE = STEPS if THOROUGH else Random(KILLS).sample(STEPS, min(KILLS, len(STEPS)))
ANY = max(KILLS // 20, 1)
HOW = {"pace": QUICK, "revisions": (BAD,), "env": {"APP_VERSION": "2.3.1"}}


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery("tests.session.lone_console", tmp_path_factory.mktemp("nursery")) as made:
        yield made


@pytest.mark.parametrize("turn", range(ANY))
async def test_a_kill_9_at_any_instant_at_all(tmp_path: Path, consoles: Nursery, turn: int) -> None:
    """While it connects, plans, writes, applies, follows or measures."""
    rng = Random(turn)
    name = rng.choice(ON_CLUSTER)
    async with world_of(tmp_path, **HOW) as world:
        (kubeconfig := tmp_path / "kubeconfig-of-the-other").write_text(world.api.kubeconfig("responder"))
        said = await asyncio.to_thread(consoles.killed, rng, 0.5, str(kubeconfig), str(tmp_path), name)
        if not (tmp_path / "incidents" / INCIDENT / "journal.jsonl").exists():
            assert said == []
            return
        async with console_on(world, tmp_path) as console:
            await console.resume()
            assert console.incident.unsettled == ()
            await console.rest()
            if made := console.incident.mitigations[ROWS[name].before :]:
                assert_truthful(world, ROWS[name], made)
            assert bool(made) or "intent" not in said
    assert verify(tmp_path, INCIDENT).whole


@pytest.mark.parametrize(("name", "step"), SAMPLE)
async def test_a_kill_9_is_settled_before_anything_else(tmp_path: Path, name: str, step: int) -> None:
    row, rng = ROWS[name], Random(f"{name} {step}")
    async with world_of(tmp_path, **HOW) as world:
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
