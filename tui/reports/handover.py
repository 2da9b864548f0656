"""The page for the next shift: what it is, what was tried, what is live, what is not known, what comes next.

All of it is from the record; what the record alone cannot tell is given as facts, or said to be unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tui.model.incident import Applied, Entry, Incident, Kind, Status
from tui.model.measures import impact_of
from tui.model.milestones import Milestone, times
from tui.model.mitigation import Lease, told
from tui.model.severity_history import history
from tui.model.text import clean
from tui.model.times import clock, date_and_time, span
from tui.model.update import Told
from tui.model.written import Section as Writing
from tui.model.written import with_proposed, written
from tui.reports import appendix
from tui.reports.actions import proposed
from tui.reports.changes import changes
from tui.reports.markdown import md

if TYPE_CHECKING:
    from tui.model.runbook import Diagnosis

NOTES = 5
# Nobody can tell the last two before it is over.
_ASKED = tuple(m for m in Milestone if m not in (Milestone.MITIGATED, Milestone.RESOLVED))


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """What the page is made of.

    Attributes:
        incident: the fold of `entries`.
        entries: the whole record, as it is to be read now.
        now: the moment of the page.
        impact: what users notice, in words; "" is unknown.
        standing: how each check stands, a name, a state and a few words each.
        looked: whether `standing` and `leases` are as seen now; else they are as recorded.
        leases: the temporary changes that are seen on the object.
        diagnosis: the one that stands, from the runbook; None where there is none.
        titles: what each mitigation of the runbook is called.
        update_due: when people are to be told next; None where nobody waits for it.
        unsent: messages that have not arrived, a sentence each.
        resolvable_at: when the monitoring hold ends; None unless monitoring.
    """

    incident: Incident
    entries: tuple[Entry, ...]
    now: datetime
    impact: str = ""
    standing: tuple[tuple[str, str, str], ...] = ()
    looked: bool = False
    leases: tuple[Lease, ...] = ()
    diagnosis: "Diagnosis | None" = None
    titles: Mapping[str, str] = field(default_factory=dict)
    update_due: datetime | None = None
    unsent: tuple[str, ...] = ()
    resolvable_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page: its heading, and its lines, each a text of one line."""

    title: str
    lines: tuple[str, ...]


def handover(facts: HandoverFacts) -> tuple[Part, ...]:
    """The page. No part is left out: one of which there is nothing to tell says so."""
    parts = (
        ("Incident", _incident(facts), ""),
        ("Impact", _impact(facts), "unknown"),
        ("Command", _command(facts), "nobody has command"),
        ("Tried", _tried(facts), "nothing was changed yet"),
        ("Still live", _live(facts), "no temporary change is known to be live"),
        ("Not known", _unknown(facts), "nothing that is asked for"),
        ("Open action items", _items(facts), "none"),
        ("Updates", _updates(facts), "nobody was told yet"),
        ("Evidence", _evidence(facts), "none was collected"),
        ("Last notes", _notes(facts), "none"),
        ("Next step", _next(facts), "unknown: no diagnosis stands"),
    )
    return tuple(Part(title, tuple(map(clean, lines)) or (none,)) for title, lines, none in parts)


def text(facts: HandoverFacts) -> str:
    """The page as plain text."""
    blocks = [
        "\n".join((part.title.upper(), *(f"  {line}" for line in part.lines))) for part in handover(facts)
    ]
    return (
        "\n\n".join((f"Handover of {clean(facts.incident.id)}, {date_and_time(facts.now)}", *blocks)) + "\n"
    )


def markdown(facts: HandoverFacts) -> str:
    """The page as Markdown, for a chat or a ticket."""
    blocks = [
        "\n".join((f"## {part.title}", "", *(f"- {md(line)}" for line in part.lines)))
        for part in handover(facts)
    ]
    return "\n\n".join((f"# Handover of {md(facts.incident.id)}, {date_and_time(facts.now)}", *blocks)) + "\n"


def _incident(facts: HandoverFacts) -> Iterator[str]:
    incident, now = facts.incident, facts.now
    yield incident.title + (" (a drill)" if incident.drill else "")
    severity = str(incident.severity or "no severity")
    changed = history(facts.entries)
    since = f", set {clock(changed[-1].at)} UTC by {changed[-1].by}" if changed else ""
    why = f" ({changed[-1].why})" if len(changed) > 1 and changed[-1].why else ""
    yield f"{severity}{since}{why}; status {incident.status}"
    if incident.started_at is not None:
        end = incident.resolved_at or now
        lasts = "lasted" if incident.resolved_at else "for"
        yield f"began {date_and_time(incident.started_at)}, {lasts} {span(end - incident.started_at)}"
    if incident.root_cause:
        found = f" since {clock(incident.root_cause_at)} UTC" if incident.root_cause_at else ""
        yield f"cause: {incident.root_cause_title or incident.root_cause}{found}"


def _impact(facts: HandoverFacts) -> Iterator[str]:
    if facts.impact:
        yield facts.impact
    seen = "now" if facts.looked else "as last recorded"
    for name, state, summary in facts.standing:
        if state in ("fail", "warn"):
            yield f"{name}: {state}{f', {summary}' if summary else ''} ({seen})"
    failed = impact_of(facts.incident, facts.entries).failed_requests
    if failed is not None:
        yield f"failed requests, as last measured: {round(failed):,}"


def _command(facts: HandoverFacts) -> Iterator[str]:
    """Who has command since when, who had it before, who declared and who responded."""
    incident = facts.incident
    roles = sorted(facts.entries, key=lambda entry: entry.id)
    taken = [entry for entry in roles if entry.kind in (Kind.COMMANDER, Kind.HANDOVER)]
    if incident.commander:
        since = f" since {clock(taken[-1].occurred_at)} UTC" if taken else ""
        yield f"commander: {incident.commander}{since}"
    for entry in taken:
        yield f"{clock(entry.occurred_at)} {entry.text}"
    for kind, role in ((Kind.DECLARED, "declared"), (Kind.ACKNOWLEDGED, "first response")):
        first = next((entry for entry in roles if entry.kind == kind), None)
        if first is not None:
            yield f"{role} by {first.actor}, {clock(first.occurred_at)} UTC"


def _tried(facts: HandoverFacts) -> Iterator[str]:
    for change in changes(facts.incident, facts.entries):
        one = change.applied
        if one.decides:
            continue
        moved = f" ({one.variable} {told(one.before)} → {told(one.after)})" if one.variable else ""
        verdict = f"; verdict {change.verdict}" if one.verdict else "; no verdict yet" if one.unjudged else ""
        yield f"{clock(one.at)} {one.title}{moved} by {change.by}: {change.outcome}{verdict}"
        yield from (f"{clock(one.at)} {one.title}, taken back {undo}" for undo in change.undos)


def _live(facts: HandoverFacts) -> Iterator[str]:
    for lease in facts.leases:
        seen = lease.seen
        if not lease.ours:
            by = f" by {lease.overwritten_by}" if lease.overwritten_by else ""
            yield f"{seen.variable}={told(seen.value)} was overwritten{by}: now {told(seen.live)}"
            continue
        over = ", which is over" if seen.until <= facts.now else ""
        other = f", of {seen.incident}" if seen.incident != facts.incident.id else ""
        until = date_and_time(seen.until)
        yield f"{seen.variable}={told(seen.value)}, held by {seen.owner} until {until}{over}{other}"
    if facts.looked:
        return
    for change in _leased(facts.incident):
        until = date_and_time(change.lease_until) if change.lease_until else "unknown"
        owner = change.lease_owner or "unknown"
        yield f"{change.variable}={told(change.after)}, held by {owner} until {until} (as recorded)"


def _leased(incident: Incident) -> tuple[Applied, ...]:
    """The changes whose lease is not known to have been taken back."""
    return tuple(
        change
        for change in incident.mitigations
        if change.lease in ("taken", "kept", "ended") and change.outcome == "applied" and not change.undone
    )


def _unknown(facts: HandoverFacts) -> Iterator[str]:
    incident = facts.incident
    for change in incident.unsettled:
        yield f"what became of {change.title}, sent {clock(change.at)} UTC: its answer was lost"
    for change in incident.mitigations:
        if change.unjudged and change.settled:
            yield f"what {change.title} did: it has no verdict yet"
        if change.verdict == "unknown":
            yield f"what {change.title} did: {change.verdict_text or 'it could not be measured'}"
    known = times(incident)
    missing = [milestone.words.lower() for milestone in _ASKED if known[milestone] is None]
    if missing:
        yield f"when: {', '.join(missing)}"
    silent = [name for name, state, _ in facts.standing if state == "unknown"]
    if silent:
        yield f"how these stand: {', '.join(silent)}"
    if not facts.looked:
        yield "how anything stands now: this page is from the record alone"
    questions = written(facts.entries).text(Writing.OPEN_QUESTIONS)
    yield from (line.strip().removeprefix("- ") for line in questions.splitlines() if line.strip())


def _items(facts: HandoverFacts) -> Iterator[str]:
    incident = facts.incident
    # What was failing is counted at the end: while it is open that is nobody's to do.
    failed = 0.0 if incident.open else impact_of(incident, facts.entries).failed_requests
    for item in with_proposed(written(facts.entries).items, proposed(incident, facts.entries, failed)):
        more = (item.priority, item.owner and f"owner {item.owner}", item.due and f"due {item.due}")
        said = ", ".join(part for part in more if part)
        yield f"{item.action}{f' ({said})' if said else ''}"


def _updates(facts: HandoverFacts) -> Iterator[str]:
    last = [entry for entry in facts.entries if _reached(entry)][-1:]
    for entry in last:
        yield f"last: {clock(entry.occurred_at)} UTC, {entry.text}"
    due = facts.update_due
    if due is not None:
        late = f"overdue by {span(facts.now - due)}" if due <= facts.now else f"in {span(due - facts.now)}"
        yield f"next is due {clock(due)} UTC, {late}"
    yield from facts.unsent


def _reached(entry: Entry) -> bool:
    told_them = entry.kind == Kind.UPDATE and entry.data.get("outcome") in (Told.SENT, Told.COPIED)
    return told_them and entry.data.get("audience") in ("internal", "external")


def _evidence(facts: HandoverFacts) -> Iterator[str]:
    """Where each archive lies: it stays on the machine that collected it."""
    for kept in appendix.evidence(facts.entries):
        where = f" on {kept.host}" if kept.host else ""
        yield f"{clock(kept.at)} {kept.path}{where}, by {kept.by}, sha256 {kept.sha256[:12]}"


def _notes(facts: HandoverFacts) -> Iterator[str]:
    notes = [entry for entry in facts.entries if entry.kind == Kind.NOTE and not entry.redacted]
    for entry in notes[-NOTES:]:
        yield f"{clock(entry.occurred_at)} {entry.actor}: {entry.text}"


def _next(facts: HandoverFacts) -> Iterable[str]:
    """What to do first: what is left open, then what the diagnosis asks for."""
    incident = facts.incident
    if not incident.open:
        return ["it is resolved: read the postmortem through, and give each action item an owner"]
    steps = [f"resume it: {one.title} is then compared with the cluster" for one in incident.unsettled]
    steps += [
        f"wait for the verdict of {one.title}" for one in incident.mitigations if one.unjudged and one.settled
    ]
    if facts.update_due is not None and facts.update_due <= facts.now:
        steps.append("tell people: the update is overdue (u)")
    if incident.status is Status.MONITORING and facts.resolvable_at is not None:
        left = facts.resolvable_at - facts.now
        hold = (
            f"watch until {clock(facts.resolvable_at)} UTC"
            if left.total_seconds() > 0
            else "the hold is over"
        )
        steps.append(f"{hold}; then resolve it (i)")
    return [*steps, *_by_diagnosis(facts)]


def _by_diagnosis(facts: HandoverFacts) -> Iterator[str]:
    found = facts.diagnosis
    if found is None:
        return
    yield f"diagnosis: {found.title}"
    yield from found.do
    tried = {one.mitigation: one for one in facts.incident.mitigations if not (one.undoes or one.decides)}
    for name in found.mitigations:
        title = facts.titles.get(name, name)
        if name not in tried:
            yield f"not tried yet: {title} (m)"
        elif tried[name].verdict in ("ineffective", "harmful"):
            yield f"tried, and {tried[name].verdict}: {title}"
