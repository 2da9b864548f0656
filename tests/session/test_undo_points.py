"""An undo whose console dies around its intent and its outcome: settled on resume by what the cluster has."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.session.test_matrix import REVERSIBLE, dying
from tests.support.consoles import BAD, INCIDENT, console_on
from tests.support.rows import ROWS
from tui.record.verification import verify


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK, revisions=(BAD,), env={"APP_VERSION": "2.3.1"}) as made:
        yield made


def spec(world: World) -> str:
    return json.dumps(world.sim.deployment["spec"], sort_keys=True)


@pytest.mark.parametrize(("point", "after"), [(0, True), (1, False), (1, True), (2, True)])
@pytest.mark.parametrize("name", REVERSIBLE)
async def test_a_kill_in_an_undo_is_settled_on_resume(
    world: World, tmp_path: Path, name: str, point: int, after: bool
) -> None:
    before = spec(world)
    async with console_on(world, tmp_path) as console:
        await console.open()
        await console.operations.approve(await ROWS[name].plan(console))
        await console.rest()
        changed = spec(world)
        undo = await console.operations.preview_undo(INCIDENT, console.last)
        dead = dying(console, point, after)
        with contextlib.suppress(asyncio.CancelledError):
            await console.operations.approve(undo)
        await console.until(lambda: dead() or not console.operations.busy)
        assert dead(), "an undo makes fewer writes than this says"
    async with console_on(world, tmp_path) as console:
        await console.resume()
        assert console.incident.unsettled == ()
        await console.rest()
        change, taken_back = console.incident.mitigations
        assert taken_back.outcome in ("applied", "not applied")
        assert change.undone is (taken_back.outcome == "applied")
        assert spec(world) == (before if change.undone else changed)
        if not change.undone:
            assert (await console.operations.preview_undo(INCIDENT, change)).undoes == change.intent
    assert verify(tmp_path, INCIDENT).whole
