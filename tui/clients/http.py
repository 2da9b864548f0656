"""One HTTP exchange with a deadline for all of it, a cap on the body, and a plain reason for failing.

httpx is imported on the first exchange, or by `warm`, and never at import time. Every exchange has
a connection of its own, so that each phase is measured; names are resolved before, off the loop's
executor, which would hold up leaving the console.
"""

import asyncio
import contextlib
import json as jsonlib
import logging
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from tui.clients import http_failures, names, proxies, server_clocks, trust
from tui.clients.lanes import Lanes
from tui.clients.unanswered import Phase, Unanswered
from tui.model.secret import Secret

if TYPE_CHECKING:
    import httpx
    from httpcore import AsyncNetworkStream

USER_AGENT = "leeward"
_WARMING = Lanes(2, "leeward-warm")
_WARM_DEADLINE = 30.0
_WARM = threading.Event()
_LOADING = threading.Lock()
_ADDRESS_PATIENCE = 1.5  # seconds for one address while another is left to try
_PHASES: Mapping[str, Phase] = {
    "connect_tcp": "connect",
    "start_tls": "tls",
    "send_request_headers": "send",
    "receive_response_headers": "headers",
    "receive_response_body": "body",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name; of a repeated one the last.
        body: at most as many bytes as were asked for.
        timings: seconds spent in `dns`, `connect`, `tls`, and in `total`.
        truncated: whether more body would have come.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    timings: Mapping[str, float] = field(default_factory=dict)
    truncated: bool = False

    def json(self) -> object | None:
        """The body as JSON; None where it is none (an HTML page, a cut body, bad text)."""
        if self.truncated:
            return None
        try:
            return cast("object", jsonlib.loads(self.body))
        except (ValueError, RecursionError):
            return None

    @property
    def html(self) -> bool:
        """Whether this is a web page, by its type or its first characters."""
        kind = self.headers.get("content-type", "").lower()
        start = self.body[:256].lstrip().lower()
        return "html" in kind or start.startswith((b"<!doctype html", b"<html"))


async def warm() -> None:
    """Import httpx in a thread, so that the first exchange holds up no loop."""
    if not _WARM.is_set():
        await _WARMING.run(load, _WARM_DEADLINE)


async def believed(environ: Mapping[str, str], setting: str = "") -> ssl.SSLContext:
    """The certificates to believe: the usual ones, `SSL_CERT_FILE`'s and the settings' file.

    Raises Unanswered (`unsendable`) where a file cannot be read.
    """
    files = trust.ca_files(setting, environ)
    try:
        return await _WARMING.run(lambda: trust.context(files), _WARM_DEADLINE)
    except (OSError, ssl.SSLError):
        text = f"the certificates in {setting or 'SSL_CERT_FILE'} cannot be read"
        raise Unanswered("unsendable", None, text) from None


def load() -> None:
    """Import httpx and all that it imports on first use, once. Never in the loop."""
    with _LOADING:
        if _WARM.is_set():
            return
        # httpx brings its command line with it, and so click, Pygments and half of rich: 40 ms for
        # nothing. A module that is None is one that is not installed, and httpx does without.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
        # Not behind `imported`: it shares no circular import with the others, and must not wait for them.
        import httpx  # noqa: F401

        asyncio.run(_rehearse())
        _WARM.set()


async def _rehearse() -> None:
    """Have httpcore, h11 and anyio load what they load on first use, and not in the console's loop."""
    import httpx

    async with httpx.AsyncClient(verify=trust.nobody(), trust_env=False) as client:
        with contextlib.suppress(httpx.HTTPError):
            await client.get("http://127.0.0.1:0")  # no port: nothing is sent to anybody


async def ask(
    method: str,
    url: str,
    *,
    deadline: float,
    headers: Mapping[str, str] | None = None,
    bearer: Secret | None = None,
    auth: tuple[str, Secret] | None = None,
    json: object | None = None,
    limit: int = 1 << 20,
    verify: ssl.SSLContext | None = None,
    proxy: str = "",
    environ: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request and return the answer, whatever its status. Redirects are not followed.

    Args:
        deadline: seconds for everything, name resolution and body included.
        bearer, auth: credentials; they are in no exception and no log.
        json: a body to send.
        limit: the most bytes of body to read.
        verify: which certificates to believe; None: the system's.
        proxy: the proxy's address, or "" for none (see `proxies.proxy_for`).
        environ: where to look for certificates and a proxy, in place of `verify` and `proxy`.

    Raises:
        Unanswered: there was no answer, and why.
    """
    trace = _Trace()
    sent = _sendable(headers, bearer, auth)
    try:
        async with asyncio.timeout(deadline):
            await warm()
            silence()
            if environ is not None:
                proxy = proxies.proxy_for(url, environ)
                verify = await believed(environ) if trust.needed(url, proxy) else trust.nobody()
            # Our own preparations are no part of how long the server took.
            trace.begin()
            return await _exchange(method, url, trace, sent, json, limit, verify, proxy)
    except TimeoutError:
        raise http_failures.late(trace.phase, url, deadline) from None


def silence() -> None:
    """Keep the libraries' logs off: at DEBUG they print every header that a server sends back."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _sendable(
    headers: Mapping[str, str] | None, bearer: Secret | None, auth: tuple[str, Secret] | None
) -> dict[str, str]:
    sent = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
    sent.update(headers or {})
    if bearer:
        sent["Authorization"] = f"Bearer {bearer.reveal()}"
    elif auth:
        sent["Authorization"] = basic(auth[0], auth[1])
    # The library would say so itself, but with the value in its exception.
    if not all(value.isascii() and value.isprintable() for value in sent.values()):
        raise Unanswered("unsendable", None, "a credential has characters that no HTTP header can carry")
    return sent


def basic(user: str, password: Secret) -> str:
    """The value of an `Authorization` header by user and password."""
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()


class _Trace:
    """Follows httpx through an exchange: where it is, and how long each phase took."""

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self.spent: dict[str, float] = {}
        self._connection: AsyncNetworkStream | None = None
        self.begin()

    def begin(self) -> None:
        """The total is counted from here."""
        self._since = self._began = time.monotonic()

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        _, step, stage = event.split(".", 2)
        if step in _PHASES and stage == "started":
            self.enter(_PHASES[step])
        elif step in _PHASES and stage == "complete":
            self.leave()
        if step == "connect_tcp" and stage == "complete":
            self._connection = info["return_value"]

    async def end(self) -> None:
        """Close the connection, if one was made: the library leaves one open that is cancelled in TLS."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    def enter(self, phase: Phase) -> None:
        self.phase, self._since = phase, time.monotonic()

    def leave(self) -> None:
        if self.phase:
            self.spent[self.phase] = time.monotonic() - self._since

    @property
    def timings(self) -> Mapping[str, float]:
        return {**self.spent, "total": time.monotonic() - self._began}


async def _exchange(
    method: str,
    url: str,
    trace: _Trace,
    headers: dict[str, str],
    json: object | None,
    limit: int,
    verify: ssl.SSLContext | None,
    proxy: str,
) -> Answer:
    """Try the host's addresses in turn; the first that can be connected to gives the answer."""
    import httpx

    if verify is None:
        verify = trust.context(()) if trust.needed(url, proxy) else trust.nobody()
    host, addresses = await _addresses(url, trace, proxy)
    headers = {**headers, "Host": urlsplit(url).netloc.rpartition("@")[2]}
    for number, address in enumerate(addresses, 1):
        last = number == len(addresses)
        patience = httpx.Timeout(None, connect=None if last else _ADDRESS_PATIENCE)
        try:
            async with _client(verify, proxy, patience) as client:
                extensions = {"trace": trace, "sni_hostname": host}
                request = client.build_request(
                    method, _at(url, address), headers=headers, json=json, extensions=extensions
                )
                return await _receive(client, request, trace, limit)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            if last or trace.phase != "connect":
                raise http_failures.reason(error, trace.phase, url) from None
        finally:
            await trace.end()
    raise Unanswered("dns", "dns", f"the name {host} has no address")


async def _addresses(url: str, trace: _Trace, proxy: str) -> tuple[str, tuple[str, ...]]:
    """The host and where it is; through a proxy the name is the proxy's to resolve."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise Unanswered("unsendable", None, "the address in the settings is no http:// or https:// address")
    if proxy:
        return host, (host,)
    trace.enter("dns")
    # The deadline of the whole exchange is the caller's.
    addresses = await names.resolve(host, port, _WARM_DEADLINE)
    trace.leave()
    return host, addresses


def _client(verify: ssl.SSLContext, proxy: str, patience: "httpx.Timeout") -> "httpx.AsyncClient":
    import httpx

    try:
        # Without the environment: no netrc may replace our credentials.
        return httpx.AsyncClient(verify=verify, proxy=proxy or None, timeout=patience, trust_env=False)
    except (ImportError, ValueError):
        text = f"the proxy {proxies.place(proxy)} is of a kind that is not supported; use http:// or https://"
        raise Unanswered("unsendable", None, text) from None


def _at(url: str, address: str) -> str:
    """The same address with the host's name replaced by where it is."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{user}{at}{host}{port}", parts.path, parts.query, ""))


async def _receive(
    client: "httpx.AsyncClient", request: "httpx.Request", trace: _Trace, limit: int
) -> Answer:
    response = await client.send(request, stream=True)
    headers = {name.lower(): value for name, value in response.headers.items()}
    server_clocks.hear(request.headers.get("host", ""), headers, trace.timings["total"])
    try:
        body = bytearray()
        # Raw: we asked for no encoding, and a small compressed body can be a very large one.
        async for part in response.aiter_raw():
            body += part
            if len(body) > limit:
                break
        return Answer(response.status_code, headers, bytes(body[:limit]), trace.timings, len(body) > limit)
    finally:
        await response.aclose()
