"""The proxy that partitions consoles from the simulated server does what it says."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
import yaml

from tests.drill_kubernetes.test_shared import ENTRIES, entry, shared
from tests.support.partition import Partition, partition
from tui.drill.kubernetes import KubeApi

__all__ = ["shared"]


@pytest.fixture
async def way(shared: KubeApi) -> AsyncIterator[Partition]:
    async with partition(shared.address) as made:
        yield made


@pytest.fixture
async def http(shared: KubeApi, way: Partition) -> AsyncIterator[httpx.AsyncClient]:
    """A console's client, which goes where its kubeconfig leads: through the partition."""
    kubeconfig = yaml.safe_load(way.leads(shared.kubeconfig("ada")))
    (cluster,), (user,) = kubeconfig["clusters"], kubeconfig["users"]
    authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
    async with httpx.AsyncClient(
        base_url=cluster["cluster"]["server"],
        verify=ssl.create_default_context(cadata=authority),
        headers={"Authorization": f"Bearer {user['user']['token']}"},
        trust_env=False,
        timeout=60,
    ) as client:
        yield client


async def test_what_is_asked_passes(http: httpx.AsyncClient, way: Partition) -> None:
    assert (await http.post(ENTRIES, json=entry("e-1"))).status_code == 201
    assert way.connections == 1


async def test_while_it_is_cut_nothing_is_answered_and_it_comes_when_it_is_healed(
    http: httpx.AsyncClient, way: Partition
) -> None:
    assert (await http.get(ENTRIES)).status_code == 200
    way.cut()
    asking = asyncio.create_task(http.post(ENTRIES, json=entry("e-1")))
    done, _ = await asyncio.wait((asking,), timeout=0.3)
    assert not done
    way.heal()
    assert (await asking).status_code == 201


async def test_with_one_direction_cut_a_write_is_done_and_its_answer_does_not_come(
    http: httpx.AsyncClient, way: Partition, shared: KubeApi
) -> None:
    assert (await http.get(ENTRIES)).status_code == 200
    way.to_client.cut = True
    before = shared.cluster.store.version
    asking = asyncio.create_task(http.post(ENTRIES, json=entry("e-1")))
    async with asyncio.timeout(60):
        while shared.cluster.store.version == before:  # noqa: ASYNC110 - what comes true has no event
            await asyncio.sleep(0.01)
    assert not asking.done()
    way.reset()
    with pytest.raises(httpx.HTTPError):
        await asking
    way.heal()
    assert (await http.post(ENTRIES, json=entry("e-1"))).status_code == 409


async def test_refused_and_accepted_again_at_the_same_place(http: httpx.AsyncClient, way: Partition) -> None:
    address = way.address
    await way.refuse()
    with pytest.raises(httpx.ConnectError):
        await http.get(ENTRIES)
    await way.accept()
    assert (way.address, (await http.get(ENTRIES)).status_code) == (address, 200)


async def test_a_connection_can_end_towards_the_console_alone(
    http: httpx.AsyncClient, way: Partition
) -> None:
    watch = {"watch": "true", "timeoutSeconds": "60"}
    with pytest.raises(httpx.HTTPError):
        async with http.stream("GET", ENTRIES, params=watch) as response:
            way.half_close()
            async for _ in response.aiter_lines():
                pass


async def test_bytes_can_be_late(http: httpx.AsyncClient, way: Partition) -> None:
    loop = asyncio.get_running_loop()
    assert (await http.get(ENTRIES)).status_code == 200
    way.to_client.delay_s = 0.3
    begun = loop.time()
    assert (await http.get(ENTRIES)).status_code == 200
    assert loop.time() - begun >= 0.3
