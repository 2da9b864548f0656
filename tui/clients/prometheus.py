"""PromQL queries by prometheus-api-client, which is synchronous, off the loop.

What the library would do by itself and must not here: retry for ten seconds, wait without end for
a body that trickles, drop the warnings of partial answers, prefer `~/.netrc` to our credentials,
and hold up the process at exit. So: no retries, a session of our own whose response hook reads the
body with a deadline and a cap and keeps the warnings, and daemon threads.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tui import settings
from tui.clients import access, http, http_failures, server_clocks
from tui.clients.imports import imported
from tui.clients.lanes import Lanes, LanesFull
from tui.clients.prometheus_answers import (
    Answered,
    Line,
    PrometheusError,
    Ranged,
    Sample,
    envelope,
    matrix,
    vector,
    warnings,
)
from tui.clients.unanswered import Unanswered
from tui.model.redaction import Redactor

if TYPE_CHECKING:
    import requests
    from prometheus_api_client import PrometheusConnect

T = TypeVar("T")
__all__ = ["MOST_THREADS", "Answered", "Line", "Prometheus", "PrometheusError", "Ranged", "Sample"]

# As many as one reading of the error rate has queries: a slow server is waited for once, not thrice.
MOST_THREADS = 9
_BODY_LIMIT = 2 << 20  # parsing more would hold the interpreter, and with it the screen


@dataclass(slots=True)
class _Kept:
    """What the hook keeps of one exchange beside what the library returns."""

    ends: float = math.inf
    warnings: tuple[str, ...] = ()
    body: bytes = b""
    began: float = 0.0
    took: timedelta = timedelta()


@dataclass(slots=True)
class _Line:
    """A library object with its session, used by one thread at a time."""

    connect: "PrometheusConnect"
    kept: _Kept = field(default_factory=_Kept)


class Prometheus:
    """One Prometheus, Thanos, Mimir or Cortex. Make it cheaply: nothing is imported or asked yet."""

    def __init__(
        self,
        server: settings.Server,
        environ: Mapping[str, str],
        *,
        deadline: float = 4.0,
        redact: Redactor | None = None,
    ) -> None:
        """`deadline` is in seconds, for a query in all; `environ` is where secrets may be found.

        `redact` learns them, and stands before what the server is quoted with.
        """
        self.server = server
        self._redact = redact or Redactor()
        self._environ = environ
        self._deadline = deadline
        self._lanes = Lanes(MOST_THREADS, "leeward-prometheus")
        self._idle: list[_Line] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def place(self) -> str:
        """`host:port`, for a sentence."""
        return http_failures.place(self.server.url)

    async def query(self, promql: str, at: datetime | None = None) -> Answered:
        """An instant query, now or `at` a moment of this machine's clock. Raises PrometheusError."""
        params, ahead = {"timeout": f"{self._deadline:g}s"}, self._ahead
        if at is not None:
            params["time"] = f"{(at - ahead).timestamp():.3f}"

        def work(line: _Line) -> Answered:
            result = line.connect.custom_query(promql, params=params, timeout=self._patience(line))
            found = tuple(one.later(ahead) for one in vector(result))
            return Answered(found, self._told(line), line.kept.took)

        return await self._run(work)

    async def query_range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> Ranged:
        """A range query, ends included; moments are of this machine's clock. Raises PrometheusError."""
        params = {"timeout": f"{self._deadline:g}s"}
        seconds = f"{max(step.total_seconds(), 0.001):g}"
        ahead = self._ahead

        def work(line: _Line) -> Ranged:
            result = line.connect.custom_query_range(
                promql, start - ahead, end - ahead, seconds, params=params, timeout=self._patience(line)
            )
            return Ranged(tuple(one.later(ahead) for one in matrix(result)), self._told(line))

        return await self._run(work)

    def close(self) -> None:
        """Close what is idle; a thread that still hangs closes its own when it ends."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.connect.close()

    @property
    def _ahead(self) -> timedelta:
        """What a clock that is minutes off would measure is another time than the one that is meant."""
        return server_clocks.ahead_of(self.place)

    def _told(self, line: _Line) -> tuple[str, ...]:
        return tuple(map(self._redact.text, line.kept.warnings))

    def _patience(self, line: _Line) -> tuple[float, float]:
        """Seconds to connect and between two bytes; the hook holds the deadline of the whole."""
        line.kept.began = time.monotonic()
        line.kept.ends = line.kept.began + self._deadline
        return (min(2.0, self._deadline), self._deadline)

    async def _run(self, work: Callable[[_Line], T]) -> T:
        if not self.server.url:
            raise PrometheusError("unset", "no Prometheus is set", "Set prometheus.url in the settings.")
        try:
            return await self._lanes.run(lambda: self._work(work), self._deadline)
        except LanesFull:
            said = f"Prometheus at {self.place} hangs; {MOST_THREADS} earlier queries still wait for it"
            raise PrometheusError("timeout", said, _LOOK_AT.format(self.place)) from None
        except TimeoutError:
            said = f"Prometheus at {self.place} did not answer within {self._deadline:g} s"
            raise PrometheusError("timeout", said, _LOOK_AT.format(self.place)) from None

    def _work(self, work: Callable[[_Line], T]) -> T:
        """In a daemon thread: one query on a line of its own."""
        line = self._take()
        good = True
        try:
            return work(line)
        except Exception as error:  # noqa: BLE001 - the library documents no exceptions; turned into ours
            turned = _turned(error, line.kept, self.place)
            # A token may have been replaced: the next query fetches it anew.
            good = turned.outcome != "forbidden"
            raise PrometheusError(turned.outcome, self._redact.text(turned.said), turned.remedy) from None
        finally:
            self._give_back(line, good)

    def _take(self) -> _Line:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            how = access.read(self.server, self._environ, self._redact)
        except Unanswered as error:
            raise PrometheusError(
                "failed", error.text, "Correct it in the settings; `leeward doctor` tests it."
            ) from None
        return _line(self.server.url, how)

    def _give_back(self, line: _Line, good: bool) -> None:
        line.kept.warnings, line.kept.body = (), b""
        with self._lock:
            if good and not self._closed:
                self._idle.append(line)
                return
        line.connect.close()


_LOOK_AT = "See whether {} is up and reachable from here."


def _line(url: str, how: access.Access) -> _Line:
    imported("requests", "prometheus_api_client")
    import requests
    from prometheus_api_client import PrometheusConnect
    from urllib3.util.retry import Retry

    for name in ("urllib3", "requests", "prometheus_api_client"):
        logging.getLogger(name).setLevel(logging.WARNING)
    session = requests.Session()
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = http.USER_AGENT
    if how.proxy:
        session.proxies = {"http": how.proxy, "https": how.proxy}
    retry = Retry(total=0, read=False, respect_retry_after_header=False)
    connect = PrometheusConnect(url=url.rstrip("/"), headers=how.headers, retry=retry, session=session)
    session.mount(url.rstrip("/"), _adapter(how, retry))
    line = _Line(connect)

    def hook(response: "requests.Response", *_: object, **__: object) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        server_clocks.hear(http_failures.place(url), headers, time.monotonic() - line.kept.began)
        line.kept.body = _read(response, line.kept.ends)
        line.kept.took = timedelta(seconds=time.monotonic() - line.kept.began)
        line.kept.warnings = warnings(line.kept.body)

    session.hooks["response"].append(hook)
    return line


def _adapter(how: access.Access, retry: Any) -> "requests.adapters.HTTPAdapter":
    """The transport with our trust, which requests can only be given as a file."""
    from requests.adapters import HTTPAdapter

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
            return super().init_poolmanager(*args, **kwargs, ssl_context=how.verify)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, **kwargs, ssl_context=how.verify)

    return Trusting(max_retries=retry)


def _read(response: "requests.Response", ends: float) -> bytes:
    """Read the body here, since the library would read it without a total deadline or a cap."""
    import requests

    if response.is_redirect:
        response.close()
        raise _Redirected
    body = bytearray()
    while part := response.raw.read1(1 << 16, decode_content=False):
        body += part
        if time.monotonic() > ends:
            response.close()
            raise requests.ReadTimeout("the body did not end within the deadline")
        if len(body) > _BODY_LIMIT:
            response.close()
            raise _TooLarge
    response._content = bytes(body)
    response._content_consumed = True  # type: ignore[attr-defined] # else it would be read again
    return bytes(body)


class _Redirected(Exception):
    """It sends us elsewhere: a login stands before it."""


class _TooLarge(Exception):
    """More than any answer to our queries."""


def _turned(error: Exception, kept: _Kept, place: str) -> PrometheusError:
    import requests
    from prometheus_api_client.exceptions import PrometheusApiClientException
    from urllib3.exceptions import TimeoutError as Waited

    if isinstance(error, PrometheusError):
        return error
    if isinstance(error, PrometheusApiClientException):
        return _refused_by_status(str(error), kept.body, place)
    if isinstance(error, _Redirected):
        said = f"{place} sends us to another address: probably a login stands before Prometheus"
        return PrometheusError("forbidden", said, "Set a token or another address in the settings.")
    if isinstance(error, _TooLarge):
        return PrometheusError("garbage", f"{place} answers with more than {_BODY_LIMIT >> 20} MiB", "")
    if isinstance(error, (requests.Timeout, Waited)):
        return PrometheusError(
            "timeout", f"Prometheus at {place} did not answer in time", _LOOK_AT.format(place)
        )
    if isinstance(error, requests.JSONDecodeError) or not isinstance(
        error, (OSError, requests.RequestException)
    ):
        return _refused_by_body(kept.body, place)
    return _unconnected(error, place)


def _unconnected(error: Exception, place: str) -> PrometheusError:
    import socket
    import ssl

    causes = list(http_failures.causes(error))
    if any(isinstance(c, ConnectionRefusedError) for c in causes):
        return PrometheusError(
            "refused", f"Prometheus at {place} refuses connections", _LOOK_AT.format(place)
        )
    if any(isinstance(c, socket.gaierror) for c in causes):
        return PrometheusError("unreachable", f"the name of Prometheus, {place}, does not resolve", "")
    if any(isinstance(c, ssl.SSLCertVerificationError) for c in causes):
        said = f"the certificate of Prometheus at {place} is not trusted"
        return PrometheusError("unreachable", said, "Set prometheus.ca_file to the authority's certificate.")
    said = f"Prometheus at {place} cannot be reached or cuts the connection"
    return PrometheusError("unreachable", said, _LOOK_AT.format(place))


def _refused_by_status(text: str, body: bytes, place: str) -> PrometheusError:
    """The library's text begins with `HTTP Status Code N`; the body may be Prometheus' own envelope."""
    status = next((word for word in text.split()[:4] if word.isdecimal()), "?")
    kind, said = envelope(body)
    if status in ("401", "403"):
        remedy = "Set prometheus.token, username and password, or org_id in the settings."
        return PrometheusError("forbidden", f"Prometheus at {place} refuses us ({status})", remedy)
    if kind == "timeout":
        return PrometheusError("timeout", f"Prometheus at {place} gave the query up: {said}", "")
    if kind in ("bad_data", "execution"):
        remedy = "Correct the query in the runbook; `leeward doctor` tests each."
        return PrometheusError("bad_query", f"Prometheus at {place} rejects the query: {said}", remedy)
    more = f": {said}" if said else ""
    return PrometheusError("failed", f"Prometheus at {place} answers {status}{more}", _LOOK_AT.format(place))


def _refused_by_body(body: bytes, place: str) -> PrometheusError:
    _, said = envelope(body)
    if said:
        return PrometheusError("failed", f"Prometheus at {place} says: {said}", "")
    what = "a web page" if body.lstrip()[:1] == b"<" else "something else"
    remedy = "See whether prometheus.url needs a path (Mimir: /prometheus) or a login."
    return PrometheusError("garbage", f"{what} answers at {place}, and no Prometheus", remedy)
