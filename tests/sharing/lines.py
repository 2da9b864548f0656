"""Lines of a journal, made without one: each the first of a chain of its own."""

import json

from tests.support.clock import START
from tui.model.incident import Draft, Entry, Kind
from tui.model.sharing import SharedLine
from tui.record import lines

INCIDENT = "inc-20261123-1503-7f3a"


def _line(letter: str, draft: Draft) -> SharedLine:
    header = lines.header_line(INCIDENT, f"host-{letter}", START)
    entry, line, _ = lines.chained(lines.content(draft), letter * 26, START, lines.hash_of_line(header))
    return shared(entry, line, header)


def shared(entry: Entry, line: bytes, header: bytes = b"") -> SharedLine:
    return SharedLine(
        INCIDENT,
        entry.id,
        entry.kind,
        entry.occurred_at,
        entry.actor,
        entry.text,
        line.decode().rstrip("\n"),
        header.decode().rstrip("\n"),
    )


def drafted(letter: str, kind: Kind, text: str, **data: object) -> SharedLine:
    return _line(letter, Draft(kind, text, START, "ana", data))


def line(letter: str, text: str = "traffic rose") -> SharedLine:
    return _line(letter, Draft(Kind.NOTE, text, START, "ana"))


def timeless(letter: str, kind: Kind, **data: object) -> SharedLine:
    """An entry as no journal writes it, with moments that have no time zone; all else of it is right."""
    body = json.dumps({"text": "x", "data": data}, separators=(",", ":")).encode()
    moment, salt = "2026-01-01T00:00:00", "00" * 16
    envelope = lines.envelope(
        prev="0" * 64,
        entry_id=letter * 26,
        occurred_at=moment,
        recorded_at=moment,
        actor="eve",
        kind=kind,
        digest=lines.digest(salt, body),
    )
    line = lines.joined(envelope, salt, body)
    return shared(lines.parse(line), line)


def secretive(letter: str, secret: str) -> SharedLine:
    return _line(letter, Draft(Kind.NOTE, "tried again", START, "ana", {"said": [f"with {secret}"]}))


def redaction_of(one: SharedLine) -> SharedLine:
    data = {"entry": one.entry, "entries": [one.entry], "reason": "a name", "kept": {}}
    return _line("r", Draft(Kind.REDACTED, "redacted", START, "ana", data))
