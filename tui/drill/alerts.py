"""The alerting rules, evaluated over the store as Prometheus would, and the alerts that came of it."""

import hashlib
import math
from dataclasses import dataclass, field

from tui.drill.metrics import NAME, Labels
from tui.drill.promql import Evaluator
from tui.drill.promql_nodes import Expr
from tui.drill.promql_syntax import parse

EVALUATE_SECONDS = 15
_RULE_WINDOW = 300.0


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule; `$w` in the expression is the window, `wait` seconds its `for`."""

    name: str
    expression: str
    wait: float
    severity: str
    summary: str


RULES = (
    Rule(
        "MistralHighErrorRate",
        "sum(rate(mistral_errors_total[$w])) / sum(rate(mistral_requests_total[$w])) > 0.05",
        300,
        "warning",
        "more than 5 % of requests to Mistral fail",
    ),
    Rule(
        "MistralHighLatency",
        "histogram_quantile(0.95, sum by (le) (rate(mistral_request_duration_seconds_bucket[$w]))) > 5",
        300,
        "warning",
        "the 95th percentile of latency is above 5 s",
    ),
    Rule(
        "MistralRateLimitWarning",
        'sum(rate(mistral_errors_total{status_code="429"}[$w])) > 0.1',
        60,
        "warning",
        "rate limiting detected",
    ),
    Rule(
        "MistralHighCost",
        "sum(rate(mistral_cost_usd_total[$w])) * 3600 > 200",
        300,
        "warning",
        "Mistral costs more than $200 an hour",
    ),
    Rule(
        "MistralUnavailable",
        'sum(rate(mistral_errors_total{status_code="503"}[$w])) > 0.5',
        60,
        "critical",
        "Mistral answers 503",
    ),
    Rule(
        "ServiceInternalErrors",
        'sum(rate(http_requests_total{code="500"}[$w])) / sum(rate(http_requests_total[$w])) > 0.05',
        120,
        "critical",
        "more than 5 % of our own answers are internal errors",
    ),
)


@dataclass(slots=True)
class Alert:
    """An alert that is pending or firing. Times are seconds since the epoch."""

    rule: Rule
    labels: dict[str, str]
    active_at: float
    value: float
    fired_at: float | None = None

    @property
    def fingerprint(self) -> str:
        """What names the alert across time: from its labels alone."""
        text = "\xff".join(f"{name}\xff{value}" for name, value in sorted(self.labels.items()))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def annotations(self) -> dict[str, str]:
        """The words that go with it."""
        return {"summary": self.rule.summary}


@dataclass(slots=True)
class Alerts:
    """The state of every rule.

    `scale` shortens windows and waits, for a world in which a person's five minutes are
    fewer; what lies before the world's start was judged at full length.
    """

    evaluator: Evaluator
    scale: float = 1.0
    start: float = math.inf
    rules: tuple[Rule, ...] = RULES
    _active: dict[tuple[str, Labels], Alert] = field(default_factory=dict)
    _parsed: dict[tuple[str, str], Expr] = field(default_factory=dict)

    def evaluate(self, at: float) -> None:
        """Judge every rule at a moment; moments must not go back."""
        scale = self.scale if at >= self.start else 1.0
        for rule in self.rules:
            self._evaluate(rule, at, scale)

    def interval(self) -> float:
        """Seconds between two evaluations, after the world's start."""
        return max(EVALUATE_SECONDS / self.scale, 1.0)

    def active(self) -> tuple[Alert, ...]:
        """Alerts that are pending or firing."""
        return tuple(self._active.values())

    def firing(self) -> tuple[Alert, ...]:
        """Alerts that Alertmanager was told of."""
        return tuple(alert for alert in self._active.values() if alert.fired_at is not None)

    def _evaluate(self, rule: Rule, at: float, scale: float) -> None:
        value = self.evaluator.value(self._expression(rule, scale), at)
        vector = value if isinstance(value, dict) else {}
        for key in [key for key in self._active if key[0] == rule.name and key[1] not in vector]:
            del self._active[key]
        for labels, number in vector.items():
            key = (rule.name, labels)
            alert = self._active.get(key)
            if alert is None:
                alert = self._active[key] = Alert(rule, _labels(rule, labels), at, number)
            alert.value = number
            if alert.fired_at is None and at - alert.active_at >= rule.wait / scale:
                alert.fired_at = at

    def _expression(self, rule: Rule, scale: float) -> Expr:
        window = f"{max(round(_RULE_WINDOW / scale), 6)}s"
        key = (rule.name, window)
        if key not in self._parsed:
            self._parsed[key] = parse(rule.expression.replace("$w", window))
        return self._parsed[key]


def _labels(rule: Rule, labels: Labels) -> dict[str, str]:
    own = {name: value for name, value in labels if name != NAME}
    return {
        "alertname": rule.name,
        "severity": rule.severity,
        "service": "mistral-service",
        "namespace": "prod",
        **own,
    }
