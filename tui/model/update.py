"""Updates to stakeholders: who is told, and when the next one is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from tui.model.incident import Incident
from tui.model.severity import Severity


class Audience(StrEnum):
    """Who is told: our own people, or those who use the service."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Told(StrEnum):
    """What an `update` entry says became of the message. Values are part of the journal's format."""

    SENT = "sent"
    COPIED = "copied"  # handed to a person, who sends it by hand
    FAILED = "failed"
    UNKNOWN = "unknown"  # the answer was lost: it may have arrived


def update_due(incident: Incident | None, every: Mapping[Severity, timedelta]) -> datetime | None:
    """When people are to be told next; None where nobody waits for it.

    The last update's own promise stands ("next update 15:26"), else the severity's interval counts
    from it, from the declaration, or from when the severity was changed. A severity that asks for
    more brings a promise nearer; what a person put off last counts until the next update.
    """
    if incident is None or not incident.open or incident.severity is None:
        return None
    interval, began = every.get(incident.severity), incident.told_at or incident.declared_at
    if interval is None or began is None:
        return None
    since = max(began, incident.severity_at or began)
    due = since + interval
    if incident.told_next is not None:
        due = incident.told_next if since == began else min(due, incident.told_next)
    snoozed = incident.snoozed_at
    if snoozed is not None and incident.snoozed_until is not None and snoozed >= since:
        due = incident.snoozed_until
    return due
