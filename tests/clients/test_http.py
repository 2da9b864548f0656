"""One HTTP exchange: whatever the server does, it costs one answer, in time, without the key."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import hostile
from tui.clients import http, http_failures, trust
from tui.clients.unanswered import Unanswered
from tui.model.secret import Secret

DEADLINE = 0.6
KEY = Secret("sentinel0sentinel0sentinel0abcde")


async def ask(url: str, **how: object) -> http.Answer:
    return await http.ask("GET", url, deadline=DEADLINE, bearer=KEY, **how)  # type: ignore[arg-type]


async def failure(url: str, **how: object) -> tuple[Unanswered, float]:
    """How it failed and how long that took."""
    await http.warm()
    began = time.monotonic()
    with pytest.raises(Unanswered) as caught:
        await ask(url, **how)
    return caught.value, time.monotonic() - began


@pytest.mark.parametrize(
    ("talk", "outcome", "phase"),
    [
        (hostile.hangs, "timeout", "headers"),
        (hostile.trickles, "timeout", "body"),
        (hostile.trickles_headers, "timeout", "headers"),
        (hostile.garbles, "not_http", "headers"),
        (hostile.resets, "reset", "headers"),
        (hostile.leaves, "reset", "headers"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_bad_server_is_told_by_kind_and_phase_within_the_deadline(
    talk: hostile.Talk, outcome: str, phase: str
) -> None:
    async with hostile.serving(talk) as url:
        error, spent = await failure(url)
    assert (error.outcome, error.phase) == (outcome, phase)
    assert spent < DEADLINE + 0.4


async def test_dropped_packets_are_a_timeout_while_connecting() -> None:
    async with hostile.black_hole() as url:
        error, spent = await failure(url)
    assert (error.outcome, error.phase) == ("timeout", "connect")
    assert DEADLINE - 0.05 <= spent < DEADLINE + 0.4


async def test_nobody_listening_is_a_refusal() -> None:
    async with hostile.refusing() as url:
        error, _ = await failure(url)
    assert (error.outcome, error.phase) == ("refused", "connect")


async def test_a_name_that_does_not_exist_is_dns() -> None:
    error, _ = await failure("http://no-such-host.invalid/")
    assert (error.outcome, error.phase) == ("dns", "dns")
    assert "no-such-host.invalid" in error.text


async def test_ten_megabytes_are_cut_at_the_limit() -> None:
    async with hostile.serving(hostile.floods) as url:
        answer = await ask(url, limit=100_000)
    assert answer.truncated
    assert len(answer.body) == 100_000
    assert answer.json() is None


async def test_a_chain_that_nobody_believes_is_a_tls_failure() -> None:
    async with hostile.serving(hostile.says(b"{}"), tls=hostile.untrusted()) as url:
        error, _ = await failure(url)
    assert (error.outcome, error.phase) == ("tls", "tls")
    assert "not trusted" in error.text


async def test_plain_http_behind_an_https_address_is_a_tls_failure() -> None:
    async with hostile.serving(hostile.garbles, read=False) as url:
        error, _ = await failure(url.replace("http://", "https://"))
    assert (error.outcome, error.phase) == ("tls", "tls")


async def test_a_server_that_cuts_the_handshake_is_not_taken_for_a_bad_certificate() -> None:
    async with hostile.serving(hostile.leaves, read=False) as url:
        error, _ = await failure(url.replace("http://", "https://"))
    assert error.phase == "tls"
    assert error.outcome in ("reset", "tls")
    assert "not trusted" not in error.text


async def test_a_file_of_certificates_makes_a_chain_believable(tmp_path: Path) -> None:
    context, authority = hostile.trusted_by()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    async with hostile.serving(hostile.says(b"{}"), tls=context) as url:
        answer = await ask(url, verify=trust.context((str(file),)))
    assert answer.status == 200
    assert answer.timings["tls"] > 0


async def test_the_whole_exchange_is_timed_by_phase() -> None:
    async with hostile.serving(hostile.says(b'{"a": 1}')) as url:
        answer = await ask(url + "/x?y=1")
    assert answer.json() == {"a": 1}
    assert answer.timings["total"] >= answer.timings["connect"] > 0


async def test_the_name_and_not_the_address_is_asked_for() -> None:
    heads: list[bytes] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head)
        writer.write(hostile.answer(b"{}"))

    async with hostile.serving(talk) as url:
        port = url.rpartition(":")[2]
        await ask(f"http://localhost:{port}/path")
    assert f"host: localhost:{port}\r\n".encode() in heads[0].lower()
    assert heads[0].startswith(b"GET /path HTTP/1.1")


async def test_redirects_are_not_followed_with_the_key() -> None:
    async with hostile.serving(
        hostile.says(b"", "302 Found", "text/html", "Location: http://x.invalid/")
    ) as url:
        answer = await ask(url)
    assert answer.status == 302


async def test_a_proxy_is_asked_for_the_whole_address() -> None:
    heads: list[bytes] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head)
        writer.write(hostile.answer(b"{}"))

    async with hostile.serving(talk) as proxy:
        answer = await ask("http://service.invalid/health", proxy=proxy)
    assert answer.status == 200
    assert heads[0].startswith(b"GET http://service.invalid/health")


@pytest.mark.parametrize("key", ["two\r\nlines", "schlüssel", "tab\tbed"])
async def test_a_key_that_no_header_can_carry_is_said_without_the_key(key: str) -> None:
    with pytest.raises(Unanswered) as caught:
        await http.ask("GET", "http://127.0.0.1:1/", deadline=1, bearer=Secret(key))
    assert caught.value.outcome == "unsendable"
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["", "ftp://x/", "http://", "http://[::1", "nonsense", "http://x:99999/"])
async def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises(Unanswered) as caught:
        await ask(url)
    assert caught.value.outcome == "unsendable"


@pytest.mark.parametrize(
    "talk",
    [hostile.echoes, hostile.hangs, hostile.garbles, hostile.resets, hostile.floods],
    ids=lambda t: t.__name__,
)
async def test_the_key_is_in_no_exception_and_no_log(
    talk: hostile.Talk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with hostile.serving(talk) as url:
        try:
            await ask(url)
        except Unanswered as error:
            chain = list(http_failures.causes(error))
            assert not any(KEY.reveal() in repr(link) + str(link) for link in chain if link is error)
            assert error.__suppress_context__
    assert KEY.reveal() not in caplog.text


LEAVING = """
import asyncio, socket, sys, time
from tui.clients import http, names
from tui.clients.unanswered import Unanswered
socket.getaddrinfo = lambda *a, **k: time.sleep(300)
async def main():
    await http.warm()
    for url in sys.argv[1:]:
        try:
            await http.ask("GET", url, deadline=1.0)
        except Unanswered as error:
            print(error.outcome, error.phase)
asyncio.run(main())
"""


async def test_leaving_does_not_wait_for_a_resolver_or_a_server_that_hangs() -> None:
    async with hostile.serving(hostile.hangs) as url, hostile.black_hole() as hole:
        began = time.monotonic()
        left = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", LEAVING, "http://name.example/", url, hole],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        spent = time.monotonic() - began
    assert left.stdout.split("\n")[:3] == ["timeout dns", "timeout headers", "timeout connect"], left.stderr
    assert spent < 60
