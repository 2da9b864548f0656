"""The checks: a panel of rows, and one line where there is no room."""

from dataclasses import dataclass

from widgets.lines import Line, Lines, Piece
from widgets.panel import Panel


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


class ChecksPanel(Panel):
    """One row (or two, with its note) for each check."""

    def __init__(self, title: str = "Status", **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.rows: tuple[CheckRow, ...] = ()

    def show(self, rows: tuple[CheckRow, ...]) -> None:
        """Show these rows."""
        if rows != self.rows:
            self.rows = rows
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The rows."""
        return [
            (Piece(self.glyphs.state(r.state) + " ", r.state), Piece(self.pad(r.name, 14)), Piece(self.text(r.summary)))
            for r in self.rows
        ]


class ChecksStrip(Lines):
    """The checks in one line: what is not well first, then the names of those that are."""

    rows: tuple[CheckRow, ...] = ()

    def show(self, rows: tuple[CheckRow, ...]) -> None:
        """Show these rows."""
        if rows != self.rows:
            self.rows = rows
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The line."""
        return [(Piece(" " + "  ".join(self.text(f"{self.glyphs.state(r.state)} {r.short}") for r in self.rows)),)]
