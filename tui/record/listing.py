"""Which journals of a folder are to be looked at. Blocking."""

import time
from pathlib import Path

from tui.record.folder import is_own, journals

# What changed so lately may change again without another time: file systems count in ticks, or in seconds.
_LATELY = 2_000_000_000


class Listing:
    """The journals of a folder, without looking at fifty copies each time.

    Processes of this machine write their own journals. A copy is written by its copier alone, which tells of
    it (`touch`); anybody else puts another file in its place, which changes the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = 0
        self._own: tuple[Path, ...] = ()
        self._touched: set[str] = set()

    def touch(self, name: str) -> None:
        """Look at this one the next time."""
        self._touched.add(name)

    def forget(self) -> None:
        """Look at all the next time: what was to be looked at could not be read."""
        self._changed = 0

    def look(self) -> tuple[Path, ...]:
        """Those that may have changed since the last look, this machine's own first; all at first."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        touched, self._touched = self._touched, set()
        if changed and changed == self._changed:
            return (*self._own, *(self._folder / name for name in sorted(touched) if not is_own(name)))
        self._changed = changed if time.time_ns() - changed >= _LATELY else 0
        found = journals(self._folder)
        self._own = tuple(path for path in found if is_own(path.name))
        return found
