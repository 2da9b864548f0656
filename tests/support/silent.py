"""A server in a thread that comes so far with one connection, and then says no more: not even goodbye.

And what a client leaves open that is broken off there.
"""

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from tui.cli.running import run

# A watch that has begun, and goes on.
WATCHES = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENCE = 60.0


class Silent:
    """One connection; with `tls` its handshake is made, with `says` the first request is answered so."""

    def __init__(self, tls: ssl.SSLContext | None = None, says: bytes = b"") -> None:
        self._tls = tls
        self._says = says
        self._over = threading.Event()
        self._came = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"

    async def came(self) -> None:
        """Wait until the connection is as far as it will ever come."""
        async with asyncio.timeout(PATIENCE):
            while not self._came.is_set():  # noqa: ASYNC110 - it is set in another thread
                await asyncio.sleep(0.001)

    @contextlib.contextmanager
    def serving(self) -> Iterator["Silent"]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._serve)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._listener.close()
            thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the client left
            taken, _ = self._listener.accept()
            with taken:
                taken.settimeout(PATIENCE)
                if self._tls is None:
                    taken.recv(1)
                    self._rest()
                else:
                    with self._tls.wrap_socket(taken, server_side=True) as secured:
                        self._talk(secured)

    def _talk(self, secured: ssl.SSLSocket) -> None:
        secured.recv(65536)
        secured.sendall(self._says)
        self._rest()

    def _rest(self) -> None:
        self._came.set()
        self._over.wait(PATIENCE)


async def broken_off(work: Coroutine[Any, Any, object], when: Callable[[], Awaitable[object]]) -> None:
    """Begin the work, and cancel it as soon as `when` returns."""
    task = asyncio.ensure_future(work)
    try:
        await when()
        assert not task.done(), "it was to be waiting still"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def left_open(work: Coroutine[Any, Any, object]) -> list[str]:
    """Run the work as a command does; what was still open when its event loop was closed."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        run(work)
        gc.collect()
    return [str(found.message) for found in told if issubclass(found.category, ResourceWarning)]
