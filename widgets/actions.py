"""What to do here: the diagnosis in words, its evidence, and numbered actions."""

from dataclasses import dataclass

from textual.binding import Binding
from textual.message import Message

from widgets.lines import Line, Piece
from widgets.panel import Panel


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

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("enter", "choose", "Choose", show=False, id="list.choose"),
        *(Binding(str(n), f"number({n})", f"Action {n}", show=False, id=f"list.{n}") for n in range(1, 10)),
    ]

    @dataclass
    class Chosen(Message):
        """This action was asked for; `blocked` says why it cannot be done now."""

        action: str
        blocked: str = ""

    def __init__(self, title: str = "Do here", **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.view = ActionsView()
        self.cursor = 0

    def show(self, view: ActionsView) -> None:
        """Show this; the cursor stays on the action it was on."""
        if view != self.view:
            self.view = view
            self.cursor = min(self.cursor, max(len(view.actions) - 1, 0))
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """Headline, evidence, actions, hints."""
        return [
            (Piece(self.text(self.view.headline), self.view.role),),
            *((Piece(self.text(f"  {n}  {a.title}  {a.hint}  {a.risk}")),) for n, a in enumerate(self.view.actions, 1)),
        ]

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
