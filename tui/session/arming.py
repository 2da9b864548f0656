"""Whether mutations may run: read-only until a person types the context's word."""

from datetime import datetime, timedelta

from tui.session.errors import NotArmed
from tui.session.snapshot import Arming


class Safety:
    """The arming of one console.

    Args:
        word: what must be typed, case ignored; "" while it is not known yet.
        lasts: how long mutations stay armed.
        locked: why they can never be armed here, or "".
    """

    def __init__(self, word: str, lasts: timedelta, locked: str = "") -> None:
        self.word = word
        self.lasts = lasts
        self.locked = locked
        self._until: datetime | None = None
        self._holds = 0

    def arm(self, typed: str, now: datetime) -> bool:
        """Arm, if the word is right. Raises NotArmed where it can never be."""
        if self.locked:
            raise NotArmed(f"Nothing can be changed from here: {self.locked}.")
        if not self.word or typed.strip().casefold() != self.word.casefold():
            return False
        self._until = now + self.lasts
        return True

    def matches(self, typed: str) -> bool:
        """Whether this is the context's word: high risk asks for it again."""
        return bool(self.word) and typed.strip().casefold() == self.word.casefold()

    def disarm(self) -> None:
        """Back to read-only, at once."""
        self._until = None

    def hold(self) -> None:
        """A dialog or a running change begins: arming does not lapse inside it."""
        self._holds += 1

    def release(self, now: datetime) -> None:
        """A dialog or a running change ends; an arming that ran out meanwhile lapses."""
        self._holds = max(self._holds - 1, 0)
        self.lapse(now)

    def lapse(self, now: datetime) -> None:
        """Let an arming end whose time is over, unless something holds it."""
        if self._until is not None and now >= self._until and not self._holds:
            self._until = None

    def armed(self, now: datetime) -> bool:
        """Whether a change may run now."""
        self.lapse(now)
        return self._until is not None and not self.locked

    def state(self) -> Arming:
        """For the snapshot."""
        return Arming(word=self.word, until=self._until, locked=self.locked)
