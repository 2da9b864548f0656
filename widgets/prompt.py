"""Asking a person: a text, or one of a list."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key, Resize
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Lines, Piece, fit, fit_line, plain
from widgets.panel import LIST_KEYS, Panel, lit, window

# The cells of a list before a choice's name, and between it and its hint.
_BEFORE, _BETWEEN = 5, 3


class _Remark(Lines):
    """The line under the field."""

    def __init__(self, hint: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._hint, self._refusal = hint, ""

    def refuse(self, why: str) -> None:
        """Say why in place of the hint."""
        if why != self._refusal:
            self._refusal = why
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The refusal, or the hint."""
        if self._refusal:
            return [(Piece(f"{self.glyphs.warn} {self.text(self._refusal)}", "warn"),)]
        return [(Piece(self.text(self._hint), "dim"),)]


class Prompt(Vertical):
    """A text prompt. Enter submits; Escape leaves, and the draft is in the message."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Save", show=False, id="prompt.submit"),
        Binding("escape", "leave", "Leave", show=False, id="prompt.leave"),
    ]

    DEFAULT_CSS = """
    Prompt { height: auto; border: heavy $primary; padding: 0 1; }
    Prompt.-ascii { border: ascii $primary; }
    """

    @dataclass
    class Submitted(Message):
        """The text, stripped, empty only where it may be; may have line breaks where `multiline`."""

        text: str

    @dataclass
    class Left(Message):
        """Escape: nothing is asked; `draft` is what stood there, to be offered again."""

        draft: str

    def __init__(
        self,
        title: str,
        *,
        text: str = "",
        hint: str = "",
        multiline: bool = False,
        empty: bool = False,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
    ) -> None:
        # The text area is slow to import and nothing needs it before somebody writes.
        from widgets.field import Field

        super().__init__(id=id, classes="-ascii" if glyphs.plain_only else None)
        self.multiline, self.empty, self.glyphs = multiline, empty, glyphs
        self._field = Field(text, multiline)
        usual = "Enter saves, Ctrl+J breaks the line, Esc keeps the draft"
        self._remark = _Remark(hint or (usual if multiline else "Enter saves, Esc keeps the draft"), glyphs)
        self._words = f"{glyphs.focus} {glyphs.words(plain(title))}"

    @property
    def text(self) -> str:
        """What stands there now."""
        return self._field.text

    def refuse(self, why: str) -> None:
        """Say why the text was not taken; it stays."""
        self._remark.refuse(why)

    def compose(self) -> ComposeResult:
        """The field and the line under it."""
        yield self._field
        yield self._remark

    def on_mount(self) -> None:
        """Keys go to the field."""
        self._field.focus()

    def on_resize(self, _event: Resize) -> None:
        """Cut the title ourselves: Textual's ellipsis is not ASCII."""
        self.border_title = Content(fit(self._words, self.outer_size.width - 8, self.glyphs.ellipsis))

    def action_submit(self) -> None:
        """Say what was written; nothing written is nothing asked, unless it may be empty."""
        text = self.text.strip()
        if not self.multiline:
            text = " ".join(text.split())
        if text or self.empty:
            self.post_message(self.Submitted(text))

    def action_leave(self) -> None:
        """Leave; the draft goes with the message."""
        self.post_message(self.Left(self.text))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a list: `key` is a letter that also chooses it; `blocked` why it cannot be chosen."""

    id: str
    label: str
    hint: str = ""
    blocked: str = ""
    key: str = ""
    current: bool = False


class ChoiceList(Panel, can_focus=True):
    """A numbered list. Enter, the number or the letter chooses; Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("escape", "leave", "Leave", show=False, id="list.leave"),
    ]

    @dataclass
    class Chosen(Message):
        """This one was chosen; never a blocked one."""

        choice: str

    @dataclass
    class Left(Message):
        """Escape: nothing was chosen."""

    def __init__(
        self,
        title: str,
        choices: tuple[Choice, ...],
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self.choices = choices
        self.cursor = next((i for i, choice in enumerate(choices) if choice.current), 0)
        self._top_row = 0

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The choices that fit: on two lines each where one is too narrow for what they say."""
        each = self._lines_each(width)
        shown = max(height // each, 1)
        self._top_row = top = window(self.cursor, self._top_row, len(self.choices), shown)
        name = max((cell_len(self.text(c.label)) for c in self.choices), default=0) if each == 1 else 0
        lines: list[Line] = []
        for index, choice in enumerate(self.choices[top : top + shown], top):
            for line in self._rows(index, choice, name):
                line = fit_line(line, width, self.glyphs.ellipsis)
                lines.append(lit(line, width, self.glyphs.ellipsis) if index == self.cursor else line)
        self.hidden = (top, max(len(self.choices) - top - shown, 0))
        return lines

    def lines_needed(self, width: int) -> int:
        """How many lines the whole list takes in `width` cells, its frame included."""
        return max(len(self.choices), 1) * self._lines_each(width - 4) + 2

    def _lines_each(self, width: int) -> int:
        name = max((cell_len(self.text(c.label)) for c in self.choices), default=0)
        hint = max((cell_len(self._hint(c)) for c in self.choices), default=0)
        return 2 if hint and _BEFORE + name + _BETWEEN + hint > width else 1

    def _hint(self, choice: Choice) -> str:
        now = "  (now)" if choice.current else ""
        if choice.blocked:
            return f"{self.glyphs.unset} {self.text(choice.blocked)}{now}"
        return f"{self.text(choice.hint)}{now}"

    def _rows(self, index: int, choice: Choice, name: int) -> tuple[Line, ...]:
        """One line with the names in a column of `name` cells, or two where that is 0."""
        mark = self.glyphs.cursor if index == self.cursor else " "
        number = choice.key or (str(index + 1) if index < 9 else " ")
        role = "dim" if choice.blocked else ""
        left = (Piece(f"{mark} ", "key"), Piece(f"{number}  ", role or "key"))
        hint = self._hint(choice)
        if name:
            label = Piece(self.pad(choice.label, name), role)
            return ((*left, label, Piece(" " * _BETWEEN + hint, "dim")),)
        return (*left, Piece(self.text(choice.label), role)), (Piece(" " * _BEFORE + hint, "dim"),)

    def on_key(self, event: Key) -> None:
        """A letter or a number of the list."""
        letter = event.character or ""
        found = next((i for i, c in enumerate(self.choices) if c.key and c.key == letter), None)
        if found is None and letter.isdecimal() and 0 < int(letter) <= len(self.choices):
            found = int(letter) - 1
        if found is not None:
            event.stop()
            event.prevent_default()
            self.cursor = found
            self.show_changes()
            self.action_choose()

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self.choices) - 1, 0))
        self.show_changes()

    def action_choose(self) -> None:
        """Choose the one under the cursor, unless it is blocked."""
        if self.choices and not self.choices[self.cursor].blocked:
            self.post_message(self.Chosen(self.choices[self.cursor].id))

    def action_leave(self) -> None:
        """Leave without choosing."""
        self.post_message(self.Left())
