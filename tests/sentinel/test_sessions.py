"""Sentinels through a session, for every store: refused with an echo of all values, and then stored."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.clients.secrets.benches import OTHER as FIELD
from tests.clients.secrets.benches import bench
from tests.clients.secrets.conftest import account, credentials, moto
from tests.sentinel.watching import guard, in_chain, in_files, in_record, seen
from tests.sentinel.worlds import beside, echo, echoing, once, operate
from tests.session.test_keys import armed, asked_with
from tests.support.drills import ENVIRON, drill, until
from tests.support.vault_server import TOKEN
from tui.cli import crash
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.secret import Secret
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import load

__all__ = ["account", "credentials", "moto"]
STORES = ("kubernetes", "vault", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("aws", "gcp")))


@dataclass(slots=True)
class Place:
    """A world, a session on it, the store that it writes to, and all that must never be seen."""

    world: Drill
    session: Session
    state: Path
    values: tuple[str, ...]

    @property
    def candidate(self) -> Secret:
        return Secret(self.world.world.keys.candidate)


@asynccontextmanager
async def session_on(config: Path, state: Path) -> AsyncIterator[Session]:
    """A session on these settings, started; stopped on leaving."""
    made = Session(
        load(config, ENVIRON),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=state / "leeward",
        rng=Random(7),
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture(params=STORES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Its next write of the key is refused with every value; the ones after it are as ever."""
    async with drill("bad-key", speed=60) as world:
        values = (*guard(world), FIELD, TOKEN)
        if request.param == "kubernetes":
            once(world, "/secrets/", echoing(values))
            async with session_on(Path(world.addresses["config"]), tmp_path / "state") as session:
                yield Place(world, session, tmp_path / "state", values)
            return
        moto_url = request.getfixturevalue("moto") if request.param == "aws" else ""
        async with bench(request.param, moto_url) as (store, way):
            store.somebody_writes(world.world.keys.ours)
            way.fault(store.writes, (400, echo(values), "application/json"))
            config = beside(world, store.named, tmp_path)
            operator = asyncio.create_task(operate(world, store))
            async with session_on(config, tmp_path / "state") as session:
                yield Place(world, session, tmp_path / "state", values)
            operator.cancel()


async def test_refused_with_an_echo_and_then_stored_it_is_nowhere(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session, shown = place.session, []
    session.subscribe(lambda snapshot: shown.append(repr(snapshot)))
    await armed(session)
    await session.current_key()
    caplog.clear()  # until here the store's own client in this test logged, too
    await session.approve(await session.preview_rotation(place.candidate))
    await until(session, lambda now: not now.running and outcomes(now) == ["refused"])
    plan = await session.preview_rotation(place.candidate)
    await session.approve(plan)
    await until(session, lambda now: not now.running and outcomes(now) == ["refused", "applied"], 120)
    await until(session, lambda now: asked_with(now) == place.candidate.fingerprint)
    assert place.world.cluster.key() == place.candidate.reveal()
    with pytest.raises(SessionError, match="would leave production without a working key") as refused:
        await session.preview_undo()
    await session.note(f"pasted: {' '.join(place.values[:2])}")
    incident = session.snapshot.incident
    assert incident is not None
    assert in_chain(refused.value, place.values) == []
    assert len(shown) > 5
    assert seen("".join(shown) + repr(plan), place.values) == []
    assert seen(caplog.text, place.values) == []
    kept_of_crash = crash.keep(_told(place.values[:2]), {"XDG_STATE_HOME": str(place.state)})
    assert kept_of_crash is not None
    await session.postmortem()
    assert in_files(place.state, place.values) == []
    assert in_record(place.state, incident.id, place.values) == []


def outcomes(snapshot: Snapshot) -> list[str]:
    """What became of each change of the incident."""
    return [change.outcome for change in snapshot.incident.mitigations] if snapshot.incident else []


def _told(keys: tuple[str, ...]) -> Exception:
    """A fault that nobody foresaw, with both keys in its words."""
    return RuntimeError(f"never foreseen: {keys}")
