"""A closer look at the way: resolvers, proxies, certificate; nothing of it blocks or raises."""

import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.probes.support import KEY, clock, redactor
from tests.support import hostile
from tui.clients import resolvers
from tui.model.network_look import NetworkLook, Resolved
from tui.probes.network_look import NetworkLooker


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the name servers say; none of this machine's is asked."""
    answers: list[Any] = [Resolved("10.0.0.53", ("127.0.0.1",), 3.0)]

    async def named() -> tuple[str, ...]:
        if answers and isinstance(answers[0], Exception):
            raise answers[0]
        return tuple(answer.server for answer in answers)

    async def asked(_host: str, _servers: Any, _deadline: float) -> tuple[Resolved, ...]:
        return tuple(answers)

    monkeypatch.setattr(resolvers, "name_servers", named)
    monkeypatch.setattr(resolvers, "ask_each", asked)
    return answers


async def look(url: str, environ: dict[str, str] | None = None, limit: float = 1.5) -> NetworkLook:
    return await NetworkLooker(url, environ or {}, clock(), redactor(), limit).look()


async def test_a_trusted_certificate_tells_who_and_until_when(tmp_path: Path) -> None:
    context, authority = hostile.trusted_by()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with hostile.serving(hostile.hangs, tls=context) as url:
        found = await look(url.replace("127.0.0.1", "localhost"), {"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
    assert found.certificate is not None
    assert found.certificate.trusted
    assert "localhost" in found.certificate.names
    assert "trustme" in found.certificate.issuer
    assert found.certificate.expires is not None
    assert found.certificate.expires > clock().now() - timedelta(days=36500)
    assert found.system is not None
    assert found.system.addresses
    assert [answer.server for answer in found.resolvers] == ["10.0.0.53"]


async def test_an_intercepting_certificate_is_shown_and_not_trusted() -> None:
    async with hostile.serving(hostile.hangs, tls=hostile.untrusted()) as url:
        found = await look(url)
    assert found.certificate is not None
    assert not found.certificate.trusted
    assert found.certificate.why
    assert "trustme" in found.certificate.issuer
    assert found.resolvers == ()


async def test_without_tls_it_says_so() -> None:
    async with hostile.serving(hostile.hangs) as url:
        found = await look(url)
    assert found.certificate is None
    assert "no TLS" in found.trouble[0]


@pytest.mark.parametrize("talk", [hostile.hangs, hostile.garbles, hostile.leaves, hostile.resets])
async def test_what_is_no_tls_server_costs_the_certificate_alone(talk: hostile.Talk) -> None:
    async with hostile.serving(talk, read=False) as url:
        began = time.monotonic()
        found = await look(url.replace("http://", "https://"), limit=0.5)
        assert time.monotonic() - began < 20
    assert found.certificate is None
    assert found.trouble
    assert found.system is not None


async def test_a_black_hole_is_left_within_the_limit() -> None:
    async with hostile.black_hole() as url:
        began = time.monotonic()
        found = await look(url.replace("http://", "https://"), limit=0.4)
        assert time.monotonic() - began < 20
    assert "nothing came within 0.4 s" in found.trouble[0]


async def test_proxies_are_named_without_their_credentials() -> None:
    environ = {
        "HTTPS_PROXY": "http://me:hunter22hunter22@proxy.internal:3128",
        "NO_PROXY": f"localhost,{KEY.reveal()}",
    }
    found = await look("https://api.mistral.invalid", environ, 0.3)
    assert found.proxy == "proxy.internal:3128"
    assert found.settings == (("HTTPS_PROXY", "proxy.internal:3128"), ("NO_PROXY", "localhost,***"))
    assert "hunter22" not in repr(found)
    excepted = await look("https://api.mistral.invalid", {**environ, "NO_PROXY": ".mistral.invalid"}, 0.3)
    assert excepted.proxy == ""


async def test_resolvers_that_cannot_be_read_are_said(servers: list[Any]) -> None:
    servers[:] = [TimeoutError()]
    found = await look("https://api.mistral.invalid", limit=0.3)
    assert any("/etc/resolv.conf" in said for said in found.trouble)
    assert found.system is not None
    assert found.system.error


async def test_the_connection_that_only_reads_a_certificate_sends_nothing() -> None:
    heads: list[bytes] = []

    async def listen(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head)

    context: ssl.SSLContext = hostile.untrusted()
    async with hostile.serving(listen, tls=context) as url:
        await look(url)
    assert heads == []
