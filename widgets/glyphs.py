"""The marks of the console, as Unicode of one cell each, and as ASCII."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """The eight pieces of a frame."""

    top_left: str
    top: str
    top_right: str
    side: str
    bottom_left: str
    bottom: str
    bottom_right: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of marks. Every mark is one cell wide, so that the two sets lay out alike.

    `arrow`, `ellipsis` and `up_to` are for words and may be longer.
    """

    name: str
    ok: str
    warn: str
    fail: str
    unknown: str
    unset: str
    live: str
    here: str
    cursor: str
    bar: str
    branch: str
    branch_last: str
    rule: str
    tab: str
    more_up: str
    more_down: str
    focus: str
    pin: str
    arrow: str
    ellipsis: str
    frame: Box
    frame_focused: Box
    plain_only: bool

    def state(self, state: str) -> str:
        """The mark of ok, warn, fail, unknown or unset."""
        return {"ok": self.ok, "warn": self.warn, "fail": self.fail, "unset": self.unset}.get(
            state, self.unknown
        )

    def words(self, text: str) -> str:
        """The text in what this set can show; as it is, where that is everything."""
        if not self.plain_only or text.isascii():
            return text
        return "".join(_IN_ASCII.get(c) or _ascii(c) for c in text)


def _ascii(char: str) -> str:
    if char.isascii():
        return char
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return plain or "?"


_IN_ASCII: Mapping[str, str] = {
    "→": "->", "←": "<-", "…": "...", "›": ">", "‹": "<", "·": "*", "–": "-", "—": "-", "−": "-", "×": "x",
    "●": "*", "▲": "!", "✗": "x", "◂": "<", "▸": ">", "│": "|", "─": "-", "├": "|", "└": "`",
    "≤": "<=", "≥": ">=",
    "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*", "┤": "|", "┼": "+", "┬": "+", "┴": "+", "┌": "+",
    "┐": "+",     "┘": "+", "◆": "+", "€": "EUR", "°": "deg", "✓": "ok",
}  # fmt: skip

UNICODE = Glyphs(
    name="unicode",
    ok="●",
    warn="▲",
    fail="✗",
    unknown="?",
    unset="○",
    live="→",
    here="◂",
    cursor="▸",
    bar="│",
    branch="├",
    branch_last="└",
    rule="─",
    tab="│",
    more_up="↑",
    more_down="↓",
    focus="▸",
    pin="◆",
    arrow="→",
    ellipsis="…",
    frame=Box("╭", "─", "╮", "│", "╰", "─", "╯"),
    frame_focused=Box("┏", "━", "┓", "┃", "┗", "━", "┛"),
    plain_only=False,
)

ASCII = Glyphs(
    name="ascii",
    ok="*",
    warn="!",
    fail="x",
    unknown="?",
    unset="o",
    live=">",
    here="<",
    cursor="#",
    bar="|",
    branch="|",
    branch_last="`",
    rule="-",
    tab="|",
    more_up="^",
    more_down="v",
    focus=">",
    pin="+",
    arrow="->",
    ellipsis="...",
    frame=Box("+", "-", "+", "|", "+", "-", "+"),
    frame_focused=Box("+", "=", "+", "|", "+", "=", "+"),
    plain_only=True,
)
