"""What an update says of the incident, from the record and the latest readings."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tui.model.incident import Applied, Incident, Status
from tui.model.reading import Check
from tui.model.runbook import SeverityRule
from tui.model.severity import Severity
from tui.model.times import clock, span
from tui.notify.templates import Facts
from tui.session.snapshot import Snapshot
from tui.settings import Updates


def facts(
    snapshot: Snapshot,
    now: datetime,
    settings: Updates,
    rules: Mapping[Severity, SeverityRule],
    every: Mapping[Severity, timedelta],
) -> Facts:
    """The facts of an update, now. Without an incident they are those of the one that it would open."""
    incident = snapshot.incident
    severity = incident.severity if incident else snapshot.proposed
    status = incident.status if incident else Status.INVESTIGATING
    interval = every.get(severity) if severity else None
    return Facts(
        severity=severity,
        status=status,
        impact=impact(snapshot, severity, rules),
        action=action(snapshot),
        next_update=now + interval if interval and status is not Status.RESOLVED else None,
        commander=incident.commander if incident else "",
        features=settings.features,
        workaround=settings.workaround,
        at=now,
    )


def impact(snapshot: Snapshot, severity: Severity | None, rules: Mapping[Severity, SeverityRule]) -> str:
    """What users notice: the severity's definition, and what was measured, where it was."""
    incident = snapshot.incident
    if incident is not None and incident.status is Status.RESOLVED:
        return _over(incident)
    rule = rules.get(severity) if severity else None
    words = rule.definition if rule else ""
    parts = (words[:1].upper() + words[1:], _measured(snapshot))
    return "; ".join(part for part in parts if part) or "not known yet"


def action(snapshot: Snapshot) -> str:
    """What is being done: the change that runs, what was changed last, or what is looked into."""
    incident = snapshot.incident
    if incident is not None and incident.status is Status.RESOLVED:
        return "none, it is resolved"
    if snapshot.running:
        running = snapshot.running[0]
        return f"{running.title}, {running.text or running.stage}"
    done = _last_change(incident) if incident else ""
    if incident is not None and incident.status is Status.MONITORING:
        return f"{done}; watching whether it holds" if done else "watching whether it holds"
    title = snapshot.diagnosis.title if snapshot.diagnosis and not snapshot.diagnosis.healthy else ""
    if done:
        return done
    return f"looking into it: {title}" if title else "looking for the cause"


def _over(incident: Incident) -> str:
    if incident.started_at is None or incident.resolved_at is None:
        return "over"
    return f"over, after {span(incident.resolved_at - incident.started_at)}"


def _measured(snapshot: Snapshot) -> str:
    """The share of calls that fail, while that is fresh."""
    held = snapshot.checks.get(Check.ERROR_RATE)
    if held is None or not held.usable(snapshot.at) or held.good is None:
        return ""
    ratio = held.good.facts.get("ratio")
    if not isinstance(ratio, int | float) or isinstance(ratio, bool):
        return ""
    return f"{ratio * 100:.1f} % of calls to Mistral fail"


def _last_change(incident: Incident) -> str:
    live = [one for one in incident.mitigations if _in_force(one)]
    if not live:
        return ""
    last = live[-1]
    judged = f", {last.verdict}" if last.verdict in ("effective", "ineffective", "harmful") else ""
    return f"{last.title}, done at {clock(last.at)} UTC{judged}"


def _in_force(change: Applied) -> bool:
    return change.outcome == "applied" and not change.undone and not change.undoes
