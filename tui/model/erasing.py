"""Redacting an entry: what may not be, what is written of it, and where copies may lie. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from tui.model.amending import amendments, stays
from tui.model.incident import Applied, Draft, Entry, Incident, Kind
from tui.model.redaction import MARK
from tui.model.times import clock

# What settling and undoing a change look up.
_OF_CHANGES = frozenset({Kind.INTENT, Kind.OUTCOME, Kind.SETTLED, Kind.LEASE})
_LIVE = frozenset({"taken", "kept"})
# A word of a reason that stands in the entry, too, and is no word of a language.
_TELLING = re.compile(r"[^\s,;:\"'()]{6,}")


def refusal(entry: Entry, incident: Incident) -> str:
    """Why this entry cannot be redacted, with what to do first; "" where it can."""
    if entry.redacted:
        return "It is redacted already."
    if entry.kind == Kind.REDACTED:
        return "It tells what was redacted, by whom and why: that stays."
    if entry.kind not in _OF_CHANGES:
        return ""
    intent = entry.id if entry.kind == Kind.INTENT else entry.data.get("intent")
    change = next((one for one in incident.mitigations if one.intent == intent), None)
    return _rests(change, incident) if change is not None else ""


def _rests(change: Applied, incident: Incident) -> str:
    if not change.settled:
        return (
            f"It is not known yet what became of {change.title!r}, and this entry says what to look for. "
            "Resume the incident, which settles it, and redact then."
        )
    if change.stands and not change.undone and change.lease in _LIVE:
        return (
            f"{change.title!r} is still held, and its undo rests on this entry. "
            "Undo it or let it go first, and redact then."
        )
    if change.stands and not change.undone and change.reversible and incident.open:
        return (
            f"The undo of {change.title!r} rests on this entry. "
            "Undo it, or resolve the incident first, and redact then."
        )
    return ""


def redaction(entry: Entry, entries: Sequence[Entry], reason: str, actor: str, now: datetime) -> Draft:
    """The entry that tells of it. The entry's corrections go with it: they say the same in other words."""
    gone = (entry, *(one for one in amendments(entries).corrections.get(entry.id, ()) if not one.redacted))
    reason = _without_words_of(gone, " ".join(reason.split()))
    data = {
        "entry": entry.id,
        "entries": [one.id for one in gone],
        "reason": reason,
        "kept": {one.id: kept for one in gone if (kept := stays(one))},
    }
    told = f"redacted {entry.kind} of {clock(entry.occurred_at)} UTC by {entry.actor}: {reason}"
    return Draft(Kind.REDACTED, told, now, actor, data)


def _without_words_of(gone: Iterable[Entry], reason: str) -> str:
    """The reason must not say what it is about: words with digits or signs, and the text as a whole."""
    for entry in gone:
        for text in (entry.text, *(value for value in entry.data.values() if isinstance(value, str))):
            if len(text) >= 6:
                reason = reason.replace(text, MARK)
            words = (word for word in _TELLING.findall(reason) if not word.isalpha())
            for word in sorted(words, key=len, reverse=True):
                reason = reason.replace(word, MARK) if word in text else reason
    return reason


def copies(entry: Entry, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Where the entry may still be read, as the record knows it: what was written or sent after it."""
    found: dict[str, None] = {}
    for later in sorted(entries, key=lambda one: one.id):
        if later.id > entry.id and (place := _copy(later)):
            found[place] = None
    return tuple(found)


def _copy(later: Entry) -> str:
    at = clock(later.occurred_at)
    if later.kind == Kind.EVIDENCE:
        return f"the evidence of {at} UTC: {later.data.get('path') or later.text}"
    if later.kind == Kind.EXPORTED:
        return f"{later.text} at {at} UTC"
    if later.kind == Kind.IMPORTED:
        return f"the machine from which it was imported at {at} UTC"
    if later.kind == Kind.UPDATE and later.data.get("outcome") in ("sent", "copied", "unknown"):
        return f"an update, if it said so: {later.text} at {at} UTC"
    return ""
