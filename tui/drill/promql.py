"""Evaluates PromQL over the store, by Prometheus' rules: extrapolation, staleness, NaN for 0/0."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from tui.drill.metrics import NAME, Labels, Series, Store
from tui.drill.promql_nodes import Aggregate, Binary, Call, Expr, Negative, Number, Selector
from tui.drill.promql_syntax import COMPARISONS, SETS

Vector = dict[Labels, float]
Value = float | Vector
Matrix = dict[Labels, list[tuple[float, float]]]


class ExecutionError(Exception):
    """The expression cannot be evaluated on this data (Prometheus answers 422)."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Answers expressions at a moment (seconds since the epoch)."""

    store: Store

    def value(self, expr: Expr, at: float) -> Value:
        """A number or an instant vector. Range selectors have no value here: see `matrix`."""
        match expr:
            case Number(value):
                return value
            case Negative(arg):
                return _negative(self.value(arg, at))
            case Selector():
                return self._instant(expr, at)
            case Call():
                return self._call(expr, at)
            case Aggregate():
                return _aggregate(expr, self._vector(expr.arg, at))
            case Binary():
                return _binary(expr, self.value(expr.left, at), self.value(expr.right, at))

    def matrix(self, selector: Selector, at: float) -> Matrix:
        """The samples of a range selector, per series."""
        end = at - selector.offset
        found: Matrix = {}
        for series in self.store.select(selector.matchers):
            first, last = series.window(end - (selector.span or 0), end)
            if first <= last:
                found[series.labels] = [(float(s), series.value(s)) for s in range(first, last + 1)]
        return found

    def _vector(self, expr: Expr, at: float) -> Vector:
        value = self.value(expr, at)
        if isinstance(value, float):
            raise ExecutionError("expected an instant vector, got a scalar")
        return value

    def _instant(self, selector: Selector, at: float) -> Vector:
        found = {}
        for series in self.store.select(selector.matchers):
            value = series.at(at - selector.offset)
            if value is not None:
                found[series.labels] = value
        return found

    def _call(self, call: Call, at: float) -> Value:
        match call.name:
            case "time":
                return at
            case "vector":
                return {(): self._scalar(call.args[0], at)}
            case "scalar":
                values = list(self._vector(call.args[0], at).values())
                return values[0] if len(values) == 1 else math.nan
            case "absent":
                return {} if self._vector(call.args[0], at) else {_absent_labels(call.args[0]): 1.0}
            case "histogram_quantile":
                return _histogram_quantile(self._scalar(call.args[0], at), self._vector(call.args[1], at))
            case _:
                return self._over_range(call, at)

    def _scalar(self, expr: Expr, at: float) -> float:
        value = self.value(expr, at)
        if not isinstance(value, float):
            raise ExecutionError("expected a scalar")
        return value

    def _over_range(self, call: Call, at: float) -> Vector:
        selector = call.args[0]
        assert isinstance(selector, Selector) and selector.span is not None
        end = at - selector.offset
        start = end - selector.span
        function = {"rate": _rate, "increase": _increase, "irate": _irate}[call.name]
        found: Vector = {}
        for series in self.store.select(selector.matchers):
            value = function(series, start, end)
            if value is not None:
                found[_without_name(series.labels)] = value
        return found


def _increase(series: Series, start: float, end: float) -> float | None:
    """Prometheus' `extrapolatedRate` without the division.

    The rise between first and last sample is carried on to the window's edges, but by no more
    than half a sample's distance where the series begins or ends inside the window, and never
    below zero. Source: promql/functions.go.
    """
    first, last = series.window(start, end)
    if last <= first:
        return None
    rise = series.increase(first, last)
    covered = float(last - first)
    average = 1.0  # samples are one second apart
    to_start, to_end = first - start, end - last
    before = to_start if to_start < average * 1.1 else average / 2
    after = to_end if to_end < average * 1.1 else average / 2
    begin = series.value(first)
    if rise > 0 and begin >= 0:
        before = min(before, covered * (begin / rise))
    return rise * (covered + before + after) / covered


def _rate(series: Series, start: float, end: float) -> float | None:
    rise = _increase(series, start, end)
    return None if rise is None else rise / (end - start)


def _irate(series: Series, start: float, end: float) -> float | None:
    first, last = series.window(start, end)
    if last <= first:
        return None
    before, now = series.value(last - 1), series.value(last)
    return now if now < before else now - before


def _without_name(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != NAME)


def _absent_labels(expr: Expr) -> Labels:
    if not isinstance(expr, Selector):
        return ()
    return tuple(sorted((m.name, m.value) for m in expr.matchers if m.op == "=" and m.name != NAME))


def _negative(value: Value) -> Value:
    if isinstance(value, float):
        return -value
    return {_without_name(labels): -number for labels, number in value.items()}


def _aggregate(node: Aggregate, vector: Vector) -> Vector:
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        if node.without:
            drop = {*node.labels, NAME}
            key = tuple(pair for pair in labels if pair[0] not in drop)
        else:
            key = tuple(pair for pair in labels if pair[0] in node.labels)
        groups.setdefault(key, []).append(value)
    fold = _FOLDS[node.op]
    return {labels: fold(values) for labels, values in groups.items()}


def _largest(values: list[float]) -> float:
    """The largest number; NaN only where there is nothing else."""
    return max((v for v in values if not math.isnan(v)), default=math.nan)


def _smallest(values: list[float]) -> float:
    return min((v for v in values if not math.isnan(v)), default=math.nan)


_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": _largest,
    "min": _smallest,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
}


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": lambda a, b: math.fmod(a, b) if b and not math.isinf(a) else math.nan,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    ">": lambda a, b: float(a > b),
    "<": lambda a, b: float(a < b),
    ">=": lambda a, b: float(a >= b),
    "<=": lambda a, b: float(a <= b),
}


def _binary(node: Binary, left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return _OPERATORS[node.op](left, right)
    if isinstance(left, float) or isinstance(right, float):
        return _with_scalar(node, left, right)
    return _set(node, left, right) if node.op in SETS else _between(node, left, right)


def _with_scalar(node: Binary, left: Value, right: Value) -> Vector:
    operator = _OPERATORS[node.op]
    found: Vector = {}
    vector = right if isinstance(left, float) else left
    assert isinstance(vector, dict)
    for labels, value in vector.items():
        a = left if isinstance(left, float) else value
        b = right if isinstance(right, float) else value
        _keep(node, found, labels, value, operator(a, b))
    return found


def _keep(node: Binary, found: Vector, labels: Labels, value: float, result: float) -> None:
    """Comparisons filter and keep the vector's value, unless `bool` asks for 0 and 1."""
    if node.op not in COMPARISONS or node.as_bool:
        found[_without_name(labels)] = result
    elif result:
        found[labels] = value


def _key(node: Binary, labels: Labels) -> Labels:
    labels = _without_name(labels)
    if node.matching is None:
        return labels
    return tuple(pair for pair in labels if (pair[0] in node.matching) == node.on)


def _grouped(node: Binary, vector: Vector, side: str) -> dict[Labels, tuple[Labels, float]]:
    found: dict[Labels, tuple[Labels, float]] = {}
    for labels, value in vector.items():
        key = _key(node, labels)
        if key in found:
            raise ExecutionError(
                f"found duplicate series for the match group {dict(key)} on the {side} hand-side of the "
                "operation;many-to-many matching not allowed: matching labels must be unique on one side"
            )
        found[key] = (labels, value)
    return found


def _between(node: Binary, left: Vector, right: Vector) -> Vector:
    operator = _OPERATORS[node.op]
    found: Vector = {}
    rights = _grouped(node, right, "right")
    for key, (labels, value) in _grouped(node, left, "left").items():
        if key in rights:
            result = operator(value, rights[key][1])
            if node.op in COMPARISONS and not node.as_bool:
                if result:
                    found[labels] = value
            else:
                found[key] = result
    return found


def _set(node: Binary, left: Vector, right: Vector) -> Vector:
    lefts = {_key(node, labels) for labels in left}
    rights = {_key(node, labels) for labels in right}
    if node.op == "or":
        return left | {labels: v for labels, v in right.items() if _key(node, labels) not in lefts}
    wanted = node.op == "and"
    return {labels: v for labels, v in left.items() if (_key(node, labels) in rights) == wanted}


def _histogram_quantile(quantile: float, vector: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in vector.items():
        bound = dict(labels).get("le")
        try:
            upper = float(bound) if bound is not None else math.nan
        except ValueError:
            continue
        if not math.isnan(upper):
            key = tuple(pair for pair in labels if pair[0] not in ("le", NAME))
            groups.setdefault(key, []).append((upper, value))
    return {labels: _quantile(quantile, sorted(buckets)) for labels, buckets in groups.items()}


def _quantile(quantile: float, buckets: list[tuple[float, float]]) -> float:
    """The quantile by linear interpolation in its bucket. Source: promql/quantile.go."""
    if math.isnan(quantile) or len(buckets) < 2 or not math.isinf(buckets[-1][0]):
        return math.nan
    if quantile < 0 or quantile > 1:
        return math.copysign(math.inf, quantile)
    total = buckets[-1][1]
    if total == 0 or math.isnan(total):
        return math.nan
    rank = quantile * total
    index = next((i for i, (_, count) in enumerate(buckets[:-1]) if count >= rank), len(buckets) - 1)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    upper, count = buckets[index]
    if index == 0 and upper <= 0:
        return upper
    lower, below = buckets[index - 1] if index else (0.0, 0.0)
    inside = count - below
    return lower + (upper - lower) * ((rank - below) / inside) if inside > 0 else upper
