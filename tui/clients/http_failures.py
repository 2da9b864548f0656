"""Why an HTTP exchange got no answer, told by its exceptions and by how far it came."""

import errno
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tui.clients.unanswered import Outcome, Phase, Unanswered

_STUCK: Mapping[Phase | None, str] = {
    None: "not even begun",
    "dns": "resolving the name",
    "connect": "connecting",
    "tls": "in the TLS handshake",
    "send": "sending the request",
    "headers": "connected, but silent",
    "body": "the body does not end",
}
_SAID: Mapping[Outcome, str] = {
    "refused": "connection refused",
    "reset": "the connection was cut",
    "unreachable": "no way there from here",
    "tls": "no TLS answers there",
    "not_http": "what answers is no HTTP",
}
_UNREACHABLE = {
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EHOSTDOWN,
    errno.EACCES,
    errno.EPERM,
}


def late(phase: Phase | None, url: str, deadline: float) -> Unanswered:
    """The exchange was not over within so many seconds."""
    text = f"no answer from {place(url)} within {deadline:.3g} s ({_STUCK[phase]})"
    return Unanswered("timeout", phase, text)


def reason(error: BaseException, phase: Phase | None, url: str) -> Unanswered:
    """What went wrong, by the chain of causes first, and then by how far it came."""
    import httpx

    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = f"the certificate of {place(url)} is not trusted: {cause.verify_message}"
            return Unanswered("tls", "tls", text)
        outcome = _outcome(cause)
        if outcome:
            return Unanswered(outcome, phase, f"{place(url)}: {_SAID[outcome]}")
    if isinstance(error, httpx.ProxyError):
        return Unanswered("unreachable", phase, f"the proxy did not let us through to {place(url)}")
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return Unanswered("not_http", phase, f"{place(url)}: {_SAID['not_http']}")
    if isinstance(error, (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError)):
        return Unanswered("unsendable", phase, f"the request to {place(url)} cannot be sent as set")
    if phase == "tls":
        return Unanswered("tls", "tls", f"{place(url)}: {_SAID['tls']}")
    if phase == "connect":
        return Unanswered("unreachable", "connect", f"{place(url)}: {_SAID['unreachable']}")
    return Unanswered("reset", phase, f"{place(url)}: {_SAID['reset']}")


def _outcome(cause: BaseException) -> Outcome | None:
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    if isinstance(cause, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    if isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
        return "unreachable"
    return None


def place(url: str) -> str:
    """`host` or `host:port` of an address: what a sentence names."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or '?'}:{parts.port}" if parts.port else parts.hostname or "?"
    except ValueError:
        return "?"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it came from, and what came with those in groups."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        cause = todo.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [cause.__cause__, cause.__context__]
        todo += list(getattr(cause, "exceptions", ()))
