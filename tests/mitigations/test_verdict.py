"""The verdict: what was measured decides; what could not be measured is unknown."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.support.clock import START
from tui.clients.prometheus import Answered, PrometheusError, Sample
from tui.mitigations.verdict import judged, measure, windows
from tui.model.mitigation import Measure, Verdict, VerdictKind
from tui.model.runbook import MitigationRule, Query, Runbook

BEFORE = (START - timedelta(minutes=2), START)
AFTER = (START + timedelta(minutes=1), START + timedelta(minutes=3))
Figures = dict[str, tuple[list[float | None], list[float | None]]]


class FakePrometheus:
    """Answers each query with figures for before and after, and keeps what it was asked."""

    def __init__(self, runbook: Runbook, figures: Figures, warnings: tuple[str, ...] = ()) -> None:
        self.asked: list[tuple[str, datetime | None]] = []
        self._figures = {runbook.queries[name].over(timedelta(minutes=2)): f for name, f in figures.items()}
        self._warnings = warnings

    async def query(self, promql: str, at: datetime | None = None) -> Answered:
        self.asked.append((promql, at))
        assert at is not None
        was, becomes = self._figures.get(promql, ([], []))
        values = was if at == BEFORE[1] else becomes
        return Answered(tuple(Sample({}, value, at) for value in values), self._warnings)


async def verdict(runbook: Runbook, rule: str, figures: Figures, **how: tuple[str, ...]) -> Verdict:
    prometheus = FakePrometheus(runbook, figures, **how)
    return await measure(prometheus, runbook.mitigations[rule], runbook.queries, BEFORE, AFTER)


async def test_fewer_errors_at_even_traffic_are_effective(runbook: Runbook) -> None:
    told = await verdict(
        runbook,
        "reduce-concurrency",
        {"errors": ([1.2, 0.1], [0.05, 0.05]), "requests": ([11.3], [10.9]), "p95": ([1.0], [1.1])},
    )
    assert told.kind is VerdictKind.EFFECTIVE
    assert told.summary == "effective: 1.3/s → 0.1/s, traffic even"
    assert told.measures[0] == Measure(
        "errors", "failed calls to Mistral, by model", "/s", pytest.approx(1.3), pytest.approx(0.1)
    )


async def test_each_query_is_asked_at_the_end_of_its_window(runbook: Runbook) -> None:
    prometheus = FakePrometheus(runbook, {"errors": ([1.0], [0.1])})
    await measure(prometheus, runbook.mitigations["reduce-concurrency"], runbook.queries, BEFORE, AFTER)
    errors = "sum by (model) (rate(mistral_errors_total[120s]))"
    assert [at for asked, at in prometheus.asked if asked == errors] == [BEFORE[1], AFTER[1]]


async def test_the_fallback_is_judged_by_what_users_get(runbook: Runbook) -> None:
    told = await verdict(
        runbook,
        "enable-fallback",
        {"errors": ([5.0], [5.0]), "user_errors": ([4.0], [0.0]), "requests": ([9.0], [9.0])},
    )
    assert told.kind is VerdictKind.EFFECTIVE
    assert told.summary.startswith("effective: 4.0/s → 0.0/s")


async def test_a_fallback_without_effect_says_what_else_to_do(runbook: Runbook) -> None:
    told = await verdict(
        runbook, "enable-fallback", {"user_errors": ([4.0], [3.9]), "requests": ([9.0], [9.0])}
    )
    assert told.kind is VerdictKind.INEFFECTIVE
    assert "Return cached answers" in told.summary


@pytest.mark.parametrize(
    ("figures", "kind", "words"),
    [
        ({"errors": ([1.0], [1.3])}, VerdictKind.HARMFUL, "harmful: 1.0/s → 1.3/s"),
        ({"errors": ([1.0], [1.1])}, VerdictKind.INEFFECTIVE, "ineffective: 1.0/s → 1.1/s"),
        ({"errors": ([1.0], [0.1]), "user_errors": ([0.1], [0.5])}, VerdictKind.HARMFUL, "users' errors"),
        ({"errors": ([1.0], [0.9]), "p95": ([1.0], [2.0])}, VerdictKind.HARMFUL, "p95 1.0 s → 2.0 s"),
        ({"errors": ([1.0], [0.1]), "p95": ([1.0], [2.0])}, VerdictKind.EFFECTIVE, "p95 1.0 s → 2.0 s"),
        (
            {"errors": ([], [0.1])},
            VerdictKind.UNKNOWN,
            "no data for failed calls to Mistral, by model before",
        ),
        ({"errors": ([1.0], [None])}, VerdictKind.UNKNOWN, "after the change"),
        ({"errors": ([1.0, 1.0], [0.1, None])}, VerdictKind.UNKNOWN, "after the change"),
        ({"errors": ([0.0], [0.0])}, VerdictKind.UNKNOWN, "nothing to improve before"),
        ({"errors": ([1.0], [float("inf")])}, VerdictKind.UNKNOWN, "after the change"),
        (
            {"errors": ([1.0], [0.3]), "requests": ([10.0], [3.0])},
            VerdictKind.UNKNOWN,
            "the traffic changed as well, traffic down 70 %",
        ),
        (
            {"errors": ([1.0], [0.1]), "requests": ([10.0], [14.0])},
            VerdictKind.EFFECTIVE,
            "traffic up 40 %",
        ),
        ({"errors": ([1.0], [0.1])}, VerdictKind.EFFECTIVE, "traffic unknown"),
        # New pods have no counter of errors until their first one; their requests are counted.
        (
            {"errors": ([1.0], []), "requests": ([9.0], [9.0])},
            VerdictKind.EFFECTIVE,
            "effective: 1.0/s → 0.0/s",
        ),
        ({"errors": ([1.0], []), "requests": ([9.0], [0.0])}, VerdictKind.UNKNOWN, "no data for"),
        ({"errors": ([1.0], []), "requests": ([9.0], [])}, VerdictKind.UNKNOWN, "no data for"),
    ],
)
async def test_the_kinds(runbook: Runbook, figures: Figures, kind: VerdictKind, words: str) -> None:
    told = await verdict(runbook, "reduce-concurrency", figures)
    assert told.kind is kind
    assert words in told.summary


async def test_partial_answers_are_said(runbook: Runbook) -> None:
    told = await verdict(runbook, "reduce-concurrency", {"errors": ([1.0], [0.1])}, warnings=("store away",))
    assert told.summary.endswith("(Prometheus answered in part)")


async def test_without_a_query_or_a_prometheus_it_is_unknown(runbook: Runbook) -> None:
    from dataclasses import replace

    rule = runbook.mitigations["enable-fallback"]
    unjudged = replace(rule, judged=replace(rule.judged, query=None))
    assert (
        await measure(None, unjudged, runbook.queries, BEFORE, AFTER)
    ).summary == "unknown: no query judges it"
    without = {name: query for name, query in runbook.queries.items() if name != "user_errors"}
    assert (await measure(None, rule, without, BEFORE, AFTER)).kind is VerdictKind.UNKNOWN
    assert "no Prometheus is set" in (await measure(None, rule, runbook.queries, BEFORE, AFTER)).summary


async def test_a_prometheus_that_is_away_is_unknown(runbook: Runbook) -> None:
    class Away:
        async def query(self, promql: str, at: datetime | None = None) -> Answered:
            raise PrometheusError("timeout", "Prometheus did not answer within 5 s")

    told = await measure(Away(), runbook.mitigations["reduce-concurrency"], runbook.queries, BEFORE, AFTER)
    assert told.summary == "unknown: Prometheus could not be asked: Prometheus did not answer within 5 s"


def test_the_window_after_starts_with_the_rollouts_end(runbook: Runbook) -> None:
    rolled, window = START + timedelta(seconds=40), timedelta(minutes=2)
    rule = runbook.mitigations["reduce-concurrency"]
    before, after = windows(rule, runbook.queries, START, rolled, window)
    assert before == (START - window, START)
    assert after == (rolled, rolled + window)


def test_a_query_with_a_range_of_its_own_is_waited_for(runbook: Runbook) -> None:
    rolled, window = START, timedelta(minutes=2)
    rule = runbook.mitigations["reduce-concurrency"]
    queries = {"errors": Query("errors", "sum(rate(x[5m]))", "/s", "errors")}
    _, after = windows(rule, queries, START, rolled, window)
    assert after[1] == rolled + timedelta(minutes=5)


@pytest.mark.parametrize("scale", [0.001, 1.0, 1e6])
@pytest.mark.parametrize("make", [lambda x: x, lambda x: x * 0.5], ids=["same", "halved"])
def test_a_verdict_never_calls_less_harm(
    runbook: Runbook, scale: float, make: Callable[[float], float]
) -> None:
    rule: MitigationRule = runbook.mitigations["reduce-concurrency"]
    told = judged(rule, [Measure("errors", "errors", "/s", scale, make(scale))])
    assert told.kind is not VerdictKind.HARMFUL
