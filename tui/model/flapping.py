"""Flapping: a state that keeps changing is told once, with a count, and not at every change.

Three changes of one state within the window (10 minutes) are flapping; later ones are only
counted. It ends when the state has rested for the steady span (2 minutes). Until then the path of
the tree and the list of actions stay where they are: `holding` says so.
"""

from collections import deque
from datetime import datetime, timedelta

MANY = 3


class Flap:
    """Watches one state. Time comes in as an argument and does not go back.

    Args:
        window: within which three changes are flapping, both ends included.
        steady: how long a flapping state must rest until it is steady again.
    """

    def __init__(self, window: timedelta = timedelta(minutes=10), steady: timedelta = timedelta(minutes=2)):
        self._window = window
        self._steady = steady
        self._recent: deque[datetime] = deque(maxlen=MANY)
        self._count = 0  # changes of the present flapping; 0 while there is none

    def changed(self, now: datetime) -> bool:
        """Count a change of the state. True when this one makes it flap: to be recorded once.

        A flapping that came to rest before this change is over: call `settle` first to tell of it.
        """
        self.settle(now)
        self._recent.append(now)
        if self._count:
            self._count += 1
            return False
        if len(self._recent) < MANY or now - self._recent[0] > self._window:
            return False
        self._count = MANY
        return True

    def holding(self, now: datetime) -> bool:
        """Whether it flaps now, so that the path must not follow it."""
        return self._count > 0 and now - self._recent[-1] < self._steady

    @property
    def count(self) -> int:
        """How often it changed since its flapping began; 0 while it does not flap."""
        return self._count

    def settle(self, now: datetime) -> int:
        """End a flapping that has rested long enough: its count, once; otherwise 0."""
        if not self._count or self.holding(now):
            return 0
        count, self._count = self._count, 0
        self._recent.clear()
        return count
