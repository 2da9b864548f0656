"""What later entries say of earlier ones: corrections, redactions and pins. Pure.

An entry never changes in its place. Whoever shows entries, or reads moments and texts from them, reads
them as `amended`: a correction gives another text or another moment, a redaction leaves a stone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tui.model.incident import Entry, Kind
from tui.model.text import clean_lines
from tui.model.times import parse_rfc3339

# What these entries say is about other entries, and nothing is said of them in turn.
AMENDING = frozenset({Kind.CORRECTION, Kind.REDACTED, Kind.ENTRY_PINNED, Kind.ENTRY_UNPINNED})
# Those after which an incident is folded anew: what was folded already has become another.
CHANGING = frozenset({Kind.CORRECTION, Kind.REDACTED})
GONE = "(redacted)"
# Where an entry's own data has the moment that its `occurred_at` stands for.
_RETIMED: Mapping[str, str] = {Kind.ALERT: "starts_at", Kind.DECLARED: "started_at"}


@dataclass(frozen=True, slots=True)
class Amendments:
    """What is said of other entries, by their ids.

    Attributes:
        corrections: in the order in which they were made; the last that gives a text, or a moment, stands.
        redactions: what tells that an entry was redacted.
        pinned: the entries that are pinned.
        originals: the corrected entries as they were written.
    """

    corrections: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    redactions: Mapping[str, Entry] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    originals: Mapping[str, Entry] = field(default_factory=dict)

    def original(self, entry_id: str) -> Entry | None:
        """A corrected entry as it was written; None where it is not here, or was redacted."""
        return None if entry_id in self.redactions else self.originals.get(entry_id)

    def told(self, entry: Entry) -> Entry:
        """The entry as it is to be read now; the same object where nothing is said of its content."""
        if entry.id in self.redactions:
            entry = _redacted(entry, self.redactions[entry.id])
        if entry.redacted or entry.id not in self.corrections or entry.kind in AMENDING:
            return entry
        for correction in self.corrections[entry.id]:
            entry = _corrected(entry, correction)
        return entry

    def corrected(self, entry_id: str) -> bool:
        """Whether a correction stands that is not redacted with the entry."""
        return entry_id in self.corrections and entry_id not in self.redactions


NONE = Amendments()


def amendments(entries: Iterable[Entry]) -> Amendments:
    """What these entries say of others. `NONE` where they say nothing."""
    entries = tuple(entries)
    said = sorted((entry for entry in entries if entry.kind in AMENDING), key=lambda entry: entry.id)
    if not said:
        return NONE
    # Who took what out, and why, stays, whatever somebody else's entry says of it.
    tellers = {entry.id for entry in said if entry.kind == Kind.REDACTED}
    redactions = {about: entry for entry in said for about in redacts(entry) if about not in tellers}
    corrections: dict[str, tuple[Entry, ...]] = {}
    pinned: set[str] = set()
    for entry in said:
        about = entry.data.get("entry")
        if not isinstance(about, str):
            continue
        if entry.kind == Kind.CORRECTION:
            told = _redacted(entry, redactions[entry.id]) if entry.id in redactions else entry
            corrections[about] = (*corrections.get(about, ()), told)
        elif entry.kind == Kind.ENTRY_PINNED:
            pinned.add(about)
        elif entry.kind == Kind.ENTRY_UNPINNED:
            pinned.discard(about)
    originals = {entry.id: entry for entry in entries if entry.id in corrections} if corrections else {}
    return Amendments(corrections, redactions, frozenset(pinned), originals)


def amended(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries as they are to be read now, in the order in which they came."""
    entries = tuple(entries)
    said = amendments(entries)
    return entries if said is NONE else tuple(map(said.told, entries))


def redacts(entry: Entry) -> tuple[str, ...]:
    """The ids of the entries that this one says were redacted."""
    if entry.kind != Kind.REDACTED:
        return ()
    ids = entry.data.get("entries")
    return tuple(one for one in ids if isinstance(one, str)) if isinstance(ids, list | tuple) else ()


# What stays of an entry's data in the entry that tells of its redaction, since the incident's state is
# folded from it: words of the journal's own format, ids and moments, and nothing that a person wrote.
_STAYS: Mapping[str, tuple[str, ...]] = {
    Kind.DECLARED: ("severity", "diagnosis", "drill", "started_at"),
    Kind.ALERT: ("event", "starts_at", "severity"),
    Kind.STATE: ("check", "from", "to"),
    Kind.FLAPPING: ("check", "count"),
    Kind.DIAGNOSIS: ("id", "severity", "healthy"),
    Kind.PINNED: ("id", "diagnosis", "severity", "healthy"),
    Kind.SEVERITY: ("from", "to"),
    Kind.STATUS: ("from", "to"),
    Kind.INTENT: ("mitigation", "change", "undoes", "reversible", "until"),
    Kind.OUTCOME: ("intent", "outcome", "exit_code"),
    Kind.SETTLED: ("intent", "outcome"),
    Kind.ROLLOUT: ("intent", "complete"),
    Kind.VERDICT: ("intent", "verdict", "stalled"),
    Kind.LEASE: ("intent", "event", "until"),
    Kind.RESET: ("mitigation",),
    Kind.RECOVERY: ("event",),
    Kind.RESUMED: ("away_s",),
    Kind.EVIDENCE: ("sha256", "size", "files"),
    Kind.UPDATE: ("outcome", "audience", "event", "status", "severity", "next"),
    Kind.SNOOZED: ("until",),
    Kind.MILESTONE: ("name", "at", "before"),
    Kind.RESOLVED: ("failed_requests", "coverage"),
    Kind.CORRECTION: ("entry", "occurred_at"),
    Kind.ENTRY_PINNED: ("entry",),
    Kind.ENTRY_UNPINNED: ("entry",),
}
# Who or what it was is gone; that there was somebody, or something, is not.
_NAMELESS: Mapping[str, tuple[str, ...]] = {
    Kind.COMMANDER: ("name",),
    Kind.HANDOVER: ("to",),
    Kind.INTENT: ("variable", "before", "after"),
}
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{1,64}")


def stays(entry: Entry) -> dict[str, Any]:
    """What may stay of an entry's data when it is redacted."""
    kept = {name: entry.data[name] for name in _STAYS.get(entry.kind, ()) if _plain(entry.data.get(name))}
    return kept | {name: GONE for name in _NAMELESS.get(entry.kind, ()) if name in entry.data}


def _plain(value: object) -> bool:
    return isinstance(value, bool | int | float) or (
        isinstance(value, str) and _WORD.fullmatch(value) is not None
    )


def _redacted(entry: Entry, told: Entry) -> Entry:
    """A stone: when, who and which kind stay in the chain, and what the state rests on stays here."""
    reason = told.data.get("reason")
    reason = clean_lines(reason) if isinstance(reason, str) else ""
    said = f"(redacted by {told.actor}: {reason})" if reason else GONE
    return replace(entry, text=said, data=_kept(entry, told), redacted=True)


def _kept(entry: Entry, told: Entry) -> dict[str, Any]:
    """Of what was kept, what `stays` keeps: who redacts an entry must not put other words in its place."""
    kept = told.data.get("kept")
    data = kept.get(entry.id) if isinstance(kept, Mapping) else None
    if not isinstance(data, Mapping):
        return {}
    return stays(replace(entry, data=data))


def _corrected(entry: Entry, correction: Entry) -> Entry:
    text, at = correction.data.get("text"), moment_of(correction)
    if isinstance(text, str) and text:
        entry = replace(entry, text=clean_lines(text))
    if at is None:
        return entry
    name = _RETIMED.get(entry.kind)
    data = {**entry.data, name: correction.data["occurred_at"]} if name and name in entry.data else entry.data
    return replace(entry, occurred_at=at, data=data)


def moment_of(correction: Entry) -> datetime | None:
    """The moment that a correction gives, if it gives one."""
    value = correction.data.get("occurred_at")
    try:
        return parse_rfc3339(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
