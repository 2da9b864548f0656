"""The connection to the shared place, over a place in memory that somebody else fills, or that is faulty."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.sharing.lines import INCIDENT, drafted, timeless
from tests.sharing.support import Client, Server, passes, until
from tests.support.clock import ManualClock
from tui.model.incident import Kind
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine
from tui.session.identity import Identity
from tui.session.place_connection import PlaceConnection
from tui.settings import Settings
from tui.settings.structs import Sharing


class Faulty(Client):
    """A place whose answers are more than we can bear, as often as is said."""

    faults = 0

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

    async def open(self) -> Opened:
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
    server.create(drafted("a", Kind.DECLARED, "declared", title="Rate limited"))
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
