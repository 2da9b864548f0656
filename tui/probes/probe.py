"""What a probe is, and what all of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from tui.clients.http import Answer
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.reading import Check, Reading, State
from tui.model.redaction import Redactor
from tui.model.text import clean

# What a row of the status panel has room for, in characters.
SUMMARY = 44

GRACE = timedelta(seconds=0.5)
# Outside text is cut before it is looked through: only its beginning is ever shown.
_LOOKED_AT = 8192


class Probe(Protocol):
    """Asks the world one thing, once for each call.

    Attributes:
        check: which check this is.
        interval: from one asking to the next while the answers are known.
        deadline: how long one asking may take; the schedule cuts it off there.
        max_age: after which a reading is too old to reason with.
    """

    check: Check
    interval: timedelta
    deadline: timedelta
    max_age: timedelta

    async def ask(self) -> Reading:
        """One reading. It may raise: the schedule turns that into a reading that is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """A probe's times. `limit` is what the world is given; the cut-off stands a little behind it."""

    interval: timedelta
    limit: float

    @property
    def deadline(self) -> timedelta:
        """Where an asking is cut off from outside, should its own limit fail."""
        return timedelta(seconds=self.limit) + GRACE

    @property
    def max_age(self) -> timedelta:
        """Two missed answers, and the time that one takes."""
        return 3 * self.interval + self.deadline


class Asking:
    """The base of the probes: pace, clock, and the way in for text from outside."""

    check: Check

    def __init__(self, pace: Pace, clock: Clock, redact: Redactor) -> None:
        self.interval = pace.interval
        self.deadline = pace.deadline
        self.max_age = pace.max_age
        self.limit = pace.limit
        self.clock = clock
        self.redact = redact

    def plain(self, text: str, limit: int = 120) -> str:
        """Text from outside: one line, without controls and secrets, at most `limit` characters.

        Redacted before it is cleaned and after: a cut would leave half a secret, and removed
        control characters could put one together.
        """
        return clean(self.redact.text(clean(self.redact.text(text[:_LOOKED_AT]))), limit=limit)

    def unknown(self, summary: str, note: str = "", remedy: str = "") -> Reading:
        """A reading that says that nothing is known, and why."""
        return Reading(self.check, State.UNKNOWN, summary, self.clock.now(), note=note, remedy=remedy)


class Unset(Asking):
    """A check that the settings do not name: it says what to set."""

    def __init__(self, check: Check, remedy: str, pace: Pace, clock: Clock, redact: Redactor) -> None:
        super().__init__(pace, clock, redact)
        self.check = check
        self._remedy = remedy

    async def ask(self) -> Reading:
        """Always UNSET."""
        return Reading(self.check, State.UNSET, "not set", self.clock.now(), remedy=self._remedy)


def took(answer: Answer) -> timedelta:
    """How long the exchange took."""
    return timedelta(seconds=answer.timings.get("total", 0.0))


_SHORTLY: Mapping[str, Callable[[Unanswered], str]] = {
    "timeout": lambda e: f"no answer, {_STUCK.get(e.phase or '', 'timed out')}",
    "dns": lambda _: "the name does not resolve",
    "refused": lambda _: "connection refused",
    "tls": lambda e: "certificate not trusted" if "not trusted" in e.text else "no TLS answers",
    "reset": lambda _: "the connection was cut",
    "unreachable": lambda _: "no way there from here",
    "not_http": lambda _: "what answers is no HTTP",
    "unsendable": lambda _: "cannot be asked as set",
}
_STUCK: Mapping[str, str] = {
    "dns": "names do not resolve",
    "connect": "connecting timed out",
    "tls": "TLS handshake timed out",
    "send": "sending timed out",
    "headers": "connected but silent",
    "body": "the body does not end",
}


def shortly(error: Unanswered) -> str:
    """A failure in a few words, for a summary."""
    return _SHORTLY[error.outcome](error)
