"""A page of text to read: details of a line, or the help."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.screens.dialog import Dialog
from tui.screens.page import Page, Row, text
from widgets.glyphs import Glyphs
from widgets.lines import Line, Piece, wrap
from widgets.panel import Panel

T = TypeVar("T")
_LABEL = 14


class Reader(Panel, can_focus=True):
    """Rows of text that scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("home", "move(-1000000)", "First", show=False, id="list.first"),
        Binding("end", "move(1000000)", "Last", show=False, id="list.last"),
        Binding("escape,q,enter", "close", "Close", show=False),
        Binding("c", "copy", "Copy", show=False, id="copy"),
    ]

    @dataclass
    class Closed(Message):
        """It has been read."""

    @dataclass
    class CopyAsked(Message):
        """`c`: the whole page is to be copied."""

        text: str

    def __init__(self, title: str, page: Page, glyphs: Glyphs) -> None:
        super().__init__(title, glyphs=glyphs)
        self.page = page
        self.top = 0

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows from where the person has scrolled to."""
        lines = self._lines(width)
        self.top = max(min(self.top, len(lines) - height), 0)
        return lines[self.top : self.top + height]

    def replace(self, page: Page) -> None:
        """Show another page; the place stays, as far as there is one."""
        self.page = page
        width, height = self.inside
        self.top = max(min(self.top, len(self._lines(width)) - height), 0)
        self.show_place()
        self.show_changes()

    def show_place(self) -> None:
        """Say in the frame how much is below, and how it is closed."""
        width, height = self.inside
        total = len(self._lines(width))
        more = f"{min(self.top + height, total)} of {total} lines, j k scroll" if total > height else ""
        self.show_title(self._title, ", ".join(part for part in (more, "c copies, Esc closes") if part))

    def on_resize(self) -> None:
        """The frame says what is below."""
        self.show_place()

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        width, height = self.inside
        most = max(len(self._lines(width)) - height, 0)
        self.top = min(max(self.top + by, 0), most)
        self.show_place()
        self.show_changes()

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.action_move(by * max(self.inside[1] - 1, 1))

    def action_close(self) -> None:
        """It has been read."""
        self.post_message(self.Closed())

    def action_copy(self) -> None:
        """Ask that the page be copied."""
        self.post_message(self.CopyAsked(text(self.page)))

    def _lines(self, width: int) -> list[Line]:
        label = min(max((len(row.label) for row in self.page), default=0), _LABEL)
        out: list[Line] = []
        for row in self.page:
            out.extend(self._row(row, label, width))
        return out

    def _row(self, row: Row, label: int, width: int) -> list[Line]:
        lead = label + 2 if label and row.role != "title" else 0
        first = Piece(self.pad(row.label, label) + "  " if lead else "", "dim")
        rest = Piece(" " * lead)
        texts = [
            piece for part in row.text.split("\n") for piece in wrap(self.text(part), max(width - lead, 8))
        ]
        return [(first if index == 0 else rest, Piece(words, row.role)) for index, words in enumerate(texts)]


class ReaderScreen(Dialog[T]):
    """The reader over the console; Escape closes it. A page with keys of its own brings its `reader`."""

    DEFAULT_CSS = """
    ReaderScreen { align: center middle; }
    ReaderScreen Reader { width: 96; max-width: 96%; height: 90%; }
    """

    def __init__(
        self,
        title: str,
        page: Page,
        glyphs: Glyphs,
        copy: Callable[[str, str], str],
        reader: type[Reader] = Reader,
    ) -> None:
        super().__init__()
        self.copy = copy
        self.reader = reader(title, page, glyphs)

    def compose(self) -> ComposeResult:
        """The page, as high as it must be."""
        yield self.reader

    def on_mount(self) -> None:
        """Keys go to the page."""
        self.reader.focus()

    def on_reader_closed(self, event: Reader.Closed) -> None:
        """Back to the console."""
        event.stop()
        self.answer(None)

    def on_reader_copy_asked(self, event: Reader.CopyAsked) -> None:
        """Copy the page; the frame says where it went."""
        event.stop()
        self.reader.show_title(self.copy(event.text, "the page"))
