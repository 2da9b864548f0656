"""What was practised stays practice: a drill's incidents are flagged, and offered in drills alone."""

import dataclasses
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.support.drills import ENVIRON, drill, session_on, settings_for
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.record.reading import list_incidents
from tui.session.errors import SessionError
from tui.session.session import Session


def real(world: Drill, state_dir: Path) -> Session:
    """A session as production has it: nothing says that its world is simulated."""
    loaded = settings_for(world)
    settings = msgspec.structs.replace(loaded.settings, drill=False)
    return Session(
        dataclasses.replace(loaded, settings=settings),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=state_dir,
        rng=Random(11),
    )


async def test_an_incident_is_resumed_in_its_own_world_alone(tmp_path: Path) -> None:
    async with drill("healthy") as world:
        async with session_on(world, tmp_path) as practising:
            practised = await practising.note("practised")
            drilled = practising.snapshot.incident
        production = real(world, tmp_path)
        await production.start()
        assert drilled is not None and drilled.drill and practised.text == "practised"
        assert production.snapshot.open_incidents == ()
        with pytest.raises(SessionError, match="is a drill's, and this is none"):
            await production.resume(drilled.id)
        await production.note("real")
        happened = production.snapshot.incident
        await production.stop()
        assert happened is not None and not happened.drill
        async with session_on(world, tmp_path) as practising:
            assert [left.id for left in practising.snapshot.open_incidents] == [drilled.id]
            with pytest.raises(SessionError, match="is real, and this is a drill"):
                await practising.resume(happened.id)
            assert (await practising.resume(drilled.id)).drill
    flags = {listed.incident.id: listed.incident.drill for listed in list_incidents(tmp_path)}
    assert flags == {drilled.id: True, happened.id: False}
