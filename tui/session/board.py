"""What the checks say, and where that leads: readings in, changes and the path out."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tui.model.facts import TITLES
from tui.model.flapping import Flap
from tui.model.incident import ALERTMANAGER, LEEWARD, Draft, Kind
from tui.model.onset import set_against_change
from tui.model.reading import Alert, Check, Held, Reading, State
from tui.model.runbook import Diagnosis, Runbook
from tui.model.severity import Severity
from tui.model.times import rfc3339
from tui.model.tree import evidence, severity, walk
from tui.model.walk import Walk
from tui.session.page_words import page_words


class Board:
    """The seven checks, the walk along the tree, and what a person overruled or pinned.

    Args:
        runbook: whose tree is walked.
        flapping: three changes of one state within this span are flapping.
        steady: how long a flapping state must rest before the path follows it again.
        confirm: how long another diagnosis must stand before it is told; the first is told at once.
    """

    def __init__(
        self,
        runbook: Runbook,
        flapping: timedelta,
        steady: timedelta,
        confirm: timedelta = timedelta(0),
    ) -> None:
        self.runbook = runbook
        self.checks: dict[Check, Held] = {}
        self.walk = Walk()
        self.pinned: str | None = None
        self.path_changed = False
        self._overruled: dict[str, str] = {}
        self._flaps: dict[Check, Flap] = {}
        self._flapping = (flapping, steady)
        self._diagnosis: str | None = None
        self._candidate: tuple[str, datetime] | None = None
        self._confirm = confirm
        self._evidence: tuple[str, ...] = ()

    def take(self, reading: Reading, max_age: timedelta) -> list[Draft]:
        """Fold one reading in; what changed comes back as drafts for the record."""
        previous = self.checks.get(reading.check)
        good = reading if reading.known else (previous.good if previous else None)
        self.checks[reading.check] = Held(reading, good, max_age)
        joined = set_against_change(self.checks)
        if joined is not None:
            self.checks[Check.WORKLOAD] = joined
        changed = self._state_change(reading, previous)
        return [
            *page_words(reading, previous, changed),
            *(fired(alert) for alert in reading.of(Alert) if alert.state == "active"),
            *self.look(reading.at),
        ]

    def look(self, now: datetime) -> list[Draft]:
        """Walk the tree again: answers age, and a flapping check comes to rest."""
        drafts = [draft for check in self._flaps for draft in self._rest(check, now)]
        if any(flap.holding(now) for flap in self._flaps.values()):
            return drafts
        before = self.walk
        self.walk = walk(self.runbook, self.checks, now, self._overruled)
        if before.diagnosis is not None and self.walk.diagnosis != before.diagnosis and self._all_asked:
            self.path_changed = True
        self._evidence = evidence(self.diagnosis, self.checks, now) if self.diagnosis else ()
        if self._stands(now):
            drafts.append(self._diagnosed(now))
        return drafts

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What a person pinned, else where the walk ends."""
        wanted = self.pinned or self.walk.diagnosis
        return self.runbook.diagnoses.get(wanted) if wanted else None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The sentences that the diagnosis rests on, as of the last look."""
        return self._evidence

    def proposed(self, now: datetime) -> Severity | None:
        """The severity that the diagnosis proposes."""
        return severity(self.diagnosis, self.checks, now) if self.diagnosis else None

    def pin(self, diagnosis: str | None, now: datetime) -> list[Draft]:
        """Hold a diagnosis against the evidence; None lets the tree lead again."""
        self.pinned = diagnosis
        return self.look(now)

    def overrule(self, question: str, branch: str | None, now: datetime) -> list[Draft]:
        """Take a person's answer to a question; None gives it back to the evidence."""
        if branch is None:
            self._overruled.pop(question, None)
        else:
            self._overruled[question] = branch
        return self.look(now)

    def recorded(self, states: Mapping[str, str], diagnosis: str, now: datetime) -> list[Draft]:
        """Continue a record: what differs from its last states comes back as drafts."""
        drafts = []
        for check, held in self.checks.items():
            said = states.get(check.value)
            if held.latest.known and said != held.latest.state.value:
                before = State(said) if said in set(State) else None
                drafts.append(_changed(held.latest, before))
        self._diagnosis = diagnosis or None
        return [*drafts, *self.look(now)]

    def _stands(self, now: datetime) -> bool:
        """Whether the path leads to another diagnosis than the last one told, and has for a while.

        Checks are not asked in step: on the way from one diagnosis to the next the path passes
        through others that are nobody's cause.
        """
        found = self.walk.diagnosis
        if found in (None, self._diagnosis):
            self._candidate = None
            return False
        if self._candidate is None or self._candidate[0] != found:
            self._candidate = (found, now)
        return self._diagnosis is None or now - self._candidate[1] >= self._confirm

    @property
    def _all_asked(self) -> bool:
        """Whether every check has answered once: until then the path is still being found."""
        return len(self.checks) == len(Check)

    def _state_change(self, reading: Reading, previous: Held | None) -> list[Draft]:
        if reading.state is State.UNSET:
            return []
        if previous is None:
            well = reading.state in (State.OK, State.UNKNOWN)
            return [] if well else [_changed(reading, None)]
        before = previous.latest.state
        if before is reading.state:
            return []
        flap = self._flaps.setdefault(reading.check, Flap(*self._flapping))
        rested = self._rest(reading.check, reading.at)
        if flap.changed(reading.at):
            return [*rested, _flapping(reading, flap.count)]
        return rested if flap.count else [*rested, _changed(reading, before)]

    def _rest(self, check: Check, now: datetime) -> list[Draft]:
        count = self._flaps[check].settle(now)
        if not count:
            return []
        state = self.checks[check].latest.state.value
        text = f"{TITLES[check]} is steady again after {count} changes: {state}"
        data = {"check": check.value, "count": count, "to": state, "steady": True}
        return [Draft(Kind.FLAPPING, text, now, LEEWARD, data)]

    def _diagnosed(self, now: datetime) -> Draft:
        self._diagnosis = self.walk.diagnosis
        found = self.runbook.diagnoses[self.walk.diagnosis or ""]
        proposed = severity(found, self.checks, now)
        data = {
            "id": found.id,
            "title": found.title,
            "severity": proposed.value if proposed else None,
            "healthy": found.healthy,
            "path": [
                {"question": s.text, "answer": s.answer, "evidence": list(s.evidence)}
                for s in self.walk.steps
            ],
            "evidence": list(evidence(found, self.checks, now)),
        }
        return Draft(Kind.DIAGNOSIS, found.title, now, LEEWARD, data)


def _changed(reading: Reading, before: State | None) -> Draft:
    moved = f"{before} → {reading.state}" if before else f"{reading.state}"
    data = {
        "check": reading.check.value,
        "from": before.value if before else None,
        "to": reading.state.value,
    }
    text = f"{TITLES[reading.check]} {moved}: {reading.summary}"
    return Draft(Kind.STATE, text, reading.at, LEEWARD, data)


def _flapping(reading: Reading, count: int) -> Draft:
    text = f"{TITLES[reading.check]} is flapping, {count} changes: the path holds until it is steady"
    data = {"check": reading.check.value, "count": count, "to": reading.state.value, "steady": False}
    return Draft(Kind.FLAPPING, text, reading.at, LEEWARD, data)


def fired(alert: Alert) -> Draft:
    """That an alert fires, as an entry."""
    data = {
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "severity": alert.severity,
        "starts_at": rfc3339(alert.starts_at),
    }
    said = f": {alert.summary}" if alert.summary else ""
    return Draft(Kind.ALERT, f"{alert.name} fired{said}", alert.starts_at, ALERTMANAGER, data)
