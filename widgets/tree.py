"""The decision tree, with its live path lit."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, both_ends, width_of
from widgets.panel import LIST_KEYS, Panel, lit, window


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


# A label of so few cells is a code (`429`): it says too little without where it leads.
_CODE = 5


class TreePanel(Panel, can_focus=True):
    """The rows, and a cursor to walk them that is apart from the live path."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("pageup", "move(-10)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="list.page_down"),
        Binding("home", "move(-1000000)", "First", show=False, id="list.first"),
        Binding("end", "move(1000000)", "Last", show=False, id="list.last"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to this row."""

        row: str

    @dataclass
    class Chosen(Message):
        """Enter on this row."""

        row: str

    def __init__(
        self,
        title: str = "Decision tree",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self.rows: tuple[TreeRow, ...] = ()
        self.cursor = 0
        self._walked = False
        self._top_row = 0

    @property
    def highlighted(self) -> str | None:
        """The id of the row under the cursor."""
        return self.rows[self.cursor].id if self.rows else None

    def show(self, rows: tuple[TreeRow, ...]) -> None:
        """Show these rows.

        The cursor stays on the row that it was moved to; until it was moved it is where the path ends.
        """
        if rows == self.rows:
            return
        was = self.highlighted if self._walked else None
        self.rows = rows
        kept = next((i for i, row in enumerate(rows) if row.id == was), None)
        self.cursor = self._end_of_path() if kept is None else kept
        self._walked = self._walked and kept is not None
        self.show_changes()

    def to_path(self) -> None:
        """Put the cursor back to where the live path ends, to move on with it."""
        self._walked = False
        self.cursor = self._end_of_path()
        self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows that fit."""
        self._top_row = top = window(self.cursor, self._top_row, len(self.rows), height)
        prefixes = _prefixes(self.rows, self.glyphs)
        lines = []
        for y, row in enumerate(self.rows[top : top + height]):
            line = self._row(row, prefixes[top + y], width)
            if self.has_focus and top + y == self.cursor:
                line, self.marked_row = lit(line, width, self.glyphs.ellipsis), y
            lines.append(line)
        self.hidden = (top, max(len(self.rows) - top - height, 0))
        return lines

    def _row(self, row: TreeRow, prefix: str, width: int) -> Line:
        role = "live" if row.live else "dim"
        answer = self.text(row.answer)
        if row.here:
            answer = f"{self.glyphs.here} {answer or 'you are here'}"
        if row.overruled:
            answer += " (overruled)"
        look = "accent" if row.here else "warn" if row.overruled else "unknown" if row.unknown else role
        right = (Piece(f"  {answer}", look),) if answer else ()
        room = width - cell_len(prefix) - width_of(right)
        left = (Piece(prefix[:-2], "dim"), Piece(prefix[-2:], role), Piece(self._words(row, room), role))
        return both_ends(left, right, width, self.glyphs.ellipsis)

    def _words(self, row: TreeRow, room: int) -> str:
        """The branch and where it leads; where both do not fit, a branch that tells enough by itself."""
        label = self.text(row.label)
        text = self.text(row.text) if row.text != row.label else ""
        whole = f"{label}  {text}" if label and text else label or text
        return label if cell_len(whole) > room and cell_len(label) > _CODE else whole

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.rows:
            self._walked = True
            self.cursor = min(max(self.cursor + by, 0), len(self.rows) - 1)
            self.show_changes()
            self.post_message(self.Highlighted(self.rows[self.cursor].id))

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.rows:
            self.post_message(self.Chosen(self.rows[self.cursor].id))

    def _end_of_path(self) -> int:
        rows = list(enumerate(self.rows))
        here = [i for i, row in rows if row.here]
        return (here or [i for i, row in rows if row.live] or [0])[-1]


def _prefixes(rows: tuple[TreeRow, ...], glyphs: Glyphs) -> list[str]:
    """What stands before each row: the lines that tie it to its parent, `→` where the path runs."""
    prefixes: list[str] = []
    open_below: set[int] = set()
    for row in reversed(rows):
        open_below = {depth for depth in open_below if depth <= row.depth}
        tail = glyphs.live if row.live else glyphs.rule
        if row.depth == 0:
            prefixes.append(f"{glyphs.live if row.live else ' '} ")
        else:
            bars = "".join(f"{glyphs.bar if d in open_below else ' '}  " for d in range(1, row.depth))
            knee = glyphs.branch if row.depth in open_below else glyphs.branch_last
            prefixes.append(f"  {bars}{knee}{tail} ")
        open_below.add(row.depth)
    return prefixes[::-1]
