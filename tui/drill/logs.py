"""The pods' logs: one line a request, told from what happened to it."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from tui.drill.provider import Failure
from tui.drill.traffic import Outcome, Request

# About two hours of one pod's requests.
_KEEP = 32_000
_TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/app/service/handlers.py", line 84, in complete',
    "    prompt = render(template, context)",
    '  File "/app/service/prompts.py", line 41, in render',
    '    return template.format(locale=context["locale"], **context)',
    "KeyError: 'locale'",
)
_USER_STATUS = {Outcome.FAILED: 502, Outcome.CRASHED: 500, Outcome.OVERFLOW: 503}


def user_status(outcome: Outcome) -> int:
    """The HTTP status that the service gave its user."""
    return _USER_STATUS.get(outcome, 200)


class Logs:
    """What each pod wrote. Lines are made when somebody reads them."""

    def __init__(self) -> None:
        self._requests: dict[str, deque[Request]] = {}

    def add(self, request: Request) -> None:
        """Remember a request."""
        kept = self._requests.get(request.pod)
        if kept is None:
            kept = self._requests[request.pod] = deque(maxlen=_KEEP)
        kept.append(request)

    def forget(self, pods: set[str]) -> None:
        """Drop the logs of pods that are gone."""
        for name in [name for name in self._requests if name not in pods]:
            del self._requests[name]

    def read(self, pod: str, since: datetime | None) -> list[tuple[datetime, str]]:
        """The pod's lines with their times, oldest first, from `since` on."""
        earliest = since.timestamp() if since else 0.0
        kept: list[Request] = []
        for request in reversed(self._requests.get(pod, ())):
            if request.at < earliest:
                break
            kept.append(request)
        return [line for request in reversed(kept) for line in _lines(request)]


def _lines(request: Request) -> Iterator[tuple[datetime, str]]:
    at = datetime.fromtimestamp(request.at, UTC)
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for failure in request.failures:
        yield at, f"{stamp} ERROR mistral.client {_failed(failure, request)}"
    if request.outcome is Outcome.CRASHED:
        yield at, f"{stamp} ERROR service.handlers unhandled exception while completing model={request.model}"
        for line in _TRACEBACK:
            yield at, line
    level = "INFO" if request.outcome.served else "ERROR"
    told = f"status={user_status(request.outcome)} outcome={request.outcome} model={request.model}"
    took = f"duration_ms={request.latency * 1000:.0f}"
    yield at, f"{stamp} {level} service.access POST /v1/answers {told} {took}"


def _failed(failure: Failure, request: Request) -> str:
    code = f" code={failure.code}" if failure.code else ""
    if not failure.status:
        cause = "NameResolutionError" if failure.kind == "connection" else "ReadTimeout"
        return (
            f"mistral call failed model={request.model} status_code=0 error_type={failure.kind}"
            f' error="{cause}: {failure.message}"'
        )
    return (
        f"mistral call failed model={request.model} status_code={failure.status}"
        f' error_type={failure.kind}{code} message="{failure.message}"'
    )
