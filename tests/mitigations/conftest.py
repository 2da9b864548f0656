"""A stub of the API server, a connection to it, and the runbook's three changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.api_stub import ApiStub
from tui.clients.cluster import Cluster
from tui.model.runbook import Runbook
from tui.runbooks import load


@pytest.fixture(scope="session")
def runbook() -> Runbook:
    return load(None)


@pytest.fixture
async def stub() -> AsyncIterator[ApiStub]:
    server = ApiStub()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def cluster(stub: ApiStub, tmp_path: Path) -> AsyncIterator[Cluster]:
    connected = await Cluster.connect(stub.settings(tmp_path), 2.0)
    yield connected
    await connected.close()
