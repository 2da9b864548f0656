"""The error rate: by Prometheus, or by the pods' logs, and never a zero that nobody measured."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.probes.door import Door, refusal
from tests.probes.support import PACE, clock, redactor, sound
from tests.probes.test_log_lines import ACCESS, LIMITED
from tests.support import hostile
from tui import runbooks
from tui.clients.cluster_errors import Reason
from tui.clients.prometheus import Prometheus
from tui.model.reading import Reading, Series, State
from tui.probes.error_rate import ErrorRate
from tui.probes.probe import Pace
from tui.settings import Server

RUNBOOK = runbooks.load()
WINDOW = timedelta(minutes=5)
Vector = list[tuple[dict[str, str], str]]
LIMITED_WORLD: dict[str, Vector] = {
    "errors": [({"model": "large"}, "1.2"), ({"model": "small"}, "0.13")],
    "requests": [({}, "11.3")],
    "error_ratio": [({}, "0.1177")],
    "p95": [({}, "1.4")],
    "errors_by_status": [({"status_code": "429"}, "1.29"), ({"status_code": "0"}, "0.04")],
    "errors_by_type": [({"error_type": "rate_limited"}, "1.29"), ({"error_type": "timeout"}, "0.04")],
    "user_errors": [({}, "0.9")],
}


def prometheus(world: Mapping[str, Vector | bytes], before: str = "9.8", **envelope: Any) -> hostile.Talk:
    """A Prometheus that knows the runbook's queries by their text, and nothing else."""
    ids = {query.over(WINDOW): name for name, query in RUNBOOK.queries.items()}

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        parts = urlsplit(head.split()[1].decode())
        asked = parse_qs(parts.query)
        name = ids[asked["query"][0]]
        if parts.path.endswith("query_range"):
            found: Any = [
                {"metric": {"model": "large"}, "values": [[1764000000, "0.5"], [1764000030, "NaN"]]}
            ]
        elif "time" in asked:
            found = [{"metric": {}, "value": [1764000000, before]}]
        elif isinstance(told := world.get(name, []), bytes):
            writer.write(hostile.answer(told, "422 Unprocessable"))
            return
        else:
            found = [{"metric": labels, "value": [1764000000, value]} for labels, value in told]
        body = {"status": "success", "data": {"resultType": "vector", "result": found}, **envelope}
        writer.write(hostile.answer(json.dumps(body).encode()))

    return talk


async def ask(url: str, door: Door | None = None, pace: Pace = PACE) -> Reading:
    server = Prometheus(Server(url=url), {}, deadline=pace.limit) if url else None
    probe = ErrorRate(server, door, "", RUNBOOK, WINDOW, pace, clock(), redactor())  # type: ignore[arg-type]
    return sound(await probe.ask())


async def reading_of(world: Mapping[str, Vector | bytes], **how: Any) -> Reading:
    async with hostile.serving(prometheus(world, **how)) as url:
        return await ask(url, pace=Pace(timedelta(seconds=10), 4.0))


async def test_the_share_of_requests_that_fail_is_told_with_what_they_met() -> None:
    reading = await reading_of(LIMITED_WORLD)
    assert (reading.state, reading.summary) == (State.WARN, "11.8 % of 11.3 requests/s")
    assert reading.facts == {
        "source": "prometheus", "ratio": 0.1177, "errors_per_s": 1.33, "requests_per_s": 11.3,
        "top_status": "429", "top_status_share": 0.97, "top_error_type": "rate_limited", "partial": False,
        "has_errors": True, "p95_s": 1.4, "user_errors_per_s": 0.9, "user_error_ratio": 0.0796,
        "requests_per_s_before": 9.8,
    }  # fmt: skip
    assert reading.evidence == (
        "From the pods: 11.8 % of 11.3 requests/s fail at Mistral, 97 % of errors are 429.",
    )
    assert reading.note == "errors/s: large 1.2, small 0.13"


async def test_the_chart_has_one_series_for_each_model_with_its_gaps() -> None:
    (series,) = (await reading_of(LIMITED_WORLD)).of(Series)
    assert series.label == "large"
    assert [value for _, value in series.points] == [0.5, None]


async def test_most_requests_failing_is_a_failure() -> None:
    reading = await reading_of({**LIMITED_WORLD, "error_ratio": [({}, "0.97")]})
    assert reading.state is State.FAIL


async def test_few_errors_are_well() -> None:
    reading = await reading_of({**LIMITED_WORLD, "error_ratio": [({}, "0.002")]})
    assert (reading.state, reading.summary) == (State.OK, "0.2 % of 11.3 requests/s")
    assert reading.facts["has_errors"] is False


async def test_slow_requests_are_a_warning() -> None:
    reading = await reading_of({**LIMITED_WORLD, "error_ratio": [({}, "0")], "p95": [({}, "31.4")]})
    assert reading.state is State.WARN
    assert "31.4 s" in reading.note


async def test_no_series_at_all_is_unknown_and_not_zero() -> None:
    reading = await reading_of({})
    assert reading.state is State.UNKNOWN
    assert not reading.facts


async def test_requests_without_a_series_of_errors_have_none_and_it_is_said() -> None:
    reading = await reading_of({"requests": [({}, "11.3")], "p95": [({}, "1")]})
    assert (reading.state, reading.summary) == (State.OK, "no errors in 11.3 requests/s")
    assert reading.facts["ratio"] == 0.0
    assert "no series of errors" in reading.evidence[0]


async def test_nothing_asked_is_nan_and_no_ratio() -> None:
    world = {"errors": [({"model": "a"}, "0")], "requests": [({}, "0")], "error_ratio": [({}, "NaN")],
             "p95": [({}, "NaN")]}  # fmt: skip
    reading = await reading_of(world)
    assert (reading.state, reading.summary) == (State.OK, "no requests, no errors")
    assert reading.facts["ratio"] is None
    assert reading.facts["p95_s"] is None
    assert reading.facts["has_errors"] is False


async def test_errors_without_requests_are_infinite_and_no_ratio() -> None:
    world = {"errors": [({"model": "a"}, "1.5")], "requests": [({}, "0")], "error_ratio": [({}, "+Inf")]}
    reading = await reading_of(world)
    assert (reading.state, reading.summary) == (State.WARN, "1.5 errors/s, no requests counted")
    assert reading.facts["ratio"] is None
    assert reading.facts["has_errors"] is True


async def test_a_partial_answer_is_marked() -> None:
    reading = await reading_of({**LIMITED_WORLD, "error_ratio": [({}, "0")]}, warnings=["store eu is away"])
    assert reading.state is State.WARN
    assert reading.facts["partial"] is True
    assert "partial answer: store eu is away" in reading.note


async def test_a_query_that_fails_alone_leaves_the_rest() -> None:
    broken = b'{"status":"error","errorType":"execution","error":"no buckets"}'
    reading = await reading_of({**LIMITED_WORLD, "p95": broken})
    assert reading.summary == "11.8 % of 11.3 requests/s"
    assert "p95_s" not in reading.facts
    assert "no buckets" in reading.note


async def test_names_of_models_cannot_draw_on_the_screen() -> None:
    reading = await reading_of(
        {**LIMITED_WORLD, "errors": [({"model": "\x1b[2Jx"}, "1"), ({"model": "y"}, "0.5")]}
    )
    assert reading.note == "errors/s: x 1, y 0.5"


@pytest.mark.parametrize(
    "talk",
    [hostile.hangs, hostile.trickles, hostile.garbles, hostile.resets, hostile.floods,
     hostile.says(b"<html>", "200 OK", "text/html"), hostile.says(b"", "503 Unavailable")],
)  # fmt: skip
async def test_without_prometheus_the_pods_logs_are_counted_and_it_is_said(talk: hostile.Talk) -> None:
    door = Door(log="\n".join([LIMITED, ACCESS] * 20))
    async with hostile.serving(talk) as url:
        reading = await ask(url, door)
    assert reading.state is State.WARN
    assert reading.origin == "pods"
    assert reading.facts["source"] == "logs"
    assert reading.facts["errors_per_s"] == 1.0
    assert (reading.facts["top_status"], reading.facts["has_errors"]) == ("429", True)
    assert reading.facts["ratio"] is None
    assert "requests_per_s" not in reading.facts
    assert reading.summary == "1 errors/s, from the pods' logs"
    assert reading.note.startswith("counted in the logs: ")


async def test_quiet_logs_are_no_errors() -> None:
    reading = await ask("", Door(log="INFO fine"))
    assert (reading.state, reading.summary) == (State.OK, "no errors in the pods' logs")
    assert reading.facts["has_errors"] is False


async def test_a_log_that_was_cut_gives_a_least_number() -> None:
    reading = await ask("", Door(log="\n".join([LIMITED] * 800)), Pace(timedelta(seconds=10), 60.0))
    assert reading.summary.startswith("at least ")


NO_LOGS = [
    None,
    Door(log=refusal(Reason.FORBIDDEN)),
    Door(open=refusal(Reason.UNREACHABLE)),
    Door(pods=()),
]


@pytest.mark.parametrize("door", NO_LOGS)
async def test_without_figures_and_without_logs_nothing_is_known(door: Door | None) -> None:
    # A refusal takes no time, but the libraries' first import does.
    async with hostile.refusing() as url:
        reading = await ask(url, door, Pace(timedelta(seconds=10), 4.0))
    assert reading.state is State.UNKNOWN
    assert "refuses connections" in reading.note
    assert not reading.facts


async def test_a_cluster_that_hangs_too_is_told_and_not_waited_for() -> None:
    class Hung(Door):
        async def open(self) -> Door:
            await asyncio.sleep(3600)
            return self

    began = time.monotonic()
    async with hostile.serving(hostile.hangs) as url:
        reading = await ask(url, Hung())
    assert (reading.state, reading.summary) == (State.UNKNOWN, "no figures: Prometheus hangs")
    assert "and the logs: the cluster does not answer" in reading.note
    assert time.monotonic() - began < PACE.limit + 10
