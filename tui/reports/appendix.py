"""What is appended to a postmortem: the messages that were sent, and the evidence's digest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tui.model.incident import Entry, Kind

# One message goes to several places, one after another.
_TOLD = ("sent", "copied", "unknown")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that reached people, or may have (`unknown`: its answer was lost)."""

    at: datetime
    audience: str
    outcome: str
    by: str
    places: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An archive of evidence: what it is known by, and the machine that it lies on; "" is not known.

    `missing` says what could not be had.
    """

    at: datetime
    by: str
    path: str
    host: str
    sha256: str
    size: int | None
    files: int | None
    missing: tuple[str, ...]


def messages(entries: Iterable[Entry]) -> tuple[Sent, ...]:
    """Each once, with all the places where it went."""
    found: dict[tuple[str, str, str], Sent] = {}
    for sent in _messages(entries):
        key = (sent.audience, sent.outcome, sent.text)
        if (before := found.get(key)) is not None:
            sent = replace(before, places=tuple(dict.fromkeys(before.places + sent.places)))
        found[key] = sent
    return tuple(found.values())


def _messages(entries: Iterable[Entry]) -> Iterator[Sent]:
    for entry in sorted(entries, key=lambda entry: (entry.occurred_at, entry.id)):
        text, outcome = entry.data.get("text"), entry.data.get("outcome")
        if entry.kind == Kind.UPDATE and isinstance(text, str) and text.strip() and outcome in _TOLD:
            place = entry.data.get("place")
            places = (place,) if isinstance(place, str) and place else ()
            audience = str(entry.data.get("audience") or "")
            yield Sent(entry.occurred_at, audience, str(outcome), entry.actor, places, text)


def evidence(entries: Iterable[Entry]) -> tuple[Kept, ...]:
    """Each archive that was collected."""
    return tuple(
        _kept(entry)
        for entry in sorted(entries, key=lambda entry: entry.id)
        if entry.kind == Kind.EVIDENCE and isinstance(entry.data.get("sha256"), str)
    )


def _kept(entry: Entry) -> Kept:
    data = entry.data
    size, files, missing = data.get("size"), data.get("files"), data.get("missing")
    rows = missing if isinstance(missing, list | tuple) else ()
    return Kept(
        entry.occurred_at,
        entry.actor,
        # The folder is one machine's, and may name its owner; the file's name is what is handed on.
        str(data.get("path") or "").rpartition("/")[2],
        str(data.get("host") or ""),
        str(data["sha256"]),
        size if isinstance(size, int) else None,
        files if isinstance(files, int) else None,
        tuple(f"{row.get('what', '')}: {row.get('reason', '')}" for row in rows if isinstance(row, dict)),
    )
