"""Two logins, one incident: the record has their own names, also where one of them expires in the midst."""

from dataclasses import replace
from pathlib import Path
from random import Random

from msgspec import structs

from tests.session.test_together import diagnosed, has, live, of, opened, same
from tests.support.drills import ENVIRON, drill, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.model.sharing import Link
from tui.record.verification import verify
from tui.session.session import Session
from tui.settings import load


def of_login(world: Drill, folder: Path, config: str, responder: str) -> Session:
    """A console of one of the world's logins, whose settings call the person something else."""
    loaded = load(Path(str(world.addresses[config])), ENVIRON)
    incidents = structs.replace(loaded.settings.incidents, responder=responder)
    settings = structs.replace(loaded.settings, incidents=incidents)
    return Session(
        replace(loaded, settings=settings),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=folder,
        rng=Random(responder),
    )


async def test_a_login_that_expires_stops_nobody_and_all_agree_afterwards(
    tmp_path: Path,
) -> None:
    async with drill("rate-limited") as world:
        ana = of_login(world, tmp_path / "a", "config", "the boss")
        bo = of_login(world, tmp_path / "b", "second_config", "somebody")
        await ana.start()
        await bo.start()
        try:
            incident = await opened(ana)
            await until(bo, diagnosed)
            await bo.join(incident)
            for one in (ana, bo):
                await until(one, lambda s: live(s) and s.sharing and s.sharing.others)
            world.kubernetes.expire("responder")
            await ana.note("with a login that is over")
            seen = await until(ana, lambda s: s.sharing and s.sharing.link is Link.REFUSED)
            assert seen.sharing is not None
            assert "expired" in seen.sharing.said
            assert seen.sharing.unsent > 0
            await bo.note("meanwhile")
            await bo.take_command()
            # Logged in again.
            Path(str(world.addresses["kubeconfig"])).write_text(world.kubernetes.kubeconfig("responder"))
            ana.refresh()
            await until(ana, has("meanwhile"), 60)
            await until(bo, has("with a login that is over"), 60)
            await until(ana, live, 60)
            names = {entry.text: entry.actor for entry in of(bo.snapshot, Kind.NOTE)}
            assert (names["with a login that is over"], names["meanwhile"]) == ("responder", "ada")
            await bo.resolve("it is over, as said")
            await until(ana, lambda s: s.incident and not s.incident.open)
            await same(ana, bo)
        finally:
            await ana.stop()
            await bo.stop()
    for machine in "ab":
        assert verify(tmp_path / machine, incident).whole
