"""A shared place on loopback, and its clients."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.shared.stub import SharedStub
from tui.clients.leases import Leases
from tui.clients.shared_entries import SharedEntries
from tui.clients.shared_place import SharedPlace
from tui.model.redaction import Redactor


@pytest.fixture
async def stub() -> AsyncIterator[SharedStub]:
    server = SharedStub()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def place(stub: SharedStub, tmp_path: Path) -> AsyncIterator[SharedPlace]:
    made = SharedPlace(stub.shared(tmp_path), Redactor(), 30.0)
    yield made
    await made.close()


@pytest.fixture
async def entries(place: SharedPlace) -> SharedEntries:
    return (await place.open()).entries


@pytest.fixture
async def leases(place: SharedPlace) -> Leases:
    return (await place.open()).leases
