"""An entry as objects of the shared place, and objects as entries again. Pure, and credulous of nothing.

One object an entry, named by the entry's id. A line too long for one object is split: the first part has
the id as its name, the further ones `<id>.2`, `<id>.3` and so on. Everybody with the Role may write there,
so that every name, number and length is checked, and what is held of unfinished lines is bounded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tui.model.sharing import SHOWN_TEXT, FoundLine, SharedLine
from tui.model.text import clean
from tui.model.times import parse_rfc3339, rfc3339

GROUP = "leeward.dev"
PLURAL = "entries"
ROOT = f"/apis/{GROUP}/v1"
INCIDENT_LABEL = f"{GROUP}/incident"
OVERVIEW_LABEL = f"{GROUP}/overview"
# A list of these alone tells which incidents there are, and how they stand.
OVERVIEW_KINDS = frozenset({"declared", "alert", "status", "severity", "resolved", "commander", "handover"})

PART_BYTES = 24_000  # of UTF-8; the definition allows 32,768 characters in one object
MOST_PARTS = 256
_LONGEST_PART = 4 * 32_768  # bytes: what the definition lets through
_LONGEST_NAME = 120
_LONGEST_LABEL = 63
# RFC 1123, without dots: what follows a dot is the number of a part.
_NAME = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.([1-9][0-9]{0,3}))?")
_MOST_HELD = 16 << 20  # bytes of lines that are not complete yet
_MOST_ENTRIES_HELD = 1_000


class TooLong(ValueError):
    """A line that fits into no number of objects that anybody would take in."""


class NotAnEntry(ValueError):
    """An object that is none of ours; the text says why, in a sentence that quotes no content.

    Attributes:
        name, version: the object's, as far as it has them.
    """

    def __init__(self, said: str, name: str = "", version: str = "") -> None:
        super().__init__(said)
        self.name = name
        self.version = version


@dataclass(frozen=True, slots=True)
class Part:
    """One object, checked: part `number` of `parts` of the line of `entry`."""

    name: str
    entry: str
    number: int
    parts: int
    incident: str
    line: str
    header: str
    uid: str
    version: str
    shared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An entry of which objects are missing.

    Attributes:
        entry: its id.
        have: the numbers of the parts that are there.
        parts: how many there must be; 0 where the first part, which tells, is missing.
        uid: the first part's; "" where it is missing.
    """

    entry: str
    have: tuple[int, ...]
    parts: int
    uid: str

    @property
    def said(self) -> str:
        """What is missing, in a sentence."""
        if not self.parts:
            return f"The first part of entry {self.entry} is missing in the shared place."
        return f"Of entry {self.entry} only {len(self.have)} of {self.parts} parts are in the shared place."


@dataclass(frozen=True, slots=True)
class Stray:
    """An object that is part of no line: what a deletion or a broken sender left behind."""

    name: str
    entry: str
    uid: str


@dataclass(frozen=True, slots=True)
class Added:
    """What a part brought about.

    Attributes:
        found: the line that it completes, if it does.
        strays: the parts that turn out to belong to nothing.
        said: what was refused, in a sentence.
    """

    found: FoundLine | None
    strays: tuple[Stray, ...] = ()
    said: str = ""


# -- to objects


def split(line: str, most: int = PART_BYTES) -> tuple[str, ...]:
    """The text in parts of at most so many bytes of UTF-8 each, no character torn apart."""
    data = line.encode("utf-8")
    if len(data) <= most:
        return (line,)
    parts, begin = [], 0
    while begin < len(data):
        end = min(begin + most, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # in the midst of a character
            end -= 1
        parts.append(data[begin:end].decode("utf-8"))
        begin = end
    return tuple(parts)


def objects(line: SharedLine) -> tuple[dict[str, Any], ...]:
    """The objects to create, the first part first.

    Raises TooLong; ValueError for a text that is no UTF-8.
    """
    parts = split(line.line)
    if len(parts) > MOST_PARTS or len(split(line.header)) > 1:
        size = len(line.line.encode("utf-8"))
        raise TooLong(f"Entry {line.entry} has {size:,} bytes; {MOST_PARTS * PART_BYTES:,} can be shared.")
    return tuple(_object(line, text, number, len(parts)) for number, text in enumerate(parts, start=1))


def _object(line: SharedLine, text: str, number: int, parts: int) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "incident": line.incident,
        "kind": line.kind[:64],
        "occurredAt": rfc3339(line.occurred_at),
        "actor": clean(line.actor, limit=256),
        "text": clean(line.text, limit=SHOWN_TEXT),
        "line": text,
    }
    if number == 1 and line.header:
        spec["header"] = line.header
    if parts > 1:
        spec |= {"part": number, "parts": parts}
    labels = {INCIDENT_LABEL: line.incident} if len(line.incident) <= _LONGEST_LABEL else {}
    if line.kind in OVERVIEW_KINDS:
        labels[OVERVIEW_LABEL] = "true"
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Entry",
        "metadata": {"name": part_name(line.entry, number), "labels": labels},
        "spec": spec,
    }


def part_name(entry: str, number: int) -> str:
    """`<id>`, or `<id>.2` for a further part."""
    return entry if number == 1 else f"{entry}.{number}"


# -- from objects


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None


class _Spec(msgspec.Struct):
    incident: str
    line: str
    header: str = ""
    part: int = 1
    parts: int = 1


class _Object(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec


class _Head(msgspec.Struct):
    metadata: _Metadata


_object_decoder = msgspec.json.Decoder(_Object)
_head_decoder = msgspec.json.Decoder(_Head)


def part(content: bytes | msgspec.Raw) -> Part:
    """The part that an object is. Raises NotAnEntry."""
    try:
        found = _object_decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = None
    if found is None:
        head = _head(content)
        shown = clean(head.name, limit=_LONGEST_NAME) or "without a name"
        raise NotAnEntry(
            f"The object {shown} in the shared place is no entry.", head.name, head.resource_version
        )
    problem = _problem(found)
    if problem:
        metadata = found.metadata
        shown = clean(metadata.name, limit=_LONGEST_NAME)
        raise NotAnEntry(
            f"The object {shown} in the shared place {problem}.", metadata.name, metadata.resource_version
        )
    return _part(found)


def _head(content: bytes | msgspec.Raw) -> _Metadata:
    try:
        return _head_decoder.decode(content).metadata
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Metadata()


def version_of(content: msgspec.Raw) -> str:
    """The version of any object; "" where it has none."""
    return _head(content).resource_version


def _problem(found: _Object) -> str:
    """What is wrong with an object, to stand behind its name; "" where nothing is."""
    spec = found.spec
    named = named_part(found.metadata.name)
    if named is None:
        return "has no entry's name"
    if not 1 <= spec.parts <= MOST_PARTS:
        return f"says that it is one of {spec.parts:,} parts, and there are at most {MOST_PARTS}"
    if spec.part != named[1] or not 1 <= spec.part <= spec.parts:
        return f"says that it is part {spec.part:,} of {spec.parts}, which its name does not"
    if "\n" in spec.line or "\n" in spec.header:
        return "holds more than one line"
    if len(spec.line.encode("utf-8")) > _LONGEST_PART or len(spec.header) > PART_BYTES:
        return "is longer than an entry may be"
    if spec.header and spec.part != 1:
        return "has a header, which the first part alone may have"
    return ""


def _part(found: _Object) -> Part:
    metadata, spec = found.metadata, found.spec
    return Part(
        name=metadata.name,
        entry=metadata.name.partition(".")[0],
        number=spec.part,
        parts=spec.parts,
        incident=spec.incident,
        line=spec.line,
        header=spec.header,
        uid=metadata.uid,
        version=metadata.resource_version,
        shared_at=moment(metadata.creation_timestamp),
    )


def named_part(name: str) -> tuple[str, int] | None:
    """The entry and the number of the part that an object's name tells; None where it is none of ours."""
    matched = _NAME.fullmatch(name)
    if matched is None or matched[2] == "1":
        return None
    return matched[1], int(matched[2] or 1)


def moment(text: object) -> datetime | None:
    """A time of the server's; None where it is none."""
    try:
        return parse_rfc3339(text) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None


class Assembler:
    """Makes lines of parts that come in any order, of one listing and the watches that go on from it.

    The first part tells how many there are; parts that say otherwise are refused. What is held of lines
    that are not complete is bounded: where there is more, the entry that waits longest is let go.
    """

    def __init__(self, most_bytes: int = _MOST_HELD, most_entries: int = _MOST_ENTRIES_HELD) -> None:
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._held: dict[str, dict[int, Part]] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """The bytes that are held."""
        return self._size

    def add(self, part: Part) -> Added:
        """Take a part in."""
        if part.parts == 1:
            return Added(_found([part]), self.forget(part.entry))
        self.forget(part.entry, part.number)
        held = self._held.setdefault(part.entry, {})
        held[part.number] = part
        self._size += _size(part)
        strays = self._disagreeing(part.entry)
        said = f"Parts of entry {part.entry} in the shared place do not belong together." if strays else ""
        first = held.get(1)
        if first is not None and len(held) == first.parts:
            line = _found([held[number] for number in range(1, first.parts + 1)])
            self.forget(part.entry)
            return Added(line, strays, said)
        return Added(None, strays, self._bounded() or said)

    def forget(self, entry: str, number: int = 0) -> tuple[Stray, ...]:
        """A part is gone; with 0, every part of the entry. Answers those that were held."""
        held = self._held.get(entry)
        if held is None:
            return ()
        gone = [held.pop(key) for key in ([number] if number else list(held)) if key in held]
        self._size -= sum(map(_size, gone))
        if not held:
            del self._held[entry]
        return tuple(Stray(part.name, part.entry, part.uid) for part in gone)

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """The entries of which parts are missing, the one that waits longest first."""
        return tuple(_incomplete(entry, held) for entry, held in self._held.items())

    def _disagreeing(self, entry: str) -> tuple[Stray, ...]:
        """Let go what does not agree with the first part."""
        held = self._held[entry]
        first = held.get(1)
        if first is None:
            return ()
        same = (first.incident, first.parts)
        others = [number for number, part in held.items() if (part.incident, part.parts) != same]
        return tuple(stray for number in others for stray in self.forget(entry, number))

    def _bounded(self) -> str:
        """Let go what is too much; says so."""
        said = ""
        while self._size > self._most_bytes or len(self._held) > self._most_entries:
            entry = next(iter(self._held))
            said = (
                f"{_incomplete(entry, self._held[entry]).said} It was let go: too many wait for their parts."
            )
            self.forget(entry)
        return said


def _incomplete(entry: str, held: Mapping[int, Part]) -> Incomplete:
    first = held.get(1)
    return Incomplete(entry, tuple(sorted(held)), first.parts if first else 0, first.uid if first else "")


def _size(part: Part) -> int:
    return len(part.line.encode("utf-8")) + len(part.header)


def _found(parts: list[Part]) -> FoundLine:
    first = parts[0]
    return FoundLine(
        incident=first.incident,
        entry=first.entry,
        line="".join(part.line for part in parts),
        header=first.header,
        uid=first.uid,
        shared_at=first.shared_at,
    )
