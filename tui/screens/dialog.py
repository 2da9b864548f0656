"""What every dialog of the console has in common: it answers once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType

from tui.session.snapshot import Snapshot

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A screen over the console that is closed by one answer.

    Of two Enters in one burst, or a paste with line breaks, the second would otherwise close what
    lies below, or be answered by Textual with an error.
    """

    _left = False

    def take(self, snapshot: Snapshot) -> None:
        """A new snapshot: what a person reads stays as it is, unless a subclass says otherwise."""

    def answer(self, result: T | None = None) -> None:
        """Close with this answer, None for none; only the first time, and only while it is seen."""
        self.dismiss(result)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if self._left or not self.is_current:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)  # type: ignore[arg-type]
