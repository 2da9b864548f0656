"""One console is parted from the shared place for a while, and both work on: afterwards they agree."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

from msgspec import structs

from tests.session.test_together import commanders, console, diagnosed, has, live, of, opened, same
from tests.support.drills import ENVIRON, drill, settings_for, until
from tests.support.partition import Partition, partition
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.model.sharing import Link
from tui.record.verification import verify
from tui.session.session import Session


@contextlib.asynccontextmanager
async def behind(world: Drill, folder: Path) -> AsyncIterator[tuple[Session, Partition]]:
    """A console whose way to the shared place, and to nothing else, can be cut."""
    loaded = settings_for(world)
    async with partition(world.kubernetes.address) as way:
        folder.mkdir(parents=True)
        kubeconfig = folder / "shared.kubeconfig"
        kubeconfig.write_text(way.leads(world.kubernetes.kubeconfig("responder")))
        sharing = structs.replace(loaded.settings.sharing, kubeconfig=str(kubeconfig))
        parted = replace(loaded, settings=structs.replace(loaded.settings, sharing=sharing))
        session = Session(parted, clock=SystemClock(), environ=ENVIRON, state_dir=folder, rng=Random(5))
        await session.start()
        try:
            yield session, way
        finally:
            await session.stop()


async def test_both_take_command_and_the_one_whose_lease_did_not_stand_says_so(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "b", 2) as bo:
        incident = await opened(bo)
        async with behind(world, tmp_path / "a") as (ana, way):
            await until(ana, diagnosed)
            await ana.join(incident)
            await until(ana, lambda s: live(s) and s.sharing and s.sharing.others)
            await way.refuse()
            await until(ana, lambda s: s.sharing and s.sharing.link is Link.AWAY)
            await ana.take_command("ana")
            await ana.note("while nobody heard")
            assert ana.snapshot.incident is not None
            assert ana.snapshot.incident.commander == "ana"
            await bo.take_command()
            await bo.note("meanwhile")
            await way.accept()
            ana.refresh()
            await until(ana, has("while nobody heard", "meanwhile"), 90)
            await until(bo, has("while nobody heard", "meanwhile"), 90)
            await until(bo, lambda s: any(e.data.get("overruled") for e in of(s, Kind.COMMANDER)), 90)
            await same(ana, bo)
            for one in (ana, bo):
                seen = one.snapshot
                assert seen.incident is not None
                assert seen.sharing is not None
                assert seen.sharing.command is not None
                assert seen.incident.commander == seen.sharing.command.name != "ana", commanders(seen)
    for machine in "ab":
        assert verify(tmp_path / machine, incident).whole
