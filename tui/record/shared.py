"""What an incident's folder has where the incident is shared: who copies, and with which place. Blocking."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from tui.record.errors import JournalError, told
from tui.record.folder import JOURNAL, SHARING, incident_folder, make_folder, put, sync_folder

MARKER = "shared.json"
# Held while the marker is read and written anew; it is never removed.
_CHANGING = "shared.lock"


@dataclass(frozen=True, slots=True)
class Marker:
    """That an incident was shared.

    Attributes:
        place: with which place, as its words say it.
        name: the login's own name there, for the next start without it; "" while it is not known.
        since: when the first of its entries was there; None where none is yet.
    """

    place: str
    name: str = ""
    since: datetime | None = None


def read_marker(folder: Path) -> Marker | None:
    """The marker of an incident's folder; None where there is none that can be read."""
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def write_marker(folder: Path, marker: Marker) -> None:
    """Write it, whole or not at all. Raises JournalError."""
    put(folder / MARKER, msgspec.json.encode(marker) + b"\n")


def change_marker(folder: Path, change: Callable[[Marker | None], Marker | None]) -> Marker | None:
    """Change what the marker says, as one step among all consoles of this machine; what it says then.

    Args:
        change: what it is to say, from what it says now (None: there is none that can be read); None or the
            same leaves it as it is.

    Raises:
        JournalError: the disk refuses.
    """
    with _alone(folder / _CHANGING):
        before = read_marker(folder)
        after = change(before)
        if after is None or after == before:
            return before
        write_marker(folder, after)
        return after


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for a lock that nobody holds for longer than a file takes to be written."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise told("lock", path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class CopierLock:
    """The right to take in others' entries, and with it to write the files that are copies of their chains.

    One console of a folder has it, for as long as it lives; whoever rewrites such a file without one being
    there (an import, a redaction) has it meanwhile. The kernel takes it back from a process that dies.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / SHARING
        self._descriptor = -1

    @property
    def held(self) -> bool:
        """Whether this one has it."""
        return self._descriptor >= 0

    def try_take(self) -> bool:
        """Take it, if nobody has it; True where this one has it then. Raises JournalError."""
        if self.held and self._there():
            return True
        self.release()
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise told("lock", self._path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            raise told("lock", self._path, error) from error
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give it back. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _there(self) -> bool:
        """Whether the file is still the one that was locked: somebody may have removed it."""
        try:
            there, ours = self._path.stat(), os.fstat(self._descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def begin(state_dir: Path, incident_id: str) -> Path:
    """Make the folder of an incident that is joined; nothing changes where it is here.

    It has an empty journal from the start, which is written by the first who opens it: so it is an incident
    for everybody who reads.

    Raises:
        NoSuchIncident: this is no id.
        JournalError: the disk refuses.
    """
    folder = incident_folder(state_dir, incident_id)
    try:
        make_folder(folder)
    except JournalError:
        if not folder.is_dir():
            raise
    for path in (folder / SHARING, folder / JOURNAL):
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                sync_folder(folder)
        except OSError as error:
            raise told("write", path, error) from error
    return folder
