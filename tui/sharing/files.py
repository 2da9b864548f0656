"""The files of an incident's folder, as its copy uses them. Blocking."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui.model.clock import Clock
from tui.model.folding import fold
from tui.record.growing import Growth
from tui.record.incoming import Incoming
from tui.record.outgoing import Outgoing
from tui.record.reading import read_folder
from tui.record.shared import Marker, change_marker, read_marker


class FolderFiles:
    """`tui.sharing.needs.Files` of a folder on disk."""

    def __init__(self, folder: Path, incident: str, place: Callable[[], str], clock: Clock) -> None:
        """`place` tells the shared place in words, once it is open: the marker is of this one."""
        self._folder = folder
        self._incident = incident
        self._place = place
        self._clock = clock
        self._growth = Growth()

    def outgoing(self) -> Outgoing:
        """A look at everything from the beginning."""
        return Outgoing(self._folder, self._incident, self._growth)

    def incoming(self) -> Incoming:
        """What takes others' lines in; the caller holds the folder's `sharing.lock`."""
        return Incoming(self._folder, self._incident, self._growth)

    def shared_before(self) -> bool:
        """Whether the marker says that entries of it were in this very place."""
        marker = read_marker(self._folder)
        return marker is not None and marker.place == self._place() and marker.since is not None

    def mark(self) -> None:
        """Have the marker say so. Raises JournalError."""
        place, now = self._place(), self._clock.now()

        def shared(marker: Marker | None) -> Marker:
            if marker is None or marker.place != place:
                return Marker(place, "", now)
            return replace(marker, since=marker.since or now)

        change_marker(self._folder, shared)

    def closed(self) -> bool:
        """Whether the incident, as the files tell it, is resolved. Raises JournalError."""
        return not fold(self._incident, read_folder(self._folder, self._incident).entries).open
