"""How the severity of an incident changed, and whether its response was in time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.model.incident import Entry, Incident, Kind
from tui.model.times import span

# Where the runbook gives no time ("next business day").
NEXT_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SeverityChange:
    """One setting of the severity: from what to what, when, by whom, and why ("" where nobody said)."""

    at: datetime
    before: str
    to: str
    by: str
    why: str = ""


def history(entries: Iterable[Entry]) -> tuple[SeverityChange, ...]:
    """Every setting of the severity, the declaration's first, in the order in which they were recorded."""
    found: list[SeverityChange] = []
    for entry in sorted(entries, key=lambda entry: entry.id):
        before = found[-1].to if found else ""
        if entry.kind == Kind.DECLARED and _text(entry, "severity"):
            why = entry.text if _text(entry, "alert") else "declared"
            found.append(
                SeverityChange(entry.occurred_at, before, _text(entry, "severity"), entry.actor, why)
            )
        elif entry.kind == Kind.SEVERITY and _text(entry, "to"):
            why = _text(entry, "reason")
            found.append(SeverityChange(entry.occurred_at, before, _text(entry, "to"), entry.actor, why))
    return tuple(found)


def response(incident: Incident, within: timedelta | None, now: datetime) -> str:
    """`respond within 60 min: acknowledged after 4 min, in time`; "" where there is no severity.

    The clock runs from the beginning of the impact; `within` None is the next business day.
    """
    began = incident.started_at or incident.declared_at
    if incident.severity is None or began is None:
        return ""
    rule = f"respond within {span(within)}" if within is not None else "respond on the next business day"
    until = began + (within or NEXT_DAY)
    if incident.acknowledged_at is not None:
        took = incident.acknowledged_at
        late = f"{span(took - until)} late" if took > until else "in time"
        return f"{rule}: acknowledged after {span(took - began)}, {late}"
    if now > until:
        return f"{rule}: overdue by {span(now - until)}"
    return f"{rule}: {span(until - now)} left"


def _text(entry: Entry, key: str) -> str:
    value = entry.data.get(key)
    return value if isinstance(value, str) else ""
