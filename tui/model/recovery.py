"""Whether the provider has recovered: a share of the last completions, none of them old."""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# A completion later than this share of the whole span counts no more: a machine that slept knows nothing.
_SLACK = 1.5


@dataclass(frozen=True, slots=True)
class Rule:
    """What recovery is: so many of the last `completions` must be good, asked at this interval.

    By default 95 % of 20 completions, 30 seconds apart: ten minutes.
    """

    completions: int = 20
    share: float = 0.95
    every: timedelta = timedelta(seconds=30)

    @property
    def needed(self) -> int:
        """How many of them must be good."""
        return max(math.ceil(self.completions * self.share - 1e-9), 1)

    @property
    def over(self) -> timedelta:
        """The span that they cover."""
        return self.completions * self.every


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where a recovery watch is.

    Attributes:
        good, asked: of the completions that count now.
        needed, completions: how many of how many must be good.
        since: when recovery was announced; None while it was not.
        last: what the last completion met, in a few words, or "".
        trouble: why nothing is asked, a whole sentence, or "".
    """

    good: int
    asked: int
    needed: int
    completions: int
    since: datetime | None = None
    last: str = ""
    trouble: str = ""


@dataclass(slots=True)
class Window:
    """The completions that count. Announces once, and starts anew when it was too early."""

    rule: Rule
    since: datetime | None = None
    _found: deque[tuple[datetime, bool]] = field(default_factory=deque)

    def add(self, at: datetime, good: bool) -> str:
        """Count one completion: `recovered` or `relapsed` when that changes with it, else ""."""
        self._found.append((at, good))
        while len(self._found) > self.rule.completions or at - self._found[0][0] > self.rule.over * _SLACK:
            self._found.popleft()
        if self.since is None and self.asked == self.rule.completions and self.good >= self.rule.needed:
            self.since = at
            return "recovered"
        if self.since is not None and self.asked - self.good > self.rule.completions - self.rule.needed:
            self.since = None
            self._found.clear()
            return "relapsed"
        return ""

    @property
    def asked(self) -> int:
        """How many count."""
        return len(self._found)

    @property
    def good(self) -> int:
        """How many of them were good."""
        return sum(good for _, good in self._found)

    def clear(self) -> None:
        """Forget everything."""
        self.since = None
        self._found.clear()
