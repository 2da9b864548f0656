"""Temporary changes that are live: seen on the object itself, and told when they change."""

from datetime import datetime

from tui.model.incident import Applied, Draft, Incident, Kind
from tui.model.mitigation import Lease, told
from tui.model.reading import Held, LeaseSeen
from tui.model.times import clock

ACTOR = "leeward"


def live(workload: Held | None) -> tuple[Lease, ...]:
    """The leases that the workload's last good reading found on the deployment."""
    if workload is None or workload.good is None:
        return ()
    return tuple(Lease(seen, seen.overwritten_by) for seen in workload.good.of(LeaseSeen))


def undoable(incident: Incident | None, found: tuple[Lease, ...]) -> Applied | LeaseSeen | None:
    """The change that an undo would take back: our own latest, else the latest lease on the object.

    What somebody has overwritten cannot be taken back: it comes last, and its preview says why.
    """
    ours = [
        change
        for change in (incident.mitigations if incident else ())
        if change.outcome == "applied" and change.reversible and not change.undone and not change.undoes
    ]
    overwritten = {lease.seen.mitigation for lease in found if not lease.ours}
    standing = [c for c in ours if c.lease != "overwritten" and c.mitigation not in overwritten]
    if standing:
        return standing[-1]
    live_now = [lease.seen for lease in found if lease.ours]
    if ours and not live_now:
        return ours[-1]
    return max(live_now or (lease.seen for lease in found), key=lambda seen: seen.applied_at, default=None)


class LeaseWatch:
    """Tells once when a lease is overwritten, and once when its time is over."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def seen_by(self, incident: Incident) -> None:
        """What the incident's record tells already is not told again."""
        self._told |= {
            (change.intent, change.lease)
            for change in incident.mitigations
            if change.lease in ("overwritten", "ended")
        }

    def news(self, leases: tuple[Lease, ...], incident: Incident, now: datetime) -> list[Draft]:
        """The entries that are due now."""
        return [draft for lease in leases for draft in self._of(lease, incident, now)]

    def _of(self, lease: Lease, incident: Incident, now: datetime) -> list[Draft]:
        change = _change_of(lease, incident)
        if change is None:
            return []
        seen = lease.seen
        if not lease.ours:
            by = lease.overwritten_by or "somebody"
            text = f"{seen.variable} OVERWRITTEN by {by}: now {told(seen.live)}, was {seen.value}"
            return self._once(change, "overwritten", text, now, by)
        if now >= seen.until:
            text = (
                f"{seen.variable}={seen.value} was to be held until {clock(seen.until)}: keep it, or undo it"
            )
            return self._once(change, "ended", text, now, "")
        return []

    def _once(self, change: Applied, event: str, text: str, now: datetime, by: str) -> list[Draft]:
        key = (change.intent, event)
        if key in self._told:
            return []
        self._told.add(key)
        return [Draft(Kind.LEASE, text, now, ACTOR, {"intent": change.intent, "event": event, "by": by})]


def _change_of(lease: Lease, incident: Incident) -> Applied | None:
    """The incident's change that this lease belongs to; None for another incident's."""
    if lease.seen.incident != incident.id:
        return None
    mine = [
        change
        for change in incident.mitigations
        if change.mitigation == lease.seen.mitigation and change.outcome == "applied" and not change.undone
    ]
    return mine[-1] if mine else None
