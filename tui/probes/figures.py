"""What Prometheus answered about the error rate, and what follows from it by arithmetic alone."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tui.clients.prometheus import Answered, PrometheusError, Ranged
from tui.probes.log_lines import top


@dataclass(slots=True)
class Figures:
    """What the queries answered; a query that the runbook has not, or that failed, is not in it.

    `history` is of errors at Mistral, `failing` of requests that failed for users.
    """

    answers: dict[str, Answered] = field(default_factory=dict)
    before: Answered | None = None
    history: Ranged | None = None
    failing: Ranged | None = None
    failed: list[PrometheusError] = field(default_factory=list)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the answers are partial; each reason once."""
        all_of_them = [w for answer in self.answers.values() for w in answer.warnings]
        all_of_them += self.history.warnings if self.history else ()
        return tuple(dict.fromkeys(all_of_them))

    def total(self, query: str) -> float | None:
        """The sum of a query's values; None where there is no data."""
        return self.answers[query].total if query in self.answers else None

    def largest(self, query: str) -> float | None:
        """The largest of a query's values; None where there is no data."""
        numbers = self.answers[query].numbers if query in self.answers else ()
        return max(numbers) if numbers else None

    def empty(self, query: str) -> bool:
        """Whether it was answered with no series at all."""
        return query in self.answers and not self.answers[query].vector


def ratio_of(figures: Figures, errors: float | None, requests: float | None) -> float | None:
    """Errors for each request. NaN (0/0) and infinity (errors without requests) are no ratio.

    The runbook's own query first: it may say it more finely than the two sums do.
    """
    told = figures.answers.get("error_ratio")
    if told and told.numbers and not told.infinite:
        return max(told.numbers)
    if errors is None or not requests:
        return None
    return errors / requests


def top_of(figures: Figures, query: str, label: str) -> tuple[str, float]:
    """The label's value that has the largest part, and that part (0..1)."""
    answer = figures.answers.get(query)
    counted: Counter[str] = Counter()
    for sample in answer.vector if answer else ():
        if sample.value and math.isfinite(sample.value) and sample.value > 0:
            # In millionths: counters are whole.
            counted[sample.labels.get(label, "")] += round(sample.value * 1e6)
    return top(+counted)


def finite(points: Sequence[tuple[datetime, float | None]]) -> tuple[tuple[datetime, float | None], ...]:
    """The points, with no value where it is none that is finite."""
    return tuple((at, v if v is not None and math.isfinite(v) else None) for at, v in points)
