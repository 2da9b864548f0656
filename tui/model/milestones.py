"""The milestones of an incident: what a person may say of them, in which order they lie, how they are typed.

Most are told by the entries. A person may set or correct each by a new entry, which then stands over
what the entries tell.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tui.model.incident import Corrected, Incident

HOW = "Write 15:03, 15:03:11, 2026-11-23 15:03 or 20 min ago, in UTC."


class Milestone(StrEnum):
    """In the order in which they are shown. Values are part of the journal's format."""

    IMPACT_STARTED = "impact_started"
    ALERT_FIRED = "alert_fired"
    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    COMMANDER_ASSIGNED = "commander_assigned"
    ROOT_CAUSE_IDENTIFIED = "root_cause_identified"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"

    @property
    def words(self) -> str:
        """`Impact started`."""
        return self.value.replace("_", " ").capitalize()


FIELDS: Mapping[Milestone, str] = MappingProxyType(
    {
        Milestone.IMPACT_STARTED: "started_at",
        Milestone.ALERT_FIRED: "alert_at",
        Milestone.DETECTED: "detected_at",
        Milestone.ACKNOWLEDGED: "acknowledged_at",
        Milestone.COMMANDER_ASSIGNED: "commander_at",
        Milestone.ROOT_CAUSE_IDENTIFIED: "root_cause_at",
        Milestone.MITIGATED: "mitigated_at",
        Milestone.RESOLVED: "resolved_at",
    }
)

# The first lies at or before the second. What is not here may come in either order: a person may notice
# before the alert fires, and what is not yet understood may be mitigated.
_FIRST, _LAST = Milestone.IMPACT_STARTED, Milestone.RESOLVED
ORDER: tuple[tuple[Milestone, Milestone], ...] = (
    *((_FIRST, later) for later in Milestone if later is not _FIRST),
    *((earlier, _LAST) for earlier in Milestone if earlier not in (_FIRST, _LAST)),
    (Milestone.DETECTED, Milestone.ACKNOWLEDGED),
    (Milestone.DETECTED, Milestone.COMMANDER_ASSIGNED),
    (Milestone.DETECTED, Milestone.ROOT_CAUSE_IDENTIFIED),
    (Milestone.DETECTED, Milestone.MITIGATED),
    (Milestone.ACKNOWLEDGED, Milestone.COMMANDER_ASSIGNED),
)


class WrongTime(Exception):
    """What was typed is no time, or cannot be the milestone's; `said` and `remedy` are whole sentences."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(f"{said} {remedy}")
        self.said = said
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Typed:
    """A moment as a person typed it; `minute` where no seconds were given: it means any of that minute."""

    at: datetime
    minute: bool = False


# Of an incident


def times(incident: Incident) -> dict[Milestone, datetime | None]:
    """When each was; None is unknown."""
    return {milestone: getattr(incident, field) for milestone, field in FIELDS.items()}


def is_corrected(incident: Incident, milestone: Milestone) -> bool:
    """Whether a person has set it."""
    return any(one.name == milestone for one in incident.corrected)


def set_to(incident: Incident, milestone: Milestone, at: datetime | None) -> Incident:
    """The incident in which a person says so; `at` None leaves it to what the entries tell again."""
    without = dropped(incident, milestone)
    return replace(without, corrected=(*without.corrected, Corrected(milestone, at))) if at else without


def dropped(incident: Incident, milestone: Milestone) -> Incident:
    """The incident in which a person says nothing of it."""
    return replace(incident, corrected=tuple(one for one in incident.corrected if one.name != milestone))


def as_derived(incident: Incident) -> Incident:
    """The incident with the milestones as the entries alone tell them."""
    if not incident.corrected:
        return incident
    changes: dict[str, Any] = {_field(one): one.derived for one in incident.corrected}
    return replace(incident, **changes)


def laid_over(incident: Incident) -> Incident:
    """The incident with what a person said of its milestones over what the entries tell."""
    if not incident.corrected:
        return incident
    changes: dict[str, Any] = {_field(one): one.at for one in incident.corrected}
    kept = tuple(replace(one, derived=getattr(incident, _field(one))) for one in incident.corrected)
    return replace(incident, corrected=kept, **changes)


def _field(one: Corrected) -> str:
    return FIELDS[Milestone(one.name)]


def placed(incident: Incident, milestone: Milestone, typed: Typed, now: datetime) -> datetime:
    """The moment that may stand as this milestone. Raises WrongTime, naming the two that are out of order.

    A time without seconds that lies in the minute of the one before is that one's moment.
    """
    known = {other: at for other, at in times(incident).items() if at is not None and other is not milestone}
    before = [(known[one], one) for one, other in ORDER if other is milestone and one in known]
    after = [(known[other], other) for one, other in ORDER if one is milestone and other in known]
    at = typed.at
    if before:
        latest, which = max(before)
        if typed.minute and at < latest < at + timedelta(minutes=1):
            at = latest
        if at < latest:
            raise _disordered(milestone, at, "before", which, latest)
    if after:
        earliest, which = min(after)
        if at > earliest:
            raise _disordered(milestone, at, "after", which, earliest)
    if at > now:
        raise WrongTime(f"{told(at)} is in the future.", f"A milestone is what has happened. {HOW}")
    return at


def _disordered(
    milestone: Milestone, at: datetime, word: str, other: Milestone, other_at: datetime
) -> WrongTime:
    said = f"{milestone.words} at {told(at)} would be {word} {_named(other)} at {told(other_at)}."
    return WrongTime(said, f"Give another time, or correct {_named(other)} first.")


def _named(milestone: Milestone) -> str:
    return milestone.words[:1].lower() + milestone.words[1:]


# As it is written


def told(at: datetime) -> str:
    """`2026-11-23 15:03:11 UTC`; without the seconds where there are none."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at.second or at.microsecond else f"{at:%Y-%m-%d %H:%M} UTC"


# As it is typed

_ZONE = re.compile(r"\s*(?:utc|gmt|z)$")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:\s+|t)(\S+))?", re.ASCII)
_AGO = re.compile(r"((?:\d{1,6}\s*[a-z]+\s*)+)ago", re.ASCII)
_PART = re.compile(r"(\d{1,6})\s*([a-z]+)", re.ASCII)
_UNITS: Iterable[tuple[timedelta, str]] = (
    (timedelta(seconds=1), "s sec secs second seconds"),
    (timedelta(minutes=1), "m min mins minute minutes"),
    (timedelta(hours=1), "h hr hrs hour hours"),
    (timedelta(days=1), "d day days"),
)
_LENGTHS = {word: length for length, words in _UNITS for word in words.split()}


def typed(text: str, now: datetime) -> Typed:
    """The moment that a person means, in UTC; a time without a day is the nearest past one.

    Raises WrongTime.
    """
    words = " ".join(text.lower().split())
    if words == "now":
        return Typed(now)
    plain = _ZONE.sub("", words)
    if (found := _AGO.fullmatch(plain)) is not None:
        return Typed(now - _length(found[1], text, now))
    if (found := _DAY.fullmatch(plain)) is not None:
        return _on_day(found, text)
    if (found := _CLOCK.fullmatch(plain)) is not None:
        return _nearest_past(found, text, now)
    raise WrongTime(f"{text.strip()!r} is no time." if words else "No time was typed.", HOW)


def _on_day(found: re.Match[str], text: str) -> Typed:
    if found[4] is None:
        raise WrongTime(f"{text.strip()!r} has a day and no time.", HOW)
    at = _CLOCK.fullmatch(found[4])
    if at is None:
        raise WrongTime(f"{text.strip()!r} has no time of day that can be read.", HOW)
    try:
        day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC).date()
    except ValueError:
        raise WrongTime(f"{text.strip()!r} is no day of the calendar.", HOW) from None
    return Typed(datetime.combine(day, _time(at, text), UTC), minute=at[3] is None)


def _nearest_past(found: re.Match[str], text: str, now: datetime) -> Typed:
    now = now.astimezone(UTC)
    at = datetime.combine(now.date(), _time(found, text), UTC)
    return Typed(at if at <= now else at - timedelta(days=1), minute=found[3] is None)


def _time(found: re.Match[str], text: str) -> time:
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise WrongTime(f"{text.strip()!r} is no time of day.", HOW) from None


def _length(parts: str, text: str, now: datetime) -> timedelta:
    total = timedelta()
    try:
        for count, unit in _PART.findall(parts):
            total += int(count) * _LENGTHS[unit]
        _ = now - total
    except KeyError as unit:
        raise WrongTime(
            f"{unit.args[0]!r} is no unit of time.", "Write s, min, h or d: 20 min ago."
        ) from None
    except OverflowError:
        raise WrongTime(f"{text.strip()!r} is too long ago.", HOW) from None
    return total
