"""A way between one console and a server that a test can cut, slow down, and close on either side."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 65536


@dataclass
class Way:
    """One direction: whether bytes pass, and how late. What is held back while it is cut comes afterwards."""

    delay_s: float = 0.0
    _passes: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._passes.set()

    @property
    def cut(self) -> bool:
        """Whether nothing passes."""
        return not self._passes.is_set()

    @cut.setter
    def cut(self, cut: bool) -> None:
        if cut:
            self._passes.clear()
        else:
            self._passes.set()

    async def wait(self) -> None:
        """Until a chunk may pass."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self._passes.wait()


class Partition:
    """A TCP proxy in front of one server; everything may be switched while connections are open.

    Attributes:
        address: where the console goes instead, with the server's scheme.
        to_server, to_client: each direction by itself: with `to_client.cut` writes arrive, and their
            answers do not.
        connections: how many were ever made.
    """

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._scheme, self._target = parts.scheme, (parts.hostname or "127.0.0.1", parts.port or 443)
        self._server = server
        self.address = ""
        self.to_server, self.to_client = Way(), Way()
        self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self._port = 0

    def cut(self) -> None:
        """Nothing passes any more, in either direction; nobody is told, as when packets are dropped."""
        self.to_server.cut = self.to_client.cut = True

    def heal(self) -> None:
        """Everything passes again, what was held back first."""
        self.to_server.cut = self.to_client.cut = False

    def reset(self) -> None:
        """Every open connection is reset on both sides."""
        for writer in tuple(self._open):
            writer.transport.abort()

    async def refuse(self) -> None:
        """From now on connections are refused, and those that were open are reset."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()
        self.reset()
        if listening is not None:
            await listening.wait_closed()

    async def accept(self) -> None:
        """Listen, after `refuse` at the same port again."""
        self._listening = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]
        self.address = f"{self._scheme}://127.0.0.1:{self._port}"

    def half_close(self) -> None:
        """The server's side seems to be done: each open connection ends towards the console alone."""
        for writer in tuple(self._open):
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()

    def leads(self, kubeconfig: str) -> str:
        """The kubeconfig, leading through here."""
        assert self._server in kubeconfig
        return kubeconfig.replace(self._server, self.address)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self.to_server.wait()
        try:
            their_reader, their_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, their_writer}
        self._open |= both
        try:
            await asyncio.gather(
                _pass(reader, their_writer, self.to_server), _pass(their_reader, writer, self.to_client)
            )
        finally:
            self._open -= both
            for one in both:
                one.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
    with contextlib.suppress(
        OSError, RuntimeError
    ):  # either side may be gone, or closed to writing, any time
        while data := await reader.read(_CHUNK):
            await way.wait()
            writer.write(data)
            await writer.drain()
        await way.wait()
        if writer.can_write_eof():
            writer.write_eof()
        return
    writer.transport.abort()


@contextlib.asynccontextmanager
async def partition(server: str) -> AsyncIterator[Partition]:
    """A way to that server, whole at first."""
    made = Partition(server)
    await made.accept()
    try:
        yield made
    finally:
        made.heal()
        await made.refuse()
