"""The field of a prompt: Textual's text area without what would send bytes or swallow keys."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widgets import TextArea


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
        super().__init__(text, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self.cursor_blink = False
        self.highlight_cursor_line = False
        self._multiline = multiline
        self.move_cursor(self.document.end)

    def action_new_line(self) -> None:
        """A line break, where there may be one."""
        if self._multiline:
            self.insert("\n")

    def on_key(self, event: Key) -> None:
        """Enter and Escape are the prompt's: the text area would break the line, or give up the focus."""
        if event.key in ("enter", "escape"):
            event.prevent_default()
