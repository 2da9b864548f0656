"""Our own service, by its health page."""

from collections.abc import Mapping

from tui.clients import http
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.reading import Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.text import shorten
from tui.model.times import clock as written
from tui.probes.probe import SUMMARY, Asking, Pace, shortly, took

_WELL = frozenset({"ok", "okay", "up", "healthy", "pass", "passing", "operational", "connected", "available"})
_LIMIT = 256 << 10


class Service(Asking):
    """`GET {health_url}` and its `.services.mistral`. Unreachable is a finding of its own."""

    check = Check.SERVICE

    def __init__(
        self, url: str, environ: Mapping[str, str], pace: Pace, clock: Clock, redact: Redactor
    ) -> None:
        super().__init__(pace, clock, redact)
        self._url = url
        self._environ = environ

    async def ask(self) -> Reading:
        """One request; no answer is a failure of the service, a garbled one is too."""
        try:
            answer = await http.ask(
                "GET",
                self._url,
                deadline=self.limit,
                limit=_LIMIT,
                environ=self._environ,
            )
        except Unanswered as error:
            return self._unanswered(error)
        body = answer.json()
        if answer.status == 200 and not isinstance(body, dict):
            return self._no_health_page(answer)
        return self._answered(answer, body if isinstance(body, dict) else {})

    def _unanswered(self, error: Unanswered) -> Reading:
        said = self.plain(error.text)
        if error.outcome == "unsendable":
            return self.unknown("cannot be asked as set", said, "Correct service.health_url in the settings.")
        outcome = "http_error" if error.outcome == "not_http" else error.outcome
        facts: dict[str, Fact] = {"outcome": outcome, "http_status": None, "mistral": None, "overall": None}
        evidence = (f"Our service: {said}.",)
        summary = shortly(error)
        return Reading(self.check, State.FAIL, summary, self.clock.now(), facts, evidence=evidence, note=said)

    def _no_health_page(self, answer: http.Answer) -> Reading:
        what = "a web page" if answer.html else "too much" if answer.truncated else "no JSON"
        remedy = "See whether service.health_url is the health page, and whether a login stands before it."
        return self.unknown(f"200, but {what} in answer", remedy=remedy)

    def _answered(self, answer: http.Answer, body: Mapping[str, object]) -> Reading:
        services = body.get("services")
        mistral = self._word(services.get("mistral")) if isinstance(services, dict) else None
        overall = self._word(body.get("status"))
        facts: dict[str, Fact] = {
            "outcome": "ok" if answer.status == 200 else "http_error",
            "http_status": answer.status,
            "mistral": mistral,
            "overall": overall,
        }
        state, summary = _judge(answer.status, mistral, overall)
        at = f"{written(self.clock.now(), seconds=True)}Z"
        told = f"says mistral is {mistral}" if mistral else "says nothing of mistral"
        evidence = (f"Our service: {answer.status}, {told}, at {at}.",)
        return Reading(
            self.check, state, summary, self.clock.now(), facts, latency=took(answer), evidence=evidence
        )

    def _word(self, value: object) -> str | None:
        """A status in one lower-case word; what is well is "ok", whatever the word was."""
        if isinstance(value, dict):
            value = value.get("status")
        if isinstance(value, bool):
            return "ok" if value else "down"
        if not isinstance(value, str) or not value.strip():
            return None
        word = self.plain(value, 40).lower()
        return "ok" if word in _WELL else word


def _judge(status: int, mistral: str | None, overall: str | None) -> tuple[State, str]:
    if status != 200:
        tail = f", mistral: {mistral}" if mistral and mistral != "ok" else ""
        return State.FAIL, shorten(f"{status}{tail}", SUMMARY)
    if mistral not in ("ok", None):
        return State.WARN, "degraded: mistral" if mistral == "degraded" else shorten(
            f"mistral: {mistral}", SUMMARY
        )
    if overall not in ("ok", None):
        return State.WARN, shorten(f"{overall}, but mistral ok" if mistral else f"{overall}", SUMMARY)
    return State.OK, "healthy, mistral ok" if mistral else "healthy, says nothing of mistral"
