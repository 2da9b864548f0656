"""What is looked at before it is confirmed, with the keys that scroll it."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from widgets.lines import Line, Piece
from widgets.scrolled import Scrolled


class Confirming(Scrolled):
    """The frame of a preview. It starts on Cancel; only its `y` confirms, once it is listened to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_rows(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "scroll_rows(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "scroll_rows(-8)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown,space", "scroll_rows(8)", "Page down", show=False, id="list.page_down"),
    ]

    def yes(self, ready: bool, does: str) -> Line:
        """`y applies`, dim while it is not listened to yet."""
        wait = "" if ready else f" in a moment{self.glyphs.words('…')}"
        return (Piece("y", "key" if ready else "dim"), Piece(f" {does}{wait}", "" if ready else "dim"))
