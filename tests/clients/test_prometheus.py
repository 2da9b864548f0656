"""Prometheus: its refusals told apart, partial answers kept, and no thread holds up anything."""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import hostile
from tui.clients.prometheus import MOST_THREADS, Prometheus, PrometheusError
from tui.settings import SecretSource, Server

ENVIRON = {"PROM_TOKEN": "sentinel-token-of-prometheus", "PROM_PASSWORD": "sentinel-password"}


def client(url: str, deadline: float = 0.8, **how: object) -> Prometheus:
    return Prometheus(Server(url=url, **how), ENVIRON, deadline=deadline)  # type: ignore[arg-type]


def body(result: object, kind: str = "vector", **more: object) -> bytes:
    told = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return json.dumps(told).encode()


def sample(value: str, **labels: str) -> dict[str, object]:
    return {"metric": labels, "value": [1764000000.5, value]}


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """The first import takes a third of a second, which is not what is timed here."""
    import prometheus_api_client

    prometheus_api_client.PrometheusConnect  # noqa: B018 - it is loaded when first touched


async def failure(talk: hostile.Talk, **how: object) -> PrometheusError:
    async with hostile.serving(talk) as url:
        prometheus = client(url, **how)  # type: ignore[arg-type]
        with pytest.raises(PrometheusError) as caught:
            await prometheus.query("up")
        prometheus.close()
    assert "sentinel" not in f"{caught.value!r} {caught.value.said} {caught.value.remedy}"
    return caught.value


async def test_values_are_numbers_and_nan_is_none_and_infinity_stays() -> None:
    found = [sample("1.5", model="a"), sample("NaN", model="b"), sample("+Inf", model="c")]
    async with hostile.serving(hostile.says(body(found))) as url:
        answer = await client(url).query("errors")
    assert [s.value for s in answer.vector] == [1.5, None, float("inf")]
    assert answer.total == 1.5
    assert answer.infinite
    assert answer.vector[0].at == datetime(2025, 11, 24, 16, 0, 0, 500000, tzinfo=UTC)


async def test_an_empty_vector_is_no_data_and_zero_is_zero() -> None:
    async with hostile.serving(hostile.says(body([]))) as url:
        empty = await client(url).query("errors")
    async with hostile.serving(hostile.says(body([sample("0")]))) as url:
        zero = await client(url).query("errors")
    assert empty.total is None
    assert zero.total == 0.0


async def test_a_scalar_is_one_sample() -> None:
    async with hostile.serving(hostile.says(body([1764000000, "7"], "scalar"))) as url:
        assert (await client(url).query("7")).total == 7.0


async def test_warnings_of_a_partial_answer_are_kept_and_do_not_stick() -> None:
    answers = [body([sample("1")], warnings=["store \x1b[31mb is away"]), body([sample("2")])]

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        writer.write(hostile.answer(answers.pop(0)))

    async with hostile.serving(talk) as url:
        prometheus = client(url)
        assert (await prometheus.query("a")).warnings == ("store b is away",)
        assert (await prometheus.query("b")).warnings == ()


async def test_a_range_keeps_its_points_and_gaps() -> None:
    found = [{"metric": {"model": "a"}, "values": [[1764000000, "1"], [1764000030, "NaN"]]}]
    paths: list[str] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        paths.append(head.split()[1].decode())
        writer.write(hostile.answer(body(found, "matrix")))

    start = datetime(2025, 11, 24, 16, tzinfo=UTC)
    async with hostile.serving(talk) as url:
        ranged = await client(url).query_range(
            "errors", start, start + timedelta(minutes=1), timedelta(seconds=30)
        )
    assert [value for _, value in ranged.lines[0].points] == [1.0, None]
    asked = parse_qs(urlsplit(paths[0]).query)
    assert (asked["step"], asked["query"], asked["timeout"]) == (["30"], ["errors"], ["0.8s"])


@pytest.mark.parametrize("minutes", [3, -4])
async def test_a_clock_that_is_minutes_off_asks_for_the_moments_that_are_meant(minutes: int) -> None:
    """Prometheus has its samples by its own clock: another time would be measured than the change's."""
    ahead = timedelta(minutes=minutes)
    start = datetime(2025, 11, 24, 16, tzinfo=UTC)
    found = [{"metric": {"model": "a"}, "values": [[(start - ahead).timestamp(), "1"]]}]
    asked: list[dict[str, list[str]]] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        path = urlsplit(head.split()[1].decode())
        asked.append(parse_qs(path.query))
        ranged = path.path.endswith("query_range")
        told = body(found, "matrix") if ranged else body([sample("1")])
        date = format_datetime(datetime.now(UTC) - ahead, usegmt=True)
        writer.write(
            f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told
        )

    def moment(answer: int, name: str) -> datetime:
        return datetime.fromtimestamp(float(asked[answer][name][0]), UTC)

    async with hostile.serving(talk) as url:
        prometheus = client(url, deadline=20)
        await prometheus.query("up")
        await prometheus.query("errors", at=start)
        ranged = await prometheus.query_range(
            "errors", start, start + timedelta(minutes=1), timedelta(seconds=30)
        )
        prometheus.close()
    near = timedelta(seconds=5)
    assert abs(moment(1, "time") - (start - ahead)) < near
    assert abs(moment(2, "start") - (start - ahead)) < near
    assert moment(2, "end") - moment(2, "start") == timedelta(minutes=1)
    ((shown, _),) = ranged.lines[0].points
    assert abs(shown - start) < near


async def test_credentials_and_tenant_are_sent_and_netrc_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heads: list[str] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head.decode().lower())
        writer.write(hostile.answer(body([])))

    async with hostile.serving(talk) as url:
        await client(url, token=SecretSource(env="PROM_TOKEN"), org_id="a|b").query("up")
        await client(url, username="me", password=SecretSource(env="PROM_PASSWORD")).query("up")
    assert "authorization: bearer sentinel-token-of-prometheus\r\n" in heads[0]
    assert "x-scope-orgid: a|b\r\n" in heads[0]
    assert "authorization: basic bwu6c2vudgluzwwtcgfzc3dvcmq=\r\n" in heads[1]


def refusal(kind: str, said: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": said}).encode()


@pytest.mark.parametrize(
    ("talk", "outcome", "words"),
    [
        (hostile.says(refusal("bad_data", "parse error"), "400 Bad Request"), "bad_query", "parse error"),
        (hostile.says(refusal("execution", "too many"), "422 Unprocessable"), "bad_query", "too many"),
        (hostile.says(refusal("timeout", "query timed out"), "503 Gone"), "timeout", "query timed out"),
        (hostile.says(b"no org id", "401 Unauthorized", "text/plain"), "forbidden", "401"),
        (hostile.says(b"<html>", "403 Forbidden", "text/html"), "forbidden", "403"),
        (hostile.says(b"", "302 Found", "text/html", "Location: /login"), "forbidden", "login"),
        (hostile.says(b"<html>log in</html>", "200 OK", "text/html"), "garbage", "web page"),
        (hostile.says(b"{}"), "garbage", "no Prometheus"),
        (hostile.says(b'{"data": {"result": "x"}}'), "garbage", "no Prometheus"),
        (hostile.says(body([{"metric": {}, "value": ["a"]}])), "garbage", "no Prometheus"),
        (hostile.says(b"[" * 100_000), "garbage", "no Prometheus"),
        (hostile.says(refusal("internal", "broken")), "failed", "broken"),
        (hostile.says(b"bad gateway", "502 Bad Gateway", "text/plain"), "failed", "502"),
        (hostile.floods, "garbage", "MiB"),
        (hostile.garbles, "unreachable", "cuts"),
        (hostile.resets, "unreachable", "cuts"),
        (hostile.hangs, "timeout", "0.8 s"),
        (hostile.trickles, "timeout", ""),
    ],
)  # fmt: skip
async def test_each_refusal_is_told_in_words_and_in_time(
    talk: hostile.Talk, outcome: str, words: str
) -> None:
    began = time.monotonic()
    error = await failure(talk, token=SecretSource(env="PROM_TOKEN"))
    assert error.outcome == outcome
    assert words in error.said
    assert time.monotonic() - began < 15


async def test_nobody_there_and_nothing_set_are_told_apart() -> None:
    async with hostile.refusing() as url:
        with pytest.raises(PrometheusError) as refused:
            await client(url).query("up")
    with pytest.raises(PrometheusError) as unset:
        await client("").query("up")
    with pytest.raises(PrometheusError) as unknown:
        await client("http://no-such-host.invalid:9090").query("up")
    assert (refused.value.outcome, unset.value.outcome, unknown.value.outcome) == (
        "refused",
        "unset",
        "unreachable",
    )


async def test_a_secret_that_cannot_be_had_is_said() -> None:
    with pytest.raises(PrometheusError) as caught:
        await client("http://127.0.0.1:1", token=SecretSource(file="/nonexistent/token")).query("up")
    assert "/nonexistent/token" in caught.value.said


async def test_a_refused_token_is_fetched_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old-token-of-prometheus")
    file.chmod(0o600)

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        good = b"Bearer new-token" in head
        writer.write(hostile.answer(body([sample("1")]), "200 OK" if good else "401 Unauthorized"))

    async with hostile.serving(talk) as url:
        prometheus = client(url, token=SecretSource(file=str(file)))
        with pytest.raises(PrometheusError):
            await prometheus.query("up")
        file.write_text("new-token-of-prometheus")
        assert (await prometheus.query("up")).total == 1.0
        prometheus.close()


async def test_hung_queries_do_not_pile_up_threads() -> None:
    import threading

    async with hostile.serving(hostile.hangs) as url:
        prometheus = client(url, deadline=0.3)
        for _ in range(2):
            asked = [prometheus.query("up") for _ in range(10)]
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(e, PrometheusError) and e.outcome == "timeout" for e in errors)
        names = [t.name for t in threading.enumerate()]
        assert names.count("leeward-prometheus") <= MOST_THREADS


async def test_more_queries_than_threads_are_all_answered() -> None:
    async with hostile.serving(hostile.says(body([sample("1")]))) as url:
        prometheus = client(url, deadline=3.0)
        answers = await asyncio.gather(*(prometheus.query("up") for _ in range(20)))
        assert [answer.total for answer in answers] == [1.0] * 20
        prometheus.close()


LEAVING = """
import asyncio, sys
from tui.clients.prometheus import Prometheus, PrometheusError
from tui.settings import Server
async def main():
    prometheus = Prometheus(Server(url=sys.argv[1]), {}, deadline=300)
    tasks = [asyncio.create_task(prometheus.query("up")) for _ in range(4)]
    await asyncio.sleep(1.0)
    prometheus.close()
asyncio.run(main())
"""


async def test_leaving_does_not_wait_for_a_query_that_hangs() -> None:
    async with hostile.serving(hostile.hangs) as url:
        began = time.monotonic()
        left = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", LEAVING, url], capture_output=True, text=True, timeout=60
        )
    assert left.returncode == 0, left.stderr
    assert time.monotonic() - began < 50
