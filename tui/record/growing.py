"""Whether a file only grew since it was last read.

Its number does not tell: a file that takes another's place may have the number of one that was in that
place before. What stood before the end that was read does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

TAIL = 256


@dataclass(frozen=True, slots=True)
class Added:
    """What this process put at the end of a copy.

    Attributes:
        name: the copy's.
        inode, changed: the file, and its time of change (ns) then.
        start, size: where it was put, and where the file ends.
        lines: how many lines the file has.
        last: the hash of the last.
        tail: the last bytes of what was put.
    """

    name: str
    inode: int
    changed: int
    start: int
    size: int
    lines: int
    last: str
    tail: bytes


class Growth:
    """What one process put into copies, so that it need not read it again. One thread at a time."""

    def __init__(self) -> None:
        self._added: list[Added] = []

    def add(self, one: Added) -> None:
        """It was put there."""
        self._added.append(one)

    def take(self) -> Sequence[Added]:
        """What was put there since this was called last."""
        added, self._added = self._added, []
        return added


def tail_of(before: bytes, read: bytes) -> bytes:
    """The last bytes that were read of a file, `before` being those of the last time."""
    return (before + read[-TAIL:])[-TAIL:]


def goes_on(file: BinaryIO, offset: int, tail: bytes) -> bool:
    """Whether these bytes stand before this offset; the file is at the offset after that. Raises OSError."""
    file.seek(offset - len(tail))
    return file.read(len(tail)) == tail
