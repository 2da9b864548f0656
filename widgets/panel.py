"""A titled frame around lines, whose focus is seen by its border and by a mark."""

from dataclasses import dataclass

from textual.binding import Binding
from textual.events import Blur, Focus

from widgets.glyphs import UNICODE, Box, Glyphs
from widgets.lines import Line, Lines, Piece, fit_line, width_of

# What every list is moved with: its `action_move(by)` and `action_choose()`.
LIST_KEYS = (
    Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
    Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
    Binding("enter", "choose", "Choose", show=False, id="list.choose"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A name in the frame's right corner; `here` is the one that is shown."""

    text: str
    here: bool = False


class Panel(Lines):
    """A frame with a title at the left of its top edge and tabs or a remark at the right.

    Subclasses draw the inside in `paint_inside`, which may also set `marked_row` (the row that
    the cursor's glyph points at) and `hidden` (rows that are out of sight above and below).
    """

    DEFAULT_CSS = "Panel { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        title: str = "",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._title = title
        self._corner: tuple[Tab, ...] = ()
        self._title_role = "title"
        self.marked_row: int | None = None
        self.hidden = (0, 0)
        self.remark = ""

    def show_title(self, title: str, corner: str | tuple[Tab, ...] = (), role: str = "title") -> None:
        """Set the title, and the tabs or the remark at the right."""
        if isinstance(corner, str):
            corner = (Tab(corner),) if corner else ()
        if (title, corner, role) != (self._title, self._corner, self._title_role):
            self._title, self._corner, self._title_role = title, corner, role
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """What stands inside the frame."""
        return []

    @property
    def inside(self) -> tuple[int, int]:
        """Columns and rows inside the frame."""
        return max(self.size.width - 4, 0), max(self.size.height - 2, 0)

    def paint(self, width: int, height: int) -> list[Line]:
        """The frame, and the inside within it."""
        if width < 6 or height < 3:
            return self.paint_inside(width, height)
        box, role = self._edge()
        self.marked_row, self.hidden, self.remark = None, (0, 0), ""
        inner = self.paint_inside(width - 4, height - 2)[: height - 2]
        inner += [()] * (height - 2 - len(inner))
        rows = [
            (
                Piece(box.side, role),
                Piece(self.glyphs.cursor, "key") if y == self.marked_row else Piece(" "),
                *fit_line(line, width - 4, self.glyphs.ellipsis),
                Piece(f" {box.side}", role),
            )
            for y, line in enumerate(inner)
        ]
        return [self._top(width, box, role), *rows, self._bottom(width, box, role)]

    def _edge(self) -> tuple[Box, str]:
        if self.has_focus:
            return self.glyphs.frame_focused, "frame-focused"
        return self.glyphs.frame, "frame"

    def _top(self, width: int, box: Box, role: str) -> Line:
        mark = f"{self.glyphs.focus} " if self.has_focus else ""
        corner = self._corner_pieces(role)
        if width_of(corner) > width - 16:
            corner = ()
        room = width - 5 - width_of(corner) - len(mark)
        words = self.fit(self._title, room - 2)
        title = Piece(f" {mark}{words} " if words else "", self._title_role)
        filling = width - 4 - width_of((title, *corner))
        return (
            Piece(box.top_left + box.top, role),
            title,
            Piece(box.top * filling, role),
            *corner,
            Piece(box.top + box.top_right, role),
        )

    def _bottom(self, width: int, box: Box, role: str) -> Line:
        above, below = self.hidden
        words = f" {self.glyphs.more_up}{above}" * (above > 0) + f" {self.glyphs.more_down}{below}" * (
            below > 0
        )
        words += f"  {self.text(self.remark)}" if self.remark else ""
        if not words or width_of((Piece(words),)) > width - 6:
            return (Piece(box.bottom_left + box.bottom * (width - 2) + box.bottom_right, role),)
        note = Piece(f" {words.strip()} ", "accent")
        filling = width - 3 - width_of((note,))
        return (
            Piece(box.bottom_left + box.bottom * filling, role),
            note,
            Piece(box.bottom + box.bottom_right, role),
        )

    def _corner_pieces(self, role: str) -> Line:
        pieces: list[Piece] = []
        for tab in self._corner:
            if pieces:
                pieces.append(Piece(f" {self.glyphs.tab} ", role))
            pieces.append(Piece(self.text(tab.text), "bold" if tab.here else "dim"))
        return (Piece(" "), *pieces, Piece(" ")) if pieces else ()

    def on_focus(self, _event: Focus) -> None:
        """Show that the keys go here."""
        self.show_changes()

    def on_blur(self, _event: Blur) -> None:
        """Show that the keys go elsewhere."""
        self.show_changes()


def window(cursor: int, top: int, rows: int, height: int) -> int:
    """The first visible row, moved as little as needed from `top` so that `cursor` is visible."""
    top = min(top, cursor)
    top = max(top, cursor - height + 1)
    return max(min(top, rows - height), 0)


def lit(line: Line, width: int, ellipsis: str) -> Line:
    """A line of exactly `width` cells under the cursor's highlight."""
    return tuple(Piece(piece.text, "cursor") for piece in fit_line(line, width, ellipsis))
