"""The figures of an incident, computed from its record. What is not known is None, never 0."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tui.model.folding import advance
from tui.model.incident import Entry, Incident, Kind
from tui.model.milestones import Milestone
from tui.model.severity import Severity
from tui.model.times import parse_rfc3339
from tui.model.update import Told, update_due

# The runbook's intervals, for a record that does not tell which were in use.
EVERY = {
    Severity.P1: timedelta(minutes=15),
    Severity.P2: timedelta(minutes=30),
    Severity.P3: timedelta(hours=2),
    Severity.P4: timedelta(days=1),
}
# One update goes to several places, one after another.
TOGETHER = timedelta(minutes=5)
# No chart is finer, whatever a record says.
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Length:
    """A computed time: `value` None is unknown; the definition is printed with it."""

    id: str
    name: str
    value: timedelta | None
    definition: str


@dataclass(frozen=True, slots=True)
class OnTime:
    """Updates: how many fell due, and how many of these were sent by then."""

    due: int
    sent: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where none fell due."""
        return self.sent / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors per second, a value each `step` from `start`; None is no data."""

    start: datetime
    step: timedelta
    values: tuple[float | None, ...]

    @property
    def points(self) -> tuple[tuple[datetime, float | None], ...]:
        """Each with its moment."""
        return tuple((self.start + self.step * i, value) for i, value in enumerate(self.values))


@dataclass(frozen=True, slots=True)
class Impact:
    """What the metrics say of the impact, as last measured: between `start` and `end`."""

    start: datetime | None = None
    end: datetime | None = None
    failed_requests: float | None = None
    coverage: float | None = None
    errors: Errors | None = None
    every: Mapping[Severity, timedelta] | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """All of them.

    Attributes:
        lengths: the times, in the order in which they are printed.
        severities: how long it was at each severity, in the order of time; None is not set.
        on_time: updates that were sent by when they were due.
        impact: what the metrics say.
    """

    lengths: tuple[Length, ...]
    severities: tuple[tuple[Severity | None, timedelta], ...]
    on_time: OnTime
    impact: Impact


SEVERITIES = (
    "From the declaration until it was resolved, the time for which the incident had this severity; "
    "times at one severity are added up."
)
ON_TIME = (
    "Of the updates that fell due until it was resolved, the share that was sent (or copied, to be sent by "
    "hand) by then. An update is due when the one before promised it, else when the severity's interval "
    "has passed; one message to several places is one update; one that was never sent was not on time."
)
FAILED = (
    "The increase of the errors' counter over the impact window, by Prometheus' increase(), which "
    "extrapolates to the window's ends. The coverage is the share of the window for which there are metrics."
)
BEFORE_AND_AFTER = (
    "Each measure over the window before the change was applied, and over the one after it was rolled out."
)


def measure(incident: Incident, entries: Iterable[Entry]) -> Measures:
    """The figures of an incident; `entries` is its whole record as it is to be read now, in any order."""
    told = sorted(entries, key=lambda entry: entry.id)
    impact = impact_of(incident, told)
    return Measures(
        lengths=tuple(_lengths(incident, impact)),
        severities=_severities(incident, told),
        on_time=_on_time(incident, told, impact.every or EVERY),
        impact=impact,
    )


def _lengths(incident: Incident, impact: Impact) -> Iterator[Length]:
    began = incident.started_at
    detected = incident.detected_at
    # What is known from its detection alone may have begun before: only a person can tell.
    told = any(one.name in (Milestone.IMPACT_STARTED, Milestone.DETECTED) for one in incident.corrected)
    seen = detected if told or detected != began else None
    yield Length(
        "time_to_detect",
        "Time to detect",
        _between(began, seen),
        "From the beginning of the impact until it was detected: an alert fired or a person declared it, "
        "whichever was first. Unknown where nothing tells of the impact before that.",
    )
    yield Length(
        "time_to_acknowledge",
        "Time to acknowledge",
        _between(detected, incident.acknowledged_at),
        "From its detection (the first alert, or the declaration) until a person responded.",
    )
    yield Length(
        "time_to_mitigate",
        "Time to mitigate",
        _between(began, incident.mitigated_at),
        "From the beginning of the impact until a mitigation was measured effective, or monitoring began.",
    )
    yield Length(
        "time_to_repair",
        "Time to repair",
        _between(began, incident.resolved_at),
        "From the beginning of the impact until the incident was resolved.",
    )
    yield Length(
        "impact_duration",
        "Impact duration",
        _between(*impact_window(incident)),
        "From the beginning of the impact until the monitoring began that led to the resolution; until "
        "the resolution where nothing was monitored.",
    )


def impact_window(incident: Incident) -> tuple[datetime | None, datetime | None]:
    """When the impact began and ended; None is not known, or not yet."""
    end = (incident.monitoring_at or incident.resolved_at) if incident.resolved_at else None
    return incident.started_at, end


def impact_of(incident: Incident, entries: Iterable[Entry]) -> Impact:
    """What was measured last; what the resolution itself says, where that is all there is."""
    found = [entry.data for entry in entries if entry.kind == Kind.IMPACT]
    known = [data for data in found if _number(data.get("failed_requests")) is not None]
    if not found:
        start, end = impact_window(incident)
        return Impact(start, end, incident.failed_requests, incident.coverage)
    # A measurement that got no answer takes nothing away from one that did.
    data = (known or found)[-1]
    return Impact(
        _moment(data.get("start")),
        _moment(data.get("end")),
        _number(data.get("failed_requests")),
        _share(data.get("coverage")),
        _errors(data.get("errors")),
        _every(data.get("every")),
    )


def _severities(incident: Incident, entries: list[Entry]) -> tuple[tuple[Severity | None, timedelta], ...]:
    """Known only between a declaration and a resolution."""
    end = incident.resolved_at
    if incident.declared_at is None or end is None:
        return ()
    spans: dict[Severity | None, timedelta] = {}
    now, since = Incident(incident.id), incident.declared_at
    changes = [entry for entry in entries if entry.kind in (Kind.DECLARED, Kind.SEVERITY)]
    for entry in changes:
        at = min(max(entry.occurred_at, since), end)
        _add(spans, now.severity, at - since)
        now, since = advance(now, entry), at
    _add(spans, now.severity, end - since)
    return tuple(spans.items())


def _add(spans: dict[Severity | None, timedelta], severity: Severity | None, length: timedelta) -> None:
    if length > timedelta(0):
        spans[severity] = spans.get(severity, timedelta()) + length


def _on_time(incident: Incident, entries: list[Entry], every: Mapping[Severity, timedelta]) -> OnTime:
    now = Incident(incident.id)
    due = sent = 0
    last: tuple[str, str, datetime] | None = None
    for entry in entries:
        before, now = now, advance(now, entry)
        if (told := _told(entry)) is None:
            continue
        promised = update_due(before, every)
        again = last is not None and told[:2] == last[:2] and entry.occurred_at - last[2] <= TOGETHER
        last = told
        if promised is not None and not again:
            due += 1
            sent += entry.occurred_at <= promised
    return OnTime(due + _missed(incident, entries, every), sent)


def _missed(incident: Incident, entries: list[Entry], every: Mapping[Severity, timedelta]) -> int:
    """1 where an update was due before the end and never sent."""
    if incident.resolved_at is None:
        return 0
    now = Incident(incident.id)
    for entry in entries:
        after = advance(now, entry)
        if not after.open:
            break
        now = after
    due = update_due(now, every)
    return int(due is not None and due < incident.resolved_at)


def _told(entry: Entry) -> tuple[str, str, datetime] | None:
    """Who was told what, where an update reached anybody."""
    data = entry.data
    reached = entry.kind == Kind.UPDATE and data.get("outcome") in (Told.SENT, Told.COPIED)
    if not reached or data.get("audience") not in ("internal", "external"):
        return None
    return str(data["audience"]), str(data.get("text") or entry.text), entry.occurred_at


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return end - start if start is not None and end is not None and end >= start else None


def _errors(value: Any) -> Errors | None:
    if not isinstance(value, Mapping):
        return None
    start, step, values = _moment(value.get("start")), _number(value.get("step_s")), value.get("values")
    if start is None or not step or not isinstance(values, list | tuple) or not 0 < step < 1e7:
        return None
    return Errors(start, timedelta(seconds=step), tuple(_number(v) for v in values[:MOST_POINTS]))


def _every(value: Any) -> Mapping[Severity, timedelta] | None:
    if not isinstance(value, Mapping):
        return None
    seconds = {level: _number(value.get(level.value)) for level in Severity}
    return {level: timedelta(seconds=s) for level, s in seconds.items() if s and 0 < s < 1e7}


def _share(value: Any) -> float | None:
    number = _number(value)
    return min(number, 1.0) if number is not None else None


def _number(value: Any) -> float | None:
    """A number that can be counted with: neither negative nor infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e18 else None


def _moment(value: Any) -> datetime | None:
    try:
        return parse_rfc3339(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
