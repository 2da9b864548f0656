"""Which journals of a folder are to be looked at. Blocking."""

import os
import time
from pathlib import Path

from tui.record.folder import in_order, is_journal, is_own

# What changed so lately may change again without another time: file systems count in ticks, or in seconds.
_LATELY = 2_000_000_000
# The inode, the size, and when it was changed (ns).
State = tuple[int, int, int]


class Listing:
    """The journals of a folder, without looking at fifty copies each time.

    Processes of this machine write their own journals. A copy is written by its copier alone, which tells of
    it (`touch`); anybody else puts another file in its place, which changes the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = 0
        self._own: tuple[Path, ...] = ()
        self._copies: dict[str, State | None] = {}
        self._touched: set[str] = set()

    def touch(self, name: str) -> None:
        """Look at this one the next time."""
        self._touched.add(name)

    def forget(self) -> None:
        """Look at all the next time: what was to be looked at could not be read."""
        self._changed, self._copies = 0, {}

    def look(self) -> tuple[Path, ...]:
        """Those that may have changed since the last look, this machine's own first; all at first."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        touched, self._touched = self._touched, set()
        if not changed or changed != self._changed:
            self._changed = changed if time.time_ns() - changed >= _LATELY else 0
            touched |= self._list()
        return (*self._own, *(self._folder / name for name in sorted(touched) if not is_own(name)))

    def _list(self) -> set[str]:
        """List the folder anew; the copies that are another file than before, or another length."""
        before, self._copies = self._copies, {}
        own: list[str] = []
        try:
            with os.scandir(self._folder) as there:
                for entry in there:
                    if is_own(entry.name):
                        own.append(entry.name)
                    elif is_journal(entry.name):
                        self._copies[entry.name] = _state(entry)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            pass
        self._own = tuple(self._folder / name for name in in_order(own))
        return {name for name, state in self._copies.items() if state is None or before.get(name) != state}


def _state(entry: "os.DirEntry[str]") -> State | None:
    """None where that cannot be told: whoever reads it tells why."""
    try:
        there = entry.stat()
    except OSError:
        return None
    return there.st_ino, there.st_size, there.st_mtime_ns
