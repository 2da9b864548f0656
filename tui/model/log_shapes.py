"""Log lines grouped by their shape: what differs from one call to the next is taken out."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 400
# One pass over a line, the most telling form first. Runs are bounded: a hostile line costs no more.
_PART = r"(?:[.,]\d+)?"
_DIGITS_AND = r"\b(?=[{0}]*\d)(?=\d*[{0}])[0-9{0}]{{8,}}\b"
_PARTS: tuple[tuple[str, str], ...] = (
    (
        "time",
        rf"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d{_PART})?(?:Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d{_PART}\b",
    ),
    ("uuid", r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"),
    ("text", r"\"(?:[^\"\\]|\\.){0,160}\"|(?<![\w])'(?:[^'\\]|\\.){0,160}'(?!\w)"),
    ("ip", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b"),
    ("hex", rf"\b0x[0-9a-fA-F]+\b|{_DIGITS_AND.format('a-f')}|{_DIGITS_AND.format('A-F')}"),
    # An id: letters and digits mixed, long enough to be no word with a version in it.
    ("id", r"\b(?=[A-Za-z_-]{0,40}\d)(?=[\d_-]{0,40}[A-Za-z])[A-Za-z0-9_-]{16,100}\b"),
    ("n", r"(?<![A-Za-z_\d])[-+]?\d+(?:[.,]\d+)*(?![A-Za-z_]*\d)"),
)
_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PARTS))
# What tells one failure from another stays: a status and Mistral's own code.
_KEPT = re.compile(
    r"(?P<field>\b(?:status(?:_code)?|http_status|code|error_code)\b[\"']?\s*[=:]\s*[\"']?)(?P<value>\d{1,4})\b",
    re.IGNORECASE,
)
# What a JSON record says of its kind: the words first, then the fields by name.
_TELLING = (
    ("level", "severity", "lvl", "levelname"),
    ("logger", "name"),
    ("message", "msg", "event"),
    ("error", "err"),
)
_FIELDS = ("exc_type", "error_type", "type", "status_code", "http_status", "status", "error_code", "code")


@dataclass(frozen=True, slots=True)
class LogShape:
    """Lines of one shape: how many, and the first of them that was met."""

    shape: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class LogShapes:
    """The error lines of some pods by shape, most frequent first.

    `rest` counts the lines whose shape is not among `shapes`; `window_s` is over how many
    seconds; `cut` says that a pod had more lines than were read.
    """

    shapes: tuple[LogShape, ...]
    rest: int
    pods: int
    window_s: float
    cut: bool = False

    @property
    def lines(self) -> int:
        """How many lines there were."""
        return sum(shape.count for shape in self.shapes) + self.rest


def shape(line: str) -> str:
    """A line without what differs between two failures of one kind.

    Times, uuids, quoted texts, addresses, hex and other ids and numbers become `<time>`, `<uuid>`,
    and so on; an HTTP status and an error code stay.
    """
    line = _told(line)
    kept: list[tuple[int, int]] = [match.span("value") for match in _KEPT.finditer(line)]

    def replaced(match: re.Match[str]) -> str:
        if any(start >= match.start() and end <= match.end() for start, end in kept):
            return match.group()
        return f"<{match.lastgroup}>"

    return " ".join(_PATTERN.sub(replaced, line).split())


def _told(line: str) -> str:
    """The line; of a JSON record what tells its kind, since every text in it stands in quotes."""
    start = line.find("{")
    record: object = None
    if start >= 0:
        try:
            record = json.loads(line[start:])
        except (ValueError, RecursionError):
            record = None
    if not isinstance(record, dict):
        return line[:LONGEST]
    words = [_word(record, names) for names in _TELLING]
    fields = [f"{name}={record[name]}" for name in _FIELDS if isinstance(record.get(name), int | str)]
    return " ".join(part for part in (*words, *fields) if part)[:LONGEST] or line[:LONGEST]


def _word(record: dict[str, object], names: tuple[str, ...]) -> str:
    found = next((record[name] for name in names if isinstance(record.get(name), str)), "")
    return str(found)[:LONGEST]


class Shapes:
    """Counts lines by shape, a few at a time. At most `most` shapes are held; the rest is counted."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._found: dict[str, tuple[int, str]] = {}
        self._rest = 0

    def add(self, line: str) -> None:
        """Count one line; an empty one is none."""
        found = shape(line)
        if not found:
            return
        count, example = self._found.get(found, (0, line[:LONGEST]))
        if count or len(self._found) < self._most:
            self._found[found] = (count + 1, example)
        else:
            self._rest += 1

    def top(self, most: int = 12) -> tuple[tuple[LogShape, ...], int]:
        """The most frequent shapes, ties in the order of their text, and how many lines have others."""
        ordered = sorted(self._found.items(), key=lambda item: (-item[1][0], item[0]))
        shown = tuple(LogShape(text, count, example) for text, (count, example) in ordered[:most])
        return shown, self._rest + sum(count for _, (count, _) in ordered[most:])


def group(lines: Iterable[str], most: int = 12) -> tuple[tuple[LogShape, ...], int]:
    """As `Shapes.top`, of these lines."""
    found = Shapes()
    for line in lines:
        found.add(line)
    return found.top(most)
