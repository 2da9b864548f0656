"""Temporary changes that are live: seen on the object itself, and told when they change."""

from collections.abc import Mapping
from datetime import datetime

from tui.model.amending import GONE
from tui.model.incident import LEEWARD, Applied, Draft, Incident, Kind
from tui.model.mitigation import Lease, VerdictKind, told
from tui.model.reading import Held, LeaseSeen
from tui.model.times import clock, rfc3339

# What is known of a lease that should be on the object.
ON_IT = ("taken", "kept", "ended")


def live(workload: Held | None) -> tuple[Lease, ...]:
    """The leases that the workload's last good reading found on the deployment."""
    if workload is None or workload.good is None:
        return ()
    return tuple(Lease(seen, seen.overwritten_by) for seen in workload.good.of(LeaseSeen))


def undoable(incident: Incident | None, found: tuple[Lease, ...]) -> tuple[Applied | LeaseSeen, ...]:
    """The changes that an undo could take back, each mitigation once, what an undo takes first in front.

    Our own come first, the latest in front, then the other leases on the object. What somebody has
    overwritten cannot be taken back: it is told only where nothing else is, and its preview says why. Of
    a change whose intent was redacted, by whomever, the lease on the object tells the way back.
    """
    ours = [
        change
        for change in (incident.mitigations if incident else ())
        if change.stands and change.reversible and not (change.undone or change.undoes or change.decides)
    ]
    overwritten = {lease.seen.mitigation for lease in found if not lease.ours}
    standing = [c for c in ours if c.lease != "overwritten" and c.mitigation not in overwritten]
    live_now = [lease.seen for lease in found if lease.ours]
    able: dict[str, Applied | LeaseSeen] = {}
    whole = [change for change in standing if change.variable != GONE]
    ordered: list[Applied | LeaseSeen] = [*reversed(whole), *_latest_first(live_now), *reversed(standing)]
    for change in ordered:
        able.setdefault(change.mitigation, change)
    overtaken: list[Applied | LeaseSeen] = [*ours[-1:], *_latest_first([lease.seen for lease in found])]
    return tuple(able.values()) or tuple(overtaken[:1])


def _latest_first(seen: list[LeaseSeen]) -> list[LeaseSeen]:
    return sorted(seen, key=lambda lease: lease.applied_at, reverse=True)


def told_undoable(change: Applied | LeaseSeen) -> str:
    """`MAX_CONCURRENT_MISTRAL=3 → 10`: what taking it back does."""
    now, before = (
        (change.after, change.before) if isinstance(change, Applied) else (change.value, change.previous)
    )
    return f"{change.variable} {told(now)} → {told(before)}"


class LeaseNews:
    """Tells once when a lease is overwritten, and once when its time is over."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str]] = set()
        self._missing: dict[str, datetime] = {}

    def seen_by(self, incident: Incident) -> None:
        """What the incident's record tells already is not told again."""
        for change in incident.mitigations:
            if change.verdict == VerdictKind.OVERWRITTEN:
                self._told.add((change.intent, "overwritten", ""))
            if change.lease == "ended":
                self._told.add((change.intent, "ended", _end(change.lease_until)))

    def due(self, leases: tuple[Lease, ...], incident: Incident, now: datetime) -> list[Draft]:
        """The entries that are due now."""
        return [draft for lease in leases for draft in self._of(lease, incident, now)]

    def gone(
        self, leases: tuple[Lease, ...], incident: Incident, read_at: datetime | None, now: datetime
    ) -> list[Draft]:
        """Entries for what was leased and two readings in a row did not find: another console ended it.

        Args:
            read_at: when the deployment was read; None while it cannot be, or while a change runs.
        """
        if read_at is None:
            self._missing = {}
            return []
        found = {lease.seen.mitigation for lease in leases if lease.seen.incident == incident.id}
        latest = {c.mitigation: c for c in incident.mitigations if on_object(c) and c.at < read_at}
        lost = [change for name, change in latest.items() if name not in found]
        self._missing = {c.intent: self._missing.get(c.intent, read_at) for c in lost}
        return [
            draft
            for change in lost
            if self._missing[change.intent] < read_at
            for draft in self._once(change, "gone", _gone(change), now, {})
        ]

    def _of(self, lease: Lease, incident: Incident, now: datetime) -> list[Draft]:
        change = change_of(lease, incident)
        if change is None:
            return []
        seen = lease.seen
        if not lease.ours:
            by = lease.overwritten_by or "somebody"
            text = f"{seen.variable} OVERWRITTEN by {by}: now {told(seen.live)}, was {seen.value}"
            return self._once(change, "overwritten", text, now, {"by": by})
        decided = change.held and change.lease_until is not None and change.lease_until > now
        if now >= seen.until and not decided:
            text = (
                f"{seen.variable}={seen.value} was to be held until {clock(seen.until)}: keep it, or undo it"
            )
            return self._once(change, "ended", text, now, {"until": _end(seen.until)})
        return []

    def _once(
        self, change: Applied, event: str, text: str, now: datetime, more: Mapping[str, str]
    ) -> list[Draft]:
        # A lease that was kept ends once more.
        key = (change.intent, event, more.get("until", ""))
        if key in self._told:
            return []
        self._told.add(key)
        return [Draft(Kind.LEASE, text, now, LEEWARD, {"intent": change.intent, "event": event, **more})]


def on_object(change: Applied) -> bool:
    """Whether a lease of it should be found on the deployment."""
    return change.lease in ON_IT and change.outcome == "applied" and not (change.undone or change.decides)


def _gone(change: Applied) -> str:
    return (
        f"the lease of {change.variable}={told(change.after)} is no longer on the deployment: taken back or "
        "ended by another console, or the deployment was made anew"
    )


def _end(until: datetime | None) -> str:
    return rfc3339(until) if until is not None else ""


def change_of(lease: Lease, incident: Incident) -> Applied | None:
    """The incident's change that this lease belongs to; None for another incident's."""
    if lease.seen.incident != incident.id:
        return None
    mine = [
        change
        for change in incident.mitigations
        if change.mitigation == lease.seen.mitigation
        and change.outcome == "applied"
        and not (change.undone or change.decides)
    ]
    return mine[-1] if mine else None
