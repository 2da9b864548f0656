"""What the servers share: a port, a start and an end, credentials, and ways to misbehave."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

LOOPBACK = "127.0.0.1"
_STOP_SECONDS = 0.2
_HUGE = 10 * 1024 * 1024
_TRICKLE_SECONDS = 0.2

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Misbehaviour(StrEnum):
    """How a server can fail its callers."""

    NONE = "none"
    HANG = "hang"  # takes the request and never answers
    SLOW = "slow"  # answers after `seconds`
    TRICKLE = "trickle"  # sends a byte now and then, for ever
    GARBAGE = "garbage"  # 200, and bytes that are no JSON
    HTML = "html"  # a proxy's page, 403
    HUGE = "huge"  # 10 MB of JSON
    RESET = "reset"  # drops the connection
    ERROR = "error"  # a bare 500


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour, and its delay where it has one."""

    kind: Misbehaviour = Misbehaviour.NONE
    seconds: float = 0.0


class LoopbackServer:
    """One HTTP server. `fault` may be changed while it runs; `refuse` closes its port."""

    name = "server"

    def __init__(self) -> None:
        self.fault = Fault()
        self.port = 0
        self._runner: web.AppRunner | None = None

    def routes(self) -> list[web.RouteDef]:
        """The paths that this server answers."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`, once started."""
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> str:
        """Listen on a free port (the same one again after `refuse`); the address."""
        app = web.Application(middlewares=[self._misbehave])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=_STOP_SECONDS, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self.address

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def refuse(self) -> None:
        """From now on connections are refused; `start` opens the same port again."""
        await self.stop()

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.fault
        match fault.kind:
            case Misbehaviour.NONE:
                return await handler(request)
            case Misbehaviour.SLOW:
                await asyncio.sleep(fault.seconds)
                return await handler(request)
            case Misbehaviour.HANG:
                await asyncio.Event().wait()
            case Misbehaviour.TRICKLE:
                return await _trickle(request)
            case Misbehaviour.RESET:
                if request.transport is not None:
                    request.transport.abort()
        return _BAD_ANSWERS[fault.kind]()


async def _trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(_TRICKLE_SECONDS)


def _html() -> web.Response:
    return web.Response(
        status=403,
        text="<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>",
        content_type="text/html",
        headers={"Server": "cloudflare", "cf-mitigated": "challenge"},
    )


_BAD_ANSWERS: dict[Misbehaviour, Callable[[], web.Response]] = {
    Misbehaviour.HANG: lambda: web.Response(status=504),
    Misbehaviour.RESET: lambda: web.Response(status=500),
    Misbehaviour.GARBAGE: lambda: web.Response(
        body=b'{"status": \xff\x00 not json', content_type="application/json"
    ),
    Misbehaviour.HTML: _html,
    Misbehaviour.HUGE: lambda: web.Response(
        body=b'{"x":"' + b"x" * _HUGE + b'"}', content_type="application/json"
    ),
    Misbehaviour.ERROR: lambda: web.Response(status=500, text="internal error"),
}


def credential(request: web.Request) -> str:
    """The bearer token, or the password of basic auth; "" where there is neither."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(rest, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[2]


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, told in constant time."""
    # A header may hold bytes that are no text; they come as surrogates.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


def guarded(token: str, handler: Handler) -> Handler:
    """The handler behind a token; without it, what a proxy with basic auth answers."""

    async def checked(request: web.Request) -> web.StreamResponse:
        if not same(credential(request), token):
            return web.Response(
                status=401, text="Unauthorized\n", headers={"WWW-Authenticate": 'Basic realm="drill"'}
            )
        return await handler(request)

    return checked
