"""A place in the simulated cluster, and one in a real cluster where one is named."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.place import Place, place_in
from tui.drill.kubernetes import Cluster, KubeApi, Pace

NAMED = "LEEWARD_CLUSTER_KUBECONFIG"
QUICK = Pace(ready_s=0.1, stop_s=0.05, react_s=0.005)


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.cluster)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A namespace with the deployment in it.

    A real cluster is any that `LEEWARD_CLUSTER_KUBECONFIG` (and `LEEWARD_CLUSTER_CONTEXT`) leads an
    administrator to; its pods run `LEEWARD_CLUSTER_IMAGE`.
    """
    if request.param == "real":
        async with place_in(*named_cluster(), tmp_path) as made:
            yield made
        return
    served = KubeApi(Cluster("the drill's own", pace=QUICK))
    await served.start()
    try:
        kubeconfig = tmp_path / "kubeconfig-admin"
        kubeconfig.write_text(served.kubeconfig("admin"))
        image = "registry.example/mistral-service:1.0.0"
        async with place_in(kubeconfig, "", image, tmp_path, give_up_s=2) as made:
            yield made
    finally:
        await served.stop()


def named_cluster() -> tuple[Path, str, str]:
    """Kubeconfig, context and image of the cluster that is named; skips the test where none is."""
    named = os.environ.get(NAMED)
    if not named:
        pytest.skip(f"{NAMED} names no cluster")
    image = os.environ.get("LEEWARD_CLUSTER_IMAGE", "registry.k8s.io/pause:3.10")
    return Path(named).expanduser(), os.environ.get("LEEWARD_CLUSTER_CONTEXT", ""), image
