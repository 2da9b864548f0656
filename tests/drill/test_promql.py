"""The evaluator gives Prometheus' answers, and refuses what it does not know."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drill.metrics import KEEP_SECONDS, Store
from tui.drill.promql import Evaluator, ExecutionError, Value
from tui.drill.promql_nodes import Binary, Number, Selector
from tui.drill.promql_syntax import ParseError, parse, unquote

NOW = 1000.0


def counter(store: Store, values: list[float], name: str = "c", end: int = 1000, **labels: str) -> None:
    """A series whose last sample is at `end`; a zero lies one second before the first."""
    series = store.series(name, labels, end - len(values) + 1)
    for value in values:
        series.append(value)


def ask(store: Store, text: str, at: float = NOW) -> Value:
    return Evaluator(store).value(parse(text), at)


def one(store: Store, text: str, at: float = NOW) -> float:
    value = ask(store, text, at)
    assert isinstance(value, dict) and len(value) == 1
    return next(iter(value.values()))


def steady(per_second: float = 2.0, seconds: int = 600) -> Store:
    store = Store()
    counter(store, [per_second * i for i in range(1, seconds + 1)], model="large", code="429")
    counter(store, [per_second * i / 2 for i in range(1, seconds + 1)], model="small", code="503")
    return store


@pytest.mark.parametrize("window", ["2s", "6s", "30s", "5m"])
@pytest.mark.parametrize("at", [1000.0, 999.5, 990.25])
def test_a_steady_counter_has_its_rate_in_every_window(window: str, at: float) -> None:
    assert one(steady(), f'rate(c{{model="large"}}[{window}])', at) == pytest.approx(2.0)


def test_increase_is_the_rate_times_the_window() -> None:
    assert one(steady(), 'increase(c{model="large"}[1m])') == pytest.approx(120)


def test_a_reset_is_made_good() -> None:
    store = Store()
    counter(store, [10, 20, 30, 5, 15, 25])
    assert one(store, "rate(c[5s])") == pytest.approx((10 + 5 + 10 + 10) / 4)


def test_a_series_that_begins_in_the_window_is_not_extrapolated_below_zero() -> None:
    store = Store()
    counter(store, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert one(store, "increase(c[1m])") == pytest.approx(5.0, abs=0.01)


def test_irate_looks_at_the_last_two_samples() -> None:
    store = Store()
    counter(store, [1, 2, 3, 10])
    assert one(store, "irate(c[1m])") == 7


def test_no_series_is_an_empty_vector_and_no_increase_is_zero() -> None:
    store = steady(0.0)
    assert ask(store, "sum(rate(nothing[1m]))") == {}
    assert one(store, "sum(rate(c[1m]))") == 0


def test_zero_over_zero_is_nan_and_a_number_over_zero_is_infinite() -> None:
    store = steady(0.0)
    assert math.isnan(one(store, "sum(rate(c[1m])) / sum(rate(c[1m]))"))
    assert one(steady(), "sum(rate(c[1m])) / 0") == math.inf
    assert one(steady(), "-sum(rate(c[1m])) / 0") == -math.inf


def test_a_series_that_ended_is_stale_and_not_its_last_value() -> None:
    store = Store()
    counter(store, [1, 2, 3], end=900)
    assert ask(store, "c") == {}
    assert ask(store, "rate(c[30s])") == {}
    assert one(store, "c", at=900.5) == 3


def test_one_sample_is_no_rate() -> None:
    assert ask(steady(), "rate(c[1s])") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(rate(c[1m]))", {(): 3.0}),
        ("sum by (model) (rate(c[1m]))", {(("model", "large"),): 2.0, (("model", "small"),): 1.0}),
        ("sum(rate(c[1m])) by (model)", {(("model", "large"),): 2.0, (("model", "small"),): 1.0}),
        ("sum without (code) (rate(c[1m]))", {(("model", "large"),): 2.0, (("model", "small"),): 1.0}),
        ("max(rate(c[1m]))", {(): 2.0}),
        ("min(rate(c[1m]))", {(): 1.0}),
        ("avg(rate(c[1m]))", {(): 1.5}),
        ("count(c)", {(): 2.0}),
        ('sum(rate(c{code=~"4.."}[1m]))', {(): 2.0}),
        ('sum(rate(c{code=~"4"}[1m]))', {}),
        ('sum(rate(c{code!~"4.."}[1m]))', {(): 1.0}),
        ('sum(rate(c{code!="429"}[1m]))', {(): 1.0}),
        ('sum(rate({__name__="c",code!=""}[1m]))', {(): 3.0}),
        ("2 * sum(rate(c[1m])) + 1", {(): 7.0}),
        ("sum(rate(c[1m])) - 10 % 4", {(): 1.0}),
        ("sum(rate(c[1m])) > 2", {(): 3.0}),
        ("sum(rate(c[1m])) > 5", {}),
        ("sum(rate(c[1m])) > bool 5", {(): 0.0}),
        ("vector(4)", {(): 4.0}),
        ("sum(rate(nothing[1m])) or vector(0)", {(): 0.0}),
        ("sum(rate(c[1m])) or vector(0)", {(): 3.0}),
        ('rate(c[1m]) and rate(c{model="large"}[1m])', {(("code", "429"), ("model", "large")): 2.0}),
        ('rate(c[1m]) unless rate(c{model="large"}[1m])', {(("code", "503"), ("model", "small")): 1.0}),
        (
            "sum by (model)(rate(c[1m])) / on(model) sum by (model, code)(rate(c[1m]))",
            {(("model", "large"),): 1.0, (("model", "small"),): 1.0},
        ),
        ('absent(nothing{a="b"})', {(("a", "b"),): 1.0}),
        ("absent(c)", {}),
        ("sum(rate(c[30s] offset 5m))", {(): 3.0}),
    ],
)
def test_known_answers(text: str, expected: dict[object, float]) -> None:
    value = ask(steady(), text)
    assert isinstance(value, dict)
    assert value == {labels: pytest.approx(v) for labels, v in expected.items()}


def test_scalars_are_numbers() -> None:
    assert ask(steady(), "1 + 2 * 3 - -1") == 8.0
    assert ask(steady(), "(1 + 2) * 3") == 9.0
    assert ask(steady(), "time()") == NOW
    assert ask(steady(), "scalar(sum(rate(c[1m])))") == pytest.approx(3.0)
    assert ask(steady(), "1 < bool 2") == 1.0


def buckets(store: Store, counts: dict[str, float]) -> None:
    for bound, per_second in counts.items():
        counter(store, [per_second * i for i in range(1, 61)], name="h_bucket", le=bound)


def test_a_quantile_is_interpolated_in_its_bucket() -> None:
    store = Store()
    buckets(store, {"1": 50, "2": 90, "5": 100, "+Inf": 100})
    quantile = "histogram_quantile({}, sum by (le) (rate(h_bucket[30s])))"
    assert one(store, quantile.format(0.5)) == pytest.approx(1.0)
    assert one(store, quantile.format(0.95)) == pytest.approx(3.5)
    assert one(store, quantile.format(2)) == math.inf


def test_a_quantile_beyond_the_last_bound_is_that_bound() -> None:
    store = Store()
    buckets(store, {"1": 50, "2": 60, "+Inf": 100})
    assert one(store, "histogram_quantile(0.95, sum by (le) (rate(h_bucket[30s])))") == 2.0


def test_a_quantile_of_nothing_is_nan_and_of_no_series_is_empty() -> None:
    store = Store()
    assert ask(store, "histogram_quantile(0.95, sum by (le) (rate(h_bucket[30s])))") == {}
    buckets(store, {"1": 0, "+Inf": 0})
    assert math.isnan(one(store, "histogram_quantile(0.95, sum by (le) (rate(h_bucket[30s])))"))


def test_matching_many_to_many_is_an_execution_error() -> None:
    with pytest.raises(ExecutionError, match="many-to-many"):
        ask(steady(), "c / on(nothing) c")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sum(",
        "rate(c)",
        "rate(c[5m]",
        "rate(c[$window])",
        "c{model=}",
        "c{model='a}",
        'c{model=~"("}',
        "{}",
        '{a=""}',
        "topk(3, c)",
        "c[5m] + 1",
        "sum(c[5m])",
        "1 > 2",
        "c and 1",
        "histogram_quantile(c, 0.9)",
        "c offset",
        "c group_left d",
        "c / on(a) group_left() d",
        "sum by model (c)",
        "c[5m:1m]",
        "c @ 5",
        "c ~ d",
        "5m",
        "c[0s]",
        "(" * 100 + "1" + ")" * 100,
        "1" + " + 1" * 5000,
        "-" * 5000,
    ],
)
def test_what_is_not_understood_is_a_parse_error(text: str) -> None:
    with pytest.raises(ParseError, match="parse error"):
        parse(text)


def test_an_error_says_where() -> None:
    with pytest.raises(ParseError, match=r'^2:5: parse error: unknown function with name "nope"'):
        parse("c +\n    nope(c)")


@given(st.text(max_size=80))
def test_any_text_is_an_expression_or_a_parse_error(text: str) -> None:
    try:
        parse(text)
    except ParseError as error:
        assert "parse error" in str(error)


_SCRAPS = st.sampled_from(
    [
        "sum",
        "rate",
        "(",
        ")",
        "by",
        "c",
        "{",
        "}",
        "[5m]",
        "0.95",
        "+",
        "/",
        ">",
        "or",
        'a="b"',
        ",",
        " ",
        "-",
    ]
)


@given(st.lists(_SCRAPS, max_size=14))
def test_any_heap_of_scraps_is_evaluated_or_refused(scraps: list[str]) -> None:
    try:
        expr = parse(" ".join(scraps))
    except ParseError:
        return
    if not (isinstance(expr, Selector) and expr.span):
        ask(steady(seconds=20), " ".join(scraps))


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=60))
def test_increase_never_counts_a_reset_as_a_loss(steps: list[float]) -> None:
    store = Store()
    total, values = 0.0, []
    for index, step in enumerate(steps):
        total = step if index % 7 == 6 else total + step
        values.append(total)
    counter(store, values)
    value = one(store, "increase(c[5m])")
    assert value >= 0


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_a_number_is_read_as_it_is_written(number: float) -> None:
    assert parse(repr(number)) == Number(number)


@given(st.sampled_from(["+", "-", "*", "/"]), st.sampled_from(["+", "-", "*", "/"]))
def test_operators_bind_as_in_arithmetic(first: str, second: str) -> None:
    expr = parse(f"8 {first} 4 {second} 2")
    assert isinstance(expr, Binary)
    assert ask(Store(), f"8 {first} 4 {second} 2") == pytest.approx(eval(f"8 {first} 4 {second} 2"))


def test_signs_cancel() -> None:
    assert ask(Store(), "-" * 4000 + "3") == 3.0
    assert ask(Store(), "2 - +-3") == 5.0


def test_strings_are_unquoted() -> None:
    assert unquote(r'"a\"b\n\\"') == 'a"b\n\\'
    assert unquote("`raw\\n`") == "raw\\n"


def test_old_samples_are_forgotten_and_rates_stay_right() -> None:
    store = Store()
    counter(store, [float(i % 5000) for i in range(1, 20_001)], end=20_000)
    store.trim(20_000)
    series = next(iter(store.select(())))
    assert series.start >= 20_000 - KEEP_SECONDS - 600
    assert one(store, "increase(c[1h])", at=20_000.0) == pytest.approx(3600, rel=0.01)
