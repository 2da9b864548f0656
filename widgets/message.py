"""One line that says what just happened; it has its place whether it speaks or not."""

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece


class MessageLine(Lines):
    """A line of words with a glyph. `show` with "" to be silent."""

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self.words = ""
        self.state = ""

    def show(self, words: str, state: str = "") -> None:
        """Say this; `state` is ok, warn, fail, unknown or "" for no glyph."""
        if (words, state) != (self.words, self.state):
            self.words, self.state = words, state
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The line."""
        if not self.words:
            return []
        mark = f" {self.glyphs.state(self.state)} " if self.state else "   "
        return [
            (Piece(mark, self.state), Piece(self.text(self.words), "bold" if self.state == "fail" else ""))
        ]
