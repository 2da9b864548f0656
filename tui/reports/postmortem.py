"""The postmortem, from the record alone. What is not known is `unknown`, never 0 and never left out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2

from tui.model.amending import amended
from tui.model.doers import approved, doer
from tui.model.incident import KEY_KINDS, Entry, Incident, Kind, is_lesser
from tui.model.measures import BEFORE_AND_AFTER, FAILED, ON_TIME, SEVERITIES, Measures, measure
from tui.model.mitigation import told
from tui.model.times import clock, date_and_time, hours_minutes, span
from tui.model.written import ActionItem, Section, Written, with_proposed, written
from tui.reports import appendix
from tui.reports.actions import proposed
from tui.reports.changes import UNKNOWN, Change, changes, held, live
from tui.reports.markdown import code, fenced, md, prose, yaml, yaml_markdown

SCHEMA = "leeward/postmortem/v1"
TO_SET = "to be set"
# What the program words, with the name of who did it.
_NAMES = frozenset({Kind.ACKNOWLEDGED, Kind.COMMANDER})


@dataclass(frozen=True, slots=True)
class PostmortemFacts:
    """What a postmortem is made of.

    Attributes:
        incident: the fold of `entries`.
        entries: the whole record, in any order.
        failed_requests: over the impact window, where it is known better than the record tells.
        coverage: the share (0 to 1) of the impact window for which there are metrics, with it.
    """

    incident: Incident
    entries: tuple[Entry, ...]
    failed_requests: float | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline; `at` None is a milestone of which no time is known."""

    at: datetime | None
    text: str
    milestone: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a postmortem says, in whatever format. Texts are as the record has them: from outside."""

    incident: Incident
    measures: Measures
    written: Written
    error_type: str
    length: timedelta | None
    duration: str
    summary: tuple[str, ...]
    rows: tuple[Row, ...]
    cause: Mapping[str, Any]
    failed_requests: float | None
    coverage: float | None
    failed: str
    changes: tuple[Change, ...]
    actions: tuple[ActionItem, ...]
    messages: tuple[appendix.Sent, ...]
    evidence: tuple[appendix.Kept, ...]
    one_day: bool  # whether a time of the day is enough to tell when


def contents(facts: PostmortemFacts) -> Contents:
    """Everything computed, once for every format."""
    incident, entries = facts.incident, amended(facts.entries)
    measures, people = measure(incident, entries), written(entries)
    failed, coverage = measures.impact.failed_requests, measures.impact.coverage
    if facts.failed_requests is not None:
        failed, coverage = facts.failed_requests, facts.coverage
    rows = _timeline(incident, entries)
    return Contents(
        incident=incident,
        measures=measures,
        written=people,
        error_type=_error_type(incident),
        length=_length(incident),
        duration=_duration(incident),
        summary=tuple(_summary(incident)),
        rows=rows,
        cause=_cause(entries, incident.root_cause),
        failed_requests=failed,
        coverage=coverage,
        failed=_failed(failed, coverage),
        changes=tuple(changes(incident, entries)),
        actions=with_proposed(people.items, proposed(incident, entries, failed)),
        messages=appendix.messages(entries),
        evidence=appendix.evidence(entries),
        one_day=len({row.at.date() for row in rows if row.at}) <= 1,
    )


def markdown(facts: PostmortemFacts) -> str:
    """The postmortem as GitHub's Markdown, with a front matter for programs."""
    return _template().render(schema=SCHEMA, it=contents(facts))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        # Whatever the template prints is escaped unless it says otherwise: nothing can be forgotten.
        finalize=md,
        autoescape=False,  # noqa: S701 - this makes Markdown, which `finalize` escapes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "md": md,
        "code": code,
        "fenced": fenced,
        "prose": prose,
        "yaml": yaml,
        "yaml_markdown": yaml_markdown,
        **WORDS,
    }
    environment.globals |= GLOBALS
    return environment.get_template("postmortem.md.j2")


# How the figures are told to people, in Markdown as in HTML


def number(value: Any) -> str:
    """A measure for a person: three digits that count, or unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:.3g}"


def length(value: timedelta | None) -> str:
    """`19 min`, or unknown."""
    return UNKNOWN if value is None else span(value)


def percent(share: float | None) -> str:
    """`93 %`, or unknown."""
    return UNKNOWN if share is None else f"{share:.0%}".replace("%", " %")


def seconds(value: timedelta | None) -> float | None:
    """For programs."""
    return None if value is None else round(value.total_seconds(), 3)


WORDS = {
    "clock": clock,
    "date_and_time": date_and_time,
    "told": told,
    "number": number,
    "length": length,
    "percent": percent,
    "seconds": seconds,
}
GLOBALS = {
    "unknown": UNKNOWN,
    "to_set": TO_SET,
    "Section": Section,
    "afterwards": (Section.WENT_WELL, Section.WENT_BADLY, Section.BY_LUCK, Section.OPEN_QUESTIONS),
    "definitions": {
        "severities": SEVERITIES,
        "on_time": ON_TIME,
        "failed": FAILED,
        "before_and_after": BEFORE_AND_AFTER,
    },
}


# What is said


def _error_type(incident: Incident) -> str:
    return incident.root_cause_title or UNKNOWN


def _length(incident: Incident) -> timedelta | None:
    if incident.started_at is None or incident.resolved_at is None:
        return None
    return incident.resolved_at - incident.started_at


def _duration(incident: Incident) -> str:
    found = _length(incident)
    if found is not None:
        return hours_minutes(found)
    return f"{UNKNOWN} (not resolved)" if incident.open else UNKNOWN


def _summary(incident: Incident) -> Iterator[str]:
    """Sentences: what it was, when it began, how soon it was seen, held and resolved."""
    yield _sentence(incident.title)
    yield f"The cause: {_sentence(_error_type(incident))}"
    began = incident.started_at
    if began is None:
        return
    yield f"The impact began at {clock(began)} UTC."
    for what, at in (
        ("Somebody responded", incident.acknowledged_at),
        ("The root cause was identified", incident.root_cause_at),
        ("It was mitigated", incident.mitigated_at),
        ("It was resolved", incident.resolved_at),
    ):
        if at is not None:
            yield f"{what} after {span(at - began)}."
    if incident.open:
        yield f"It is not resolved: the status is {incident.status}."
    for applied in incident.mitigations:
        if applied.held:
            yield f"{live(applied)} is {held(applied)}."
    if incident.reason:
        yield f"It was resolved by hand: {_sentence(incident.reason)}"


def _timeline(incident: Incident, told_of: Iterable[Entry]) -> tuple[Row, ...]:
    """Milestones and key entries by the time they happened, then the milestones of which none is known."""
    milestones = [
        Row(incident.alert_at, "Alert fired", True),
        Row(incident.commander_at, "IC assigned", True),
        Row(incident.root_cause_at, "Root cause identified", True),
        Row(incident.mitigated_at, "Mitigated", True),
        Row(incident.resolved_at, "Resolved", True),
    ]
    key = [entry for entry in _by_id(told_of) if entry.kind in KEY_KINDS and not is_lesser(entry)]
    by = approved(incident)
    several = len({doer(entry, by) for entry in key} - {""}) > 1
    entries = (Row(entry.occurred_at, _told(entry, doer(entry, by) if several else "")) for entry in key)
    known = sorted(chain(filter(_known, milestones), entries), key=lambda row: (row.at, row.milestone))
    return (*known, *(row for row in milestones if row.at is None))


def _told(entry: Entry, by: str) -> str:
    """`note by ana: …`, but for a sentence that begins with the name."""
    names = entry.kind in _NAMES and entry.text.startswith((f"{by} ", f"by {by}"))
    return f"{entry.kind} by {by}: {entry.text}" if by and not names else f"{entry.kind}: {entry.text}"


def _known(row: Row) -> bool:
    return row.at is not None


def _cause(entries: Iterable[Entry], cause: str) -> Mapping[str, Any]:
    """The path and the evidence that led to the root cause, from its last diagnosis."""
    kinds = (Kind.DIAGNOSIS, Kind.PINNED)
    found = [e for e in _by_id(entries) if e.kind in kinds and e.data.get("id") == cause and cause]
    if not found:
        return {"path": (), "evidence": (), "pinned_by": ""}
    last = found[-1]
    return {
        "path": tuple(_step(step) for step in _list(last.data, "path")),
        "evidence": tuple(str(item) for item in _list(last.data, "evidence")),
        "pinned_by": last.actor if last.kind == Kind.PINNED else "",
    }


def _step(step: Any) -> str:
    if isinstance(step, Mapping):
        return f"{step.get('question', '')} {step.get('answer', UNKNOWN)}".strip()
    return str(step)


def _failed(failed: float | None, coverage: float | None) -> str:
    if failed is None:
        return UNKNOWN
    count = f"{round(failed):,}"
    if coverage is None:
        return f"{count} (how much of the impact window the metrics cover is {UNKNOWN})"
    least = "" if coverage >= 0.995 else "at least "
    return f"{least}{count} (the metrics cover {percent(coverage)} of the impact window)"


def _by_id(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.id)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
