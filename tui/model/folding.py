"""The fold: what each kind of entry does to an incident. docs/journal.md has the keys of their data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tui.model.amending import amended
from tui.model.incident import NO_TITLE, Applied, Entry, Incident, Kind, Status
from tui.model.milestones import Milestone, as_derived, dropped, is_corrected, laid_over, set_to
from tui.model.mitigation import VerdictKind
from tui.model.severity import Severity
from tui.model.times import clock, parse_rfc3339

NO_CAUSE = ("", "healthy", "unknown")

Step = Callable[[Incident, Entry], Incident]


def fold(incident_id: str, entries: Iterable[Entry]) -> Incident:
    """The incident that these entries add up to. Unknown kinds change nothing.

    Data that is missing or of another type changes nothing either: a journal may come from a
    later version or from a damaged disk. docs/journal.md has the table of the kinds' data.
    Each entry counts as it is to be read now: with the moment of its correction, without what was redacted.
    """
    incident = Incident(incident_id)
    for entry in sorted(amended(entries), key=lambda entry: entry.id):
        incident = advance(incident, entry)
    return incident


def advance(incident: Incident, entry: Entry) -> Incident:
    """The incident after one more entry, recorded after those that it already tells of.

    A correction and a redaction change what was folded before them: `fold` all entries anew.
    """
    step = steps.get(entry.kind)
    if step is None:
        return incident
    # What a person says of a milestone stands over what the entries tell, whatever comes later.
    return laid_over(step(as_derived(incident), entry))


def _declared(incident: Incident, entry: Entry) -> Incident:
    began = _moment(entry.data, "started_at") or entry.occurred_at
    title = _text(entry.data, "title")
    incident = replace(
        _started(incident, began),
        declared_at=_earliest(incident.declared_at, entry.occurred_at),
        detected_at=_earliest(incident.detected_at, entry.occurred_at),
        title=title or incident.title,
        severity=_severity(entry.data, "severity") or incident.severity,
        drill=entry.data.get("drill") is True or incident.drill,
    )
    return _caused(incident, entry, _text(entry.data, "diagnosis"), "")


def _alert(incident: Incident, entry: Entry) -> Incident:
    if _text(entry.data, "event") == "ended":
        return incident
    fired = _moment(entry.data, "starts_at") or entry.occurred_at
    fingerprint = _text(entry.data, "fingerprint")
    return replace(
        _started(incident, fired),
        alert_at=_earliest(incident.alert_at, fired),
        detected_at=_earliest(incident.detected_at, fired),
        alerts=incident.alerts | {fingerprint} if fingerprint else incident.alerts,
    )


def _state(incident: Incident, entry: Entry) -> Incident:
    failing = _text(entry.data, "to") == "fail"
    return _started(incident, entry.occurred_at) if failing else incident


def _diagnosis(incident: Incident, entry: Entry) -> Incident:
    return _caused(incident, entry, _text(entry.data, "id"), _text(entry.data, "title"))


def _caused(incident: Incident, entry: Entry, diagnosis: str, title: str) -> Incident:
    incident = replace(incident, diagnosis=diagnosis or incident.diagnosis)
    if diagnosis in NO_CAUSE or entry.data.get("healthy") is True or not incident.open:
        return incident
    if incident.mitigated_at is not None or is_corrected(incident, Milestone.MITIGATED):
        # What the tree says on the way back to health is no other cause.
        return incident
    same = diagnosis == incident.root_cause
    title = title or (incident.root_cause_title if same else diagnosis)
    return replace(
        incident,
        root_cause=diagnosis,
        root_cause_title=title,
        # The declaration carries the diagnosis that was seen before it, whose own entry comes after.
        root_cause_at=_earliest(incident.root_cause_at if same else None, entry.occurred_at),
        title=incident.title if incident.title != NO_TITLE else title,
    )


def _acknowledged(incident: Incident, entry: Entry) -> Incident:
    return replace(incident, acknowledged_at=_earliest(incident.acknowledged_at, entry.occurred_at))


def _commander(incident: Incident, entry: Entry) -> Incident:
    return _commanded(incident, entry, _text(entry.data, "name") or entry.actor)


def _handover(incident: Incident, entry: Entry) -> Incident:
    to = _text(entry.data, "to")
    return _commanded(incident, entry, to) if to else incident


def _commanded(incident: Incident, entry: Entry, name: str) -> Incident:
    return replace(
        incident,
        commander=name,
        commander_at=_earliest(incident.commander_at, entry.occurred_at),
        acknowledged_at=_earliest(incident.acknowledged_at, entry.occurred_at),
    )


def _set_severity(incident: Incident, entry: Entry) -> Incident:
    severity = _severity(entry.data, "to")
    if severity is None:
        return incident
    return replace(incident, severity=severity, severity_at=entry.occurred_at)


def _set_status(incident: Incident, entry: Entry) -> Incident:
    try:
        status = Status(_text(entry.data, "to"))
    except ValueError:
        return incident
    if status is Status.RESOLVED:
        return _resolved(incident, entry)
    since = entry.occurred_at if status is Status.MONITORING else None
    if not incident.open:
        incident = _opened_again(incident)
    incident = replace(incident, status=status, status_by=entry.id, monitoring_at=since)
    if status is Status.MONITORING:
        return _mitigated(incident, entry)
    if status is not Status.INVESTIGATING:
        return incident
    return replace(dropped(incident, Milestone.MITIGATED), mitigated_at=None)


def _opened_again(incident: Incident) -> Incident:
    """What was said at its end counts no more."""
    incident = dropped(incident, Milestone.RESOLVED)
    return replace(incident, resolved_at=None, reason="", failed_requests=None, coverage=None)


def _mitigated(incident: Incident, entry: Entry) -> Incident:
    return replace(incident, mitigated_at=incident.mitigated_at or entry.occurred_at)


def _resolved(incident: Incident, entry: Entry) -> Incident:
    return replace(
        incident,
        status=Status.RESOLVED,
        status_by=entry.id,
        resolved_at=incident.resolved_at or entry.occurred_at,
        reason=_text(entry.data, "reason") or incident.reason,
        failed_requests=_number(entry.data, "failed_requests", incident.failed_requests),
        coverage=_number(entry.data, "coverage", incident.coverage),
    )


def _intent(incident: Incident, entry: Entry) -> Incident:
    data = entry.data
    target = _mapping(data, "target")
    applied = Applied(
        intent=entry.id,
        mitigation=_text(data, "mitigation"),
        title=_text(data, "title") or _text(data, "mitigation"),
        variable=_text(data, "variable"),
        before=_value(data, "before"),
        after=_value(data, "after"),
        at=entry.occurred_at,
        undoes=_text(data, "undoes"),
        kind=_text(data, "change") or "env",
        reversible=data.get("reversible") is not False,
        place=(_text(target, "context"), _text(target, "namespace"), _text(target, "deployment")),
        container=_text(target, "container"),
        uid=_text(target, "uid"),
        mark=_mapping(data, "mark"),
        lease_until=_moment(data, "until"),
        console=_text(data, "console"),
        by=entry.actor,
    )
    return replace(incident, mitigations=(*incident.mitigations, applied))


def _outcome(incident: Incident, entry: Entry) -> Incident:
    outcome = _text(entry.data, "outcome")
    if not outcome:
        return incident
    incident = _decided(_changed(incident, entry, outcome=outcome), entry, outcome)
    if outcome == VerdictKind.OVERWRITTEN:
        incident = _overwritten(incident, entry, f"overwritten, found at {clock(entry.occurred_at)}")
    undone = {applied.undoes for applied in incident.mitigations if applied.stands} - {""}
    return replace(
        incident,
        mitigations=tuple(
            replace(applied, undone=applied.intent in undone) if applied.intent in undone else applied
            for applied in incident.mitigations
        ),
    )


def _decided(incident: Incident, entry: Entry, outcome: str) -> Incident:
    """What a decision about a lease, once it is in force, means for the change that is leased."""
    intent = _text(entry.data, "intent")
    made = next((a for a in incident.mitigations if a.intent == intent and a.decides), None)
    if made is None or outcome != "applied":
        return incident
    until = _moment(made.mark, "until")
    kept = {"lease": "kept", "lease_until": until, "lease_owner": _text(made.mark, "owner")}
    changes: dict[str, Any] = kept if until else {"lease": "released"}
    of = made.mark.get("of")
    return replace(
        incident,
        mitigations=tuple(replace(a, **changes) if a.intent == of else a for a in incident.mitigations),
    )


def _verdict(incident: Incident, entry: Entry) -> Incident:
    verdict = _text(entry.data, "verdict")
    changes: dict[str, Any] = {"measured": verdict}
    if entry.data.get("stalled") is True:
        changes["stalled"] = True
    intent = _text(entry.data, "intent")
    judged = next((applied for applied in incident.mitigations if applied.intent == intent), None)
    if judged is None:
        return incident
    if judged.verdict == VerdictKind.OVERWRITTEN:
        # What is measured of another's value is told, and judges nothing.
        text = f"{judged.verdict_text}; measured after that: {entry.text}"
        return _changed(incident, entry, verdict_text=text, **changes)
    incident = _changed(incident, entry, verdict=verdict, verdict_text=entry.text, **changes)
    effective = verdict == VerdictKind.EFFECTIVE and not judged.undoes
    return _mitigated(incident, entry) if effective else incident


def _overwritten(incident: Incident, entry: Entry, said: str) -> Incident:
    """That a change stands no more is its verdict; what it had been before is told with it."""
    intent = _text(entry.data, "intent")
    change = next((applied for applied in incident.mitigations if applied.intent == intent), None)
    if change is None or change.verdict == VerdictKind.OVERWRITTEN:
        return incident
    before = f"; before that {change.verdict_text}" if change.verdict else ", before it was judged"
    return _changed(incident, entry, verdict=VerdictKind.OVERWRITTEN.value, verdict_text=said + before)


def _rollout(incident: Incident, entry: Entry) -> Incident:
    complete = entry.data.get("complete") is True
    return _changed(incident, entry, rolled_out_at=entry.occurred_at) if complete else incident


def _reset(incident: Incident, entry: Entry) -> Incident:
    mitigation = _text(entry.data, "mitigation")
    if not mitigation:
        return incident
    others = tuple(reset for reset in incident.resets if reset[0] != mitigation)
    return replace(incident, resets=(*others, (mitigation, len(incident.mitigations))))


def _lease(incident: Incident, entry: Entry) -> Incident:
    until = _moment(entry.data, "until")
    changes: dict[str, Any] = {"lease": _text(entry.data, "event")}
    if until:
        changes["lease_until"] = until
    if owner := _text(entry.data, "owner"):
        changes["lease_owner"] = owner
    incident = _changed(incident, entry, **changes)
    if changes["lease"] != VerdictKind.OVERWRITTEN:
        return incident
    by = _text(entry.data, "by") or "somebody"
    return _overwritten(incident, entry, f"overwritten by {by} {clock(entry.occurred_at)}")


def _changed(incident: Incident, entry: Entry, **changes: Any) -> Incident:
    """The incident with the mitigation changed that `intent` names."""
    intent = _text(entry.data, "intent")
    return replace(
        incident,
        mitigations=tuple(
            replace(applied, **changes) if applied.intent == intent else applied
            for applied in incident.mitigations
        ),
    )


def _started(incident: Incident, at: datetime) -> Incident:
    if incident.started_at is not None and incident.started_at <= at:
        return incident
    return replace(incident, started_at=at)


def _earliest(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _value(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) else None


def _number(data: Mapping[str, Any], key: str, otherwise: float | None) -> float | None:
    value = data.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _severity(data: Mapping[str, Any], key: str) -> Severity | None:
    try:
        return Severity(_text(data, key))
    except ValueError:
        return None


def _moment(data: Mapping[str, Any], key: str) -> datetime | None:
    try:
        return parse_rfc3339(_text(data, key))
    except (ValueError, OverflowError):
        return None


def _updated(incident: Incident, entry: Entry) -> Incident:
    """Only what was sent, or handed to a person to send, tells people anything."""
    reached = _text(entry.data, "outcome") in ("sent", "copied")
    if not reached or _text(entry.data, "audience") not in ("internal", "external"):
        return incident
    if incident.told_at is not None and entry.occurred_at < incident.told_at:
        return incident
    return replace(incident, told_at=entry.occurred_at, told_next=_moment(entry.data, "next"))


def _snoozed(incident: Incident, entry: Entry) -> Incident:
    until = _moment(entry.data, "until")
    if until is None:
        return incident
    return replace(incident, snoozed_at=entry.occurred_at, snoozed_until=until)


def _milestone(incident: Incident, entry: Entry) -> Incident:
    name = _text(entry.data, "name")
    if name not in frozenset(Milestone):
        return incident
    return set_to(incident, Milestone(name), _moment(entry.data, "at"))


steps: Mapping[str, Step] = {
    Kind.DECLARED: _declared,
    Kind.ALERT: _alert,
    Kind.STATE: _state,
    Kind.DIAGNOSIS: _diagnosis,
    Kind.PINNED: _diagnosis,
    Kind.ACKNOWLEDGED: _acknowledged,
    Kind.COMMANDER: _commander,
    Kind.HANDOVER: _handover,
    Kind.SEVERITY: _set_severity,
    Kind.STATUS: _set_status,
    Kind.INTENT: _intent,
    Kind.OUTCOME: _outcome,
    Kind.SETTLED: _outcome,
    Kind.VERDICT: _verdict,
    Kind.ROLLOUT: _rollout,
    Kind.LEASE: _lease,
    Kind.RESET: _reset,
    Kind.RESOLVED: _resolved,
    Kind.UPDATE: _updated,
    Kind.SNOOZED: _snoozed,
    Kind.MILESTONE: _milestone,
}
