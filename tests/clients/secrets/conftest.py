"""The stores' servers on loopback, and credentials that no real store knows."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.secrets.benches import Bench, bench
from tests.support import gcp_server
from tests.support.between import Between


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """AWS as moto has it, in a thread."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> str:
    return gcp_server.login(tmp_path_factory.mktemp("gcp"))


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account: str) -> None:
    """Those of this machine are out of sight."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "VAULT_ADDR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", account)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=["aws", "gcp", "vault"])
async def each(request: pytest.FixtureRequest, moto: str) -> AsyncIterator[tuple[Bench, Between]]:
    """Every store, one after the other, with what stands before its server."""
    async with bench(request.param, moto) as made:
        yield made


@pytest.fixture
async def aws(moto: str) -> AsyncIterator[tuple[Any, Between]]:
    async with bench("aws", moto) as made:
        yield made


@pytest.fixture
async def gcp() -> AsyncIterator[tuple[Any, Between]]:
    async with bench("gcp", "") as made:
        yield made


@pytest.fixture
async def vault() -> AsyncIterator[tuple[Any, Between]]:
    async with bench("vault", "") as made:
        yield made
