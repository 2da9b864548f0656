"""The checks: a panel of rows, and one line where there is no room."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece, both_ends, width_of
from widgets.panel import LIST_KEYS, Panel, lit


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check.

    Attributes:
        name: `Mistral API`.
        short: its name on the strip, `API`.
        state: ok, warn, fail, unknown or unset.
        summary: `429, our rate limit (1300)`.
        brief: the same on the strip, `429, our limit`; "" shows the name alone.
        note: a second line, or "".
        latency: `212 ms`, or "".
        stale: `stale 47s` where the answer is old (it is then dimmed), or "".
    """

    name: str
    short: str
    state: str
    summary: str
    brief: str = ""
    note: str = ""
    latency: str = ""
    stale: str = ""


# What is worst stands first on the strip.
_ORDER = {"fail": 0, "warn": 1, "unknown": 2}


class ChecksPanel(Panel):
    """One row (or two, with its note) for each check; where it can be focused, a cursor chooses one."""

    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    @dataclass
    class Chosen(Message):
        """This row, from 0, was asked for."""

        index: int

    def __init__(
        self,
        title: str = "Status",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self.rows: tuple[CheckRow, ...] = ()
        self.cursor = 0

    def show(self, rows: tuple[CheckRow, ...]) -> None:
        """Show these rows; the same rows again send nothing."""
        if rows != self.rows:
            self.rows = rows
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows, and as many notes as there is room for, first come first."""
        room = height - len(self.rows)
        name = min(max((cell_len(self.text(r.name)) for r in self.rows), default=0) + 3, width // 3)
        lines: list[Line] = []
        for index, row in enumerate(self.rows):
            line = self._row(row, name, width)
            here = self.has_focus and index == min(self.cursor, len(self.rows) - 1)
            lines.append(lit(line, width, self.glyphs.ellipsis) if here else line)
            if row.note and room > 0:
                lines.append((Piece(" " * (name + 2)), Piece(self.text(row.note), "dim")))
                room -= 1
        return lines

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.rows:
            self.cursor = min(max(self.cursor + by, 0), len(self.rows) - 1)
            self.show_changes()

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.rows:
            self.post_message(self.Chosen(min(self.cursor, len(self.rows) - 1)))

    def _row(self, row: CheckRow, name: int, width: int) -> Line:
        quiet = row.stale or row.state in ("unset", "unknown")
        words = Piece(self.text(row.summary), "dim" if quiet else "")
        left = (Piece(f"{self.glyphs.state(row.state)} ", row.state), Piece(self.pad(row.name, name)), words)
        right = self.text(row.stale or row.latency)
        end = (Piece(f"  {right}", "warn" if row.stale else "dim"),) if right else ()
        return both_ends(left, end, width, self.glyphs.ellipsis)


class ChecksStrip(Lines):
    """The checks in one line: what is not well first, then the names of those that are."""

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self.rows: tuple[CheckRow, ...] = ()

    def show(self, rows: tuple[CheckRow, ...]) -> None:
        """Show these rows; the same rows again send nothing."""
        if rows != self.rows:
            self.rows = rows
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The longest form of the line that fits: words give way from the right."""
        bad = sorted(
            (r for r in self.rows if r.state in _ORDER), key=lambda r: (_ORDER[r.state], not r.brief)
        )
        forms = [
            self._form(bad, len(bad), True),
            *(self._form(bad, n, False) for n in range(len(bad), -1, -1)),
        ]
        return [next((form for form in forms if width_of(form) <= width), forms[-1])]

    def _form(self, bad: list[CheckRow], worded: int, named: bool) -> Line:
        pieces: list[Piece] = []
        for index, row in enumerate(bad):
            brief = f" {self.text(row.brief)}" if row.brief and index < worded else ""
            stale = f" {self.text(row.stale)}" if row.stale and named else ""
            pieces.append(Piece(f"{self.glyphs.state(row.state)} {self.text(row.short)}", row.state))
            pieces.append(Piece(f"{brief}{stale}  "))
        for state in ("ok", "unset"):
            rows = [r for r in self.rows if r.state == state]
            words = " ".join(self.text(r.short) for r in rows) if named else str(len(rows))
            if rows:
                pieces.append(Piece(f"{'ok' if state == 'ok' else 'not set'}: ", state))
                pieces.append(Piece(f"{words}  ", "dim"))
        return (
            (Piece(" "), *pieces[:-1], pieces[-1]._replace(text=pieces[-1].text.rstrip())) if pieces else ()
        )
