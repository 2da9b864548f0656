"""One line of somebody else's journal, as it comes: nothing of it is believed before it was checked. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tui.model.incident import Entry
from tui.model.sharing import FoundLine
from tui.model.text import clean, is_shown
from tui.model.times import rfc3339
from tui.record import lines
from tui.record.ids import is_entry_id

# The longest line that is taken: the longest of our own, a command's whole output, is far below.
LONGEST = 4 * 1024 * 1024
_LONGEST_HEADER = 4096
# How deep the data of an entry may be nested; ours is four deep.
DEEPEST = 64
# Moments that any calendar and any sum of a moment and a span can hold.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_SEPARATORS = frozenset({"Zl", "Zp"})


class Refused(ValueError):
    """The line is not taken in; the text says why, in a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line that is what it says it is. Whether it has a place in a chain is another question.

    Attributes:
        entry: what it says.
        line: its bytes, without the newline.
        stone: the same without its content.
        hash: what the next line of its chain says as `prev`.
        prev: the hash of the line before.
        header: the first line of its chain with its newline, where this is the first entry; else b"".
        writer: the machine of the header, else "".
    """

    entry: Entry
    line: bytes
    stone: bytes
    hash: str
    prev: str
    header: bytes = b""
    writer: str = ""


def arrival(found: FoundLine, incident_id: str) -> Arrival:
    """What was found, checked by itself. Raises Refused."""
    if found.incident != incident_id:
        raise Refused("it says that it belongs to another incident")
    line = _bytes(found.line, LONGEST)
    try:
        raw, envelope = lines.parse_raw(line)
        entry = lines.parse(line)
    except lines.Unreadable as error:
        raise Refused(f"it is no line of a journal ({error})") from None
    if envelope.id != found.entry or not is_entry_id(envelope.id):
        raise Refused("its name is not the entry's id")
    check_envelope(bytes(raw.envelope), envelope)
    _check_content(line, raw, envelope)
    _check_depth(line, entry.data)
    made = bytes(raw.envelope)
    header, writer = b"", ""
    if found.header:
        header = _bytes(found.header, _LONGEST_HEADER)
        writer = _writer(header, incident_id)
        if lines.hash_of(header) != envelope.prev:
            raise Refused("the header that came with it is not that of its chain")
        header += b"\n"
    return Arrival(entry, line, lines.stone(made), lines.hash_of(made), envelope.prev, header, writer)


def _bytes(text: str, most: int) -> bytes:
    """One line as it will lie on disk: it neither ends early there nor steers who looks at it."""
    if len(text) > most:
        raise Refused(f"it is longer than {most // 1024} KiB")
    try:
        line = text.encode()
    except UnicodeEncodeError:
        raise Refused("it is no UTF-8") from None
    if len(line) > most:
        raise Refused(f"it is longer than {most // 1024} KiB")
    if _steers(text):
        raise Refused("it has control or hidden characters")
    return line


def _steers(text: str) -> bool:
    if text.isascii():
        return not text.isprintable()
    # What a newer Python knows as a letter, ours may not know at all: that is no reason to refuse it.
    other = (c for c in set(text) if not " " <= c <= "~" and unicodedata.category(c) != "Cn")
    return any(c < " " or not is_shown(c) or unicodedata.category(c) in _SEPARATORS for c in other)


def check_envelope(raw: bytes, envelope: lines.Envelope) -> None:
    """See that an envelope is as a journal writes it, and its moments are some. Raises Refused."""
    for moment in (envelope.occurred_at, envelope.recorded_at):
        if moment.tzinfo is None or not _EARLIEST <= moment < _LATEST:
            raise Refused("it has a moment that no clock shows")
    if raw != lines.envelope(
        prev=envelope.prev,
        entry_id=envelope.id,
        occurred_at=rfc3339(envelope.occurred_at),
        recorded_at=rfc3339(envelope.recorded_at),
        actor=envelope.actor,
        kind=envelope.kind,
        digest=envelope.digest,
    ):
        raise Refused("its envelope is not as a journal writes it")


def _check_content(line: bytes, raw: lines.RawLine, envelope: lines.Envelope) -> None:
    body = bytes(raw.body)
    if raw.salt is None:
        if line != lines.stone(bytes(raw.envelope)):
            raise Refused("something was put in beside the entry")
        return
    if lines.digest(raw.salt, body) != envelope.digest:
        raise Refused("its text or data were changed")
    if line != lines.joined(bytes(raw.envelope), raw.salt, body):
        raise Refused("something was put in beside the entry")


def _check_depth(line: bytes, data: Any) -> None:
    if line.count(b"[") + line.count(b"{") <= DEEPEST:
        return
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise Refused(f"its data are nested more than {DEEPEST} deep")


def _writer(header: bytes, incident_id: str) -> str:
    try:
        said = lines.parse_header(header)
    except lines.Unreadable as error:
        raise Refused(f"its chain begins with {clean(str(error), limit=200)}") from None
    if said.journal != incident_id:
        raise Refused(f"its chain is the journal of {clean(said.journal, limit=80)!r}")
    if said.created_at.tzinfo is None or not _EARLIEST <= said.created_at < _LATEST:
        raise Refused("its chain begins at a moment that no clock shows")
    if header + b"\n" != lines.header_line(said.journal, said.writer, said.created_at):
        raise Refused("its header is not as a journal writes it")
    return said.writer
