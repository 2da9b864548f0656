"""How far something long has come: a few lines, and a bar that fills."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.glyphs import Glyphs
from widgets.lines import Line, Piece, wrap
from widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class ProgressView:
    """What stands in it.

    Attributes:
        lines: above the bar.
        done, of: how much of how much; `of` 0 is no bar.
        now: what is being done, beside the bar.
        keys: what the keys do, at the bottom.
    """

    lines: tuple[str, ...]
    done: int = 0
    of: int = 0
    now: str = ""
    keys: str = ""


class ProgressPanel(Panel, can_focus=True):
    """Lines, a bar, and two keys: one that begins or stops it, and one that leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "begin", "Begin", show=False),
        Binding("s", "stop", "Stop", show=False),
        Binding("escape,q", "leave", "Leave", show=False),
    ]

    @dataclass
    class Begun(Message):
        """It is to begin."""

    @dataclass
    class Stopped(Message):
        """It is to be stopped."""

    @dataclass
    class Left(Message):
        """Nobody looks any longer; what runs goes on."""

    def __init__(self, title: str, view: ProgressView, *, glyphs: Glyphs) -> None:
        super().__init__(title, glyphs=glyphs)
        self.view = view

    def show(self, view: ProgressView) -> None:
        """Show this; what is the same sends nothing."""
        if view != self.view:
            self.view = view
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The lines, the bar, what is being done, and the keys on the last line."""
        view = self.view
        rows: list[Line] = [(Piece(part),) for line in view.lines for part in wrap(self.text(line), width)]
        if view.of:
            rows += [
                (),
                self._bar(width),
                *((Piece(part, "dim"),) for part in wrap(self.text(view.now), width)),
            ]
        rows = rows[: max(height - 2, 1)]
        rows += [()] * (height - 1 - len(rows))
        return [*rows, (Piece(self.fit(view.keys, width), "key"),)]

    def _bar(self, width: int) -> Line:
        view = self.view
        share = f" {view.done} of {view.of}"
        room = max(width - len(share), 4)
        full = room * min(view.done, view.of) // view.of
        return (
            Piece(self.glyphs.frame_focused.top * full, "accent"),
            Piece(
                self.glyphs.frame.top * (room - full) if not self.glyphs.plain_only else "." * (room - full),
                "dim",
            ),
            Piece(share),
        )

    def action_begin(self) -> None:
        """Ask that it begins."""
        self.post_message(self.Begun())

    def action_stop(self) -> None:
        """Ask that it stops."""
        self.post_message(self.Stopped())

    def action_leave(self) -> None:
        """Nobody looks any longer."""
        self.post_message(self.Left())
