"""What every dialog of the console has in common: it answers once."""

from typing import TypeVar

from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A screen over the console that is closed by one answer."""

    def answer(self, result: T | None = None) -> None:
        """Close with this answer, None for none. Where the dialog is closed already, nothing happens:
        of two Enters in one burst, or a paste with line breaks, the second would close what lies below."""
        if self.is_current:
            self.dismiss(result)
