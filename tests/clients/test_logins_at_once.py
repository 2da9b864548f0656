"""Several logins of one process at the same time: to the cluster that is mended, and to the shared place."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from tests.drill_kubernetes.conftest import KEY, QUICK
from tui.clients import cluster_login
from tui.clients.cluster import ClusterDoor
from tui.clients.shared_place import SharedPlace
from tui.drill.kubernetes import Cluster, KubeApi
from tui.settings import Kubernetes, Settings, Sharing

AT_ONCE = 12


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    """Both in one cluster, whose kubeconfig carries the certificate authority, as most do."""
    api = KubeApi(Cluster(KEY, pace=QUICK, shared="home"))
    await api.start()
    (tmp_path / "kubeconfig").write_text(api.kubeconfig())
    where = Kubernetes(kubeconfig=str(tmp_path / "kubeconfig"), deployment="mistral-service")
    yield Settings(kubernetes=where, sharing=Sharing(namespace="home"))
    await api.stop()


async def test_none_takes_away_what_another_reads(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    doors = [ClusterDoor(settings.kubernetes) for _ in range(AT_ONCE)]
    places = [SharedPlace(settings) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*(one.open() for one in doors), *(one.open() for one in places))
        assert {await one.whoami() for one in places} == {"responder"}
    finally:
        await asyncio.gather(*(one.close() for one in doors), *(one.close() for one in places))
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_one_that_is_given_up_in_the_middle_leaves_no_connection(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, let_go, closed = threading.Event(), threading.Event(), []

    class Slow(ApiClient):
        def __init__(self, configuration: Configuration) -> None:
            begun.set()
            let_go.wait(60)
            super().__init__(configuration)

        async def close(self) -> None:
            closed.append(self)
            await super().close()  # type: ignore[no-untyped-call]

    monkeypatch.setattr(cluster_login, "ApiClient", Slow)
    place = SharedPlace(settings)
    opening = asyncio.create_task(place.open())
    assert await asyncio.to_thread(begun.wait, 60)
    closing = asyncio.create_task(place.close())
    await asyncio.sleep(0)
    let_go.set()
    await closing
    await asyncio.gather(opening, return_exceptions=True)
    assert len(closed) == 1
