"""The decision tree, with its live path lit."""

from dataclasses import dataclass

from textual.binding import Binding
from textual.message import Message

from widgets.lines import Line, Piece
from widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One row.

    Attributes:
        id: what `Highlighted` and `Chosen` say.
        depth: 0 for a question at the root, 1 for its branches, and so on.
        label: the branch's label, `429`, or "".
        text: the question or where the branch leads.
        answer: at the right: `yes, 429`, `not asked`.
        live: on the live path.
        here: where the path ends: `you are here`.
        overruled: a person gave this answer.
        unknown: the answer is not known (and `answer` says what is missing).
    """

    id: str
    depth: int
    text: str
    label: str = ""
    answer: str = ""
    live: bool = False
    here: bool = False
    overruled: bool = False
    unknown: bool = False


class TreePanel(Panel, can_focus=True):
    """The rows, and a cursor to walk them that is apart from the live path."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="list.page_down"),
        Binding("home", "move(-1000000)", "First", show=False, id="list.first"),
        Binding("end", "move(1000000)", "Last", show=False, id="list.last"),
        Binding("enter", "choose", "Choose", show=False, id="list.choose"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to this row."""

        row: str

    @dataclass
    class Chosen(Message):
        """Enter on this row."""

        row: str

    def __init__(self, title: str = "Decision tree", **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.rows: tuple[TreeRow, ...] = ()
        self.cursor = 0

    @property
    def highlighted(self) -> str | None:
        """The id of the row under the cursor."""
        return self.rows[self.cursor].id if self.rows else None

    def show(self, rows: tuple[TreeRow, ...]) -> None:
        """Show these rows; the cursor stays on the row it was on."""
        if rows != self.rows:
            was = self.highlighted
            self.rows = rows
            self.cursor = next((i for i, r in enumerate(rows) if r.id == was), 0)
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows that fit."""
        return [(Piece("  " * r.depth + self.text(f"{r.label} {r.text} {r.answer}")),) for r in self.rows]

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.rows:
            self.cursor = min(max(self.cursor + by, 0), len(self.rows) - 1)
            self.show_changes()
            self.post_message(self.Highlighted(self.rows[self.cursor].id))

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.rows:
            self.post_message(self.Chosen(self.rows[self.cursor].id))
