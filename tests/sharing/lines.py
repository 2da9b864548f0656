"""Lines of a journal, made without one: each the first of a chain of its own."""

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


def secretive(letter: str, secret: str) -> SharedLine:
    return _line(letter, Draft(Kind.NOTE, "tried again", START, "ana", {"said": [f"with {secret}"]}))


def redaction_of(one: SharedLine) -> SharedLine:
    data = {"entry": one.entry, "entries": [one.entry], "reason": "a name", "kept": {}}
    return _line("r", Draft(Kind.REDACTED, "redacted", START, "ana", data))
