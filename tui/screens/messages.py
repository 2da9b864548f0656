"""What is said over the keybar, and for how long: a person's own acts, and news of others."""

from collections.abc import Callable

from tui.model.clock import Clock

# For how long it stays where nobody presses a key.
_STAYS = 15.0
# Of several that are said together the gravest has the mark.
_GRAVE = ("fail", "warn", "ok")


class Messages:
    """One message at a time. News that come while a dialog is open wait for its end, and are said then.

    Args:
        clock: for how long a message is there.
        show: says it, or nothing, on the screen.
    """

    def __init__(self, clock: Clock, show: Callable[[str, str], None]) -> None:
        self._clock = clock
        self._show = show
        self._said_at: float | None = None
        self._words = ""
        self._unread: list[tuple[str, str, str]] = []

    def say(self, words: str, state: str = "") -> None:
        """Say it; "" is silence."""
        self._words = words
        self._said_at = self._clock.monotonic() if words else None
        self._show(words, state)

    def tell(self, words: str, state: str, covered: bool, about: str = "") -> None:
        """News: said at once, and once more after the dialog that covers it now.

        What is `about` the same as news that nobody has read yet takes their place.
        """
        if covered:
            kept = [one for one in self._unread if not about or one[2] != about]
            self._unread = [*kept, (words, state, about)][-3:]
        self.say(words, state)

    def uncovered(self) -> None:
        """The dialogs are closed: the news that came meanwhile are said with what was said last."""
        unread, self._unread = self._unread, []
        told = [words for words, _, _ in unread]
        fresh = [words for words in told if words not in self._words]
        if not unread:
            return
        if fresh or self._said_at is None:
            own = () if not self._words or self._words in told else (self._words,)
            states = {state for _, state, _ in unread}
            self.say("  ".join((*own, *told)), next((s for s in _GRAVE if s in states), ""))

    def tick(self, covered: bool) -> None:
        """Time passes; under a dialog nobody can have read it."""
        if self._said_at is None:
            return
        if covered:
            self._said_at = self._clock.monotonic()
        elif self._clock.monotonic() - self._said_at > _STAYS:
            self.say("")
