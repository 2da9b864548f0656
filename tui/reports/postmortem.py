"""The postmortem, from the record alone. What is not known is `unknown`, never 0 and never left out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2

from tui.model.incident import KEY_KINDS, Applied, Entry, Incident, Kind
from tui.model.mitigation import told
from tui.model.times import clock, date_and_time, hours_minutes, span
from tui.reports.markdown import code, fenced, md, yaml

SCHEMA = "leeward/postmortem/v1"
UNKNOWN = "unknown"
ACTION = "action:"


@dataclass(frozen=True, slots=True)
class PostmortemFacts:
    """What a postmortem is made of.

    Attributes:
        incident: the fold of `entries`.
        entries: the whole record, in any order.
        failed_requests: over the impact window, from the metrics; None is unknown.
        coverage: the share (0 to 1) of the impact window for which there are metrics.
        users_affected: where anybody counted them.
    """

    incident: Incident
    entries: tuple[Entry, ...]
    failed_requests: float | None = None
    coverage: float | None = None
    users_affected: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline; `at` None is a milestone of which no time is known."""

    at: datetime | None
    text: str
    milestone: bool = False


@dataclass(frozen=True, slots=True)
class ActionItem:
    """A line of the action items."""

    priority: str
    action: str
    owner: str
    due: str


def markdown(facts: PostmortemFacts) -> str:
    """The postmortem as GitHub's Markdown, with a front matter for programs."""
    incident = facts.incident
    return _template().render(
        schema=SCHEMA,
        facts=facts,
        incident=incident,
        error_type=_error_type(incident),
        duration=_duration(incident),
        summary=tuple(_summary(facts)),
        rows=_timeline(facts),
        one_day=_one_day(facts),
        cause=_cause(facts.entries, incident.root_cause),
        failed=_failed(facts.failed_requests, facts.coverage),
        mitigations=tuple(_mitigations(facts)),
        actions=tuple(_actions(facts)),
    )


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
        "yaml": yaml,
        "clock": clock,
        "told": told,
        "number": _number,
    }
    environment.globals["unknown"] = UNKNOWN
    return environment.get_template("postmortem.md.j2")


def _error_type(incident: Incident) -> str:
    return incident.root_cause_title or UNKNOWN


def _length(incident: Incident) -> timedelta | None:
    if incident.started_at is None or incident.resolved_at is None:
        return None
    return incident.resolved_at - incident.started_at


def _duration(incident: Incident) -> str:
    length = _length(incident)
    if length is not None:
        return hours_minutes(length)
    return f"{UNKNOWN} (not resolved)" if incident.open else UNKNOWN


def _summary(facts: PostmortemFacts) -> Iterator[str]:
    """Sentences: what it was, when it began, how soon it was seen, held and resolved."""
    incident = facts.incident
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
            yield f"{_live(applied)} is {_held(applied)}."
    if incident.reason:
        yield f"It was resolved by hand: {_sentence(incident.reason)}"


def _timeline(facts: PostmortemFacts) -> tuple[Row, ...]:
    """Milestones and key entries by the time they happened, then the milestones of which none is known."""
    incident = facts.incident
    milestones = [
        Row(incident.alert_at, "Alert fired", True),
        Row(incident.commander_at, "IC assigned", True),
        Row(incident.root_cause_at, "Root cause identified", True),
        Row(incident.mitigated_at, "Mitigated", True),
        Row(incident.resolved_at, "Resolved", True),
    ]
    entries = (
        Row(entry.occurred_at, f"{entry.kind}: {entry.text}")
        for entry in _by_id(facts.entries)
        if entry.kind in KEY_KINDS
    )
    known = sorted(chain(filter(_known, milestones), entries), key=lambda row: (row.at, row.milestone))
    return (*known, *(row for row in milestones if row.at is None))


def _known(row: Row) -> bool:
    return row.at is not None


def _one_day(facts: PostmortemFacts) -> bool:
    return len({row.at.date() for row in _timeline(facts) if row.at}) <= 1


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
    share = f"{coverage:.0%}".replace("%", " %")
    return (
        f"{'' if coverage >= 0.995 else 'at least '}{count} (the metrics cover {share} of the impact window)"
    )


def _mitigations(facts: PostmortemFacts) -> Iterator[Mapping[str, Any]]:
    """The changes in their order, each with its undos; an undo of another incident's stands by itself."""
    changes = facts.incident.mitigations
    own = {applied.intent for applied in changes}
    for applied in changes:
        if applied.undoes not in own:
            undos = tuple(_undo(undo, facts.entries) for undo in changes if undo.undoes == applied.intent)
            yield {**_mitigation(applied, facts.entries), "undos": undos}


def _undo(undo: Applied, entries: Iterable[Entry]) -> str:
    """`by ana, 15:40: applied: MAX_CONCURRENT_MISTRAL 3 → 10`."""
    made = _mitigation(undo, entries)
    return f"by {made['by']}, {clock(undo.at)}: {made['outcome']}"


def _mitigation(applied: Applied, entries: Iterable[Entry]) -> Mapping[str, Any]:
    """A mitigation with what its entries say of it: commands, target, measures, lease."""
    own = {entry.kind: entry for entry in _by_id(entries) if _is_about(entry, applied.intent)}
    intent = own[Kind.INTENT].data if Kind.INTENT in own else {}
    verdict = own[Kind.VERDICT].data if Kind.VERDICT in own else {}
    outcome = own.get(Kind.SETTLED) or own.get(Kind.OUTCOME)
    return {
        "applied": applied,
        "by": own[Kind.INTENT].actor if Kind.INTENT in own else UNKNOWN,
        "target": _target(intent.get("target")),
        "diff": "\n".join(str(line) for line in _list(intent, "diff")),
        "apply_by_hand": _string(intent, "apply_by_hand"),
        "undo_by_hand": _string(intent, "undo_by_hand"),
        "outcome": _told(applied.outcome, outcome.text if outcome else ""),
        "verdict": _told(applied.verdict, applied.verdict_text),
        "held": _held(applied) if applied.held else "",
        "measures": tuple(_measure(m) for m in _list(verdict, "measures") if isinstance(m, Mapping)),
    }


def _told(word: str, text: str) -> str:
    """A word and the sentence that goes with it, without saying it twice."""
    if not word or not text:
        return word or text or UNKNOWN
    return text if text.lower().startswith(word.lower()) else f"{word}: {text}"


def _measure(measure: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "what": measure.get("what") or measure.get("query") or UNKNOWN,
        "unit": measure.get("unit") or "",
        "before": measure.get("before"),
        "after": measure.get("after"),
    }


def _is_about(entry: Entry, intent: str) -> bool:
    return entry.id == intent or entry.data.get("intent") == intent


def _target(target: Any) -> str:
    if not isinstance(target, Mapping):
        return UNKNOWN
    parts = [str(target[key]) for key in ("context", "namespace", "deployment") if target.get(key)]
    return " / ".join(parts) or UNKNOWN


def _actions(facts: PostmortemFacts) -> Iterator[ActionItem]:
    """What people wrote down (`action: …` notes), and what the record itself leaves to do."""
    incident = facts.incident
    for entry in _by_id(facts.entries):
        if entry.kind == Kind.NOTE and entry.text.lower().startswith(ACTION):
            yield ActionItem("to be set", entry.text[len(ACTION) :].strip(), entry.actor, "to be set")
    for applied in incident.mitigations:
        if applied.lease in ("taken", "kept", "ended") and not applied.undone:
            change = f"{applied.variable} is still {told(applied.after)}"
            until = date_and_time(applied.lease_until) if applied.lease_until else "to be set"
            owner = applied.lease_owner or incident.commander or "to be set"
            yield ActionItem("P2", f"{change}: undo it, or declare it for good", owner, until)
        if applied.kind == "rotate-key" and applied.stands and not (applied.undone or applied.undoes):
            what = f"Revoke {told(applied.before)} once nothing uses it, and remove the store's copy of it"
            yield ActionItem("P2", what, incident.commander or "to be set", "to be set")
        if (
            applied.kind == "rollback"
            and applied.outcome == "applied"
            and not (applied.undone or applied.undoes)
        ):
            action = f"{applied.title}: mend the release that was taken back, and declare what runs now"
            yield ActionItem("P2", action, incident.commander or "to be set", "to be set")
    if incident.alert_at is None:
        yield ActionItem("P3", "No alert fired: add one that would have", "to be set", "to be set")
    if facts.failed_requests is None:
        action = "Failed requests are unknown: see that the metrics cover the next incident"
        yield ActionItem("P4", action, "to be set", "to be set")


def _live(applied: Applied) -> str:
    return f"{applied.variable}={told(applied.after)}"


def _held(applied: Applied) -> str:
    """`held by alice until 2026-11-23 17:22 UTC`."""
    until = date_and_time(applied.lease_until) if applied.lease_until else UNKNOWN
    return f"held by {applied.lease_owner or UNKNOWN} until {until}"


def _by_id(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.id)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _string(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _number(value: Any) -> str:
    """A measure for a person: three digits that count, or unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:.3g}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
