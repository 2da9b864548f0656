"""The bare Textual app that the first paint is compared with."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Header, Static

WORDS = "nothing to see"


class Bare(App[None]):
    """Header, Static, Footer, and one key."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "quit")]

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static(WORDS)
        yield Footer()


if __name__ == "__main__":
    Bare().run()
