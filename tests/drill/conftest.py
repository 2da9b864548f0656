"""A bench whose servers listen, and a client to ask them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.drill.bench import SEED, Bench, story
from tui.drill.servers.alertmanager import AlertmanagerServer
from tui.drill.servers.base import LoopbackServer
from tui.drill.servers.mistral import MistralServer
from tui.drill.servers.pagerduty import PagerDutyServer
from tui.drill.servers.prometheus import PrometheusServer
from tui.drill.servers.service import ServiceServer
from tui.drill.servers.slack import SlackServer
from tui.drill.servers.status_page import StatusPageServer
from tui.drill.servers.statuspage import StatuspageServer

# Programs ask for the moment of the machine's clock, while the bench stands still.
_AHEAD = 30
TOKEN = "token-of-the-tests"


class Servers:
    """The servers of one bench, by name, listening."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.mistral = MistralServer(bench.world, SEED)
        self.service = ServiceServer(bench.world)
        self.prometheus = PrometheusServer(bench.world, TOKEN)
        self.alertmanager = AlertmanagerServer(bench.world, TOKEN)
        self.status_page = StatusPageServer(bench.world)
        self.slack = SlackServer("T/B/secret", TOKEN)
        self.pagerduty = PagerDutyServer("a" * 32)
        self.statuspage = StatuspageServer(TOKEN)

    def all(self) -> tuple[LoopbackServer, ...]:
        return (
            self.mistral,
            self.service,
            self.prometheus,
            self.alertmanager,
            self.status_page,
            self.slack,
            self.statuspage,
            self.pagerduty,
        )


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Servers]]]:
    """A function that starts the servers of a scenario.

    A test that moves the world on, or asks with a clock of its own, takes a fresh world.
    """
    async with AsyncExitStack() as stack:

        async def start(scenario: str, fresh: bool = False) -> Servers:
            bench = Bench(scenario, start=time.time() + _AHEAD) if fresh else story(scenario)
            servers = Servers(bench)
            for server in servers.all():
                stack.push_async_callback(server.stop)
            await asyncio.gather(*(server.start() for server in servers.all()))
            return servers

        yield start


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that looks at no environment."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as made:
        yield made


async def run(*argv: str, seconds: float = 60) -> tuple[int, str, str]:
    """A program's exit and its words, while this loop goes on serving it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), seconds)
    return process.returncode or 0, out.decode(), err.decode()
