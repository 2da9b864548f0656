"""Several logins of one process at the same time: to the cluster that is mended, and to the shared place."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK
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
