"""Past incidents compared: how many, how long each step took, and which were like another."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from tui.model.incident import Entry, Incident, Kind
from tui.model.measures import measure

# The times that are compared; `measures` has their definitions.
COMPARED = ("time_to_detect", "time_to_acknowledge", "time_to_mitigate", "time_to_repair")
NO_CAUSE = "unknown"


@dataclass(frozen=True, slots=True)
class Past:
    """An incident with its record, as it is to be read now."""

    incident: Incident
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """A time over several incidents: of how many it is known, the middle one, the shortest, the longest."""

    id: str
    name: str
    definition: str
    known: int
    of: int
    median: timedelta | None
    low: timedelta | None
    high: timedelta | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several incidents; each count is by a word, the most frequent first."""

    count: int
    open: int
    severities: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[str, int], ...]
    diagnoses: tuple[tuple[str, int], ...]
    spreads: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like another an incident was, from 0 to 1, why, and which changes were measured effective in it."""

    incident: Incident
    share: float
    why: tuple[str, ...]
    helped: tuple[str, ...]


def compare(told: Sequence[Past]) -> Comparison:
    """Counts, and the middle and the range of each time. What is unknown of one is left out, and said."""
    incidents = [one.incident for one in told]
    return Comparison(
        len(told),
        sum(incident.open for incident in incidents),
        _counts(str(incident.severity or "none") for incident in incidents),
        _counts(str(incident.status) for incident in incidents),
        _counts(cause(incident) for incident in incidents),
        tuple(_spreads(told)),
    )


def cause(incident: Incident) -> str:
    """The id of its diagnosis: of its cause, else of the one that stands."""
    return incident.root_cause or incident.diagnosis or NO_CAUSE


def similar(to: Past, others: Iterable[Past]) -> tuple[Likeness, ...]:
    """The others by how like they were, the most like first; what has nothing in common is left out."""
    found = (_likeness(to, other) for other in others if other.incident.id != to.incident.id)
    return tuple(sorted((one for one in found if one.why), key=lambda one: (-one.share, one.incident.id)))


def _counts(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def _spreads(told: Sequence[Past]) -> Iterable[Spread]:
    # What nobody measured has its definition all the same.
    empty = {one.id: one for one in measure(Incident(""), ()).lengths}
    measured = [{one.id: one.value for one in measure(each.incident, each.entries).lengths} for each in told]
    for name in COMPARED:
        known = sorted(value for each in measured if (value := each[name]) is not None)
        length = empty[name]
        middle = timedelta(seconds=median(v.total_seconds() for v in known)) if known else None
        low, high = (known[0], known[-1]) if known else (None, None)
        yield Spread(name, length.name, length.definition, len(known), len(told), middle, low, high)


# What incidents may have in common, and how much it counts.
_CAUSE, _CHECKS, _ALERTS, _ANSWERS = 0.5, 0.2, 0.15, 0.15


def _likeness(to: Past, other: Past) -> Likeness:
    why: list[str] = []
    share = 0.0
    same = cause(to.incident)
    if same == cause(other.incident) and same not in (NO_CAUSE, "healthy"):
        share += _CAUSE
        why.append(f"same diagnosis: {same}")
    for weight, what, symptoms in (
        (_CHECKS, "failed", failed_checks),
        (_ALERTS, "alerts", alert_names),
        (_ANSWERS, "answers", answers),
    ):
        ours, theirs = symptoms(to.entries), symptoms(other.entries)
        both = ours & theirs
        if both:
            share += weight * len(both) / len(ours | theirs)
            why.append(f"{what}: {', '.join(sorted(both))}")
    helped = tuple(
        change.title
        for change in other.incident.mitigations
        if change.verdict == "effective" and not change.undoes
    )
    return Likeness(other.incident, round(share, 3), tuple(why), tuple(dict.fromkeys(helped)))


def failed_checks(entries: Iterable[Entry]) -> frozenset[str]:
    """The checks that failed or warned."""
    bad = ("fail", "warn")
    return frozenset(
        str(entry.data.get("check"))
        for entry in entries
        if entry.kind == Kind.STATE and entry.data.get("to") in bad and entry.data.get("check")
    )


def alert_names(entries: Iterable[Entry]) -> frozenset[str]:
    """The alerts that fired, by their names."""
    names = (entry.data.get("name") for entry in entries if entry.kind == Kind.ALERT)
    return frozenset(name for name in names if isinstance(name, str) and name)


def answers(entries: Iterable[Entry]) -> frozenset[str]:
    """What the decision tree answered on the way to each diagnosis that was something wrong."""
    found: set[str] = set()
    for entry in entries:
        path = entry.data.get("path")
        if entry.kind != Kind.DIAGNOSIS or entry.data.get("healthy") is True or not isinstance(path, list):
            continue
        found |= {str(step["answer"]) for step in path if isinstance(step, dict) and step.get("answer")}
    return frozenset(found - {"yes", "no", "unknown"})
