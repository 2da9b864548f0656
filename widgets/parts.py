"""A row of parts, each a widget as wide as its words, so that a tick sends only those words."""

from textual.widget import Widget

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece, width_of


class Part(Lines):
    """Some pieces; only the row that owns it sets its width."""

    DEFAULT_CSS = "Part { width: 0; height: 1; }"

    def __init__(self, *, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(glyphs=glyphs)
        self.pieces: Line = ()
        self._wide = 0

    def show(self, pieces: Line, width: int) -> None:
        """Show these in `width` cells."""
        if width != self._wide:
            self._wide = width
            self.styles.width = width
        if pieces != self.pieces:
            self.pieces = pieces
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The pieces."""
        return [self.pieces]


class PartsRow(Widget):
    """A left part that takes what is left, and right parts of exactly their own width."""

    DEFAULT_CSS = "PartsRow { layout: horizontal; height: 1; width: 1fr; }"

    def __init__(self, count: int, *, glyphs: Glyphs = UNICODE) -> None:
        self.left = Part(glyphs=glyphs)
        self.right = tuple(Part(glyphs=glyphs) for _ in range(count))
        super().__init__(self.left, *self.right)

    def show(self, left: Line, right: tuple[Line, ...], width: int) -> None:
        """Lay out in `width` cells; `right` has at most as many parts as the row was made for."""
        sizes = [width_of(pieces) for pieces in right] + [0] * (len(self.right) - len(right))
        self.left.show(left, max(width - sum(sizes), 0))
        for part, pieces, size in zip(self.right, (*right, *([()] * len(self.right))), sizes, strict=False):
            part.show(pieces, size)

    def words(self) -> str:
        """The characters of the row."""
        return "".join(part.lines_now()[0] for part in (self.left, *self.right) if part.size.width)


def spaced(*pieces: Piece, gap: int = 3) -> Line:
    """A right part: its words after a gap; nothing at all where there are no words."""
    return (Piece(" " * gap), *pieces) if any(piece.text for piece in pieces) else ()
