"""One piece of evidence: a file in the archive, from its name to where its bytes come from."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any


class Unobtainable(Exception):
    """A piece, or the rest of one, cannot be had.

    Attributes:
        reason: why, as a sentence that may be shown.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of the archive.

    Attributes:
        name: its path in the archive (`logs/<pod>/<container>.log`).
        what: it in words, for the progress and for the list of what is missing.
        read: its bytes, in parts. Raises Unobtainable, also in the middle: what came stays.
        verbatim: whether it is kept as it is, since it was redacted before it reached the disk and a
            chain of digests rests on every byte of it.
    """

    name: str
    what: str
    read: Callable[[], AsyncGenerator[bytes, None]]
    verbatim: bool = False


def document(name: str, what: str, value: Any) -> Piece:
    """A JSON document that is at hand."""
    return later(name, what, lambda: _at_once(value))


async def _at_once(value: Any) -> Any:
    return value


def later(name: str, what: str, make: Callable[[], Awaitable[Any]]) -> Piece:
    """A JSON document that is made when its turn comes. `make` raises Unobtainable."""

    async def read() -> AsyncGenerator[bytes, None]:
        yield as_json(await make())

    return Piece(name, what, read)


def missing(name: str, what: str, reason: str) -> Piece:
    """A piece that cannot be had, so that it is listed with its reason."""

    async def refuse() -> Any:
        raise Unobtainable(reason)

    return later(name, what, refuse)


def as_json(value: Any) -> bytes:
    """Indented JSON, by the order of its author, with a newline at its end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode(errors="replace")
