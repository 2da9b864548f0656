"""A server between a client and a server of HTTP, that can lose, cut, hold back or replace answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

When = Callable[[web.Request, bytes], bool]
LOSE, CUT, HANG = "the answer is lost", "nothing arrives", "no answer comes"
_OWN = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"}


@dataclass(repr=False)
class Between:
    """Forwards to `upstream`, but for what `fault` says of a request.

    Attributes:
        seen: method, path and body of each request, as it came.
        faults: those that no request has met yet.
        hanging: set while a request waits for an answer that does not come.
    """

    upstream: str
    url: str = ""
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    faults: list[tuple[When, str | tuple[int, bytes, str]]] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _session: aiohttp.ClientSession | None = None

    def fault(self, when: When, what: str | tuple[int, bytes, str]) -> None:
        """The next request like this fares so, once: LOSE, CUT, HANG, or (status, body, type)."""
        self.faults.append((when, what))

    def release(self) -> None:
        """Let go of what hangs: it gets no answer."""
        self._released.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append((request.method, request.path_qs, body))
        for one in self.faults:
            if one[0](request, body):
                self.faults.remove(one)
                return await self._fail(one[1], request, body)
        return await self._forward(request, body)

    async def _fail(
        self, what: str | tuple[int, bytes, str], request: web.Request, body: bytes
    ) -> web.StreamResponse:
        if isinstance(what, tuple):
            return web.Response(status=what[0], body=what[1], content_type=what[2])
        if what == LOSE:
            await self._forward(request, body)
        if what == HANG:
            self.hanging.set()
            await self._released.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        address = self.upstream + request.path_qs
        async with self._session.request(
            request.method, address, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def between(upstream: str) -> AsyncIterator[Between]:
    """Before the server at this address, until the block ends."""
    made = Between(upstream)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made._handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = "http://{}:{}".format(*runner.addresses[0][:2])
    async with aiohttp.ClientSession() as session:
        made._session = session
        try:
            yield made
        finally:
            made.release()
            await runner.cleanup()
