"""When all is listed anew although a watch tells what happens, so that nothing is missed for good.

A watch tells everything as long as server, proxies and we make no mistake, and nobody would notice one that
was made. So what shows that something is missing leads to a list, and one comes now and then in any case.
"""

from random import Random

from tui.model.clock import Clock

# All in seconds. After this time all is listed anew where a watch ends in any case...
EVERY = (200.0, 400.0)
# ... and later where there is much: of that many entries a second.
ENTRIES = 10.0
# How long a line may wait for the one before it. Lines overtake each other, but not for long.
AWAITED = (4.0, 8.0)
# How long what was deleted there is left to whoever deleted it.
RESTORE = (5.0, 15.0)
# Between two lists because of what is missing, from the first to the tenth that did not bring it...
STALE = (1.0, 300.0)
# ... and of that many entries a second at most.
ENTRIES_STALE = 200.0


class Relisting:
    """Answers each question with True once it is time; each list that was done is told by `listed`."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self._entries = 0
        self._regular_at = 0.0
        self._restore_at: float | None = None
        self._pause = 0.0
        self._from = 0.0
        self._longest = ""
        self._longest_at = 0.0

    def listed(self, entries: int, *, news: bool) -> None:
        """All is known now: so many entries; `news` is whether any of them was not here."""
        self._entries = entries
        self._regular_at = self._in(*EVERY) + entries / ENTRIES
        self._restore_at = None
        if news:
            self._pause = 0.0

    def regular(self) -> bool:
        """Whether the last list was long ago."""
        return self._clock.monotonic() >= self._regular_at

    def missed(self) -> bool:
        """Something is not here that should be: asked for again and again, ever more seldom."""
        now = self._clock.monotonic()
        if now < self._from:
            return False
        least = max(STALE[0], self._entries / ENTRIES_STALE)
        self._pause = min(max(least, self._pause * 2), max(STALE[1], least))
        self._from = self._in(self._pause, self._pause * 1.5)
        return True

    def awaits(self, longest: str) -> bool:
        """This entry waits longest for the one before it; "" where none does."""
        if longest != self._longest:
            self._longest, self._longest_at = longest, self._in(*AWAITED)
        return bool(longest) and self._clock.monotonic() >= self._longest_at and self.missed()

    def deleted(self, some: bool) -> bool:
        """Whether something was deleted there, or is another there, and nobody set it right."""
        if not some:
            self._restore_at = None
        elif self._restore_at is None:
            self._restore_at = self._in(*RESTORE)
        elif self._clock.monotonic() >= self._restore_at:
            self._restore_at = None
            return True
        return False

    def _in(self, least: float, most: float) -> float:
        return self._clock.monotonic() + self._rng.uniform(least, most)
