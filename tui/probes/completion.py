"""One token of the model that production uses: the only proof that completions work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tui.clients import http
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.probes import mistral_answer as read
from tui.probes.probe import shortly
from tui.settings import Mistral

DEADLINE = 15.0
_LIMIT = 256 << 10


@dataclass(frozen=True, slots=True)
class Sample:
    """What one completion met. `status` None means that there was no answer; `outcome` says why."""

    at: datetime
    good: bool
    said: str
    outcome: str = "ok"
    status: int | None = None
    code: str | None = None
    type: str | None = None
    correlation_id: str | None = None


class Completion:
    """Asks for one token, at a cost of one.

    Attributes:
        key: may be exchanged while it is in use; without one there is nothing to ask with.
    """

    def __init__(
        self,
        settings: Mistral,
        key: Secret | None,
        environ: Mapping[str, str],
        clock: Clock,
        redact: Redactor,
        deadline: float = DEADLINE,
    ) -> None:
        self.key = key
        self.model = settings.model
        self.url = f"{settings.base_url.rstrip('/')}/v1/chat/completions"
        self._environ = environ
        self._clock = clock
        self._redact = redact
        self._deadline = deadline

    @property
    def ready(self) -> bool:
        """Whether there is a key to ask with."""
        return self.key is not None

    async def ask(self) -> Sample:
        """One completion; whatever goes wrong is a sample that is not good."""
        body = {"model": self.model, "messages": [{"role": "user", "content": "."}], "max_tokens": 1}
        try:
            answer = await http.ask(
                "POST",
                self.url,
                deadline=self._deadline,
                bearer=self.key,
                json=body,
                limit=_LIMIT,
                environ=self._environ,
            )
        except Unanswered as error:
            return Sample(self._clock.now(), False, shortly(error), outcome=error.outcome)
        return self._sample(answer)

    def _sample(self, answer: http.Answer) -> Sample:
        found = answer.json()
        told, now = read.told(found), self._clock.now()
        code, kind = (word and self._plain(word) for word in (told.code, told.type))
        said = read.correlation_id(answer.headers)
        correlation = self._plain(said) if said else None
        if not read.from_mistral(answer, found):
            words = f"{answer.status}, not from Mistral"
            return Sample(now, False, words, "not_mistral", answer.status, code, kind, correlation)
        good = answer.status == 200
        words = "one token came" if good else f"{answer.status}{f', code {code}' if code else ''}"
        outcome = "ok" if good else "http_error"
        return Sample(now, good, words, outcome, answer.status, code, kind, correlation)

    def _plain(self, text: str) -> str:
        return clean(self._redact.text(clean(self._redact.text(text[:512]))), limit=64)
