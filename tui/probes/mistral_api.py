"""The Mistral API, asked with our key: the list of models, and on request one token."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from tui.clients import http
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.key_holder import KeyHolder
from tui.model.reading import Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.times import clock as written
from tui.probes import mistral_answer as read
from tui.probes.probe import Asking, Pace, shortly, took
from tui.settings import Mistral

_MODELS_LIMIT = 2 << 20
_CAUSES = {
    "our_limit": "our rate limit",
    "provider_capacity": "the provider's capacity",
    "no_allowance": "no allowance at all",
    "unclear": "cause not told",
}
_STATUSES = {
    401: "the key is refused",
    402: "payment is required",
    403: "not permitted",
    404: "not found",
    408: "request timeout",
    422: "the request is refused",
}
_REMEDIES = {
    401: "Look at the key: it is invalid, revoked or expired.",
    403: "Look at what this key may do, and whether something in between refuses us.",
    402: "Look at billing and spending caps.",
}


_NOTHING = read.Told()


@dataclass(frozen=True, slots=True)
class Found:
    """What one of the two requests met; `rank` orders by how bad it is."""

    what: str
    answer: http.Answer | None
    error: Unanswered | None
    body: object = None
    told: read.Told = _NOTHING

    @property
    def genuine(self) -> bool:
        """Whether it is Mistral that answered."""
        return self.answer is not None and read.from_mistral(self.answer, self.body)

    @property
    def rank(self) -> tuple[int, int]:
        """No answer is worst, then what is not Mistral's, then the higher status."""
        if self.answer is None:
            return (3, 0)
        if not self.genuine:
            return (2, self.answer.status)
        return (1 if self.answer.status != 200 else 0, self.answer.status)


class MistralApi(Asking):
    """`GET /v1/models` with our key; with the completion, the reading is the worse of the two.

    A 200 from the list of models proves the way there and the key, and little more: quotas are of
    a model, and the list has none.

    Args:
        keys: the key, read at each ask; while there is none, the reading is UNSET and says `unset`.
    """

    check = Check.MISTRAL_API

    def __init__(
        self,
        mistral: Mistral,
        keys: KeyHolder,
        environ: Mapping[str, str],
        pace: Pace,
        clock: Clock,
        redact: Redactor,
        unset: str = "",
    ) -> None:
        super().__init__(pace, clock, redact)
        self._settings = mistral
        self._keys = keys
        self._unset = unset
        self._environ = environ
        base = mistral.base_url.rstrip("/")
        self._base = base.removesuffix("/v1")

    async def ask(self) -> Reading:
        """Both requests at once; a failure is a reading, never an exception."""
        key = self._keys.key
        if not key:
            return Reading(self.check, State.UNSET, "not set", self.clock.now(), remedy=self._unset)
        asked = [self._request(key, "GET", "models", None)]
        if self._settings.completion_probe and self._settings.model:
            body = {
                "model": self._settings.model,
                "messages": [{"role": "user", "content": "."}],
                "max_tokens": 1,
            }
            asked.append(self._request(key, "POST", "chat/completions", body))
        found = await asyncio.gather(*asked)
        return self._reading(found, key)

    async def _request(self, key: Secret, method: str, path: str, payload: object | None) -> Found:
        url = f"{self._base}/v1/{path}"
        what = "completion" if payload else "models"
        try:
            answer = await http.ask(
                method,
                url,
                deadline=self.limit,
                bearer=key,
                json=payload,
                limit=_MODELS_LIMIT,
                environ=self._environ,
            )
        except Unanswered as error:
            return Found(what, None, error)
        body = answer.json()
        return Found(what, answer, None, body, self._safe(read.told(body)))

    def _safe(self, told: read.Told) -> read.Told:
        """What the body says, without our key: a server may echo it anywhere."""
        code, kind = (w if w and self.plain(w) == w else None for w in (told.code, told.type))
        return read.Told(code, kind, self.plain(told.message or "") or None)

    def _reading(self, found: list[Found], key: Secret) -> Reading:
        worst = max(found, key=lambda one: one.rank)
        if worst.error and worst.error.outcome == "unsendable":
            return self.unknown(
                "cannot be asked as set", worst.error.text, "Correct mistral in the settings."
            )
        facts = self._facts(found, worst, key)
        listed = self._listed(found[0])
        facts |= listed
        state = State.OK if worst.rank[0] == 0 else State.FAIL
        if state is State.OK and (listed.get("model_listed") is False or listed.get("model_deprecated")):
            state = State.WARN
        latency = took(worst.answer) if worst.answer else timedelta(seconds=self.limit)
        return Reading(
            self.check,
            state,
            self._summary(worst, facts, found),
            self.clock.now(),
            facts,
            latency=latency if worst.answer else None,
            evidence=self._evidence(worst, facts),
            note=self._note(worst, facts),
            remedy=_REMEDIES.get(worst.answer.status, "") if worst.answer and state is State.FAIL else "",
            details=read.allowances(_limited(found, worst)),
        )

    def _facts(self, found: list[Found], worst: Found, key: Secret) -> dict[str, Fact]:
        facts: dict[str, Fact] = {
            "outcome": _outcome(worst),
            "http_status": worst.answer.status if worst.answer else None,
            "error_code": worst.told.code,
            "error_type": worst.told.type,
            "cause_429": None,
            "correlation_id": None,
            "key_fingerprint": key.fingerprint,
            "key_length": len(key),
            "phase": worst.error.phase if worst.error else None,
        }
        if worst.answer:
            limit = read.limits(worst.answer.headers)
            facts |= limit
            told = read.correlation_id(worst.answer.headers)
            facts["correlation_id"] = self.plain(told, 64) if told else None
            facts["retry_after_s"] = read.retry_after(worst.answer.headers, self.clock.now())
            if worst.answer.status == 429:
                facts["cause_429"] = read.cause_of_429(worst.told, limit)
        if self._settings.model:
            facts["model"] = self._settings.model
        if len(found) > 1:
            facts["completion_status"] = found[1].answer.status if found[1].answer else None
        return facts

    def _listed(self, models: Found) -> dict[str, Fact]:
        """Whether production's model is in the list; nothing where there is no list or no name."""
        known = read.models(models.body) if models.answer and models.answer.status == 200 else None
        if known is None or not self._settings.model:
            return {}
        name = self._settings.model
        return {"model_listed": name in known.names, "model_deprecated": name in known.deprecated}

    def _summary(self, worst: Found, facts: Mapping[str, Fact], found: list[Found]) -> str:
        prefix = "completion " if worst.what == "completion" and worst.rank[0] else ""
        if worst.error:
            return prefix + shortly(worst.error)
        answer = worst.answer
        assert answer is not None
        if facts["outcome"] == "not_mistral":
            return f"{answer.status}, not Mistral: {'a web page' if answer.html else 'something else'}"
        if answer.status != 200:
            return prefix + _refused(answer.status, facts)
        if facts.get("model_listed") is False:
            return f"200, but {self.plain(self._settings.model, 24)} is not listed"
        if facts.get("model_deprecated"):
            return f"200, {self.plain(self._settings.model, 22)} is deprecated"
        return "200, one token came" if len(found) > 1 else "200, the key is accepted"

    def _note(self, worst: Found, facts: Mapping[str, Fact]) -> str:
        left, limit = facts.get("remaining_requests_minute"), facts.get("limit_requests_minute")
        if left is not None and limit is not None:
            return f"requests {left} of {limit} left this minute"
        left, limit = facts.get("remaining_tokens_minute"), facts.get("limit_tokens_minute")
        if left is not None and limit is not None:
            return f"tokens {left} of {limit} left this minute"
        if worst.error:
            return self.plain(worst.error.text)
        return self.plain(worst.told.message or "", 60) if worst.rank[0] else ""

    def _evidence(self, worst: Found, facts: Mapping[str, Fact]) -> tuple[str, ...]:
        at = f"{written(self.clock.now(), seconds=True)}Z"
        if worst.error:
            return (f"From here: {self.plain(worst.error.text)}, at {at}.",)
        assert worst.answer is not None
        if facts["outcome"] == "not_mistral":
            what = "a web page" if worst.answer.html else "something else"
            return (f"From here: {worst.answer.status} with {what}, not from Mistral, at {at}.",)
        parts = [f"{worst.what + ' ' if worst.what == 'completion' else ''}{worst.answer.status}"]
        if worst.told.code:
            parts.append(f"code {worst.told.code}")
        left, limit = facts.get("remaining_requests_minute"), facts.get("limit_requests_minute")
        if left is not None and limit is not None:
            parts.append(f"{left} of {limit} left")
        said = [f"From here: {', '.join(parts)} at {at}."]
        if facts.get("retry_after_s") is not None:
            said.append(f"Mistral asks to wait {facts['retry_after_s']:g} s.")
        return tuple(said)


def _limited(found: list[Found], worst: Found) -> Mapping[str, str]:
    """The headers that tell of limits: the worse answer's, else those of any."""
    told = (one.answer.headers for one in (worst, *reversed(found)) if one.answer)
    return next((headers for headers in told if read.allowances(headers)), {})


def _outcome(found: Found) -> str:
    if found.error:
        return "not_mistral" if found.error.outcome == "not_http" else found.error.outcome
    assert found.answer is not None
    if not found.genuine:
        return "not_mistral"
    return "ok" if found.answer.status == 200 else "http_error"


def _refused(status: int, facts: Mapping[str, Fact]) -> str:
    """`429, our rate limit (1300)`, `503, provider error (1100)`."""
    code = facts["error_code"]
    suffix = f" ({code})" if isinstance(code, str) and len(code) <= 8 else ""
    if status == 429:
        return f"429, {_CAUSES[str(facts['cause_429'])]}{suffix}"
    if status >= 500:
        return f"{status}, provider error{suffix}"
    return f"{status}, {_STATUSES.get(status, 'refused')}{suffix}"
