"""Exchanging a key: what is known of the one in use, and a field whose characters nobody sees."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, width_of
from widgets.masked import Masked
from widgets.scrolled import LABEL, Scrolled

_RUBS = ("backspace", "ctrl+h", "ctrl+u")
# Below this many rows the empty line above the field goes first.
_TALL = 16


@dataclass(frozen=True, slots=True)
class RotationView:
    """What stands around the field.

    Attributes:
        title: `Rotate the key`.
        target: `prod-eu / prod / deployment mistral-service`.
        user: `responder`.
        env_colour: as in `BannerView`.
        rows: label, text and role of what a person must know before typing; they scroll.
        found: text and role of what the test of it said, a line each.
        next: what to do now, in a sentence.
        refusal: why the last thing was not done, or "".
        keys: the keys that work now, with their words.
    """

    title: str = ""
    target: str = ""
    user: str = ""
    env_colour: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    next: str = ""
    refusal: str = ""
    keys: tuple[tuple[str, str], ...] = ()


class RotationPanel(Scrolled, can_focus=True):
    """The frame with the field. In it every letter is a letter: no key that is one does anything else.

    A paste replaces what stands there, since a key is pasted whole; one of several lines is refused.
    Enter closes the field: what a paste without brackets types behind its first line is dropped, and
    can be mistaken neither for more of the key nor for a command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "store", "Look at storing it", show=False, id="key.store"),
        Binding("escape", "leave", "Forget and leave", show=False, id="key.leave"),
        Binding("up", "scroll_rows(-1)", "Up", show=False),
        Binding("down", "scroll_rows(1)", "Down", show=False),
        Binding("pageup", "scroll_rows(-8)", "Page up", show=False),
        Binding("pagedown", "scroll_rows(8)", "Page down", show=False),
    ]

    # The field stands close below what scrolls: where it is tall enough, it brings its own empty line.
    gap = 0

    @dataclass
    class Tested(Message):
        """Enter: test what `take` gives; where that is nothing, what was taken before, or today's key."""

    @dataclass
    class StoreAsked(Message):
        """The other key: storing it is to be looked at."""

    @dataclass
    class Emptied(Message):
        """The key that was taken is to be forgotten: the field is open again."""

    @dataclass
    class Left(Message):
        """Escape: everything is to be forgotten; `had` says whether a key was typed, or taken."""

        had: bool

    @dataclass
    class Edited(Message):
        """Something was typed, pasted or taken away; `refusal` says why a paste was not taken."""

        refusal: str = ""

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002
        super().__init__("", glyphs=glyphs, id=id)
        self.view = RotationView()
        self.closed = 0
        self._typed = Masked()
        self._given = Masked()

    @property
    def typed(self) -> int:
        """How many characters stand in the open field."""
        return len(self._typed)

    def take(self) -> str:
        """What Enter closed the field over, once; "" where it was taken already."""
        return self._given.take()

    def reopen(self) -> None:
        """Forget everything: the field is empty and open."""
        self.closed = 0
        self._typed.clear()
        self._given.clear()
        self.show_changes()

    def show(self, view: RotationView) -> None:
        """Show this; what was typed stays."""
        self.view = view
        self._title = view.title
        self.show_changes()

    # What stands there

    def pinned(self, width: int) -> list[Line]:
        """Where it would be stored."""
        v = self.view
        label = self.label(width)
        lead = (Piece("on".ljust(label - 1), "dim"),) if label else ()
        return [(*lead, *self.whereto(v.target, v.user, v.env_colour, width - width_of(lead)))]

    def scrolling(self, width: int) -> list[Line]:
        """What is known."""
        rows = self.view.rows
        return [line for label, text, role in rows for line in self.labelled(label, text, width, role)]

    def foot(self, width: int, height: int) -> list[Line]:
        """The field, with what to do."""
        v = self.view
        lines: list[Line] = [()] if height >= _TALL else []
        lines.append(self._field(width))
        for text, role in v.found:
            lines += self.labelled("", text, width, role)
        lines += self.labelled("next", v.next, width, "bold")
        if v.refusal:
            lines += self.warned(v.refusal, width)
        return [*lines, *self._keys(width)]

    def _field(self, width: int) -> Line:
        length = self.closed or self.typed
        label = "new key ".ljust(LABEL)
        told = f"  {length} character{'' if length == 1 else 's'}" if length else ""
        room = max(width - cell_len(label) - cell_len(told) - 1, 1)
        dots = self.glyphs.words("•") * min(length, room)
        if self.closed:
            return (Piece(label, "dim"), Piece(dots), Piece(told, "dim"))
        cursor = Piece(" ", "cursor" if self.has_focus else "")
        rest = Piece("_" * max(min(room, 32) - len(dots), 0), "dim")
        return (Piece(label, "dim"), Piece(dots), cursor, rest, Piece(told, "dim"))

    def _keys(self, width: int) -> list[Line]:
        """The keys, on as many lines as they take."""
        lines: list[Line] = []
        line: Line = ()
        for key, words in self.view.keys:
            one = (Piece(self.text(key), "key"), Piece(f" {self.text(words)}", "dim"))
            if line and width_of(line) + 3 + width_of(one) > width:
                lines.append(line)
                line = ()
            line = (*line, Piece("   "), *one) if line else one
        return [*lines, line] if line else lines

    # What is typed

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Every letter is the field's."""
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        """Type in the field. Enter is seen here, in its order among what is typed ahead."""
        letter = event.character if event.is_printable else None
        if letter is None and event.key not in ("enter", *_RUBS):
            return
        event.stop()
        event.prevent_default()
        if event.key == "enter":
            self._enter()
        elif self.closed and letter is not None:
            self.post_message(self.Edited("What was typed behind Enter was not taken."))
        elif self.closed or event.key == "ctrl+u":
            self.action_empty()
        else:
            self._typed.type(letter) if letter is not None else self._typed.rub()
            self._edited()

    def on_paste(self, event: Paste) -> None:
        """A key is pasted whole, with or without the line's end; two lines are not one key."""
        event.stop()
        lines = [line.strip() for line in event.text.splitlines() if line.strip()]
        self.action_empty()
        if len(lines) > 1:
            self._edited(f"What was pasted has {len(lines)} lines, a key has one: nothing of it was taken.")
        elif lines:
            self._typed.type(lines[0])
            self._edited()

    def _enter(self) -> None:
        if self._typed:
            self.closed = self.typed
            self._given.type(self._typed.take())
            self.show_changes()
        self.post_message(self.Tested())

    def _edited(self, refusal: str = "") -> None:
        self.show_changes()
        self.post_message(self.Edited(refusal))

    def action_store(self) -> None:
        """Look at storing it."""
        self.post_message(self.StoreAsked())

    def action_empty(self) -> None:
        """Empty the field; a key that was taken from it is to be forgotten."""
        self.reopen()
        self.post_message(self.Emptied())

    def action_leave(self) -> None:
        """Forget what was typed, and leave."""
        had = bool(self._typed or self.closed)
        self.reopen()
        self.post_message(self.Left(had))
