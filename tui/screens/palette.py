"""The command palette: every action by name, found by typing."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.screens.dialog import Dialog
from widgets.field import LineField
from widgets.glyphs import Glyphs
from widgets.lines import Line, Piece
from widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class Command:
    """One action: `id` is what the palette answers with."""

    id: str
    name: str
    key: str = ""


def found(commands: tuple[Command, ...], typed: str) -> tuple[Command, ...]:
    """The commands in which every word that was typed stands, those that begin with it first."""
    words = typed.casefold().split()
    hits = [c for c in commands if all(w in f"{c.name} {c.id}".casefold() for w in words)]
    start = typed.casefold().strip()
    return tuple(sorted(hits, key=lambda c: not c.name.casefold().startswith(start)))


class Found(Panel):
    """The commands that are found, with a cursor."""

    def __init__(self, commands: tuple[Command, ...], glyphs: Glyphs) -> None:
        super().__init__("Commands", glyphs=glyphs)
        self.commands = commands
        self.cursor = 0

    def show(self, commands: tuple[Command, ...]) -> None:
        """Show these, the cursor on the first."""
        self.commands, self.cursor = commands, 0
        self.show_changes()

    def move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self.commands) - 1, 0))
        self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The lines around the cursor."""
        if not self.commands:
            return [(Piece("nothing by that name; Esc closes", "dim"),)]
        top = max(min(self.cursor - height // 2, len(self.commands) - height), 0)
        return [self._line(index, width) for index in range(top, min(top + height, len(self.commands)))]

    def _line(self, index: int, width: int) -> Line:
        command = self.commands[index]
        here = index == self.cursor
        mark = f"{self.glyphs.cursor} " if here else "  "
        name = self.pad(command.name, max(width - 12, 8))
        return (Piece(mark + name, "cursor" if here else ""), Piece(f" {self.text(command.key)}", "key"))


class PaletteScreen(Dialog[str]):
    """Type to find, Enter to run, Escape to close; the answer is the command's id."""

    DEFAULT_CSS = """
    PaletteScreen { align: center top; }
    PaletteScreen Vertical { width: 84; max-width: 96%; height: 80%; margin-top: 1; }
    PaletteScreen Input, PaletteScreen Input:focus {
        border: none; height: 1; background: $panel; padding: 0 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("tab", "move(1)", show=False, priority=True),
    ]

    def __init__(self, commands: tuple[Command, ...], glyphs: Glyphs) -> None:
        super().__init__()
        self.commands = commands
        self.input = LineField(placeholder="type a few letters, Enter runs", id="typed")
        self.found = Found(commands, glyphs)

    def compose(self) -> ComposeResult:
        """The field over the list."""
        with Vertical():
            yield self.input
            yield self.found

    def on_mount(self) -> None:
        """Keys go to the field."""
        self.input.cursor_blink = False
        self.input.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find while typing."""
        self.found.show(found(self.commands, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what the cursor is on."""
        event.stop()
        if self.found.commands:
            self.answer(self.found.commands[self.found.cursor].id)

    def action_move(self, by: int) -> None:
        """Move in the list while the field keeps the keys."""
        self.found.move(by)

    def action_leave(self) -> None:
        """Nothing is run."""
        self.answer(None)
