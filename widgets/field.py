"""Fields to type into: Textual's, without what would send bytes or swallow keys.

What is pasted may hold control codes, which Textual would write to the terminal as they are.
"""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key, Paste
from textual.widgets import Input, TextArea

from widgets.lines import plain

_LONGEST, _PART = 64 * 1024, 1000


class Field(TextArea):
    """The field of a prompt: no blinking, no line numbers; Enter and Escape are the prompt's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j", "new_line", "New line", show=False, id="prompt.new_line"),
    ]

    DEFAULT_CSS = """
    Field { border: none; padding: 0; height: auto; min-height: 1; max-height: 10; scrollbar-size: 0 0; }
    Field:focus { border: none; }
    """

    def __init__(self, text: str, multiline: bool) -> None:
        super().__init__(_plain_lines(text), soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self.cursor_blink = False
        self.highlight_cursor_line = False
        self._multiline = multiline
        self.move_cursor(self.document.end)

    def action_new_line(self) -> None:
        """A line break, where there may be one."""
        if self._multiline:
            self.insert("\n")

    def on_paste(self, event: Paste) -> None:
        """Paste as plain text, in one line where there is but one."""
        event.prevent_default()
        event.stop()
        text = _plain_lines(event.text)
        text = text if self._multiline else " ".join(text.splitlines())
        self.move_cursor(self.replace(text, *self.selection).end_location)

    def on_key(self, event: Key) -> None:
        """Enter and Escape are the prompt's: the text area would break the line, or give up the focus."""
        if event.key in ("enter", "escape"):
            event.prevent_default()


class LineField(Input):
    """A field of one line; what gets into it, and however, is plain text."""

    def validate_value(self, value: str) -> str:
        """As it can be shown."""
        return plain(value)


def _plain_lines(text: str) -> str:
    """As it can be shown, whole up to `_LONGEST`: `plain` alone cuts a line where a screen would."""
    return "\n".join(
        "".join(plain(line[at : at + _PART]) for at in range(0, len(line), _PART))
        for line in text[:_LONGEST].splitlines()
    )
