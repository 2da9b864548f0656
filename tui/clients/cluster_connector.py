"""The connections to an API server, all of which end when they are to be closed.

A request that is broken off closes its connection politely: TLS says goodbye, and waits up to 30 s for the
server's. aiohttp forgets the connection at that moment, and closing all connections leaves it open.
"""

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler

Transports = WeakSet[asyncio.Transport]
# The most that one read brings. asyncio sets four times as much aside for each connection, of which a console
# has more than a dozen; TLS itself comes in records of 16 KiB.
SSLProtocol.max_size = 64 << 10


class _Handler(ResponseHandler):
    """One connection, which is told of in `made`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, made: Transports) -> None:
        super().__init__(loop)
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            self._made.add(transport)


class Connector(TCPConnector):
    """As aiohttp's, but `close` leaves nothing open: not even what nobody has any more, or nobody has yet."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._made = Transports()
        handler: Callable[..., ResponseHandler] = _Handler
        self._factory = partial(handler, self._loop, self._made)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """End every connection that was made here, and wait until their sockets are closed."""
        await super().close(abort_ssl=abort_ssl)
        for transport in tuple(self._made):
            transport.abort()
        await asyncio.sleep(0)  # an aborted connection closes its socket in the loop's next round
