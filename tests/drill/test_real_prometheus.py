"""A real Prometheus, given the world's samples, answers the runbook's queries as the world does."""

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.drill.bench import Bench
from tests.drill.conftest import run
from tests.support.real import require
from tui.drill.promql_syntax import ParseError, parse

pytestmark = pytest.mark.real
SECONDS = 700
# Pods of now: a series that ended goes on for five minutes in samples without a stale marker.
LIVE = 'pod=~"mistral-service-2.*"'
# Half a second past a sample: the older Prometheus takes a window's first edge in, the newer does not.
AT = -30.5
QUERIES = (
    "sum by (model) (rate(mistral_errors_total[2m]))",
    "sum(rate(mistral_requests_total[6s]))",
    "sum(rate(mistral_errors_total[1m])) / sum(rate(mistral_requests_total[1m]))",
    "histogram_quantile(0.95, sum by (le) (rate(mistral_request_duration_seconds_bucket[2m])))",
    "histogram_quantile(0.5, sum by (le, model) (rate(mistral_request_duration_seconds_bucket[30s])))",
    "sum by (status_code) (rate(mistral_errors_total[2m]))",
    'sum(rate(mistral_requests_total{status="error"}[15s]))',
    "sum(increase(mistral_errors_total[5m]))",
    "sum(increase(mistral_errors_total[10m]))",
    "sum by (pod) (irate(mistral_requests_total[1m]))",
    "rate(http_requests_total[45s])",
    f'mistral_requests_total{{status=~"suc.*",model!="mistral-small-latest",{LIVE}}}',
    f'max by (model) (mistral_tokens_total{{type!~"prompt",{LIVE}}})',
    "avg without (pod) (rate(mistral_cost_usd_total[1m])) * 3600",
    f"min(mistral_requests_total{{{LIVE}}}) + 2 * 3 - 4 / 8 % 3",
    "sum(rate(mistral_requests_total[1m])) > 5",
    "sum(rate(mistral_requests_total[1m])) > bool 500",
    "sum(rate(nothing[1m])) or vector(0)",
    "sum(nothing) / sum(nothing)",
    'sum(rate(x{a="b"}[1m])) / 0 or sum(rate(mistral_errors_total{status_code="401"}[1m])) / 0',
    "-sum(rate(mistral_requests_total[1m] offset 1m))",
    'rate(mistral_requests_total[1m]) unless rate(mistral_requests_total{status="error"}[1m])',
    f'count(mistral_errors_total{{status_code="401",{LIVE}}} == 0)',
    'absent(nothing{a="b"})',
    "sum by (model) (rate(mistral_errors_total[1m])) / on (model) sum by (model) (rate(x[1m] offset 1m))",
    "sum by (pod) (rate(http_requests_total[1m])) / on (pod) sum by (pod) (rate(http_requests_total[2m]))",
    f"scalar(sum(mistral_requests_total{{{LIVE}}})) + 1",
    "1 + 2 * 3 - -4",
)  # fmt: skip
REFUSED = (
    "sum(",
    "rate(mistral_requests_total)",
    "rate(x[5m]",
    "x{a=}",
    "{}",
    "x[5m] + 1",
    "1 > 2",
    "nope(x)",
    "x offset",
    "",
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A rate limit that was mitigated two minutes ago, so that series end and begin."""
    bench = Bench("rate-limited", start=time.time() - 7200)
    bench.roll_out(seconds=120, MAX_CONCURRENT_MISTRAL="3")
    return bench


def open_metrics(bench: Bench) -> str:
    """The last samples of every series."""
    now, lines = int(bench.now), []
    for series in bench.world.store.select(()):
        labels = dict(series.labels)
        name = labels.pop("__name__")
        shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
        lines += [
            f"{name}{{{shown}}} {series.value(second)!r} {second}"
            for second in range(max(series.start, now - SECONDS), series.end + 1)
        ]
    return "\n".join([*lines, "# EOF\n"])


@pytest.fixture
async def real(bench: Bench, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Prometheus that holds the bench's samples."""
    prometheus, promtool = require("prometheus"), require("promtool")
    samples, config, data = tmp_path / "samples", tmp_path / "prometheus.yml", tmp_path / "data"
    samples.write_text(open_metrics(bench))
    config.write_text("global: {}\n")
    code, _, err = await run(promtool, "tsdb", "create-blocks-from", "openmetrics", str(samples), str(data))
    assert code == 0, err
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address={listen}",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await ready(f"http://{listen}")
        yield f"http://{listen}"
    finally:
        process.kill()
        await process.wait()


async def ready(address: str) -> None:
    end = time.monotonic() + 15
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < end:
            try:
                if (await client.get(f"{address}/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("Prometheus did not start")


def values(answer: dict[str, object]) -> dict[tuple[tuple[str, str], ...], float]:
    """A vector or a scalar of the HTTP API, as the evaluator gives it."""
    data = answer["data"]
    if data["resultType"] == "scalar":
        return {(): float(data["result"][1])}
    return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in data["result"]}


async def test_the_answers_agree(bench: Bench, real: str) -> None:
    at = int(bench.now) + AT
    differ = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for query in QUERIES:
            answer = await client.get(f"{real}/api/v1/query", params={"query": query, "time": at})
            assert answer.status_code == 200, (query, answer.text)
            theirs = values(answer.json())
            own = bench.world.evaluator.value(parse(query), at)
            ours = own if isinstance(own, dict) else {(): own}
            if set(ours) != set(theirs) or not all(same(ours[key], theirs[key]) for key in ours):
                differ.append((query, ours, theirs))
    assert not differ


def same(ours: float, theirs: float) -> bool:
    return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(
        ours, theirs, rel_tol=1e-9, abs_tol=1e-12
    )


async def test_what_it_refuses_we_refuse(real: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for query in REFUSED:
            answer = await client.get(f"{real}/api/v1/query", params={"query": query})
            assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data"), query
            with pytest.raises(ParseError):
                parse(query)
