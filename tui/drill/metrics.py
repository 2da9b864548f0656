"""The time series of the world: one sample a second, counters that know where they were reset."""

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
NAME = "__name__"
KEEP_SECONDS = 3 * 3600
_TRIM_SECONDS = 600


def labels_of(name: str, labels: Mapping[str, str]) -> Labels:
    """A series' identity: its name and labels, sorted."""
    return tuple(sorted({NAME: name, **labels}.items()))


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name op value`, where op is one of = != =~ !~; expressions are anchored, as in Prometheus."""

    name: str
    op: str
    value: str

    def test(self) -> Callable[[str], bool]:
        """A predicate on the label's value ("" where the label is missing)."""
        if self.op == "=":
            return lambda text: text == self.value
        if self.op == "!=":
            return lambda text: text != self.value
        pattern = re.compile(self.value, re.DOTALL)
        if self.op == "=~":
            return lambda text: pattern.fullmatch(text) is not None
        return lambda text: pattern.fullmatch(text) is None


class Series:
    """Samples at consecutive whole seconds, from `start` on. It ends where sampling stopped."""

    __slots__ = ("_reset_at", "_reset_sum", "labels", "start", "values")

    def __init__(self, labels: Labels, start: int) -> None:
        self.labels = labels
        self.start = start
        self.values = array("d")
        # Where the value fell, and what all falls up to there add up to.
        self._reset_at: list[int] = []
        self._reset_sum: list[float] = []

    @property
    def end(self) -> int:
        """The second of the last sample."""
        return self.start + len(self.values) - 1

    def append(self, value: float) -> None:
        """Add the sample of the next second."""
        values = self.values
        if values and value < values[-1]:
            self._reset_at.append(self.start + len(values))
            self._reset_sum.append(values[-1] + (self._reset_sum[-1] if self._reset_sum else 0.0))
        values.append(value)

    def at(self, moment: float) -> float | None:
        """The value at a moment: the latest sample, unless the series has ended (it is stale then)."""
        index = math.floor(moment) - self.start
        if 0 <= index < len(self.values):
            return self.values[index]
        # The current second is still being filled: its sample comes when it is over.
        if index == len(self.values) and index > 0:
            return self.values[-1]
        return None

    def window(self, start: float, end: float) -> tuple[int, int]:
        """First and last second with a sample in (start, end]; first > last where there is none."""
        return max(math.floor(start) + 1, self.start), min(math.floor(end), self.end)

    def value(self, second: int) -> float:
        """The sample of a second that is within the series."""
        return self.values[second - self.start]

    def increase(self, first: int, last: int) -> float:
        """How much a counter rose between two of its samples, resets made good."""
        return self.value(last) - self.value(first) + self._falls(last) - self._falls(first)

    def _falls(self, second: int) -> float:
        index = bisect_right(self._reset_at, second)
        return self._reset_sum[index - 1] if index else 0.0

    def trim(self, before: int) -> None:
        """Forget samples older than a second, a block at a time."""
        if before - self.start < _TRIM_SECONDS:
            return
        count = min(before - self.start, len(self.values))
        del self.values[:count]
        self.start += count
        keep = bisect_left(self._reset_at, self.start)
        self._reset_at = self._reset_at[keep:]
        self._reset_sum = self._reset_sum[keep:]


class Store:
    """All series, found by name and matchers."""

    def __init__(self) -> None:
        self._names: dict[str, dict[Labels, Series]] = {}

    def series(self, name: str, labels: Mapping[str, str], start: int) -> Series:
        """The counter of this identity, ready for its sample at `start` where it is new.

        A new one has a zero one second earlier, as clients that expose created timestamps make
        Prometheus do: the first error is an increase then, not a beginning.
        """
        key = labels_of(name, labels)
        family = self._names.setdefault(name, {})
        found = family.get(key)
        if found is None:
            found = family[key] = Series(key, start - 1)
            found.append(0.0)
        return found

    def select(self, matchers: Iterable[Matcher]) -> Iterator[Series]:
        """Every series that all matchers accept."""
        tests = [(m.name, m.test(), m) for m in matchers]
        exact = next((m.value for name, _, m in tests if name == NAME and m.op == "="), None)
        families = self._names.values() if exact is None else [self._names.get(exact, {})]
        for family in families:
            for series in family.values():
                labels = dict(series.labels)
                if all(test(labels.get(name, "")) for name, test, _ in tests):
                    yield series

    def trim(self, now: int) -> None:
        """Forget what is older than three hours."""
        before = now - KEEP_SECONDS
        for family in self._names.values():
            for key in [key for key, series in family.items() if series.end < before]:
                del family[key]
            for series in family.values():
                series.trim(before)
