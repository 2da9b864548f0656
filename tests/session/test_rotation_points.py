"""A key's rotation whose console dies at every point: settled on resume by what the cluster has."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.mitigations.keys import NEW, NEW_NAME, OLD_NAME, Ring, a_test
from tests.mitigations.test_protocol import KEY, QUICK, World, world_of
from tests.session.test_matrix import dying
from tests.support.consoles import INCIDENT, Console, console_on, runbook_of
from tui.drill.kubernetes.resources import SECRETS
from tui.mitigations.beside import Offer
from tui.model import deployment as workload
from tui.model.mitigation import Plan
from tui.model.runbook import RotateKey
from tui.model.secret import Secret
from tui.record.verification import verify

RULE = "my-rotation"
WRITES = 7


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK) as made:
        yield made


@asynccontextmanager
async def rotating(world: World, folder: Path) -> AsyncIterator[Console]:
    """A console of its own, whose memory holds no key yet."""
    runbook = runbook_of(more={RULE: RotateKey()})
    async with console_on(world, folder, runbook, beside=Ring().beside()) as made:
        yield made


async def planned(console: Console) -> Plan:
    key = Secret(NEW)
    return await console.operations.preview(RULE, None, INCIDENT, Offer(key, a_test(key)))


def key_of(world: World) -> str:
    data = world.sim.store.get(SECRETS, "prod", "mistral")["data"]
    return base64.b64decode(data["api-key"]).decode()


def restarted(world: World) -> bool:
    return workload.restarted_at(world.sim.deployment) is not None


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("point", range(WRITES))
async def test_a_kill_at_every_journal_point_is_settled_on_resume(
    world: World, tmp_path: Path, point: int, after: bool
) -> None:
    async with rotating(world, tmp_path) as console:
        await console.open()
        plan = await planned(console)
        assert (plan.before, plan.after) == (OLD_NAME, NEW_NAME)
        dead = dying(console, point, after)
        with contextlib.suppress(asyncio.CancelledError):
            await console.operations.approve(plan)
        await console.until(lambda: dead() or not console.operations.busy)
        # The rollout may be seen in one step less: then the last write was the one before, and all is done.
        done = point == WRITES - 1 and all(one.verdict for one in console.incident.mitigations)
        assert dead() or done, "it makes fewer writes than this says"
    async with rotating(world, tmp_path) as console:
        await console.resume()
        assert console.incident.unsettled == ()
        await console.rest()
        made = console.incident.mitigations
        assert len(made) == (0 if point == 0 and not after else 1)
        for change in made:
            truth = {KEY: "not applied", NEW: "applied" if restarted(world) else "stored"}[key_of(world)]
            assert change.outcome == truth
            assert bool(change.verdict) is (truth == "applied")
    _assert_kept_no_key(tmp_path)


def _assert_kept_no_key(folder: Path) -> None:
    assert verify(folder, INCIDENT).whole
    for path in folder.rglob("journal.jsonl"):
        assert not [key for key in (KEY, NEW) if key[:8] in path.read_text()]
