"""What Prometheus answers, and why there may be no answer: plain values, and how they are read."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tui.model.text import clean

PrometheusOutcome = Literal[
    "unset", "timeout", "refused", "unreachable", "forbidden", "bad_query", "garbage", "failed"
]
_SAMPLE_LIMIT = 2000


class PrometheusError(Exception):
    """There are no figures, and why.

    Attributes:
        outcome: the kind of failure.
        said: a plain sentence without credentials.
        remedy: what a person can do, or "".
    """

    def __init__(self, outcome: PrometheusOutcome, said: str, remedy: str = "") -> None:
        super().__init__(said)
        self.outcome = outcome
        self.said = said
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; None where it is no number (NaN, as of 0/0). Infinity stays infinity."""

    labels: Mapping[str, str]
    value: float | None
    at: datetime

    def later(self, by: timedelta) -> "Sample":
        """The same, so much later."""
        return Sample(self.labels, self.value, self.at + by) if by else self


@dataclass(frozen=True, slots=True)
class Answered:
    """An instant query's answer, and how long the server took.

    An empty `vector` means that there is no data, which is not zero. `warnings` mean that the
    answer is partial: some store did not take part.
    """

    vector: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()
    took: timedelta = timedelta()

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values that are numbers; infinity is none to reckon with."""
        return tuple(s.value for s in self.vector if s.value is not None and math.isfinite(s.value))

    @property
    def total(self) -> float | None:
        """The sum of the values; None where there is no data or no number."""
        return math.fsum(self.numbers) if self.numbers else None

    @property
    def infinite(self) -> bool:
        """Whether a value is infinite: something divided by zero."""
        return any(s.value is not None and math.isinf(s.value) for s in self.vector)


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a range query, its points in the order of time."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float | None], ...]

    def later(self, by: timedelta) -> "Line":
        """The same, with its moments so much later."""
        return Line(self.labels, tuple((at + by, value) for at, value in self.points)) if by else self


@dataclass(frozen=True, slots=True)
class Ranged:
    """A range query's answer; see `Answered`."""

    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()


def warnings(body: bytes) -> tuple[str, ...]:
    """The warnings of a partial answer, which the library drops; none where the body has none."""
    if b'"warnings"' not in body:
        return ()
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    found = told.get("warnings") if isinstance(told, dict) else None
    return (
        tuple(clean(w, limit=200) for w in found[:5] if isinstance(w, str)) if isinstance(found, list) else ()
    )


def envelope(body: bytes) -> tuple[str, str]:
    """`errorType` and `error` of Prometheus' own refusal; two empty texts where it is not one."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(told, dict) or told.get("status") != "error":
        return "", ""
    return str(told.get("errorType") or ""), clean(str(told.get("error") or ""), limit=200)


def vector(result: Any) -> tuple[Sample, ...]:
    """The samples of a vector, or the one of a scalar (`[time, "value"]`)."""
    if isinstance(result, list) and len(result) == 2 and isinstance(result[1], str):
        return (Sample({}, *_point(result)),)
    found = []
    for item in _items(result)[:_SAMPLE_LIMIT]:
        if isinstance(item.get("value"), list):
            found.append(Sample(_labels(item), *_point(item["value"])))
    return tuple(found)


def matrix(result: Any) -> tuple[Line, ...]:
    """The lines of a range query's result. Raises TypeError or ValueError where it is something else."""
    found = []
    for item in _items(result)[:_SAMPLE_LIMIT]:
        points = (_point(pair) for pair in item.get("values") or ())
        found.append(Line(_labels(item), tuple((at, value) for value, at in points)))
    return tuple(found)


def _items(result: Any) -> list[dict[str, Any]]:
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise TypeError("no vector")
    return result


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    found = item.get("metric")
    return {str(k): clean(str(v), limit=200) for k, v in found.items()} if isinstance(found, dict) else {}


def _point(pair: Any) -> tuple[float | None, datetime]:
    """`[seconds, "value"]`. Raises TypeError or ValueError where it is something else."""
    at, text = pair
    value = float(text)
    return (None if math.isnan(value) else value), datetime.fromtimestamp(float(at), UTC)
