"""What to do here: the diagnosis in words, its evidence, and numbered actions."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, both_ends, width_of, wrap
from widgets.panel import LIST_KEYS, Panel, lit, window


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action: `hint` is the change in short, `blocked` why it cannot be chosen now."""

    id: str
    title: str
    hint: str = ""
    risk: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class ActionsView:
    """The panel's content.

    Attributes:
        headline: `Rate limited (P2): our own limit.`
        trail: `API errors › 429 › our limit`, shown where the tree is not; "" hides it.
        prose: the evidence, one sentence or two a line; wrapped.
        actions: best first; the first nine have a number.
        hints: keys and words of the last line.
        changed: the live path moved while this list was held: `path changed`.
        role: the headline's role.
    """

    headline: str = ""
    trail: str = ""
    prose: tuple[str, ...] = ()
    actions: tuple[ActionRow, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    changed: bool = False
    role: str = "bold"


class ActionsPanel(Panel, can_focus=True):
    """The panel "Do here"."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        *(Binding(str(n), f"number({n})", f"Action {n}", show=False, id=f"list.{n}") for n in range(1, 10)),
    ]

    @dataclass
    class Chosen(Message):
        """This action was asked for; `blocked` says why it cannot be done now."""

        action: str
        blocked: str = ""

    def __init__(
        self,
        title: str = "Do here",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self.view = ActionsView()
        self.cursor = 0

    def show(self, view: ActionsView) -> None:
        """Show this; the cursor stays on the action it was on."""
        if view == self.view:
            return
        was = self.view.actions[self.cursor].id if self.view.actions else None
        self.view = view
        self.cursor = next((i for i, row in enumerate(view.actions) if row.id == was), 0)
        self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """Headline, evidence, actions, hints; evidence gives way first, then hints."""
        head, actions, foot = self._head(width), self._actions(width), self._foot(width)
        room = height - len(head) - len(actions)
        if room < len(foot) + 1:
            foot = []
        prose = self._prose(width, max(room - len(foot), 0))
        gap: list[Line] = [()] if len(head) + len(prose) + len(actions) + len(foot) < height else []
        if room < 0:
            top = window(self.cursor, 0, len(actions), max(height - len(head), 1))
            self.hidden = (top, len(actions) - top - max(height - len(head), 1))
            actions = actions[top:]
        else:
            top = 0
        lines = [*head, *prose, *gap, *actions]
        if self.has_focus and self.view.actions:
            y = len(head) + len(prose) + len(gap) + self.cursor - top
            lines[y] = lit(lines[y], width, self.glyphs.ellipsis)
        return [*lines, *([()] * (height - len(lines) - len(foot))), *foot] if foot else lines

    def _head(self, width: int) -> list[Line]:
        view = self.view
        changed = (Piece(f"  {self.glyphs.warn} path changed", "warn"),) if view.changed else ()
        lines = [
            both_ends((Piece(self.text(view.headline), view.role),), changed, width, self.glyphs.ellipsis)
        ]
        if view.trail:
            lines.append((Piece(self.text(view.trail), "accent"),))
        return lines if view.headline or view.changed else lines[1:]

    def _prose(self, width: int, room: int) -> list[Line]:
        words = [line for text in self.view.prose for line in wrap(self.text(text), width, 2)]
        if len(words) > room and room:
            words = [*words[: room - 1], f"{words[room - 1]} {self.glyphs.ellipsis}"]
        return [(Piece(line),) for line in words[:room]]

    def _foot(self, width: int) -> list[Line]:
        pieces: list[Piece] = []
        for key, words in self.view.hints:
            more = (Piece(self.text(key), "key"), Piece(f" {self.text(words)}   ", "dim"))
            if width_of((*pieces, *more)) - 3 > width:
                break
            pieces += more
        return [(), tuple(pieces)] if pieces else []

    def _actions(self, width: int) -> list[Line]:
        rows = [(self.text(r.title), self.text(r.hint), self.text(r.risk)) for r in self.view.actions]
        title, hint, risk = (max((cell_len(row[i]) for row in rows), default=0) for i in range(3))
        # Risk is what a person must not miss; the hint is what the preview tells again.
        if 9 + title + hint + risk > width:
            risk = max((cell_len(_short(row[2])) for row in rows), default=0)
        title = min(title, max(width - 9 - risk, 8))
        hint = min(hint, max(width - 9 - title - risk, 0))
        return [self._action(n, row, title, hint, width) for n, row in enumerate(self.view.actions)]

    def _action(self, index: int, row: ActionRow, title: int, hint: int, width: int) -> Line:
        mark = self.glyphs.cursor if index == self.cursor else " "
        number = str(index + 1) if index < 9 else " "
        left = (Piece(f"{mark} ", "key"), Piece(f"{number}  ", "dim" if row.blocked else "key"))
        name = self.pad(row.title, title)
        if row.blocked:
            words = f"  {self.glyphs.unset} {self.text(row.blocked)}"
            return (*left, Piece(name, "dim"), Piece(words, "dim"))
        if not row.risk and cell_len(self.text(row.hint)) > hint:
            # Nothing stands in the last column: the hint may have it.
            return (
                *left,
                Piece(name, "bold" if index == self.cursor else ""),
                Piece(f"  {self.text(row.hint)}"),
            )
        room = width - 9 - title - hint
        risk = self.text(row.risk)
        risk = risk if cell_len(risk) <= room else _short(risk)
        look = {"high": "fail", "medium": "warn"}.get(_short(risk), "dim")
        hints = (Piece(f"  {self.pad(row.hint, hint)}"),) if hint >= 4 else (Piece(" " * (hint + 2)),)
        return (*left, Piece(name, "bold" if index == self.cursor else ""), *hints, Piece(f"  {risk}", look))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.view.actions:
            self.cursor = min(max(self.cursor + by, 0), len(self.view.actions) - 1)
            self.show_changes()

    def action_number(self, number: int) -> None:
        """Choose by number, from one."""
        if number <= len(self.view.actions):
            self.cursor = number - 1
            self.show_changes()
            self.action_choose()

    def action_choose(self) -> None:
        """Choose the action under the cursor."""
        if self.view.actions:
            row = self.view.actions[self.cursor]
            self.post_message(self.Chosen(row.id, row.blocked))


def _short(risk: str) -> str:
    """`medium` of `medium risk`."""
    return risk.partition(" ")[0]
