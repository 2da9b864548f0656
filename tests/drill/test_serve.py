"""The assembled world: the cluster's pods and the model of traffic are one."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.drill.conftest import run
from tests.support.real import require
from tui.drill.scenarios import SCENARIOS
from tui.drill.serve import Drill
from tui.drill.serve import run as run_world
from tui.drill.servers.base import Fault, Misbehaviour
from tui.drill.traffic import is_faulty


@pytest.fixture
async def drill() -> AsyncIterator[Callable[[str], object]]:
    """A function that starts a world in this process, with its clock running."""
    async with AsyncExitStack() as stack:

        async def start(scenario: str) -> Drill:
            made = Drill(SCENARIOS[scenario], seed=3, speed=20)
            stack.push_async_callback(made.stop)
            await made.start()
            until = asyncio.Event()
            task = asyncio.create_task(made.live(until))

            async def end() -> None:
                until.set()
                await task

            stack.push_async_callback(end)
            return made

        yield start


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what comes true has no event
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_scenario_serves_and_leaves_nothing_behind(name: str) -> None:
    told: dict[str, str] = {}
    end = asyncio.Event()

    def ready(addresses: dict[str, str]) -> None:
        told.update(addresses)
        end.set()

    await run_world(name, 3, 20, ready, end)
    assert told["scenario"] == name
    assert not Path(told["config"]).parent.exists()


async def test_an_unknown_scenario_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        await run_world("nothing", 1, 1, lambda _: None, asyncio.Event())


async def test_pods_use_the_key_of_their_secret_as_it_was_when_they_started(drill) -> None:
    world = await drill("bad-key")
    ours, candidate = world.world.keys.ours, world.world.keys.candidate
    assert {pod.env["MISTRAL_API_KEY"] for pod in world.cluster.pods()} == {ours}
    world.cluster.set_key(candidate)
    await asyncio.sleep(0.3)
    assert {pod.env["MISTRAL_API_KEY"] for pod in world.cluster.pods()} == {ours}
    world.cluster.set_env("RESTARTED", "1")
    await until(lambda: {pod.env["MISTRAL_API_KEY"] for pod in world.cluster.pods()} == {candidate})
    await until(lambda: world.world.recent().mistral_errors < 1)


@pytest.mark.real
async def test_kubectl_rolls_the_bad_deployment_back(drill) -> None:
    kubectl = require("kubectl")
    world = await drill("app-fault")
    assert all(is_faulty(pod) and pod.revision == 2 for pod in world.cluster.pods())
    argv = (kubectl, f"--kubeconfig={world.addresses['kubeconfig']}", "-n", "prod")
    code, out, err = await run(*argv, "rollout", "history", "deployment/mistral-service")
    assert code == 0 and "release 2.4.0" in out, err
    code, _, err = await run(*argv, "rollout", "undo", "deployment/mistral-service")
    assert code == 0, err
    await until(lambda: not any(is_faulty(pod) for pod in world.cluster.pods()))


async def test_the_clusters_events_tell_of_the_trouble(drill) -> None:
    world = await drill("rate-limited")
    config = tomllib.loads(Path(world.addresses["config"]).read_text())
    assert config["kubernetes"]["kubeconfig"] == world.addresses["kubeconfig"]
    headers = {"Authorization": f"Bearer {world.kubernetes.token()}"}
    async with httpx.AsyncClient(verify=False, trust_env=False) as client:
        url = f"{world.addresses['kubernetes']}/api/v1/namespaces/prod/events"
        events = (await client.get(url, headers=headers)).json()["items"]
    assert "RateLimited" in {event["reason"] for event in events}


async def test_one_server_can_fail_while_the_others_answer(drill) -> None:
    world = await drill("healthy")
    world.prometheus.fault = Fault(Misbehaviour.HANG)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{world.prometheus.address}/-/ready", timeout=httpx.Timeout(30, read=0.3))
        assert (await client.get(f"{world.service.address}/health")).status_code == 200
