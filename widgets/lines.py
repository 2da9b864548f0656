"""Text in cells: pieces with a role, laid out by pure functions, and the widget that shows them.

Outside text is never markup here: a piece is characters and the name of a role.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from widgets.glyphs import UNICODE, Glyphs
from widgets.themes import roles


class Piece(NamedTuple):
    """Some characters and what they mean (a role of `themes.ROLES`)."""

    text: str
    role: str = ""


Line = tuple[Piece, ...]

# No line of a terminal is longer; a log line of a megabyte must not be measured cell by cell.
_LONGEST = 4000
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    r"\U000e0000-\U000e0fff]"
)
# Whether these widen the character before them is something terminals do not agree about.
_SELECTORS = {0xFE0E: None, 0xFE0F: None}


def plain(text: str) -> str:
    """One line that is safe to show: controls become spaces or `\ufffd`, and its length is bounded."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST]
    if text.isascii() and text.isprintable():
        return text
    text = _UNSAFE.sub(lambda m: " " if m[0] in "\t\n\r" else "\ufffd", text)
    text = text.translate(_SELECTORS)
    return "".join("\ufffd" if unicodedata.category(c) in ("Cs", "Cn", "Co") else c for c in text)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` cells, closing with an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    tail = ellipsis if cell_len(ellipsis) < width else ""
    return set_cell_size(text[: width + 1], width - cell_len(tail)).rstrip() + tail


def pad(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in exactly `width` cells."""
    text = fit(text, width, ellipsis)
    return text + " " * (width - cell_len(text))


def width_of(line: Iterable[Piece]) -> int:
    """The cells that a line takes."""
    return sum(cell_len(piece.text) for piece in line)


def fit_line(line: Sequence[Piece], width: int, ellipsis: str = "…") -> Line:
    """The line in exactly `width` cells: cut with an ellipsis, or filled with blanks."""
    out: list[Piece] = []
    room = width
    for index, piece in enumerate(line):
        size = cell_len(piece.text)
        rest = any(p.text for p in line[index + 1 :])
        if size > room or (size == room and rest):
            out.append(Piece(fit(piece.text + (" " * 2 if rest else ""), room, ellipsis), piece.role))
            room -= cell_len(out[-1].text)
            break
        out.append(piece)
        room -= size
    if room:
        out.append(Piece(" " * room))
    return tuple(out)


def both_ends(left: Sequence[Piece], right: Sequence[Piece], width: int, ellipsis: str = "…") -> Line:
    """`left` and `right` at the two ends of `width` cells; where both do not fit, `left` is cut."""
    room = width - width_of(right)
    if room < 8:
        return fit_line((*left, Piece(" "), *right), width, ellipsis)
    return (*fit_line(left, room, ellipsis), *right)


def wrap(text: str, width: int, indent: int = 0) -> list[str]:
    """The text in lines of at most `width` cells, broken at spaces where it has any.

    Lines after the first begin with `indent` blanks.
    """
    width = max(width, indent + 2)
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line.strip() else line + word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line.strip():
            lines.append(line)
            line = " " * indent
        while cell_len(line) + cell_len(word) > width:
            head = _taken(word, width - cell_len(line)) or word[:1]
            lines.append(line + head)
            word, line = word[len(head) :], " " * indent
        line += word
    if line.strip() or not lines:
        lines.append(line)
    return lines


def _taken(word: str, width: int) -> str:
    """The longest start of a word that takes at most `width` cells."""
    size = 0
    for index, char in enumerate(word):
        size += cell_len(char)
        if size > width:
            return word[:index]
    return word


class Lines(Widget):
    """A widget of styled lines that repaints only those that changed.

    Subclasses say in `paint` what stands on each line; they call `show_changes` after they were
    given something new. Nothing is sent to the terminal where nothing changed.
    """

    DEFAULT_CSS = "Lines { height: 1; width: 1fr; }"

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._painted: list[Line] = []
        self._painted_for: object = None

    def paint(self, width: int, height: int) -> list[Line]:
        """What stands on each line of `width` cells; missing lines are blank."""
        return []

    def text(self, text: str) -> str:
        """Text from anywhere, safe for this terminal."""
        return self.glyphs.words(plain(text))

    def fit(self, text: str, width: int) -> str:
        """`text`, safe, in at most `width` cells."""
        return fit(self.text(text), width, self.glyphs.ellipsis)

    def pad(self, text: str, width: int) -> str:
        """`text`, safe, in exactly `width` cells."""
        return pad(self.text(text), width, self.glyphs.ellipsis)

    def lines_now(self) -> list[str]:
        """The characters that stand on the screen, line by line."""
        return ["".join(piece.text for piece in line) for line in self._fresh()]

    def show_changes(self) -> None:
        """Repaint the lines that now differ."""
        if not self.is_mounted or not self.size.width:
            self._painted_for = None
            return
        if self._painted_for != self._frame_key():
            self.refresh()
            return
        old = self._painted
        new = self._paint()
        blank: Line = ()
        height = max(len(old), len(new))
        changed = [
            Region(0, y, self.size.width, 1)
            for y in range(min(height, self.size.height))
            if (old[y] if y < len(old) else blank) != (new[y] if y < len(new) else blank)
        ]
        if changed:
            self._painted = new
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One line, in the theme's colours."""
        lines = self._fresh()
        base = self.rich_style
        width = self.size.width
        if y >= len(lines):
            return Strip.blank(width, base)
        looks = self._looks()
        segments = [Segment(p.text, base + looks.get(p.role, base)) for p in lines[y] if p.text]
        return Strip(segments).adjust_cell_length(width, base)

    def notify_style_update(self) -> None:
        """A change of theme repaints everything."""
        super().notify_style_update()
        self._painted_for = None

    def _looks(self) -> Mapping[str, Style]:
        theme = self.app.current_theme
        return roles(theme.name, theme.dark, theme.ansi)

    def _frame_key(self) -> object:
        return (self.size.width, self.size.height)

    def _paint(self) -> list[Line]:
        width, height = self.size
        return [fit_line(line, width, self.glyphs.ellipsis) for line in self.paint(width, height)[:height]]

    def _fresh(self) -> list[Line]:
        context = self._frame_key()
        if self._painted_for != context:
            self._painted = self._paint()
            self._painted_for = context
        return self._painted
