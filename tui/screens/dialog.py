"""What every dialog has in common: it is left once, however often that is asked for."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A screen over the console.

    Keys that were typed ahead may ask it to close twice, or while another dialog lies over it:
    Textual would answer the first with an error and close the wrong one for the second.
    """

    _left = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with a result; only the first time, and only while it is the one that is seen."""
        if self._left or not self.is_current:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)  # type: ignore[arg-type]
