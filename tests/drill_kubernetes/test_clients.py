"""Clients that nobody here wrote: every kubectl that is there, and the dynamic client of kubernetes.aio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK
from tests.support.real import require
from tui.drill.kubernetes import Cluster, KubeApi

Kubectl = Callable[..., Awaitable[tuple[int, str, str]]]
OTHERS = [path for path in os.environ.get("LEEWARD_KUBECTLS", "").split(":") if path]
PROGRAMS = [*OTHERS, *(["kubectl"] if shutil.which("kubectl") or not OTHERS else [])]
POLICY = {
    "metadata": {"name": "deny-all-egress", "namespace": "prod"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[KubeApi]:
    cluster = Cluster(KEY, pace=QUICK, policies=[POLICY], autoscaler=(3, 12))
    served = KubeApi(cluster)
    await served.start()
    for user in ("responder", "viewer", "expired"):
        (tmp_path / user).write_text(served.kubeconfig(user))
    yield served
    await served.stop()


@pytest.fixture(params=PROGRAMS)
def kubectl(request: pytest.FixtureRequest, world: KubeApi, tmp_path: Path) -> Kubectl:
    """Runs kubectl against the world: exit status, stdout, stderr."""
    program = request.param if "/" in request.param else require(request.param)

    async def run(*words: str, user: str = "responder", seconds: float = 90) -> tuple[int, str, str]:
        files = [tmp_path / "stdout", tmp_path / "stderr"]
        with files[0].open("wb") as out, files[1].open("wb") as err:
            environ = {"KUBECONFIG": str(tmp_path / user), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
            child = await asyncio.create_subprocess_exec(program, *words, stdout=out, stderr=err, env=environ)
            try:
                await asyncio.wait_for(child.wait(), seconds)
            except TimeoutError:
                pass
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        said = [file.read_text() for file in files]
        return child.returncode or 0, said[0], said[1]

    return run


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what a program writes has no event
            await asyncio.sleep(0.02)


TARGET = "deployment/mistral-service"


@pytest.mark.real
async def test_kubectl_reads(kubectl: Kubectl, world: KubeApi) -> None:
    world.cluster.record_event("Unhealthy", "Readiness probe failed")
    code, out, err = await kubectl("get", "deployments,pods,rs,hpa")
    assert (code, err) == (0, "")
    assert "3/3" in out
    assert out.count("Running") == 3
    assert "Deployment/mistral-service" in out
    code, out, err = await kubectl("get", "events")
    assert (code, err) == (0, "")
    assert "LAST SEEN" in out
    assert "Readiness probe failed" in out
    code, out, err = await kubectl("get", "networkpolicy", "-A")
    assert (code, err) == (0, "")
    assert "deny-all-egress" in out
    code, out, _ = await kubectl("get", TARGET, "-o", "yaml")
    assert code == 0
    assert "MAX_CONCURRENT_MISTRAL" in out


@pytest.mark.real
async def test_kubectl_sets_a_variable_follows_the_rollout_and_unsets_it(
    kubectl: Kubectl, world: KubeApi
) -> None:
    code, out, err = await kubectl("set", "env", TARGET, "MISTRAL_FALLBACK=true")
    assert (code, out.strip(), err) == (0, "deployment.apps/mistral-service env updated", "")
    code, out, err = await kubectl("rollout", "status", TARGET, "--timeout=15s")
    assert (code, err) == (0, "")
    assert out.strip().endswith("successfully rolled out")
    assert {pod.env["MISTRAL_FALLBACK"] for pod in world.cluster.pods()} == {"true"}
    code, _, err = await kubectl("set", "env", TARGET, "MISTRAL_FALLBACK-")
    assert (code, err) == (0, "")
    await kubectl("rollout", "status", TARGET, "--timeout=15s")
    assert all("MISTRAL_FALLBACK" not in pod.env for pod in world.cluster.pods())


@pytest.mark.real
async def test_kubectl_restarts_and_goes_back(kubectl: Kubectl, world: KubeApi) -> None:
    before = {pod.name for pod in world.cluster.pods()}
    for words in (("restart",), ("status", "--timeout=15s"), ("undo",), ("status", "--timeout=15s")):
        code, _, err = await kubectl("rollout", *words, TARGET)
        assert (code, err) == (0, "")
    assert not before & {pod.name for pod in world.cluster.pods()}
    code, out, _ = await kubectl("rollout", "history", TARGET)
    assert [line.split()[0] for line in out.splitlines()[2:] if line] == ["2", "3"]
    assert code == 0


@pytest.mark.real
async def test_kubectl_reads_logs(kubectl: Kubectl, world: KubeApi) -> None:
    now = world.cluster.now()
    world.cluster.log_source = lambda pod, _since: [(now, f"one {pod}"), (now, f"two {pod}")]
    code, out, _ = await kubectl("logs", "deploy/mistral-service", "--tail=1")
    assert code == 0
    assert out.startswith("two mistral-service-")


@pytest.mark.real
async def test_kubectl_asks_what_it_may(kubectl: Kubectl) -> None:
    assert (await kubectl("auth", "can-i", "patch", "deployments.apps"))[1].strip() == "yes"
    code, out, _ = await kubectl("auth", "can-i", "patch", "deployments.apps", user="viewer")
    assert (code, out.strip()) == (1, "no")


@pytest.mark.real
async def test_kubectl_dry_runs_on_the_server(kubectl: Kubectl, world: KubeApi) -> None:
    before = world.cluster.deployment
    code, out, err = await kubectl("set", "env", TARGET, "MISTRAL_FALLBACK=true", "--dry-run=server")
    assert (code, err) == (0, "")
    assert "server dry run" in out
    assert world.cluster.deployment == before


@pytest.mark.real
async def test_kubectl_is_told_why_not(kubectl: Kubectl) -> None:
    _, _, err = await kubectl("get", "pods", user="expired")
    assert "You must be logged in to the server" in err
    _, _, err = await kubectl("set", "env", TARGET, "A=b", user="viewer")
    assert (
        'User "viewer" cannot patch resource "deployments" in API group "apps" in the namespace "prod"' in err
    )
    _, _, err = await kubectl("get", "deployment", "nope")
    assert 'Error from server (NotFound): deployments.apps "nope" not found' in err


@pytest.mark.real
async def test_kubectl_watches(kubectl: Kubectl, world: KubeApi, tmp_path: Path) -> None:
    told = tmp_path / "stdout"
    watching = asyncio.create_task(kubectl("get", "pods", "-w"))
    await until(lambda: told.exists() and told.read_text().count("Running") >= 3)
    world.cluster.set_env("MISTRAL_FALLBACK", "true")
    await until(lambda: {"ContainerCreating", "Terminating"} <= set(told.read_text().split()))
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    out = told.read_text()
    assert "ContainerCreating" in out
    assert "Terminating" in out
    assert out.count("NAME") == 1


@pytest.mark.real
async def test_kubectl_says_that_a_rollout_is_stuck(kubectl: Kubectl, tmp_path: Path) -> None:
    served = KubeApi(Cluster(KEY, pace=QUICK, deadline_s=1))
    await served.start()
    try:
        (tmp_path / "stuck").write_text(served.kubeconfig())
        served.cluster.break_new_pods("crash")
        served.cluster.set_env("MISTRAL_FALLBACK", "true")
        code, _, err = await kubectl("rollout", "status", TARGET, "--timeout=60s", user="stuck")
    finally:
        await served.stop()
    assert code == 1
    assert "exceeded its progress deadline" in err


async def test_the_dynamic_client_reads_patches_and_watches(world: KubeApi, tmp_path: Path) -> None:
    from kubernetes.aio import config
    from kubernetes.aio.dynamic import DynamicClient
    from kubernetes.aio.dynamic.exceptions import ForbiddenError

    async def resource(user: str, kind: str, version: str) -> tuple[Any, Any]:
        api = await config.new_client_from_config(config_file=str(tmp_path / user))
        dynamic = await DynamicClient(api, cache_file=str(tmp_path / f"{user}.cache"))
        return api, await dynamic.resources.get(api_version=version, kind=kind)

    api, deployments = await resource("responder", "Deployment", "apps/v1")
    viewer, seen = await resource("viewer", "Deployment", "apps/v1")
    try:
        found = (await deployments.get(name="mistral-service", namespace="prod")).to_dict()
        assert found["status"]["availableReplicas"] == 3
        container = {"name": "mistral-service", "env": [{"name": "MISTRAL_FALLBACK", "value": "true"}]}
        patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
        options = {"name": "mistral-service", "namespace": "prod", "body": patch,
                   "content_type": "application/strategic-merge-patch+json"}  # fmt: skip
        dry = (await deployments.patch(**options, dry_run="All", field_manager="leeward")).to_dict()
        assert dry["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]
        assert dry["metadata"]["managedFields"][-1]["manager"] == "leeward"
        with pytest.raises(ForbiddenError):
            await seen.patch(**options)
        await deployments.patch(**options, field_manager="leeward")
        version = found["metadata"]["resourceVersion"]
        reasons = []
        async for event in deployments.watch(namespace="prod", resource_version=version, timeout=60):
            conditions = event["raw_object"]["status"]["conditions"]
            reasons.append(conditions[-1]["reason"])
            if "ReplicaSetUpdated" in reasons and reasons[-1] == "NewReplicaSetAvailable":
                break
        assert "ReplicaSetUpdated" in reasons
        assert reasons[-1] == "NewReplicaSetAvailable"
    finally:
        await api.close()
        await viewer.close()
