"""A stub of the API server and a connection to it, as fixtures for the rooms that test against it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.api_stub import ApiStub
from tui.clients.cluster import Cluster

__all__ = ["cluster", "stub"]


@pytest.fixture
async def stub() -> AsyncIterator[ApiStub]:
    server = ApiStub()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def cluster(stub: ApiStub, tmp_path: Path) -> AsyncIterator[Cluster]:
    connected = await Cluster.connect(stub.settings(tmp_path), 30.0)
    yield connected
    await connected.close()
