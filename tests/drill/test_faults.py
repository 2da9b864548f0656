"""Servers that hang, trickle, reset and refuse: what robust clients are tested against."""

import time

import httpx
import pytest

from tui.drill.servers.base import Fault, Misbehaviour


async def ask(servers, timeout: float = 0.4) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
        return await client.get(f"{servers.service.address}/health")


async def test_a_hanging_server_takes_the_request_and_says_nothing(serve) -> None:
    servers = await serve("healthy")
    servers.service.fault = Fault(Misbehaviour.HANG)
    with pytest.raises(httpx.ReadTimeout):
        await ask(servers)


async def test_a_trickling_server_begins_and_never_ends(serve) -> None:
    servers = await serve("healthy")
    servers.service.fault = Fault(Misbehaviour.TRICKLE)
    got, began = b"", time.monotonic()
    async with (
        httpx.AsyncClient(trust_env=False, timeout=2) as client,
        client.stream("GET", f"{servers.service.address}/health") as answer,
    ):
        async for chunk in answer.aiter_bytes():
            got += chunk
            if len(got) >= 3:
                break
    assert time.monotonic() - began >= 0.35


async def test_a_resetting_server_drops_the_connection(serve) -> None:
    servers = await serve("healthy")
    servers.service.fault = Fault(Misbehaviour.RESET)
    with pytest.raises(httpx.TransportError):
        await ask(servers)


async def test_a_refusing_server_comes_back_on_its_port(serve) -> None:
    servers = await serve("healthy")
    address = servers.service.address
    await servers.service.refuse()
    with pytest.raises(httpx.ConnectError):
        await ask(servers)
    assert await servers.service.start() == address
    assert (await ask(servers, 2)).status_code == 200
