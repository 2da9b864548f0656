"""Reading a node's fields: what does not fit becomes a problem, never an exception."""

from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from tui.model.text import clean
from tui.runbooks.document import Node, Problems
from tui.settings import SettingsError, duration

E = TypeVar("E", bound=StrEnum)


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word: the nearest known one, else all of them."""
    known = tuple(known)
    close = get_close_matches(word, known, 1, 0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    if not known:
        return "none is known: take it out"
    return f"known: {', '.join(known)}" if len(known) <= 14 else "see docs/runbook.md for what is known"


def named(value: object) -> str:
    """What a node holds, for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else repr(clean(str(value), limit=60))


class Fields:
    """The fields of one mapping. Each is asked for once; `done` tells what nobody asked for."""

    def __init__(self, node: Node, problems: Problems) -> None:
        self.node = node
        self.problems = problems
        self._asked: list[str] = []
        self._values: dict[str, Node] = {}
        if isinstance(node.value, dict):
            self._values = node.value
        else:
            problems.at(node, f"is {named(node.value)}, not a mapping", "write `name: value` lines")

    def get(self, name: str, *, required: bool = False) -> Node | None:
        """The field's node, or None. A missing required field is a problem."""
        self._asked.append(name)
        found = self._values.get(name)
        if found is None and required and isinstance(self.node.value, dict):
            self.problems.at(self.node, f"lacks {name!r}", f"add `{name}:`")
        return found

    def done(self) -> None:
        """Every field that nobody asked for is unknown."""
        for name, node in self._values.items():
            if name not in self._asked:
                self.problems.at(node, f"unknown key {name!r}", nearest(name, self._asked))

    def text(self, name: str, default: str | None = None) -> str:
        """A text of one or more lines, folded to one. Required unless it has a default."""
        node = self.get(name, required=default is None)
        return (default or "") if node is None else text(node, self.problems)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where the field is absent."""
        return tuple(text(item, self.problems) for item in self.items(name))

    def items(self, name: str) -> list[Node]:
        """The nodes of a list; empty where the field is absent."""
        node = self.get(name)
        return [] if node is None else listed(node, self.problems)

    def members(self, name: str, *, required: bool = False) -> dict[str, Node]:
        """The nodes of a mapping by name; empty where the field is absent."""
        node = self.get(name, required=required)
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.problems.at(node, f"is {named(node.value)}, not a mapping", "write `name: value` lines")
            return {}
        return node.value

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        node = self.get(name)
        if node is None:
            return default
        if not isinstance(node.value, bool):
            self.problems.at(node, f"is {named(node.value)}, not true or false", "write true or false")
            return default
        return node.value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number within bounds, both included."""
        node = self.get(name)
        if node is None:
            return default
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.problems.at(
                node, f"is {named(value)}, no number from {least:g} to {most:g}", "write such a number"
            )
            return default
        return value

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E | None:
        """One of an enumeration's values; None where it is absent and has no default."""
        node = self.get(name)
        return default if node is None else choice(node, kind, self.problems)

    def span(self, name: str) -> timedelta:
        """A duration such as `15m`. Required."""
        node = self.get(name, required=True)
        return timedelta() if node is None else span(node, self.problems)


def text(node: Node, problems: Problems) -> str:
    """The node's text on one line; "" with a problem where it is none or empty."""
    if not isinstance(node.value, str):
        problems.at(node, f"is {named(node.value)}, not a text", "write a text, in quotes if need be")
        return ""
    one_line = clean(node.value, limit=2000)
    if not one_line:
        problems.at(node, "is empty", "write a text or take the key out")
    return one_line


def listed(node: Node, problems: Problems) -> list[Node]:
    """The node's items; empty with a problem where it is no list."""
    if isinstance(node.value, list):
        return node.value
    problems.at(node, f"is {named(node.value)}, not a list", "write it as [one, two] or in `- ` lines")
    return []


def choice(node: Node, kind: type[E], problems: Problems) -> E | None:
    """The node as one of an enumeration's values; None with a problem."""
    try:
        return kind(str(node.value))
    except ValueError:
        problems.at(
            node, f"is {named(node.value)}", nearest(str(node.value), [member.value for member in kind])
        )
        return None


def span(node: Node, problems: Problems) -> timedelta:
    """The node as a duration; zero with a problem."""
    try:
        return duration(str(node.value))
    except (SettingsError, OverflowError):
        problems.at(node, f"is {named(node.value)}, no duration", "write it as 90s, 5m, 2h or 1d")
        return timedelta()
