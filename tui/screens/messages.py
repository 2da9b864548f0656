"""What is said over the keybar, and for how long: a person's own acts, and news of others."""

from collections.abc import Callable

from tui.model.clock import Clock

# For how long it stays where nobody presses a key.
_STAYS = 15.0


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
        self._unread: list[tuple[str, str]] = []

    def say(self, words: str, state: str = "") -> None:
        """Say it; "" is silence."""
        self._words = words
        self._said_at = self._clock.monotonic() if words else None
        self._show(words, state)

    def tell(self, words: str, state: str, covered: bool) -> None:
        """News: said at once, and once more after the dialog that covers it now."""
        if covered:
            self._unread = [*self._unread, (words, state)][-3:]
        self.say(words, state)

    def uncovered(self) -> None:
        """The dialogs are closed: the news that came meanwhile are said with what was said last."""
        unread, self._unread = self._unread, []
        fresh = [words for words, _ in unread if words not in self._words]
        if not unread:
            return
        if fresh or self._said_at is None:
            own = () if not self._words or any(w == self._words for w, _ in unread) else (self._words,)
            told = [words for words, _ in unread]
            self.say("  ".join((*own, *told)), unread[-1][1])

    def tick(self, covered: bool) -> None:
        """Time passes; under a dialog nobody can have read it."""
        if self._said_at is None:
            return
        if covered:
            self._said_at = self._clock.monotonic()
        elif self._clock.monotonic() - self._said_at > _STAYS:
            self.say("")
