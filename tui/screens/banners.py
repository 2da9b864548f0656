"""The lines at the top, from the snapshot: pure functions."""

from datetime import datetime, timedelta

from tui.model import times
from tui.model.incident import Incident
from tui.model.mitigation import Lease
from tui.model.severity import Severity
from tui.screens import company
from tui.session.snapshot import Snapshot
from widgets.banner import BannerView

_SEVERITY_ROLES = {Severity.P1: "fail", Severity.P2: "warn"}


def banner(snapshot: Snapshot, now: datetime, together: bool = False) -> BannerView:
    """The lines at the top; where others were ever seen, `together`, the line about them stays."""
    incident = snapshot.incident
    place = snapshot.place
    severity = incident.severity if incident else None
    response, late = _response(snapshot, now)
    due = _update(snapshot, now)
    others = together or company.is_company(snapshot, now)
    shared, shared_role = company.place(snapshot, now)
    return BannerView(
        incident=incident.id if incident else "",
        title=incident.title if incident else _no_incident(snapshot, now),
        severity=str(severity) if severity else "",
        severity_role="fail" if late else _SEVERITY_ROLES.get(severity, "") if severity else "",
        response=response,
        status=str(incident.status).upper() if incident else "",
        open_for=_open_for(incident, now),
        context=place.context,
        namespace=place.namespace,
        deployment=place.deployment,
        env_colour=place.colour,
        user=place.user,
        arming=arming(snapshot, now),
        armed=snapshot.arming.until is not None,
        # What is live comes first: where there is little room, the rest is a count.
        leases=tuple(lease(held, now) for held in sorted(snapshot.leases, key=lambda one: not one.ours)),
        update=due[0],
        update_short=due[1],
        update_role=due[2],
        drill="DRILL" if snapshot.drill else "",
        notice=_notice(snapshot),
        company=company.with_whom(snapshot, now) if others else (),
        command=company.command(snapshot) if others else "",
        commandless=company.is_deserted(snapshot),
        under_change=company.under_change(snapshot),
        shared=shared,
        shared_role=shared_role or "warn",
    )


def _notice(snapshot: Snapshot) -> str:
    if snapshot.following:
        return "held by another console"
    return snapshot.offline or snapshot.unsettled or snapshot.telling or _unsent(snapshot)


def _unsent(snapshot: Snapshot) -> str:
    """`1 update not sent (u)`: what waits for a person; what is tried by itself is no news."""
    left = [one for one in snapshot.unsent if one.state in ("failed", "unknown")]
    if not left:
        return ""
    maybe = all(one.state == "unknown" for one in left)
    return (
        f"{len(left)} update{'s' if len(left) > 1 else ''} {'may not be sent' if maybe else 'not sent'} (u)"
    )


def _update(snapshot: Snapshot, now: datetime) -> tuple[str, str, str]:
    """When people are told next, in full and short, and its role."""
    due = snapshot.update_due
    if due is None:
        return "", "", ""
    if due <= now:
        late = f"update overdue {times.span(now - due)} (u)"
        return late, late, "warn"
    left = times.span(due - now)
    return f"next update in {left} (u)", f"update in {left} (u)", ""


def arming(snapshot: Snapshot, now: datetime) -> str:
    """`READ-ONLY`, or `ARMED 14 min`."""
    until = snapshot.arming.until
    if until is None:
        return "READ-ONLY"
    # An arming that a dialog or a running change holds has no minutes left to show.
    return f"ARMED {times.span(until - now)}" if until > now else "ARMED"


def lease(held: Lease, now: datetime) -> str:
    """`held: MAX_CONCURRENT_MISTRAL=3 until 17:22`, or what became of it."""
    seen = held.seen
    if not held.ours:
        by = f" by {held.overwritten_by}" if held.overwritten_by else ""
        return f"OVERWRITTEN{by}: {seen.variable}"
    if seen.until <= now:
        return f"still held: {seen.variable}={seen.value}, was to end {times.clock(seen.until)}"
    return f"held: {seen.variable}={seen.value} until {times.clock(seen.until)}"


def offer(snapshot: Snapshot, now: datetime) -> str:
    """`1 open incident, 2 h: i resumes`, or "" where none was left open; another console's is followed.

    One that is shared and not on this machine yet is joined: `1 shared incident, 2 h: i joins`, which is
    whole at 60 columns.
    """
    left = snapshot.open_incidents
    if not left:
        return ""
    oldest = times.span(now - min(i.since for i in left))
    away = [one for one in left if one.shared and not one.here]
    if len(away) == len(left):
        return f"{len(left)} shared incident{'s' if len(left) > 1 else ''}, {oldest}: i joins"
    shared = f", {len(away)} shared" if away else ""
    verb = "resumes"
    if all(one.held_by_other for one in left):
        verb = "joins" if all(one.shared for one in left) else "follows"
    return f"{len(left)} open incident{'s' if len(left) > 1 else ''}{shared}, {oldest}: i {verb}"


def _no_incident(snapshot: Snapshot, now: datetime) -> str:
    return offer(snapshot, now) or "no incident: looking"


def _open_for(incident: Incident | None, now: datetime) -> str:
    if incident is None or incident.started_at is None:
        return ""
    if incident.resolved_at is not None:
        return f"lasted {times.span(incident.resolved_at - incident.started_at)}"
    return f"open {times.span(now - incident.started_at)}"


def _response(snapshot: Snapshot, now: datetime) -> tuple[str, bool]:
    incident = snapshot.incident
    if incident is None:
        return "", False
    if incident.acknowledged_at is not None:
        since = incident.started_at or incident.declared_at
        return (
            f"acknowledged in {times.span(incident.acknowledged_at - since)}" if since else "acknowledged"
        ), False
    if snapshot.respond_by is None:
        return "", False
    left = snapshot.respond_by - now
    if left < timedelta(0):
        return f"response overdue {times.span(-left)}", True
    return f"respond in {times.span(left)}", False
