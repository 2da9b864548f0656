"""Alerts, by Alertmanager."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tui.clients import access, alertmanager
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.reading import Alert, Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.text import shorten
from tui.model.times import clock as written
from tui.model.times import span
from tui.probes.probe import SUMMARY, Asking, Pace, shortly
from tui.settings import Server

_WORST = frozenset({"critical", "page", "p1"})
_CONCERNS = "mistral"


class Alerts(Asking):
    """The alerts that concern Mistral: its name is in theirs, in a label or in the summary.

    Others are counted and no more: an Alertmanager is shared by everything a company runs.
    """

    check = Check.ALERTS

    def __init__(
        self, server: Server, environ: Mapping[str, str], pace: Pace, clock: Clock, redact: Redactor
    ) -> None:
        super().__init__(pace, clock, redact)
        self._server = server
        self._environ = environ
        self._how: access.Access | None = None

    async def ask(self) -> Reading:
        """What fires now; an Alertmanager that does not say so is unknown."""
        try:
            # Fetched once: a secret may come from a command that is slow, or asks somebody.
            self._how = self._how or await access.fetch(self._server, self._environ, self.limit, self.redact)
            held = await alertmanager.alerts(self._server.url, self._how, self.limit)
        except Unanswered as error:
            remedy = "Correct alertmanager in the settings." if error.outcome == "unsendable" else ""
            return self.unknown(shortly(error), self.plain(error.text), remedy)
        except alertmanager.AlertmanagerError as error:
            if error.status in (401, 403):
                self._how = None
            remedy = "Set alertmanager.token, or username and password, in the settings."
            return self.unknown(
                shorten(error.text, SUMMARY), remedy=remedy if error.status in (401, 403) else ""
            )
        found = [self._redacted(alert) for alert in held.alerts]
        if held.left_out != 0 and not any(_concerns(a) and a.state != "suppressed" for a in found):
            # That none is among those that were told says nothing of the others.
            return self.unknown(f"none among the {len(found)} that were told", _note(0, held.left_out))
        return self._reading(found, held.took, held.left_out)

    def _redacted(self, alert: Alert) -> Alert:
        return Alert(
            alert.fingerprint,
            self.plain(alert.name, 80),
            self.plain(alert.severity, 20),
            self.plain(alert.summary, 200),
            alert.starts_at,
            alert.state,
            {key: self.plain(value, 120) for key, value in alert.labels.items()},
        )

    def _reading(self, found: Sequence[Alert], latency: timedelta, left_out: int | None) -> Reading:
        ours = [alert for alert in found if _concerns(alert)]
        firing = [alert for alert in ours if alert.state != "suppressed"]
        others = sum(1 for a in found if a.state != "suppressed") - len(firing)
        now = self.clock.now()
        names = tuple(dict.fromkeys(a.name for a in firing))
        facts: dict[str, Fact] = {
            "firing": len(firing),
            "names": names,
            "oldest_s": round((now - firing[0].starts_at).total_seconds(), 1) if firing else None,
            "severities": tuple(sorted({a.severity for a in firing if a.severity})),
            "suppressed": len(ours) - len(firing),
            "truncated": left_out != 0,
        }
        return Reading(
            self.check,
            _state(firing),
            self._summary(firing, len(ours) - len(firing)),
            now,
            facts,
            latency=latency,
            origin="alertmanager",
            evidence=tuple(_sentence(a) for a in firing[:5]),
            note=_note(others, left_out),
            details=tuple(ours),
        )

    def _summary(self, firing: Sequence[Alert], silenced: int) -> str:
        if not firing:
            return f"none firing, {silenced} silenced" if silenced else "none firing"
        since = span(self.clock.now() - firing[0].starts_at)
        if len(firing) == 1:
            return f"{shorten(firing[0].name, 32)}, {since}"
        return f"{len(firing)} firing: {shorten(_gravest(firing).name, 24)}, {since}"


def _concerns(alert: Alert) -> bool:
    said = (alert.name, alert.summary, *alert.labels.values())
    return any(_CONCERNS in text.lower() for text in said)


def _note(others: int, left_out: int | None) -> str:
    """What is not listed: first what nobody could look at."""
    if left_out is None:
        return "the list was cut off: there are more alerts than could be read"
    if left_out:
        return f"Alertmanager left out {left_out} more of a group: truncated"
    return f"{others} other alerts, not about Mistral" if others > 0 else ""


def _state(firing: Sequence[Alert]) -> State:
    if not firing:
        return State.OK
    return State.FAIL if any(a.severity.lower() in _WORST for a in firing) else State.WARN


def _gravest(firing: Sequence[Alert]) -> Alert:
    return next((a for a in firing if a.severity.lower() in _WORST), firing[0])


def _sentence(alert: Alert) -> str:
    tail = f": {alert.summary}" if alert.summary else ""
    return f"{alert.name} fires since {written(alert.starts_at, seconds=True)}Z{tail}"
