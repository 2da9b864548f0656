"""The timeline: any number of rows, of which only the visible ones are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.binding import Binding
from textual.message import Message

from widgets.lines import Line, Piece
from widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry: `time` as it is shown (`15:03:09`), `key` whether it is one of the key entries."""

    time: str
    kind: str
    text: str
    key: bool = True
    role: str = ""


class Timeline(Panel, can_focus=True):
    """The rows, oldest first; it follows the end until a person moves up."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("home,g", "first", "First", show=False, id="list.first"),
        Binding("end,G", "last", "Last", show=False, id="list.last"),
        Binding("enter", "choose", "Open", show=False, id="list.choose"),
    ]

    @dataclass
    class Opened(Message):
        """Enter on a row: its index among all rows that were shown, filtered or not."""

        index: int

    def __init__(self, title: str = "Timeline (UTC)", **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.rows: Sequence[TimelineRow] = ()

    def show(self, rows: Sequence[TimelineRow]) -> None:
        """Show these rows in place of the old ones; where the person reads stays put."""
        self.rows = tuple(rows)
        self.show_changes()

    def append(self, *rows: TimelineRow) -> None:
        """Add rows at the end."""
        self.rows = (*self.rows, *rows)
        self.show_changes()

    def keep(self, predicate: Callable[[TimelineRow], bool] | None) -> None:
        """Show only the rows for which this holds; None shows all."""

    @property
    def cursor_index(self) -> int | None:
        """Index of the row under the cursor among all rows; None where there is none."""
        return None

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows that are visible."""
        return [(Piece(self.text(f"{r.time}  {r.kind:10} {r.text}")),) for r in self.rows[-height:]]

    def action_move(self, by: int) -> None:
        """Move the cursor."""

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""

    def action_first(self) -> None:
        """To the first row."""

    def action_last(self) -> None:
        """To the last row, and follow the end again."""

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.cursor_index is not None:
            self.post_message(self.Opened(self.cursor_index))
