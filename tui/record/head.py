"""How far a journal was acknowledged: `journal.head`, beside `journal.jsonl`.

A chain shows what was changed inside it and not what was cut off its end. The head does: it is
written after each acknowledged write, never before, so it may lag behind the journal (after a
crash) and is never ahead of it, unless lines are gone.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

_WIDTH = 160  # always the same, so that writing it in place leaves no rest of a longer one


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines, the header included, and the hash of the last."""

    lines: int
    hash: str


def head_file(journal: Path) -> Path:
    """`journal.head` beside `journal.jsonl`."""
    return journal.with_suffix(".head")


def read_head(journal: Path) -> Head | None:
    """The head; None where there is none that can be read."""
    try:
        return msgspec.json.decode(head_file(journal).read_bytes(), type=Head)
    except (OSError, msgspec.DecodeError):
        return None


def open_head(journal: Path) -> int:
    """A descriptor to write the head with. Raises OSError."""
    return os.open(head_file(journal), os.O_RDWR | os.O_CREAT, 0o600)


def write_head(descriptor: int, head: Head) -> None:
    """Write it in place, unsynced: the journal's own sync is the acknowledgement. Raises OSError."""
    os.pwrite(descriptor, head_bytes(head), 0)


def head_bytes(head: Head) -> bytes:
    """As it lies in its file."""
    return msgspec.json.encode(head).ljust(_WIDTH - 1) + b"\n"
