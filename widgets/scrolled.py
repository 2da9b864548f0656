"""A frame with pinned lines at the top and at the bottom, and rows that scroll between them."""

from abc import abstractmethod

from widgets.lines import Line, Piece, width_of, wrap
from widgets.panel import Panel
from widgets.themes import env_role

# Columns of the labels, in windows wide enough to have them beside the words.
LABEL = 9
_WIDE = 50


class Scrolled(Panel):
    """Three parts, which subclasses fill. They bind the keys that scroll, too: a field needs its letters."""

    # The empty lines that stay above the foot.
    gap = 1
    _scrolled = 0

    @abstractmethod
    def pinned(self, width: int) -> list[Line]:
        """What always stands at the top."""

    @abstractmethod
    def scrolling(self, width: int) -> list[Line]:
        """What scrolls below it."""

    @abstractmethod
    def foot(self, width: int, height: int) -> list[Line]:
        """The last lines, which always stand there."""

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """All three, with a gap where there is room."""
        top, foot, rows = self.pinned(width), self.foot(width, height), self.scrolling(width)
        room = max(height - len(top) - len(foot) - self.gap, 1)
        self._scrolled = first = max(min(self._scrolled, len(rows) - room), 0)
        shown = rows[first : first + room]
        self.hidden = (first, max(len(rows) - first - room, 0))
        gap: list[Line] = [()] * (height - len(top) - len(shown) - len(foot))
        return [*top, *shown, *gap, *foot]

    def action_scroll_rows(self, by: int) -> None:
        """Scroll what stands between the pinned lines."""
        self._scrolled = max(self._scrolled + by, 0)
        self.show_changes()

    def label(self, width: int) -> int:
        """The columns of the labels; 0 where there is no room for them beside the words."""
        return LABEL if width >= _WIDE else 0

    def labelled(self, label: str, text: str, width: int, role: str = "") -> list[Line]:
        """A label (may be "") and its text, wrapped beside it; behind it, where the window is narrow."""
        indent = self.label(width)
        if not indent:
            words = wrap(f"{label}: {self.text(text)}" if label else self.text(text), width, 2)
            return [(Piece(line, role),) for line in words]
        words = [row for line in text.splitlines() or [""] for row in wrap(self.text(line), width - indent)]
        first = self.pad(label, indent - 1) + " "
        return [
            (Piece(" " * indent if i else first, "dim"), Piece(line, role)) for i, line in enumerate(words)
        ]

    def warned(self, text: str, width: int, role: str = "warn") -> list[Line]:
        """The text, wrapped behind the mark of a warning."""
        words = wrap(self.text(text), width - 2)
        return [(Piece(f"{' ' if i else self.glyphs.warn} {line}", role),) for i, line in enumerate(words)]

    def whereto(self, target: str, user: str, env_colour: str, room: int, gap: str = "   ") -> Line:
        """The target, in its environment's colour, and as whom, where there is room for both."""
        place = Piece(f" {self.text(target)} ", env_role(env_colour))
        whole = (place, Piece(f"{gap}as {self.text(user)}")) if user else (place,)
        return whole if width_of(whole) <= room else (place,)
