"""Whatever is broken off in the middle leaves no connection open, though the server says no more."""

import asyncio
import json
import ssl
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.client_proto import ResponseHandler

from tests.support import hostile
from tests.support.api_stub import TOKEN, kubeconfig
from tests.support.silent import WATCHES, Silent, broken_off, left_open
from tui.clients import http, trust
from tui.clients.cluster import Cluster
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.unanswered import Unanswered
from tui.settings import Kubernetes

EVENT = b'{"type":"BOOKMARK","object":{}}\n'
FOREVER = 3600.0


@pytest.fixture
def believed(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's TLS, and the file with the authority that makes it believable."""
    context, authority = hostile.trusted_by()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, str(file)


def settings(server: Silent, ca: str, folder: Path) -> Kubernetes:
    given = kubeconfig(f"https://{server.place}", {"token": TOKEN}, **{"certificate-authority": ca})
    path = folder / "kubeconfig"
    path.write_text(json.dumps(given))
    return Kubernetes(kubeconfig=str(path), deployment="mistral-service")


async def asked(server: Silent, where: Kubernetes) -> None:
    """Ask for the deployment, be called away, and leave."""
    cluster = await Cluster.connect(where, FOREVER)
    try:
        await broken_off(cluster.deployment(), server.came)
    finally:
        await cluster.close()


async def watched(where: Kubernetes) -> None:
    """Watch until something comes, and leave in the middle of it."""
    cluster = await Cluster.connect(where, FOREVER)
    try:
        path = "/apis/apps/v1/namespaces/prod/deployments"
        asking = cluster.connection.asked("watch", "deployments", "deployments", "apps")
        lines = cluster.connection.watch(path, asking, FOREVER, [])
        assert await anext(lines) == EVENT.strip()
        await lines.aclose()
    finally:
        await cluster.close()


def test_a_watch_that_is_left(believed: tuple[ssl.SSLContext, str], tmp_path: Path) -> None:
    tls, ca = believed
    says = WATCHES + f"{len(EVENT):x}\r\n".encode() + EVENT + b"\r\n"
    with Silent(tls, says).serving() as server:
        assert left_open(watched(settings(server, ca, tmp_path))) == []


@pytest.mark.parametrize("handshake", [True, False], ids=["no answer", "no handshake"])
def test_a_request_to_the_cluster(
    handshake: bool, believed: tuple[ssl.SSLContext, str], tmp_path: Path
) -> None:
    tls, ca = believed
    with Silent(tls if handshake else None).serving() as server:
        assert left_open(asked(server, settings(server, ca, tmp_path))) == []


def test_a_request_to_the_cluster_in_the_moment_it_connects(
    believed: tuple[ssl.SSLContext, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has the connection then: it was made, and is not handed over yet."""
    tls, ca = believed
    made = ResponseHandler.connection_made
    asking: list[asyncio.Future[Any]] = []

    def cancel(handler: ResponseHandler, transport: asyncio.BaseTransport) -> None:
        made(handler, transport)
        asking.pop().cancel()

    async def leave(where: Kubernetes) -> None:
        cluster = await Cluster.connect(where, FOREVER)
        monkeypatch.setattr(ResponseHandler, "connection_made", cancel)
        asking.append(asyncio.ensure_future(cluster.deployment()))
        await asyncio.gather(*asking, return_exceptions=True)
        assert not asking, "it never connected"
        await cluster.close()

    with Silent(tls).serving() as server:
        assert left_open(leave(settings(server, ca, tmp_path))) == []


def ways() -> Iterator[Any]:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun"
    yield pytest.param(False, b"", id="no handshake")
    yield pytest.param(True, b"", id="no answer")
    yield pytest.param(True, begun, id="half an answer")


@pytest.mark.parametrize(("handshake", "says"), ways())
@pytest.mark.parametrize("why", ["called away", "too late"])
def test_a_request_to_any_server(
    handshake: bool, says: bytes, why: str, believed: tuple[ssl.SSLContext, str]
) -> None:
    tls, ca = believed

    def ask(server: Silent, deadline: float) -> Coroutine[Any, Any, object]:
        verify = trust.context((ca,))
        return http.ask("GET", f"https://{server.place}/", deadline=deadline, verify=verify)

    async def leave(server: Silent) -> None:
        await http.warm()
        if why == "called away":
            await broken_off(ask(server, FOREVER), server.came)
        else:
            with pytest.raises(Unanswered):
                await ask(server, 0.3)

    with Silent(tls if handshake else None, says).serving() as server:
        assert left_open(leave(server)) == []


async def test_who_waits_for_a_name_when_the_connection_is_closed_is_told_and_not_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a login is made anew: the library cancels who waits, and the task would seem to be over."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(*_: object, **__: object) -> list[object]:
        asked.set()
        await answered.wait()
        return []

    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig("https://api.example:6443", {"token": TOKEN})))
    cluster = await Cluster.connect(Kubernetes(kubeconfig=str(path), deployment="mistral-service"), FOREVER)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", slow)
    asking = asyncio.create_task(cluster.deployment())
    await asyncio.wait_for(asked.wait(), 60)
    await cluster.close()
    done, _ = await asyncio.wait({asking}, timeout=60)
    answered.set()
    assert done and not asking.cancelled()
    error = asking.exception()
    assert isinstance(error, ClusterError)
    assert error.reason is Reason.UNREACHABLE
