"""The preview of a change: what, where, as whom, how back; and how it is confirmed."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message

from widgets.confirming import Confirming
from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, plain, width_of, wrap
from widgets.panel import Tab

_FIELD = 8
_LONGEST_WORD = 64
_KEYS = "yecgvjk"


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
        asks: for `word`, what is asked: `read-only: type prodeu to arm for 15 minutes`; for `none`
            the reason; for `y` what else to say beside it, or "".
        ready: `y` is listened to (it has been complete for a second).
        refusal: why the last answer was not taken ("that is not the word"), or "".
        lock: how the target's lock stands, pinned below the change; "" where targets are not locked.
        locked: that it may not be free: it is told as a warning.
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
    lock: str = ""
    locked: bool = False


class ChangePreview(Confirming, can_focus=True):
    """The frame of the preview. It starts on Cancel; Enter there cancels, and Enter never applies.

    Tab goes between Cancel and the field of the word; a letter that is no key begins the word. In
    the field every letter is a letter; on Cancel `y e c g v j k` are keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "approve", "Apply", show=False, id="preview.apply"),
        Binding("e", "edit", "Edit", show=False, id="preview.edit"),
        Binding("c", "copy('command')", "Copy", show=False, id="preview.copy"),
        Binding("g", "copy('git')", "Patch for git", show=False, id="preview.git"),
        Binding("v", "whole", "All of it", show=False, id="preview.whole"),
        Binding("tab,shift+tab,left,right", "other", "Cancel or the word", show=False, id="preview.other"),
        Binding("enter", "enter", "Cancel, or give the word", show=False, id="preview.enter"),
        Binding("escape", "escape", "Back", show=False, id="preview.escape"),
    ]

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
    class WholeAsked(Message):
        """`v`: all of it is to be shown on a page of its own."""

    @dataclass
    class CopyAsked(Message):
        """`c`: copy the command by hand; `g`: the patch for git."""

        what: str  # command | git

    def __init__(
        self,
        view: PreviewView | None = None,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__("", glyphs=glyphs, id=id, classes=classes)
        self.view = view or PreviewView()
        self.typed = ""
        self.in_word = False
        self._head()

    def show(self, view: PreviewView) -> None:
        """Show this; what was typed and where it is scrolled to stay.

        A field whose question has changed is emptied: a word belongs to what it answers.
        """
        if view == self.view:
            return
        if (view.confirm, view.asks) != (self.view.confirm, self.view.asks):
            self.typed, self.in_word = "", False
        self.view = view
        self._head()
        self.show_changes()

    # What stands there

    def _head(self) -> None:
        risk = (Tab(self.view.risk, here=True),) if self.view.risk else ()
        self._title, self._corner = self.view.title, risk

    def pinned(self, width: int) -> list[Line]:
        """Target and change."""
        v = self.view
        label = self.label(width)
        gap = "   " if label else "  "
        edit = (Piece(f"{gap}(e to edit)", "dim"),) if v.editable else ()
        change = [Piece(line, "bold") for line in wrap(self.text(v.change), width - label)]
        lead = Piece("on".ljust(label - 1), "dim")
        first = self.whereto(v.target, v.user, v.env_colour, width - len(lead.text), gap)
        lines: list[Line] = [(piece,) for piece in change]
        if label:
            first = (lead, *first)
            lines = [
                (Piece(("" if i else "change").ljust(label), "dim"), *line) for i, line in enumerate(lines)
            ]
        last = lines[-1]
        last = (*last, *edit) if width_of((*last, *edit)) <= width else last
        return [first, *lines[:-1], last, *self._lock(width)]

    def _lock(self, width: int) -> list[Line]:
        """How the target's lock stands: it decides whether this may be made now."""
        v = self.view
        if not v.lock:
            return []
        role = "warn" if v.locked else ""
        indent = self.label(width)
        mark = f"{self.glyphs.warn} " if v.locked else ""
        words = wrap(f"{mark}{'' if indent else 'lock: '}{self.text(v.lock)}", width - indent)[:4]
        lead = self.pad("lock", indent) if indent else ""
        return [
            (Piece(lead if not i else " " * indent, "dim"), Piece(line, role)) for i, line in enumerate(words)
        ]

    def scrolling(self, width: int) -> list[Line]:
        """What a person must know, the diff, the commands."""
        v = self.view
        lines: list[Line] = [row for label, text in v.rows for row in self.labelled(label, text, width)]
        if v.diff:
            looks = {"+": "added", "-": "removed"}
            diff = (self.text(line) for line in v.diff)
            lines += [(), *((Piece(line, looks.get(line[:1], "")),) for line in diff)]
        if v.by_hand:
            lines.append(())
        lines += [row for label, text in v.by_hand for row in self.labelled(label, text, width)]
        return lines

    def foot(self, width: int, height: int) -> list[Line]:
        """Cancel, and the key or the word."""
        v = self.view
        cancel = Piece("[ Cancel ]", "cursor" if self.has_focus and not self.in_word else "bold")
        lines = self.warned(v.refusal, width)[:3] if v.refusal else []
        answer = self._answer()
        if width_of((cancel, *answer)) + 4 <= width:
            return [*lines, (cancel, Piece("    "), *answer)]
        asked = [(Piece(line),) for line in wrap(self.text(v.asks), width)]
        return [*lines, *asked, (cancel, Piece("    "), *(self._field() if v.confirm == "word" else ()))]

    def _answer(self) -> Line:
        v = self.view
        asks = self.text(v.asks)
        if v.confirm == "word":
            return (Piece(f"{asks}: "), *self._field())
        if v.confirm == "y":
            said = (Piece(f"  {asks}", "dim"),) if asks else ()
            return (*self.yes(v.ready, "applies"), *said)
        return (Piece(asks, "warn"),)

    def _field(self) -> Line:
        words = self.text(self.typed)[-_FIELD:]
        rest = "_" * max(_FIELD - cell_len(words), 0)
        if not self.in_word:
            return (Piece(words, "bold"), Piece(rest), Piece("  Tab", "key"))
        return (Piece(words, "bold"), Piece(rest[:1] or " ", "cursor"), Piece(rest[1:]))

    # What is asked

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """In the field of the word every letter is a letter."""
        return self.in_word and character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        """Type in the field. Tab and Enter are seen here, in their order among what is typed ahead."""
        if event.key in ("tab", "enter"):
            event.stop()
            event.prevent_default()
            self.action_other() if event.key == "tab" else self.action_enter()
            return
        letter = event.character if event.is_printable else None
        if not self.in_word:
            if self.view.confirm != "word" or not letter or not letter.isalnum() or letter in _KEYS:
                return
            self.in_word = True
        if letter:
            self._type(letter)
        elif event.key in ("backspace", "ctrl+h"):
            self.typed = self.typed[:-1]
        elif event.key in ("ctrl+u", "ctrl+w"):
            self.typed = ""
        else:
            return
        event.stop()
        event.prevent_default()
        self.show_changes()

    def on_paste(self, event: Paste) -> None:
        """Paste into the field; elsewhere it is nothing."""
        event.stop()
        if self.in_word:
            self._type("".join(event.text.split()))
            self.show_changes()

    def _type(self, text: str) -> None:
        self.typed = (self.typed + plain(text))[:_LONGEST_WORD]

    def action_approve(self) -> None:
        """`y`: asked for, where it is listened to."""
        if self.view.confirm == "y" and self.view.ready:
            self.post_message(self.Approved())

    def action_edit(self) -> None:
        """`e`."""
        if self.view.editable:
            self.post_message(self.EditAsked())

    def action_whole(self) -> None:
        """`v`."""
        self.post_message(self.WholeAsked())

    def action_copy(self, what: str) -> None:
        """`c` and `g`."""
        self.post_message(self.CopyAsked(what))

    def action_other(self) -> None:
        """From Cancel to the word and back."""
        self.in_word = not self.in_word and self.view.confirm == "word"
        self.show_changes()

    def action_enter(self) -> None:
        """Give the word, or cancel; never apply."""
        if not self.in_word:
            self.post_message(self.Cancelled(self.typed))
        elif self.typed:
            self.post_message(self.WordTyped(self.typed))

    def action_escape(self) -> None:
        """Out of the field; from Cancel, out of the preview."""
        if self.in_word:
            self.action_other()
        else:
            self.post_message(self.Cancelled(self.typed))
