"""What is known of an incident: its entries as they lie on disk and as they are to be read, and their sum."""

import bisect
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tui.model.amending import AMENDING, CHANGING, GONE, NONE, Amendments, amendments
from tui.model.folding import advance, fold, steps
from tui.model.incident import Entry, Incident

_COUNTS = frozenset(steps) | AMENDING


class Memory:
    """The entries of one incident, in whatever order they come: others' come late, and never twice.

    Attributes:
        incident: what they add up to; None before the first.
        timeline: as they are to be read now, in the order of `occurred_at`. A new tuple where it changed.
        amendments: what later ones say of earlier ones.
    """

    def __init__(self) -> None:
        self.incident: Incident | None = None
        self.timeline: tuple[Entry, ...] = ()
        self.amendments: Amendments = NONE
        self._entries: list[Entry] = []
        self._amended: list[Entry] = []
        self._ids: dict[str, None] = {}  # half as large as a set of them
        self._folded_to = ""

    @property
    def recorded(self) -> tuple[Entry, ...]:
        """The entries as they lie on disk, whatever later ones say of them."""
        return tuple(self._entries)

    def knows(self, entry_id: str) -> bool:
        """Whether the entry is among them."""
        return entry_id in self._ids

    def take(self, incident_id: str, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Take these in; answers those that were not known."""
        fresh = tuple({entry.id: entry for entry in entries if entry.id not in self._ids}.values())
        self._ids.update((entry.id, None) for entry in fresh)
        changing = any(entry.kind in CHANGING for entry in fresh)
        late = self._come_late(fresh)
        for entry in fresh:
            bisect.insort(self._entries, entry, key=_moment)
        about = self.amendments.corrections.keys() | self.amendments.redactions.keys()
        if any(entry.kind in AMENDING or entry.id in about for entry in fresh):
            self.amendments = amendments(self._entries)
            if self._empty():
                self.amendments = amendments(self._entries)
        if changing:
            self._amended = sorted(map(self.amendments.told, self._entries), key=_moment)
        else:
            for entry in fresh:
                bisect.insort(self._amended, self.amendments.told(entry), key=_moment)
        self.incident = self._folded(incident_id, fresh, anew=changing or late)
        self.timeline = tuple(self._amended)
        return fresh

    def _folded(self, incident_id: str, fresh: tuple[Entry, ...], *, anew: bool) -> Incident:
        """The sum. The order of recording counts: what comes late counts before what is told already."""
        if anew:
            return fold(incident_id, [entry for entry in self._entries if entry.kind in _COUNTS])
        incident = self.incident or Incident(incident_id)
        for entry in sorted(fresh, key=lambda entry: entry.id):
            incident = advance(incident, self.amendments.told(entry))
        return incident

    def _empty(self) -> bool:
        """What was redacted leaves memory; who took what out stays, whatever others say of it."""
        gone = {one.id for one in self._entries if one.id in self.amendments.redactions and not one.redacted}
        self._entries = [
            replace(one, text=GONE, data={}, redacted=True) if one.id in gone else one
            for one in self._entries
        ]
        return bool(gone)

    def _come_late(self, fresh: tuple[Entry, ...]) -> bool:
        counting = [entry.id for entry in fresh if entry.kind in steps]
        late = bool(counting) and min(counting) < self._folded_to
        self._folded_to = max((*counting, self._folded_to))
        return late


def _moment(entry: Entry) -> tuple[datetime, str]:
    return (entry.occurred_at, entry.id)
