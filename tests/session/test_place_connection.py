"""The connection to the shared place, over a place in memory that somebody else fills, or that is faulty."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.sharing.lines import INCIDENT, drafted, timeless
from tests.sharing.support import Client, Page, Server, error, passes, until
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import Reason
from tui.model.incident import Kind
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine
from tui.record.reading import read
from tui.session.errors import SessionError
from tui.session.identity import Identity
from tui.session.place_connection import PlaceConnection
from tui.settings import Settings
from tui.settings.structs import Sharing


class Faulty(Client):
    """A place whose answers are more than we can bear, as often as is said, and may be waited for."""

    faults = 0
    answers: asyncio.Event | None = None

    async def pages(self, incident: str) -> AsyncGenerator[Page, None]:
        if self.answers is not None:
            await self.answers.wait()
        async for page in super().pages(incident):
            yield page

    async def overview(self) -> tuple[FoundLine, ...]:
        if self.faults:
            self.faults -= 1
            raise TypeError
        return await super().overview()


@dataclass
class Opened:
    entries: Faulty


@dataclass
class Place:
    """`SharedPlace`, as far as it is needed here."""

    entries: Faulty
    words: str = "leeward in home"
    administrators: str = ""
    away: bool = False

    async def open(self) -> Opened:
        if self.away:
            raise error(Reason.UNREACHABLE)
        return Opened(self.entries)

    async def whoami(self) -> str:
        return "ana"


class Connection(PlaceConnection):
    """It has an incident open, so that leases are heard elsewhere."""

    _is_idle = False  # type: ignore[assignment]


def connection(place: Place, folder: Path, clock: ManualClock) -> Connection:
    settings = Settings(sharing=Sharing(namespace="leeward"))
    made = Connection(settings, Identity(""), folder, clock, Redactor(), Random(1), lambda: None)
    made._place = place  # type: ignore[assignment]
    return made


@contextlib.asynccontextmanager
async def kept_open(one: Connection) -> AsyncIterator[None]:
    task = asyncio.create_task(one._keep_open())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def filled() -> Faulty:
    server = Server()
    server.create(drafted("0", Kind.DECLARED, "declared", title="Rate limited"))
    return Faulty(server)


async def test_what_somebody_else_put_there_ends_no_looking(tmp_path: Path) -> None:
    clock, entries = ManualClock(), filled()
    entries.server.create(timeless("b", Kind.DECLARED, title="t"))
    one = connection(Place(entries), tmp_path, clock)
    async with kept_open(one):
        await until(clock, lambda: one.shared)
        assert [(shared.id, shared.title) for shared in one.shared] == [(INCIDENT, "Rate limited")]
        assert not one.away


async def test_a_fault_of_ours_is_told_and_the_place_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, entries = ManualClock(), filled()
    entries.faults = 2
    one = connection(Place(entries), tmp_path, clock)
    async with kept_open(one):
        await until(clock, lambda: one.away)
        assert one._refused is not None
        assert "a fault of Leeward's (TypeError)" in one._refused.said
        await passes(clock, 5)
        assert [shared.id for shared in one.shared] == [INCIDENT]
        assert not one.away
    assert "failed with TypeError" in caplog.text


async def test_looking_before_declaring_fails_with_nothing(tmp_path: Path) -> None:
    entries = filled()
    entries.faults = 1
    one = connection(Place(entries), tmp_path, ManualClock())
    one._open.set()
    await one.look_again()
    assert one.shared == ()
    await one.look_again()
    assert [shared.id for shared in one.shared] == [INCIDENT]


def joining(entries: Faulty, folder: Path) -> Connection:
    one = connection(Place(entries), folder, ManualClock())
    one._open.set()
    return one


async def test_two_consoles_of_one_machine_join_an_incident_at_once(tmp_path: Path) -> None:
    entries, slow = filled(), filled()
    slow.answers = asyncio.Event()
    one, two = joining(slow, tmp_path), joining(entries, tmp_path)
    first = asyncio.create_task(one.bring(INCIDENT, here=False))
    await until(ManualClock(), (tmp_path / "incidents" / INCIDENT).exists)
    await asyncio.sleep(0.1)
    await two.bring(INCIDENT, here=False)
    slow.answers.set()
    await first
    assert len(read(tmp_path, INCIDENT).entries) == 1


async def test_who_gives_up_to_join_takes_nothing_from_who_goes_on(tmp_path: Path) -> None:
    slow = filled()
    slow.answers = asyncio.Event()
    one, two = joining(slow, tmp_path), joining(filled(), tmp_path)
    two._place.away = True  # type: ignore[union-attr]
    folder = tmp_path / "incidents" / INCIDENT
    first = asyncio.create_task(one.bring(INCIDENT, here=False))
    await until(ManualClock(), folder.exists)
    await asyncio.sleep(0.1)
    with pytest.raises(SessionError, match="unreachable"):
        await two.bring(INCIDENT, here=False)
    assert folder.exists()
    slow.answers.set()
    await first
    assert len(read(tmp_path, INCIDENT).entries) == 1


async def test_of_what_could_not_be_joined_nothing_stays(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="There is no incident"):
        await joining(Faulty(Server()), tmp_path).bring(INCIDENT, here=False)
    assert not (tmp_path / "incidents" / INCIDENT).exists()
