"""The way to Mistral: name resolution, TCP and TLS, each timed by itself, the certificate verified."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from tui.clients import http, names, proxies
from tui.clients.unanswered import Outcome, Phase, Unanswered
from tui.model.clock import Clock
from tui.model.reading import Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.times import clock as written
from tui.probes.probe import Asking, Pace, shortly

_SLOW_MS = 1000.0
_FIRST_PATIENCE = 1.5  # seconds for one address while another is left
_LONGEST_REPLY = 8192


@dataclass(slots=True)
class Way:
    """How far we came: what was measured, in milliseconds."""

    host: str
    port: int
    tls: bool
    proxy: str = ""
    phase: Phase | None = None
    addresses: tuple[str, ...] = ()
    spent: dict[str, float] = field(default_factory=dict)
    verified: bool = False


class Network(Asking):
    """One fresh connection, closed at once. An http:// address has no TLS part.

    Where the environment names a proxy, the way is measured through it and said to be so: what is
    resolved and connected to is then the proxy. A connection that opens proves nothing behind an
    intercepting proxy: the certificate's chain is what is verified.
    """

    check = Check.NETWORK

    def __init__(
        self, url: str, environ: Mapping[str, str], pace: Pace, clock: Clock, redact: Redactor
    ) -> None:
        super().__init__(pace, clock, redact)
        self._url = url
        self._environ = environ

    async def ask(self) -> Reading:
        """Resolve, connect, shake hands; the phase that fails is the finding."""
        parts = urlsplit(self._url)
        tls = parts.scheme == "https"
        way = Way(parts.hostname or "", parts.port or (443 if tls else 80), tls)
        way.proxy = proxies.proxy_for(self._url, self._environ)
        try:
            await self._travel(way)
        except Unanswered as error:
            return self._failed(way, error)
        return self._arrived(way)

    async def _travel(self, way: Way) -> None:
        if not way.host:
            raise Unanswered("unsendable", None, "mistral.base_url is no http:// or https:// address")
        try:
            async with asyncio.timeout(self.limit):
                await self._connect(way)
        except TimeoutError:
            text = f"nothing from {_target(way)} within {self.limit:.3g} s"
            raise Unanswered("timeout", way.phase, text) from None
        except ssl.SSLCertVerificationError as error:
            text = f"the certificate of {way.host} is not trusted: {error.verify_message}"
            raise Unanswered("tls", "tls", text) from None
        except (OSError, ValueError) as error:
            outcome = _outcome(error, way)
            raise Unanswered(outcome, way.phase, f"{_target(way)}: {_SAID[outcome]}") from None

    async def _connect(self, way: Way) -> None:
        loop = asyncio.get_running_loop()
        host, port = way.host, way.port
        if way.proxy:
            host, port = urlsplit(way.proxy).hostname or "", proxies.port(way.proxy)
        way.phase, since = "dns", loop.time()
        way.addresses = await names.resolve(host, port, self.limit)
        way.spent["dns"], since = _ms(loop.time() - since), loop.time()
        way.phase = "connect"
        sock = await dial(way.addresses, port)
        way.spent["tcp"] = _ms(loop.time() - since)
        try:
            if way.tls:
                await self._shake_hands(way, sock)
        finally:
            sock.close()

    async def _shake_hands(self, way: Way, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        verify = await http.believed(self._environ)
        if way.proxy:
            await tunnel(way, sock)
        way.phase, since = "tls", loop.time()
        async with secured(sock, verify, way.host):
            way.spent["tls"] = _ms(loop.time() - since)
        way.verified = True

    def _arrived(self, way: Way) -> Reading:
        spent = way.spent
        shown = {part: f"{ms:.0f}" for part, ms in spent.items()}
        if way.tls:
            summary = f"dns {shown['dns']}, tcp {shown['tcp']}, tls {shown['tls']} ms"
        else:
            summary = f"dns {shown['dns']}, tcp {shown['tcp']} ms, no TLS"
        total = sum(spent.values())
        state = State.WARN if total > _SLOW_MS else State.OK
        what = "the certificate is trusted" if way.tls else "without TLS, as the address says"
        at = f"{written(self.clock.now(), seconds=True)}Z"
        return Reading(
            self.check,
            state,
            f"slow: {summary}" if state is State.WARN else summary,
            self.clock.now(),
            self._facts(way, "ok"),
            latency=timedelta(milliseconds=total),
            evidence=(f"The way to {_target(way)} is open, {what}: {summary} at {at}.",),
            note=_via(way),
        )

    def _failed(self, way: Way, error: Unanswered) -> Reading:
        said = self.plain(error.text)
        if error.outcome == "unsendable":
            return self.unknown("cannot be asked as set", said, "Correct mistral.base_url in the settings.")
        at = f"{written(self.clock.now(), seconds=True)}Z"
        return Reading(
            self.check,
            State.FAIL,
            shortly(error),
            self.clock.now(),
            self._facts(way, error.outcome, error.phase),
            evidence=(f"The way to Mistral: {said}, at {at}.",),
            note=_via(way) or said,
            remedy=_REMEDIES.get(error.outcome, ""),
        )

    def _facts(self, way: Way, outcome: str, phase: Phase | None = None) -> dict[str, Fact]:
        return {
            "outcome": outcome,
            "host": way.host,
            "dns_ms": way.spent.get("dns"),
            "tcp_ms": way.spent.get("tcp"),
            "tls_ms": way.spent.get("tls"),
            "addresses": way.addresses,
            "verified": way.verified,
            "proxy": bool(way.proxy),
            "phase": phase,
        }


_REMEDIES = {
    "dns": "Look at the name servers of this machine.",
    "timeout": "Look at firewalls and egress policies: a packet that is dropped gets no answer.",
    "tls": "Look for a proxy that intercepts TLS, and for a missing certificate authority.",
}
_SAID: Mapping[Outcome, str] = {
    "refused": "connection refused",
    "reset": "the connection was cut",
    "unreachable": "no way there from here",
    "tls": "no TLS answers there",
}


def _target(way: Way) -> str:
    return f"{way.host}:{way.port}" + (f" by the proxy {proxies.place(way.proxy)}" if way.proxy else "")


def _via(way: Way) -> str:
    return f"by the proxy {proxies.place(way.proxy)}, as the environment says" if way.proxy else ""


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


async def dial(addresses: tuple[str, ...], port: int) -> socket.socket:
    """Connect to the first address that lets us; the last one's failure is raised."""
    for number, address in enumerate(addresses, 1):
        last = number == len(addresses)
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(None if last else _FIRST_PATIENCE):
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
            return sock
        except BaseException as error:
            sock.close()
            # A TimeoutError is an OSError; a cancellation is none.
            if last or not isinstance(error, OSError):
                raise
    raise OSError("no address")


class _Made(asyncio.Protocol):
    """Has the connection from the moment it is there, when nobody else has it."""

    transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


@contextlib.asynccontextmanager
async def secured(
    sock: socket.socket, verify: ssl.SSLContext, host: str
) -> AsyncIterator[asyncio.BaseTransport]:
    """TLS on a connected socket, for as long as the block lasts. Raises OSError, ssl.SSLError.

    It is not ended politely: a peer that does not answer must not hold us.
    """
    made = _Made()
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: made, sock=sock, ssl=verify, server_hostname=host
        )
        yield transport
    finally:
        if isinstance(made.transport, asyncio.Transport):
            made.transport.abort()


async def tunnel(way: Way, sock: socket.socket) -> None:
    """Ask an HTTP proxy for a connection to the target. Raises Unanswered where it refuses."""
    if urlsplit(way.proxy).scheme != "http":
        raise Unanswered("unsendable", None, f"the proxy {proxies.place(way.proxy)} is no http:// proxy")
    target = f"{way.host}:{way.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {http.USER_AGENT}"]
    user = urlsplit(way.proxy)
    if user.username:
        password = Secret(unquote(user.password or ""))
        lines.append(f"Proxy-Authorization: {http.basic(unquote(user.username), password)}")
    loop = asyncio.get_running_loop()
    way.phase = "send"
    await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode())
    reply = b""
    # Byte by byte, so that nothing of what follows the reply is taken from TLS.
    while not reply.endswith(b"\r\n\r\n") and len(reply) < _LONGEST_REPLY:
        byte = await loop.sock_recv(sock, 1)
        if not byte:
            break
        reply += byte
    status = reply.split(b" ", 2)[1:2]
    if status != [b"200"]:
        said = status[0].decode("ascii", "replace")[:3] if status else "no HTTP"
        text = f"the proxy {proxies.place(way.proxy)} refuses a way to {target} ({said})"
        raise Unanswered("unreachable", "connect", text)


def _outcome(error: Exception, way: Way) -> Outcome:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "dns"
    return "tls" if way.phase == "tls" else "unreachable"
