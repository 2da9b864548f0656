"""What is looked at before it is confirmed: pinned lines, the rest scrolled between, and the last line."""

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType

from widgets.lines import Line, Piece
from widgets.panel import Panel


class Confirming(Panel):
    """The frame of a preview. It starts on Cancel; only its `y` confirms, once it is listened to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_rows(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "scroll_rows(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "scroll_rows(-8)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown,space", "scroll_rows(8)", "Page down", show=False, id="list.page_down"),
    ]
    _scrolled = 0

    @abstractmethod
    def pinned(self, width: int) -> list[Line]:
        """What always stands at the top."""

    @abstractmethod
    def scrolling(self, width: int) -> list[Line]:
        """What scrolls below it."""

    @abstractmethod
    def confirming(self, width: int) -> list[Line]:
        """The last lines: Cancel, and how it is confirmed."""

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """All three, with a gap where there is room."""
        top, foot, rows = self.pinned(width), self.confirming(width), self.scrolling(width)
        room = max(height - len(top) - len(foot) - 1, 1)
        self._scrolled = first = max(min(self._scrolled, len(rows) - room), 0)
        shown = rows[first : first + room]
        self.hidden = (first, max(len(rows) - first - room, 0))
        gap: list[Line] = [()] * (height - len(top) - len(shown) - len(foot))
        return [*top, *shown, *gap, *foot]

    def yes(self, ready: bool, does: str) -> Line:
        """`y applies`, dim while it is not listened to yet."""
        wait = "" if ready else f" in a moment{self.glyphs.words('…')}"
        return (Piece("y", "key" if ready else "dim"), Piece(f" {does}{wait}", "" if ready else "dim"))

    def action_scroll_rows(self, by: int) -> None:
        """Scroll what stands between the pinned lines."""
        self._scrolled = max(self._scrolled + by, 0)
        self.show_changes()
