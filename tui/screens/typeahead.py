"""Type-ahead: over a slow line keys come in bursts, and each belongs to what the one before it opened."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

Typed = events.Key | events.Paste

# The longest that a dialog takes to be asked for; a flow without one holds no key longer.
_ASKS_WITHIN = 1.0
# So many calls of `mind` without a key that went on, and whatever holds them is not waited for.
_STUCK = 3


class Typeahead:
    """Presses keys and pastes one at a time, in their order.

    Textual hands each to whoever has the focus when it arrives, though the key before it may still be on
    its way to what takes the focus away. Here the next waits until the one before was handled at every
    level, and until the dialog that it opens is painted and has the focus.

    Args:
        app: whose queue, focus and screens they are.
        press: hands one to who has the focus now; the app's own `on_event`.
    """

    def __init__(self, app: App[Any], press: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._press = press
        self._waiting: deque[Typed] = deque()
        self._under_way = False
        self._opening: Screen[Any] | None = None
        self._flows = 0
        self._patience: object | None = None
        self._stuck = 0

    def begin(self) -> None:
        """Hear of every screen that opens or closes, from when the app runs."""
        self._app.screen_change_signal.subscribe(self._app, self._shows, immediate=True)

    async def take(self, typed: Typed) -> None:
        """Press it now, or as soon as those before it are through."""
        self._waiting.append(typed)
        await self._go_on()

    def flow_began(self) -> None:
        """A flow may ask for a dialog: what is typed from here on is meant for that."""
        self._flows += 1
        self._be_patient()

    def flow_ended(self) -> None:
        """No dialog comes any more."""
        self._flows -= 1
        self._app.call_later(self._go_on)

    def answered(self) -> None:
        """A dialog of a flow is over; the next may follow."""
        self._be_patient()

    def mind(self) -> None:
        """Called every second: nothing, not even a fault of ours, keeps the keys for good."""
        self._stuck = self._stuck + 1 if self._waiting else 0
        if self._stuck >= _STUCK:
            self._opening = self._patience = None
            self._app.call_later(self._through)

    async def _go_on(self) -> None:
        while self._waiting and not self._under_way and not self._held():
            typed, first = self._waiting.popleft(), self._app.focused or self._app.screen
            self._stuck = 0
            self._under_way = not _is_text(typed, first)
            await self._press(typed)
            if self._under_way:
                self._follow(first, first)

    def _shows(self, screen: Screen[Any]) -> None:
        """Another screen is on top: it gets the keys once it is painted, and its focus is set."""
        self._opening = screen
        self._patience = object()
        # The focus is set through the app's queue, so this comes behind it.
        screen.call_after_refresh(self._app.call_later, self._shown, screen)

    async def _shown(self, screen: Screen[Any]) -> None:
        if self._opening is screen:
            self._opening = None
        await self._go_on()

    def _held(self) -> bool:
        if self._opening is not None and self._opening is self._app.screen:
            return True
        return self._flows > 0 and self._patience is not None and len(self._app.screen_stack) == 1

    def _follow(self, node: DOMNode | None, first: DOMNode | None) -> None:
        """Go the key's way up, behind it in every queue; then once more, behind the message it became."""
        if node is not None and node.call_later(self._follow, node.parent, first):
            return
        if first is None or not first.call_later(self._follow, first.parent, None):
            self._app.call_later(self._through)

    async def _through(self) -> None:
        self._under_way = False
        await self._go_on()

    def _be_patient(self) -> None:
        patience = self._patience = object()
        self._app.set_timer(_ASKS_WITHIN, lambda: self._no_longer(patience))

    async def _no_longer(self, patience: object) -> None:
        if self._patience is patience:
            self._patience = None
            await self._go_on()


def _is_text(typed: Typed, node: DOMNode) -> bool:
    """Whether a field only takes it in: that opens nothing, so the next need not wait for it."""
    key, character = (typed.key, typed.character) if isinstance(typed, events.Key) else ("v", "v")
    return isinstance(node, Widget) and node.check_consume_key(key, character)
