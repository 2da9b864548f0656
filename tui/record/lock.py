"""One writer at a time: a lock of the operating system, with a note of who holds it.

The kernel takes the lock back from a process that dies, however it dies. The file stays: removing
a lock file lets two processes hold two files of one name.
"""

import fcntl
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from tui.model.times import clock, rfc3339
from tui.record.errors import HeldByAnother, JournalError, told
from tui.record.folder import JOURNAL, TOGETHER

_RETRY = 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes a journal; pid 0 where that is not known."""

    pid: int = 0
    host: str = ""
    since: datetime | None = None

    def __str__(self) -> str:
        if not self.pid:
            return "another process"
        since = f", since {clock(self.since)} UTC" if self.since else ""
        return f"process {self.pid} on {self.host}{since}"


class Lock:
    """The right to append to one journal, until `release` or the process's end."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, journal: Path, now: datetime, wait: float) -> "Lock":
        """Take it, waiting so many seconds for its holder.

        Raises:
            HeldByAnother: somebody else holds it; the text says who.
            JournalError: the lock file cannot be written.
        """
        path = lock_file(journal)
        descriptor = -1
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _locked(descriptor, wait):
                raise HeldByAnother(
                    f"{journal.parent.name} is being written by {holder(journal) or 'another process'}.",
                    "It can be read meanwhile; close the other one to write.",
                )
            _write_holder(descriptor, now)
        except OSError as error:
            _close(descriptor)
            raise told("lock", path, error) from error
        except HeldByAnother:
            _close(descriptor)
            raise
        return cls(path, descriptor)

    def check(self) -> None:
        """Raise JournalError where it is not ours any more: another process may write by now."""
        try:
            ours, there = os.fstat(self._descriptor), self._path.stat()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held = False
        else:
            held = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
        if not held:
            raise JournalError(
                f"The lock {self._path} is lost: another process may write there.",
                "See that no other console has the incident, then resume it.",
            )

    def release(self) -> None:
        """Give it back. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        _close(descriptor)


def lock_file(journal: Path) -> Path:
    """`journal.lock` beside `journal.jsonl`."""
    return journal.with_suffix(".lock")


def holder(journal: Path) -> Holder | None:
    """Who writes this journal now; None where nobody does."""
    try:
        descriptor = os.open(lock_file(journal), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def console_in(folder: Path) -> Holder | None:
    """Who has this incident open in a console; None where nobody of this machine has."""
    return next((who for name in (JOURNAL, *TOGETHER) if (who := holder(folder / name)) is not None), None)


def _locked(descriptor: int, wait: float) -> bool:
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_RETRY)
        else:
            return True


def _write_holder(descriptor: int, now: datetime) -> None:
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": rfc3339(now)}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, msgspec.json.encode(note) + b"\n", 0)


def _read_holder(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except msgspec.DecodeError:
        return Holder()


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
