"""What fills the timeline: rows are made of what is new alone, since a night has many entries."""

from datetime import tzinfo

from tui.model.amending import NONE, Amendments
from tui.model.doers import Approved
from tui.model.incident import Entry
from tui.screens import view
from tui.screens.history import alike
from widgets.timeline import Timeline


class Feed:
    """Keeps a timeline as the entries are. Others' come in between, mostly near its end.

    Attributes:
        entries: what it shows, filtered or not, in its order.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.entries: tuple[Entry, ...] = ()
        self._said = NONE
        self._writers: set[str] = set()

    def take(self, entries: tuple[Entry, ...], said: Amendments, by: Approved, zone: tzinfo | None) -> None:
        """Show these: from the first that is another one than before, rows are made anew."""
        old, self.entries = self.entries, entries
        anew, self._said = said is not self._said, said
        if entries is old and not anew:
            return
        if anew or not old:
            self._writers.clear()
            self._name(entries)
            self.timeline.show(view.timeline(entries, zone, said, by))
            return
        start = alike(old, entries)
        more = entries[start:]
        self._name(more)
        if start == len(old):
            self.timeline.append(*view.timeline(more, zone, said, by))
        else:
            self.timeline.splice(start, view.timeline(more, zone, said, by))

    def forget(self) -> None:
        """Have every row made anew: their times are told otherwise now."""
        self.entries = ()

    def _name(self, entries: tuple[Entry, ...]) -> None:
        """Say who wrote what, where several people do."""
        self._writers |= view.writers(entries)
        self.timeline.show_names(len(self._writers) > 1)
