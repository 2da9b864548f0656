"""The way to Mistral, phase by phase."""

import time
from pathlib import Path

import pytest

from tests.probes.support import LIMIT, PACE, clock, redactor, sound
from tests.support import hostile
from tui.model.reading import Reading, State
from tui.probes.network import Network


async def greets(head: bytes, writer: hostile.Writer) -> None:
    """Speaks first, as no TLS server does, and stays."""
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    await hostile.hangs(head, writer)


async def ask(url: str, environ: dict[str, str] | None = None) -> Reading:
    return sound(await Network(url, environ or {}, PACE, clock(), redactor()).ask())


@pytest.fixture
def believed(tmp_path: Path) -> tuple[object, dict[str, str]]:
    """A server's TLS, and the environment that believes its authority."""
    context, authority = hostile.trusted_by()
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, {"SSL_CERT_FILE": str(file)}


async def test_each_part_of_the_way_is_timed_and_the_chain_verified(believed: tuple) -> None:  # type: ignore[type-arg]
    context, environ = believed
    async with hostile.serving(hostile.hangs, tls=context) as url:
        reading = await ask(url.replace("127.0.0.1", "localhost"), environ)
    assert reading.state is State.OK
    assert reading.summary.startswith("dns ")
    assert reading.summary.endswith(" ms")
    assert reading.facts["verified"] is True
    assert reading.facts["host"] == "localhost"
    assert "127.0.0.1" in reading.facts["addresses"]  # type: ignore[operator]
    assert all(isinstance(reading.facts[f"{part}_ms"], float) for part in ("dns", "tcp", "tls"))


async def test_an_http_address_has_no_tls_part() -> None:
    async with hostile.serving(hostile.hangs) as url:
        reading = await ask(url)
    assert reading.state is State.OK
    assert reading.summary.endswith("ms, no TLS")
    assert reading.facts["tls_ms"] is None
    assert reading.facts["verified"] is False


async def test_an_untrusted_chain_is_interception_and_not_a_way() -> None:
    async with hostile.serving(hostile.hangs, tls=hostile.untrusted()) as url:
        reading = await ask(url)
    assert (reading.state, reading.facts["outcome"], reading.facts["phase"]) == (State.FAIL, "tls", "tls")
    assert reading.summary == "certificate not trusted"
    assert reading.facts["verified"] is False


@pytest.mark.parametrize(
    ("talk", "outcome", "phase"),
    [(greets, "tls", "tls"), (hostile.resets, "reset", "tls"), (hostile.hangs, "timeout", "tls")],
)
async def test_a_peer_without_tls_is_told(talk: hostile.Talk, outcome: str, phase: str) -> None:
    began = time.monotonic()
    async with hostile.serving(talk, read=False) as url:
        reading = await ask(url.replace("http://", "https://"))
    assert (reading.facts["outcome"], reading.facts["phase"]) == (outcome, phase)
    assert time.monotonic() - began < LIMIT + 10


async def test_dropped_packets_refusal_and_a_missing_name_are_told_apart() -> None:
    async with hostile.black_hole() as url:
        hole = await ask(url)
    async with hostile.refusing() as url:
        refused = await ask(url)
    missing = await ask("https://no-such-host.invalid")
    found = [(r.facts["outcome"], r.facts["phase"], r.summary) for r in (hole, refused, missing)]
    assert found == [
        ("timeout", "connect", "no answer, connecting timed out"),
        ("refused", "connect", "connection refused"),
        ("dns", "dns", "the name does not resolve"),
    ]


async def test_through_a_proxy_the_reading_says_so(believed: tuple) -> None:  # type: ignore[type-arg]
    heads: list[bytes] = []

    async def proxy(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        await writer.drain()

    async with hostile.serving(proxy) as url:
        environ = {"HTTPS_PROXY": url.replace("http://", "http://me:sentinel-of-proxy@")}
        reading = await ask("https://api.example.invalid", environ)
        direct = await ask("https://api.example.invalid", {**environ, "NO_PROXY": ".invalid"})
    assert heads[0].startswith(b"CONNECT api.example.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " in heads[0]
    assert reading.facts["proxy"] is True
    assert reading.facts["outcome"] == "unreachable"
    assert "403" in reading.evidence[0]
    assert "by the proxy 127.0.0.1" in reading.note
    assert "sentinel" not in repr(reading)
    assert (direct.facts["proxy"], direct.facts["outcome"]) == (False, "dns")


@pytest.mark.parametrize("url", ["nonsense", "https://"])
async def test_an_address_without_a_host_is_not_a_finding(url: str) -> None:
    assert (await ask(url)).state is State.UNKNOWN
