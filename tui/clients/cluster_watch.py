"""A watch: one JSON object a line, for as long as the server has something to tell.

The lines are split here, within bounds: aiohttp's own reading of lines fails for good on one that is
longer than its buffer.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from tui.clients import cluster_http
from tui.clients.cluster_errors import Asked, unanswered
from tui.clients.cluster_http import Query

if TYPE_CHECKING:
    from tui.clients.cluster_login import Login

LONGEST_LINE = 4 << 20  # bytes: an object has at most 1.5 MiB, and JSON escapes make it longer
_OPENS = 2.0  # times the deadline of a call: the server's cache may have to catch up first
_AT_ONCE = 32  # lines between two looks at what else there is to do


class LineSplitter:
    """Makes lines of chunks. One of more than `longest` bytes comes as b"", and nothing of it is kept."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._size = 0

    @property
    def held(self) -> int:
        """The bytes that are kept of a line that is not complete."""
        return len(self._begun)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end in this chunk, without their newlines; empty ones are left out."""
        *ends, rest = chunk.split(b"\n")
        lines = []
        for end in ends:
            self._keep(end)
            if self._size > self._longest:
                lines.append(b"")
            elif line := bytes(self._begun).strip():
                lines.append(line)
            self._begun, self._size = bytearray(), 0
        self._keep(rest)
        return lines

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._longest:
            self._begun.clear()
        else:
            self._begun += piece


async def opened(
    login: "Login", path: str, asked: Asked, deadline: float, seconds: float, query: Query
) -> Any:
    """The watch, its lines to be read by `lines`, which closes it. Raises ClusterError."""
    return await cluster_http.opened(
        login, path, asked, deadline * _OPENS, query, seconds + deadline * _OPENS
    )


async def lines(response: Any, asked: Asked, seconds: float) -> AsyncGenerator[bytes, None]:
    """The lines, until the server ends them or so many seconds have passed; b"" for an over-long one.

    A watch that falls silent ends by itself: half-open connections otherwise hang for ever.
    Raises ClusterError where the connection breaks.
    """
    until = asyncio.get_running_loop().time() + seconds
    splitter = LineSplitter()
    try:
        while chunk := await _chunk(response, until, asked):
            for number, line in enumerate(splitter.feed(chunk), start=1):
                yield line
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # a thousand lines may be there at once, and keys go first
    finally:
        response.close()


async def _chunk(response: Any, until: float, asked: Asked) -> bytes:
    """What has come; b"" at the end of the watch or of its time."""
    failure: BaseException
    try:
        # Only around the reading: a timeout that spans a `yield` would cancel whoever iterates.
        async with asyncio.timeout_at(until):
            chunk: bytes = await response.content.readany()
            return chunk
    except TimeoutError:
        return b""
    except Exception as error:  # noqa: BLE001  # the library raises what aiohttp and ssl raise
        failure = error
    raise unanswered(failure, asked, 0)


def event(line: bytes) -> Mapping[str, Any]:
    """The event of a line; an empty one where it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) and isinstance(found.get("object"), Mapping) else {}
