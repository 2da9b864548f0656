"""A look at the way that is broken off in the middle leaves no connection open."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.probes.support import PACE, clock, redactor
from tests.support import hostile
from tests.support.silent import Silent, broken_off, left_open
from tui.probes.network import Network
from tui.probes.network_look import NetworkLooker
from tui.probes.probe import Pace

Look = Callable[[str, dict[str, str]], Awaitable[object]]


def as_a_check(url: str, environ: dict[str, str]) -> Awaitable[object]:
    return Network(url, environ, Pace(PACE.interval, 3600.0), clock(), redactor()).ask()


def closer(url: str, environ: dict[str, str]) -> Awaitable[object]:
    return NetworkLooker(url, environ, clock(), redactor(), 3600.0).look()


@pytest.fixture(params=[as_a_check, closer])
def look(request: pytest.FixtureRequest) -> Look:
    found: Look = request.param
    return found


def test_in_the_handshake(look: Look) -> None:
    async def leave(server: Silent) -> None:
        async def looking() -> None:
            await look(f"https://{server.place}", {})

        await broken_off(looking(), server.came)

    with Silent().serving() as server:
        assert left_open(leave(server)) == []


def test_in_the_moment_it_connects(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection was made, and is not handed over yet."""
    tls, authority = hostile.trusted_by()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    looking: list[asyncio.Future[object]] = []

    class Cancelling(asyncio.Protocol):
        def __init__(self, told: asyncio.Protocol) -> None:
            self._told = told

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._told.connection_made(transport)
            looking.pop().cancel()

    connect = asyncio.BaseEventLoop.create_connection

    def cancelling(loop: asyncio.BaseEventLoop, told: Callable[[], asyncio.Protocol], **how: Any) -> Any:
        return connect(loop, lambda: Cancelling(told()), **how)

    async def leave(server: Silent) -> None:
        environ = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        looking.append(asyncio.ensure_future(look(f"https://{server.place}", environ)))
        await asyncio.gather(*looking, return_exceptions=True)
        assert not looking, "it never connected"

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", cancelling)
    with Silent(tls).serving() as server:
        assert left_open(leave(server)) == []
