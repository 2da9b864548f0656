"""Asking a person: a text, or one of a list."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece
from widgets.panel import Panel


class Prompt(Vertical):
    """A text prompt. Enter submits; Escape leaves, and the draft is in the message."""

    @dataclass
    class Submitted(Message):
        """The text, stripped, never empty; may have line breaks where `multiline`."""

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
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.title, self.hint, self.multiline, self.glyphs = title, hint, multiline, glyphs
        self._text = text

    @property
    def text(self) -> str:
        """What stands there now."""
        return self._text

    def refuse(self, why: str) -> None:
        """Say why the text was not taken; it stays."""

    def compose(self) -> ComposeResult:
        """The field and its frame."""
        yield Panel(self.title, glyphs=self.glyphs)


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

    @dataclass
    class Chosen(Message):
        """This one was chosen; never a blocked one."""

        choice: str

    @dataclass
    class Left(Message):
        """Escape: nothing was chosen."""

    def __init__(self, title: str, choices: tuple[Choice, ...], **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.choices = choices

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The choices."""
        return [(Piece(self.text(f"{n} {c.label} {c.hint}")),) for n, c in enumerate(self.choices, 1)]
