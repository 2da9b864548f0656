"""A dialog that acts for good: its `y` is deaf until everything has stood on the screen for a second."""

from typing import TypeVar

from tui.screens.desk import Desk
from tui.screens.dialog import Dialog

# Nobody approves by typing ahead.
DEAF = 1.0
T = TypeVar("T")


class DeafDialog(Dialog[T]):
    """What a change and a message to people have in common before they are sent."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._ready_at: float | None = None

    @property
    def listening(self) -> bool:
        """Whether `y` counts now."""
        return self._ready_at is not None and self.desk.clock.monotonic() >= self._ready_at

    def listen_to(self, complete: bool) -> None:
        """Begin to listen, a second after it is complete; be deaf while it is not."""
        if not complete:
            self._ready_at = None
        elif self._ready_at is None:
            self._ready_at = self.desk.clock.monotonic() + DEAF
            self.run_worker(self._wait(), group="deaf", exclusive=True, exit_on_error=False)

    def deafen(self) -> None:
        """Something else stands there now: a second more."""
        self._ready_at = None

    def heard(self) -> None:
        """The second is over: show that `y` counts. Subclasses do."""

    async def _wait(self) -> None:
        await self.desk.clock.sleep(DEAF)
        self.heard()
