"""A row of parts, each a widget as wide as its words, so that a tick sends only those words."""

from textual.events import Resize
from textual.widget import Widget

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece, plain, width_of


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


class PartsBar(Widget):
    """One or more rows of parts that are laid out anew for each width; subclasses do so in `lay_out`."""

    def __init__(
        self,
        *rows: PartsRow,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        self.glyphs = glyphs
        self.rows = rows
        super().__init__(*rows, id=id, classes=classes)

    def lay_out(self, width: int) -> None:
        """Show the rows what stands in `width` cells."""

    def show_changes(self) -> None:
        """Lay out, where there is a screen to lay out on."""
        if self.is_attached:
            # Before the first layout a row is taken to be as wide as the screen: so the first paint has it.
            self.lay_out(self.size.width or self.app.size.width)

    def say(self, text: str) -> str:
        """Text from anywhere, safe for this terminal."""
        return self.glyphs.words(plain(text))

    def lines_now(self) -> list[str]:
        """The characters of the rows."""
        return [row.words() for row in self.rows]

    def on_mount(self) -> None:
        """Be there from the first paint."""
        self.show_changes()

    def on_resize(self, _event: Resize) -> None:
        """Lay out for the new width."""
        self.show_changes()


def spaced(*pieces: Piece, gap: int = 3) -> Line:
    """A right part: its words after a gap; nothing at all where there are no words."""
    return (Piece(" " * gap), *pieces) if any(piece.text for piece in pieces) else ()
