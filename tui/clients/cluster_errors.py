"""What a Kubernetes API refuses or does not answer, as whole sentences.

Nothing of a request's headers or of an answer's raw body ever gets into a `ClusterError`: a
rejected write echoes the values that it was sent, and the library's own exceptions print headers.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tui.model.text import clean


class Reason(StrEnum):
    """Why the cluster did not do what was asked."""

    LOGIN_EXPIRED = "login_expired"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"
    INVALID = "invalid"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CONFIG = "config"
    SERVER = "server"
    EXPIRED = "expired"  # of a version: the server does not keep what changed since, so list again


class ClusterError(Exception):
    """A refusal or a silence of the cluster, in words.

    Attributes:
        reason: the kind.
        said: what happened and what did not, a whole sentence, safe to show.
        remedy: what to do about it, a whole sentence.
        status: the HTTP status, or None where nothing was answered.
        sent: whether the request may have reached the server, so that a change may have been made.
        status_reason: the server's own word (`AlreadyExists`, `NotFound`), or "" where it gave none.
        details_kind: of what kind the thing is that the server speaks of (`namespaces`), or "".
    """

    def __init__(
        self,
        reason: Reason,
        said: str,
        remedy: str,
        status: int | None = None,
        *,
        sent: bool = False,
        status_reason: str = "",
        details_kind: str = "",
    ) -> None:
        said, remedy = clean(said), clean(remedy)  # names of a kubeconfig and of a server are in it
        super().__init__(f"{said} {remedy}".strip())
        self.reason = reason
        self.said = said
        self.remedy = remedy
        self.status = status
        self.sent = sent
        self.status_reason = status_reason
        self.details_kind = details_kind

    def told(self, said: str, remedy: str) -> "ClusterError":
        """The same refusal in other words."""
        return type(self)(
            self.reason,
            said,
            remedy,
            self.status,
            sent=self.sent,
            status_reason=self.status_reason,
            details_kind=self.details_kind,
        )


class AnswerTooLarge(ClusterError):
    """More was answered than was to be read; asking for less helps."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, in the words of an error.

    `what` is the object ("deployment mistral-service"); verb, group and resource are the RBAC ones;
    `whom` is whom to ask for a permission that is missing.
    """

    verb: str
    resource: str
    what: str
    context: str
    namespace: str
    user: str
    login: str = ""
    group: str = ""
    whom: str = "an administrator"

    @property
    def place(self) -> str:
        """`namespace prod of prod-eu`, or `prod-eu` where it is not in a namespace."""
        return f"namespace {self.namespace} of {self.context}" if self.namespace else self.context

    @property
    def who(self) -> str:
        """The user, or words for one whose name is not known."""
        return self.user or "your user"


RETRY = "Then ask again (r in the console)."
OPEN_AGAIN = "Open the preview again: it shows what is there now."
LOGIN = "Log in to the cluster again, then press r."
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_RBAC = re.compile(r'User "(?P<user>[^"]*)" cannot ')
_DENIED = re.compile(
    r"(?:exceeded quota|admission webhook|denied the request|denied by|violates)", re.IGNORECASE
)


def refused(status: int, body: bytes, asked: Asked) -> ClusterError:
    """The error for an answer that is no success. `body` is only read for its `Status` object."""
    told = _status_object(body)
    error = _told(status, told, asked)
    error.status_reason = clean(str(told.get("reason") or ""), limit=40)
    details = told.get("details")
    kind = details.get("kind") if isinstance(details, dict) else ""
    error.details_kind = clean(str(kind or ""), limit=80)
    return error


def _told(status: int, told: dict[str, Any], asked: Asked) -> ClusterError:
    maker = _MAKERS.get(status)
    if maker is not None:
        return maker(told, asked)
    if status >= 500 and _has_cause(told, "ResourceVersionTooLarge"):  # as after a restored backup
        return expired(asked, status)
    if status >= 500:
        return ClusterError(
            Reason.SERVER,
            f"The API server of {asked.context} answered {status} when asked to {_deed(asked)}.",
            "It may be overloaded or restarting: ask again in a moment.",
            status,
            sent=True,
        )
    return ClusterError(
        Reason.SERVER,
        f"The API server of {asked.context} answered {status} when asked to {_deed(asked)}; "
        "nothing was changed.",
        "Check with kubectl that this address is a Kubernetes API server.",
        status,
    )


def _unauthorized(told: dict[str, Any], asked: Asked) -> ClusterError:
    return login_expired(asked, 401)


def login_expired(asked: Asked, status: int | None = None, why: str = "") -> ClusterError:
    """The login is refused; what to run again is said where the kubeconfig tells it."""
    because = f": {why}" if why else ""
    remedy = f"Log in again with: {asked.login}. Then press r." if asked.login else LOGIN
    return ClusterError(
        Reason.LOGIN_EXPIRED,
        f"The login to {asked.context} has expired or is not accepted{because}; "
        f"could not {_deed(asked)}, and nothing was changed.",
        remedy,
        status,
    )


def _forbidden(told: dict[str, Any], asked: Asked) -> ClusterError:
    message = str(told.get("message") or "")
    named = _RBAC.search(message)
    if named and named["user"] == "system:anonymous":
        return login_expired(asked, 403, "the server saw no credentials")
    if _has_cause(told, "NamespaceTerminating"):
        return ClusterError(
            Reason.FORBIDDEN,
            f"Namespace {asked.namespace} of {asked.context} is being deleted; nothing was changed.",
            "Wait until it is gone and was made again.",
            403,
        )
    if _DENIED.search(message) and not named:
        return ClusterError(
            Reason.FORBIDDEN,
            f"A policy of {asked.context} refused to {_deed(asked)}: {_safe(message)}. Nothing was changed.",
            "Ask whoever owns the cluster's policies and quotas.",
            403,
        )
    user = clean(named["user"], limit=80) if named else asked.who
    resource = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
    return ClusterError(
        Reason.FORBIDDEN,
        f"{user} may not {asked.verb} {resource} in {asked.place}; nothing was changed.",
        f"Ask {asked.whom} for a Role with {asked.verb} on {resource}"
        f"{' in ' + asked.namespace if asked.namespace else ''}.",
        403,
    )


def _missing(told: dict[str, Any], asked: Asked) -> ClusterError:
    if not told:
        said = f"{asked.context} does not serve {asked.resource}."
        return ClusterError(Reason.MISSING, said, "Check the address of the cluster in the kubeconfig.", 404)
    return ClusterError(
        Reason.MISSING,
        f"There is no {asked.what} in {asked.place}; nothing was changed.",
        "Check kubernetes.deployment, kubernetes.namespace and kubernetes.context in the settings.",
        404,
    )


def _conflict(told: dict[str, Any], asked: Asked) -> ClusterError:
    return ClusterError(
        Reason.CONFLICT,
        f"Somebody changed {asked.what} in {asked.place} at the same moment; nothing was applied.",
        OPEN_AGAIN,
        409,
    )


def _invalid(told: dict[str, Any], asked: Asked) -> ClusterError:
    causes = _causes(told)
    status = told.get("code") if isinstance(told.get("code"), int) else 422
    if causes:
        said = f"The server refused to {_deed(asked)} as invalid: {causes}. Nothing was changed."
        remedy = "Correct the value in the preview, or the runbook's mitigation."
    else:
        said = (
            f"A condition of the change to {asked.what} in {asked.place} does not hold; nothing was applied."
        )
        remedy = OPEN_AGAIN
    return ClusterError(Reason.INVALID, said, remedy, status)


def _bad_request(told: dict[str, Any], asked: Asked) -> ClusterError:
    message = clean(str(told.get("message") or "no reason was given"), limit=200)
    return ClusterError(
        Reason.INVALID, f"The server could not {_deed(asked)}: {message}.", "Nothing was changed.", 400
    )


def _too_many(told: dict[str, Any], asked: Asked) -> ClusterError:
    return ClusterError(
        Reason.SERVER,
        f"The API server of {asked.context} is too busy to {_deed(asked)}; nothing was changed.",
        "Ask again in a moment.",
        429,
    )


def expired(asked: Asked, status: int = 410) -> ClusterError:
    """The error for a version that the server cannot go on from: what is there must be listed anew."""
    return ClusterError(
        Reason.EXPIRED,
        f"{asked.context} does not keep what happened to {asked.what} since then.",
        "What is there now is listed again.",
        status,
    )


def _gone(told: dict[str, Any], asked: Asked) -> ClusterError:
    return expired(asked)


def _too_large(told: dict[str, Any], asked: Asked) -> ClusterError:
    return ClusterError(
        Reason.INVALID,
        f"The API server of {asked.context} will not {_deed(asked)}: it is too large; nothing was changed.",
        "Make it smaller.",
        413,
    )


_MAKERS = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _missing,
    409: _conflict,
    410: _gone,
    413: _too_large,
    422: _invalid,
    429: _too_many,
}


def unanswered(error: BaseException, asked: Asked, deadline: float) -> ClusterError:
    """The error for a request that got no answer, or none that is a Kubernetes API's."""
    import aiohttp  # comes with kubernetes, and must not be imported before it

    deed = _deed(asked)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return ClusterError(
            Reason.UNREACHABLE,
            f"The certificate of {asked.context}'s API server is not trusted; could not {deed}.",
            "Something may intercept the connection, or the kubeconfig's certificate authority is old.",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ClusterError(
            Reason.UNREACHABLE,
            f"The name of {asked.context}'s API server does not resolve; could not {deed}.",
            f"Check the VPN and the name service. {RETRY}",
        )
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientProxyConnectionError):
        return ClusterError(
            Reason.UNREACHABLE,
            f"The API server of {asked.context} does not accept connections; could not {deed}.",
            f"Check the VPN and the cluster's address in the kubeconfig. {RETRY}",
        )
    if isinstance(error, TimeoutError):
        return ClusterError(
            Reason.TIMEOUT,
            f"{asked.context} did not answer within {deadline:g} s when asked to {deed}.",
            f"Check the VPN and the cluster. {RETRY}",
            sent=True,
        )
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return ClusterError(
            Reason.CONFIG,
            f"The server address of {asked.context} in the kubeconfig is no address.",
            "Correct clusters[].cluster.server.",
        )
    if isinstance(error, ValueError | aiohttp.ContentTypeError):
        return not_the_api(asked)
    return ClusterError(
        Reason.UNREACHABLE,
        f"The connection to {asked.context} broke while asking it to {deed}.",
        RETRY,
        sent=True,
    )


def answer_too_large(asked: Asked, most: int) -> AnswerTooLarge:
    """The error for an answer of more than so many bytes."""
    return AnswerTooLarge(
        Reason.SERVER,
        f"{asked.context} answered more than {most >> 20} MiB when asked to {_deed(asked)}; it was not read.",
        "Look with kubectl at what takes so much space there.",
        sent=True,
    )


def not_the_api(asked: Asked) -> ClusterError:
    """The error for an answer that no Kubernetes API gives."""
    return ClusterError(
        Reason.SERVER,
        f"What answered for {asked.context} is no Kubernetes API server; could not {_deed(asked)}.",
        "A proxy or a login page may stand in between: check the address in the kubeconfig.",
        sent=True,
    )


def _deed(asked: Asked) -> str:
    return f"{asked.verb} {asked.what}"


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and told.get("kind") == "Status" else {}


def _causes(told: dict[str, Any]) -> str:
    lines = [_cause(cause) for cause in _listed_causes(told)[:3]]
    return "; ".join(line for line in lines if line)


def _has_cause(told: dict[str, Any], reason: str) -> bool:
    return any(cause.get("reason") == reason for cause in _listed_causes(told))


def _listed_causes(told: dict[str, Any]) -> list[dict[str, Any]]:
    details = told.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []


def _cause(cause: dict[str, Any]) -> str:
    field, message = clean(str(cause.get("field") or ""), limit=120), _safe(str(cause.get("message") or ""))
    return f"{field}: {message}" if field else message


def _safe(message: str) -> str:
    """A server's message without what it quotes: it may quote the values that were sent."""
    return clean(_QUOTED.sub('"…"', message), limit=240).rstrip(".")
