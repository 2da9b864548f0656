"""The timeline: any number of rows, of which only the visible ones are drawn."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece
from widgets.panel import LIST_KEYS, Panel, lit, window


class TimelineRow(NamedTuple):
    """One entry: `time` as it is shown (`15:03:09`), `key` whether it is one of the key entries.

    `id` is what it is known by when rows change around it, or ""; `who` said it, shown where several do.
    """

    time: str
    kind: str
    text: str
    key: bool = True
    role: str = ""
    id: str = ""
    pinned: bool = False
    who: str = ""


class Timeline(Panel, can_focus=True):
    """The rows, oldest first; it follows the end until a person moves up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("home,g", "first", "First", show=False, id="list.first"),
        Binding("end,G", "last", "Last", show=False, id="list.last"),
    ]

    @dataclass
    class Opened(Message):
        """Enter on a row: its index among all rows that were shown, filtered or not."""

        index: int

    def __init__(
        self,
        title: str = "Timeline (UTC)",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self._all: list[TimelineRow] = []
        self._predicate: Callable[[TimelineRow], bool] | None = None
        # Indices of the rows that are kept; a range where all are.
        self._kept: list[int] | range = range(0)
        self._cursor = 0
        self._top_row = 0
        self._unseen = 0
        self._named = False
        self.following = True

    @property
    def rows(self) -> Sequence[TimelineRow]:
        """All rows, filtered or not."""
        return self._all

    @property
    def cursor_index(self) -> int | None:
        """Index of the row under the cursor among all rows; None where there is none."""
        return self._kept[self._cursor] if self._kept else None

    def show(self, rows: Sequence[TimelineRow]) -> None:
        """Show these rows in place of the old ones; the row that a person reads stays under the cursor."""
        was = None if self.following or self.cursor_index is None else self._all[self.cursor_index]
        before = len(self._kept)
        self._all = list(rows)
        self._sift()
        # Others' entries may come in anywhere: they are counted, and nothing moves under the cursor.
        self._unseen += max(len(self._kept) - before, 0)
        self._settle(was)

    def splice(self, start: int, rows: Sequence[TimelineRow]) -> None:
        """Show these rows from `start` on; those before it stay. What a person reads stays in its place."""
        was = None if self.following or self.cursor_index is None else self._all[self.cursor_index]
        before = len(self._kept)
        self._all[start:] = rows
        if self._predicate is None:
            self._kept = range(len(self._all))
        else:
            holds = self._predicate
            kept = list(self._kept)[: bisect_left(self._kept, start)]
            self._kept = kept + [start + i for i, row in enumerate(rows) if holds(row)]
        self._unseen += max(len(self._kept) - before, 0)
        self._settle(was)

    def show_names(self, named: bool) -> None:
        """Say who of each row, where it does not say so itself; or leave that out."""
        if named != self._named:
            self._named = named
            self.show_changes()

    def append(self, *rows: TimelineRow) -> None:
        """Add rows at the end. Costs the same however many there are."""
        start = len(self._all)
        self._all.extend(rows)
        before = len(self._kept)
        if self._predicate is None:
            self._kept = range(len(self._all))
        else:
            kept = self._kept if isinstance(self._kept, list) else list(self._kept)
            kept.extend(start + i for i, row in enumerate(rows) if self._predicate(row))
            self._kept = kept
        self._grown(len(self._kept) - before)

    def keep(self, predicate: Callable[[TimelineRow], bool] | None) -> None:
        """Show only the rows for which this holds; None shows all."""
        was = None if self.following or self.cursor_index is None else self._all[self.cursor_index]
        self._predicate = predicate
        self._sift()
        self._settle(was)

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows that are visible."""
        if not self._kept:
            words = "nothing matches the filter" if self._all else "nothing has happened yet"
            return [(Piece(self.text(words), "dim"),)]
        self._top_row = top = window(self._cursor, self._top_row, len(self._kept), height)
        kind = 9 if width >= 50 else 5
        lines: list[Line] = []
        for y in range(min(height, len(self._kept) - top)):
            line = self._row(self._all[self._kept[top + y]], kind)
            if self.has_focus and top + y == self._cursor:
                line, self.marked_row = lit(line, width, self.glyphs.ellipsis), y
            lines.append(line)
        self.hidden = (top, max(len(self._kept) - top - height, 0))
        self.remark = f"{self._unseen} new" if self._unseen else ""
        return lines

    def _row(self, row: TimelineRow, kind: int) -> Line:
        # A row is cut at the frame anyway: cleaning all of a long log line would be for nothing.
        words = self.text(row.text[:1000])
        time = f"{self.text(row.time)} "
        who = self.text(row.who[:40]) if self._named and row.who not in row.text else ""
        return (
            *(
                (Piece(time, "dim"), Piece(self.glyphs.pin, "accent"))
                if row.pinned
                else (Piece(f"{time} ", "dim"),)
            ),
            Piece(self.pad(row.kind, kind) + "  ", row.role or "accent"),
            *((Piece(f"{who}: ", "dim"),) if who else ()),
            Piece(words, row.role if row.role in ("ok", "warn", "fail") else "" if row.key else "dim"),
        )

    def _sift(self) -> None:
        if self._predicate is None:
            self._kept = range(len(self._all))
        else:
            holds = self._predicate
            self._kept = [i for i, row in enumerate(self._all) if holds(row)]

    def _settle(self, was: TimelineRow | None) -> None:
        """Put the cursor back on the row it was on, where that stood on the screen, or on the last one."""
        last = max(len(self._kept) - 1, 0)
        if was is None:
            self._cursor, self.following, self._unseen = last, True, 0
        else:
            below = self._cursor - self._top_row
            self._cursor = self._place_of(was, min(self._cursor, last))
            self._top_row = max(self._cursor - below, 0)
        self.show_changes()

    def _place_of(self, was: TimelineRow, otherwise: int) -> int:
        if was.id:
            found = (i for i, index in enumerate(self._kept) if self._all[index].id == was.id)
            return next(found, otherwise)
        same = (i for i, index in enumerate(self._kept) if self._all[index] is was)
        equal = (i for i, index in enumerate(self._kept) if self._all[index] == was)
        return next(same, next(equal, otherwise))

    def _grown(self, by: int) -> None:
        if self.following:
            self._cursor = max(len(self._kept) - 1, 0)
        else:
            self._unseen += by
        self.show_changes()

    def action_move(self, by: int) -> None:
        """Move the cursor; on the last row it follows the end again."""
        last = max(len(self._kept) - 1, 0)
        self._cursor = min(max(self._cursor + by, 0), last)
        self.following = self._cursor == last
        if self.following:
            self._unseen = 0
        self.show_changes()

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.action_move(by * max(self.inside[1] - 1, 1))

    def action_first(self) -> None:
        """To the first row."""
        self.action_move(-len(self._all))

    def action_last(self) -> None:
        """To the last row, and follow the end again."""
        self.action_move(len(self._all))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.cursor_index is not None:
            self.post_message(self.Opened(self.cursor_index))
