"""A titled frame around lines, whose focus is seen by its border and by a mark."""

from dataclasses import dataclass

from textual.events import Blur, Focus

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece, fit_line, width_of


@dataclass(frozen=True, slots=True)
class Tab:
    """A name in the frame's right corner; `here` is the one that is shown."""

    text: str
    here: bool = False


class Panel(Lines):
    """A frame with a title at the left of its top edge and tabs or a remark at the right.

    Subclasses draw the inside in `paint_inside`; it is two cells narrower on each side.
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

    def show_title(self, title: str, corner: str | tuple[Tab, ...] = (), role: str = "title") -> None:
        """Set the title, and the tabs or the remark at the right."""
        tabs = (Tab(corner),) if isinstance(corner, str) and corner else corner or ()
        if (title, tabs, role) != (self._title, self._corner, self._title_role):
            self._title, self._corner, self._title_role = title, tabs, role  # type: ignore[assignment]
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
        box = self.glyphs.frame_focused if self.has_focus else self.glyphs.frame
        role = "frame-focused" if self.has_focus else "frame"
        inner = self.paint_inside(width - 4, height - 2)[: height - 2]
        inner += [()] * (height - 2 - len(inner))
        left, right = Piece(box.side + " ", role), Piece(" " + box.side, role)
        return [
            self._top(width, role),
            *((left, *fit_line(line, width - 4, self.glyphs.ellipsis), right) for line in inner),
            (Piece(box.bottom_left + box.bottom * (width - 2) + box.bottom_right, role),),
        ]

    def _top(self, width: int, role: str) -> Line:
        box = self.glyphs.frame_focused if self.has_focus else self.glyphs.frame
        mark = f"{self.glyphs.focus} " if self.has_focus else ""
        corner = self._corner_pieces(role)
        room = width - 4 - width_of(corner) - (2 if corner else 0)
        if room < 8:
            corner, room = (), width - 4
        title = Piece(f" {mark}{self.fit(self._title, room - 3 - len(mark))} ", self._title_role) if self._title else Piece("")
        filling = width - 3 - width_of((title,)) - width_of(corner) - (1 if corner else 0)
        return (
            Piece(box.top_left + box.top, role),
            title,
            Piece(box.top * filling, role),
            *corner,
            Piece((box.top if corner else "") + box.top_right, role),
        )

    def _corner_pieces(self, role: str) -> Line:
        if not self._corner:
            return ()
        pieces: list[Piece] = [Piece(" ")]
        for index, tab in enumerate(self._corner):
            if index:
                pieces.append(Piece(f" {self.glyphs.tab} ", role))
            pieces.append(Piece(self.text(tab.text), "bold" if tab.here else "dim"))
        return (*pieces, Piece(" "))

    def on_focus(self, _event: Focus) -> None:
        """Show that the keys go here."""
        self.show_changes()

    def on_blur(self, _event: Blur) -> None:
        """Show that the keys go elsewhere."""
        self.show_changes()
