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
        self._ids: set[str] = set()
        self._folded_to = ""

    @property
    def recorded(self) -> tuple[Entry, ...]:
        """The entries as they lie on disk, whatever later ones say of them."""
        return tuple(self._entries)

    def take(self, incident_id: str, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Take these in; answers those that were not known."""
        fresh = tuple({entry.id: entry for entry in entries if entry.id not in self._ids}.values())
        self._ids.update(entry.id for entry in fresh)
        incident = self.incident or Incident(incident_id)
        kinds = {entry.kind for entry in fresh}
        changing = not kinds.isdisjoint(CHANGING)
        anew = changing or self._come_late(fresh)
        for entry in sorted(fresh, key=lambda entry: entry.id):
            bisect.insort(self._entries, entry, key=_moment)
            told = self.amendments.told(entry)
            if not anew:
                incident = advance(incident, told)
            if not changing:
                bisect.insort(self._amended, told, key=_moment)
        if not kinds.isdisjoint(AMENDING):
            self.amendments = amendments(self._entries)
        if changing:
            self._amended = sorted(map(self.amendments.told, self._entries), key=_moment)
        if anew:
            # The order of recording counts: one that comes late counts before what is told already.
            incident = fold(incident_id, [entry for entry in self._entries if entry.kind in _COUNTS])
        self.incident = incident
        self.timeline = tuple(self._amended)
        return fresh

    def empty(self, gone: Iterable[str]) -> None:
        """Take the content of these out of memory: they are redacted."""
        names = frozenset(gone)
        if names:
            self._entries = [
                replace(one, text=GONE, data={}, redacted=True) if one.id in names else one
                for one in self._entries
            ]

    def _come_late(self, fresh: tuple[Entry, ...]) -> bool:
        counting = [entry.id for entry in fresh if entry.kind in steps]
        late = bool(counting) and min(counting) < self._folded_to
        self._folded_to = max((*counting, self._folded_to))
        return late


def _moment(entry: Entry) -> tuple[datetime, str]:
    return (entry.occurred_at, entry.id)
