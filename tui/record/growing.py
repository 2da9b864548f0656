"""Whether a file only grew since it was last read.

Its number does not tell: a file that takes another's place may have the number of one that was in that
place before. What stood before the end that was read does.
"""

from typing import BinaryIO

TAIL = 256


def tail_of(before: bytes, read: bytes) -> bytes:
    """The last bytes that were read of a file, `before` being those of the last time."""
    return (before + read[-TAIL:])[-TAIL:]


def goes_on(file: BinaryIO, offset: int, tail: bytes) -> bool:
    """Whether these bytes stand before this offset; the file is at the offset after that. Raises OSError."""
    file.seek(offset - len(tail))
    return file.read(len(tail)) == tail
