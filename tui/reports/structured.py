"""The postmortem as JSON, by the schema that is published with it (`schemas/postmortem-v1.json`)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui.model.measures import BEFORE_AND_AFTER, FAILED, ON_TIME, SEVERITIES, Errors, Measures
from tui.model.text import escaped
from tui.model.times import rfc3339
from tui.model.written import Section
from tui.reports.changes import Change
from tui.reports.postmortem import SCHEMA, Contents, PostmortemFacts, contents, seconds


def json_text(facts: PostmortemFacts) -> str:
    """The document. Texts are exact: what a terminal should not get stands as `\\uXXXX`."""
    return escaped(json.dumps(data(facts), ensure_ascii=False, indent=2, allow_nan=False)) + "\n"


def data(facts: PostmortemFacts) -> dict[str, Any]:
    """As JSON values. What is not known is null, and every key is always there."""
    it = contents(facts)
    return {
        "schema": SCHEMA,
        "incident": _incident(it),
        "milestones": _milestones(it),
        "summary": list(it.summary),
        "written": {section.value: it.written.text(section) or None for section in Section},
        "timeline": [
            {"at": _moment(row.at), "text": row.text, "milestone": row.milestone} for row in it.rows
        ],
        "root_cause": {
            "id": it.incident.root_cause or None,
            "title": it.incident.root_cause_title or None,
            "path": list(it.cause["path"]),
            "evidence": list(it.cause["evidence"]),
            "pinned_by": it.cause["pinned_by"] or None,
        },
        "impact": {
            "users_affected": it.written.text(Section.USERS_AFFECTED) or None,
            "failed_requests": it.failed_requests,
            "coverage": it.coverage,
            "definition": FAILED,
            "start": _moment(it.measures.impact.start),
            "end": _moment(it.measures.impact.end),
            "errors": _errors(it.measures.impact.errors),
        },
        "figures": _figures(it.measures),
        "mitigations": [_change(change) for change in it.changes],
        "action_items": [
            {
                "id": item.id,
                "priority": item.priority or None,
                "action": item.action,
                "owner": item.owner or None,
                "due": item.due or None,
            }
            for item in it.actions
        ],
        "appendix": _appendix(it),
    }


def _incident(it: Contents) -> Mapping[str, Any]:
    incident = it.incident
    return {
        "id": incident.id,
        "title": incident.title,
        "severity": incident.severity.value if incident.severity else None,
        "status": incident.status.value,
        "commander": incident.commander or None,
        "drill": incident.drill,
        "duration_s": seconds(it.length),
    }


def _milestones(it: Contents) -> Mapping[str, Any]:
    incident = it.incident
    return {
        "started_at": _moment(incident.started_at),
        "alert_at": _moment(incident.alert_at),
        "declared_at": _moment(incident.declared_at),
        "detected_at": _moment(incident.detected_at),
        "acknowledged_at": _moment(incident.acknowledged_at),
        "commander_at": _moment(incident.commander_at),
        "root_cause_at": _moment(incident.root_cause_at),
        "mitigated_at": _moment(incident.mitigated_at),
        "resolved_at": _moment(incident.resolved_at),
    }


def _figures(measures: Measures) -> Mapping[str, Any]:
    return {
        **{
            length.id: {"seconds": seconds(length.value), "definition": length.definition}
            for length in measures.lengths
        },
        "time_per_severity": {
            "seconds": [
                {"severity": severity.value if severity else None, "seconds": seconds(value)}
                for severity, value in measures.severities
            ],
            "definition": SEVERITIES,
        },
        "updates_on_time": {
            "due": measures.on_time.due,
            "sent": measures.on_time.sent,
            "share": measures.on_time.share,
            "definition": ON_TIME,
        },
        "before_and_after": {"definition": BEFORE_AND_AFTER},
    }


def _change(change: Change) -> Mapping[str, Any]:
    applied = change.applied
    return {
        "intent": applied.intent,
        "id": applied.mitigation,
        "title": applied.title,
        "kind": applied.kind,
        "variable": applied.variable,
        "before": applied.before,
        "after": applied.after,
        "at": _moment(applied.at),
        "by": change.by,
        "target": change.target,
        "outcome": change.outcome,
        "verdict": applied.verdict or None,
        "verdict_text": change.verdict,
        "undone": applied.undone,
        "undo_of": applied.undoes or None,
        "undos": list(change.undos),
        "measures": [
            {"what": one.what, "unit": one.unit, "before": one.before, "after": one.after}
            for one in change.measures
        ],
    }


def _appendix(it: Contents) -> Mapping[str, Any]:
    return {
        "commands": [
            {"title": one.applied.title, "apply": one.apply_by_hand, "undo": one.undo_by_hand}
            for one in it.changes
            if one.apply_by_hand
        ],
        "diffs": [{"title": one.applied.title, "diff": one.diff} for one in it.changes if one.diff],
        "messages": [
            {
                "at": _moment(sent.at),
                "audience": sent.audience or None,
                "outcome": sent.outcome,
                "by": sent.by,
                "places": list(sent.places),
                "text": sent.text,
            }
            for sent in it.messages
        ],
        "evidence": [
            {
                "at": _moment(kept.at),
                "file": kept.path,
                "host": kept.host,
                "sha256": kept.sha256,
                "size": kept.size,
                "files": kept.files,
                "missing": list(kept.missing),
            }
            for kept in it.evidence
        ],
    }


def _errors(errors: Errors | None) -> Mapping[str, Any] | None:
    if errors is None:
        return None
    return {"start": _moment(errors.start), "step_s": seconds(errors.step), "values": list(errors.values)}


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None
