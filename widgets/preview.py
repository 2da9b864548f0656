"""The preview of a change: what, where, as whom, how back; and how it is confirmed."""

from dataclasses import dataclass

from textual.message import Message

from widgets.lines import Line, Piece
from widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class PreviewView:
    """The preview's content.

    Attributes:
        title: `Reduce concurrency`.
        risk: `medium risk`.
        target: `prod-eu / prod / deployment mistral-service`.
        user: `responder`.
        env_colour: as in `BannerView`.
        change: `MAX_CONCURRENT_MISTRAL   10 → 3`.
        editable: the value can be edited (`e to edit`).
        rows: label and value of what a person must know: means, touches, checked, owner, undo, keep.
        diff: the lines of the diff, with their `+` and `-`.
        by_hand: label and command: `by hand`, `back`.
        confirm: how it is confirmed: `y` (a key), `word` (typing), `none` (it cannot be).
        asks: for `word`, what is asked: `read-only: type prodeu to arm for 15 minutes`; for `none` the reason.
        ready: `y` is listened to (it has been complete for a second).
        refusal: why the last answer was not taken ("that is not the word"), or "".
    """

    title: str = ""
    risk: str = ""
    target: str = ""
    user: str = ""
    env_colour: str = ""
    change: str = ""
    editable: bool = False
    rows: tuple[tuple[str, str], ...] = ()
    diff: tuple[str, ...] = ()
    by_hand: tuple[tuple[str, str], ...] = ()
    confirm: str = "y"
    asks: str = ""
    ready: bool = True
    refusal: str = ""


class ChangePreview(Panel, can_focus=True):
    """The frame of the preview. Focus starts on Cancel; Enter there cancels and never applies."""

    @dataclass
    class Approved(Message):
        """`y` was pressed while it was listened to."""

    @dataclass
    class Cancelled(Message):
        """Enter on Cancel, or Escape. `typed` is what stood in the word field."""

        typed: str = ""

    @dataclass
    class WordTyped(Message):
        """Enter in the word field; never empty."""

        text: str

    @dataclass
    class EditAsked(Message):
        """`e`: the value is to be edited."""

    @dataclass
    class CopyAsked(Message):
        """`c`: copy the command by hand; `g`: the patch for git."""

        what: str  # command | git

    def __init__(self, view: PreviewView | None = None, **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__("", **kwargs)
        self.view = view or PreviewView()

    def show(self, view: PreviewView) -> None:
        """Show this; what was typed and where it is scrolled to stay."""
        if view != self.view:
            self.view = view
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """Target, change, the rest, the confirming line."""
        return [(Piece(self.text(self.view.target)),), (Piece(self.text(self.view.change)),)]
