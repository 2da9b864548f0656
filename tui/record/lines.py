"""The format of a journal, version 1: how an entry becomes a line, and what chains the lines.

docs/journal.md describes it for whoever wants to read a journal without this program.
"""

import gc
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from tui.model.amending import GONE
from tui.model.incident import Draft, Entry
from tui.model.text import clean_lines, escaped
from tui.model.times import rfc3339
from tui.record.errors import JournalError

VERSION = 1
NO_LINE = "0" * 64
STONE_END = b',"salt":null,"body":null}'
_STONE_END_AS_TEXT = STONE_END.decode()
# One for all that have none: an entry is never changed.
_NO_DATA: Mapping[str, Any] = {}


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: what the file is. Its hash is the `prev` of the first entry."""

    leeward: int
    journal: str
    writer: str
    created_at: datetime


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is chained: `prev` is the hash of the envelope before, `digest` that of the content."""

    prev: str
    id: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    kind: str
    digest: str


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content: what a redaction removes, with its salt, leaving the chain whole."""

    text: str
    data: dict[str, Any]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of an entry; salt and body are null where they were redacted."""

    envelope: Envelope
    salt: str | None
    body: Body | None


class RawLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line with the very bytes that are hashed."""

    envelope: msgspec.Raw
    salt: str | None
    body: msgspec.Raw


class _Version(msgspec.Struct):
    leeward: int = VERSION


_encoder = msgspec.json.Encoder()
_line = msgspec.json.Decoder(Line)
_raw_line = msgspec.json.Decoder(RawLine)
_envelope = msgspec.json.Decoder(Envelope)
_body = msgspec.json.Decoder(Body)
_header = msgspec.json.Decoder(Header)
_version = msgspec.json.Decoder(_Version)


# A line that is nested too deep is as bad as one that is no JSON.
_NOT_READ = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)


class Unreadable(ValueError):
    """Bytes that are no line of a journal; the text says why."""


def header_line(incident_id: str, writer: str, created_at: datetime) -> bytes:
    """The first line, with its newline."""
    header = {
        "leeward": VERSION,
        "journal": incident_id,
        "writer": writer,
        "created_at": rfc3339(created_at),
    }
    return _encoder.encode(header) + b"\n"


@dataclass(frozen=True, slots=True)
class Content:
    """A draft as it will lie on disk, before it has a place in the chain."""

    draft: Draft
    data: dict[str, Any]
    body: bytes
    salt: str
    digest: str


def content(draft: Draft) -> Content:
    """Make a draft ready. Raises JournalError where it holds what JSON cannot."""
    draft = replace(draft, text=_plain(draft.text), actor=_plain(draft.actor))
    try:
        body = _shown(_encode_body(draft))
        data = _body.decode(body).data
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise JournalError(f"The {draft.kind} entry cannot be written as JSON: {error}.") from error
    salt = os.urandom(16).hex()
    return Content(draft, data, body, salt, digest(salt, body))


def chained(made: Content, entry_id: str, now: datetime, prev: str) -> tuple[Entry, bytes, str]:
    """The entry, its line with its newline, and its hash: the `prev` of the next."""
    draft = made.draft
    occurred, recorded = _milliseconds(draft.occurred_at), _milliseconds(now)
    made_envelope = envelope(
        prev=prev,
        entry_id=entry_id,
        occurred_at=rfc3339(occurred),
        recorded_at=rfc3339(recorded),
        actor=draft.actor,
        kind=str(draft.kind),
        digest=made.digest,
    )
    line = joined(made_envelope, made.salt, made.body) + b"\n"
    entry = Entry(entry_id, occurred, recorded, draft.actor, str(draft.kind), draft.text, made.data)
    return entry, line, hash_of(made_envelope)


def envelope(
    *, prev: str, entry_id: str, occurred_at: str, recorded_at: str, actor: str, kind: str, digest: str
) -> bytes:
    """An envelope as this program writes it: the bytes that are chained."""
    return _encoder.encode(
        {
            "prev": prev,
            "id": entry_id,
            "occurred_at": occurred_at,
            "recorded_at": recorded_at,
            "actor": actor,
            "kind": kind,
            "digest": digest,
        }
    )


def joined(envelope: bytes, salt: str, body: bytes) -> bytes:
    """A line of its parts, without its newline: the one way in which this program writes it."""
    return b'{"envelope":%b,"salt":"%b","body":%b}' % (envelope, salt.encode(), body)


def stone(envelope: bytes) -> bytes:
    """The line of an entry of which the content was taken out, without its newline."""
    return b'{"envelope":%b%b' % (envelope, STONE_END)


def is_stone(line: bytes | str) -> bool:
    """Whether the content was taken out of a line. Text is never encoded: a stranger's may be none."""
    return line.endswith(_STONE_END_AS_TEXT) if isinstance(line, str) else line.endswith(STONE_END)


def parse_header(line: bytes) -> Header:
    """The header. Raises Unreadable, also for a format of a later version."""
    try:
        header = _header.decode(line)
    except _NOT_READ as error:
        raise Unreadable(f"no header of a journal ({error})") from None
    if header.leeward != VERSION:
        raise Unreadable(f"format {header.leeward}, this program reads {VERSION}; use a newer leeward")
    return header


def check_version(journal: bytes) -> None:
    """Raise JournalError where a journal is of a later format: this program must not write to it."""
    try:
        version = _version.decode(journal[: journal.find(b"\n") + 1] or b"{}").leeward
    except _NOT_READ:
        return
    if version > VERSION:
        raise JournalError(
            f"This journal is of format {version}, and this leeward writes {VERSION}.", "Use a newer leeward."
        )


def parse(line: bytes) -> Entry:
    """The entry of a line. Raises Unreadable."""
    try:
        return entry_of(_line.decode(line))
    except _NOT_READ as error:
        raise Unreadable(str(error)) from None


def parse_all(lines: bytes) -> list[Entry]:
    """The entries of many lines at once, several times as fast. Raises Unreadable if any is bad."""
    # A hundred thousand new objects, none of them garbage: looking for some would take a third longer.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return [entry_of(line) for line in _line.decode_lines(lines)]
    except _NOT_READ as error:
        raise Unreadable(str(error)) from None
    finally:
        if collecting:
            gc.enable()


def parse_raw(line: bytes) -> tuple[RawLine, Envelope]:
    """A line with the bytes that are hashed. Raises Unreadable."""
    try:
        raw = _raw_line.decode(line)
        if bytes(raw.body) != b"null":
            _body.decode(raw.body)
        return raw, _envelope.decode(raw.envelope)
    except _NOT_READ as error:
        raise Unreadable(str(error)) from None


def hash_of_line(line: bytes) -> str:
    """What the next line says as `prev`: the envelope's hash, or the header's.

    A line that cannot be read is hashed whole, so that recording goes on after it.
    """
    try:
        return hash_of(bytes(parse_raw(line)[0].envelope))
    except Unreadable:
        return hash_of(line.rstrip(b"\n"))


def first_hash(journal: bytes) -> str:
    """The hash of a journal's first entry, by which its chain is known; "" where it has none."""
    start = journal.find(b"\n") + 1
    end = journal.find(b"\n", start)
    return hash_of_line(journal[start:end]) if start and end >= 0 else ""


def last_id(journal: bytes) -> str:
    """The id of a journal's last entry that can be read; "" where there is none."""
    end = journal.rfind(b"\n")
    while end > 0:
        start = journal.rfind(b"\n", 0, end) + 1
        try:
            return parse_raw(journal[start:end])[1].id
        except Unreadable:
            end = start - 1
    return ""


def ids_of(journal: bytes, kind: str) -> frozenset[str]:
    """The ids of a journal's entries of one kind; what cannot be read is none."""
    found, said = set(), b'"kind":"%b"' % kind.encode()
    for line in journal.split(b"\n"):
        if said not in line:
            continue
        try:
            envelope = parse_raw(line)[1]
        except Unreadable:
            continue
        if envelope.kind == kind:
            found.add(envelope.id)
    return frozenset(found)


def entry_of(line: Line) -> Entry:
    """The entry; text and data of a redacted one say so.

    What this program writes is plain text already; a line of somebody else's may be anything.
    """
    envelope, body = line.envelope, line.body
    text = GONE if body is None else body.text
    # Not each by itself, since a hundred thousand are read at once.
    all_of_it = f"{envelope.actor}{envelope.kind}{text}"
    if all_of_it.isascii() and all_of_it.isprintable():
        actor, kind = envelope.actor, envelope.kind
    else:
        actor, kind, text = _plain(envelope.actor), _plain(envelope.kind), _plain(text)
    return Entry(
        envelope.id,
        envelope.occurred_at,
        envelope.recorded_at,
        # Fifty names and as many kinds, in ten thousand entries: each is kept once.
        sys.intern(actor),
        sys.intern(kind),
        text,
        body.data if body is not None and body.data else _NO_DATA,
        body is None,
    )


def digest(salt: str, body: bytes) -> str:
    """The salted digest of the content: SHA-256 of the salt's hex text and the body's bytes."""
    return hash_of(salt.encode() + body)


def hash_of(content: bytes) -> str:
    """SHA-256, as hex."""
    return hashlib.sha256(content).hexdigest()


def _shown(body: bytes) -> bytes:
    """The same JSON, with what would steer a terminal, or hide in it, written as `\\uXXXX`."""
    if body.isascii() and b"\x7f" not in body:
        return body
    return escaped(body.decode()).encode()


def _encode_body(draft: Draft) -> bytes:
    content = {"text": draft.text, "data": draft.data}
    try:
        return _encoder.encode(content)
    except UnicodeEncodeError:
        # Lone surrogates: bytes of an argument or a file name that were no UTF-8.
        content["data"] = _encodable(draft.data)
        return _encoder.encode(content)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value


def _plain(text: str) -> str:
    ours = text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable())
    return text if ours else clean_lines(text)


def _milliseconds(moment: datetime) -> datetime:
    """As it will be read back."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
