"""Temporary changes that are still live when an incident ends: somebody decides, and it is written down."""

import re
from datetime import UTC, datetime, time, timedelta

from tui.model.incident import Draft, Incident, Kind
from tui.model.mitigation import Lease, told
from tui.model.times import date_and_time, rfc3339
from tui.session.errors import SessionError
from tui.session.leases import change_of, on_object
from tui.settings import SettingsError, duration

LONGEST = timedelta(days=90)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}:\d{2}))?")
HOW = "2h, 3d, 17:30, or 2026-11-24 17:30, in UTC"


class Undecided(SessionError):
    """A lease is live, and nobody has decided about it."""

    def __init__(self, leases: tuple[Lease, ...]) -> None:
        said = "; ".join(f"{what(lease)} is still live, {held_by(lease)}" for lease in leases)
        super().__init__(
            f"Not resolved: {said}.", "Undo it (z), or decide who keeps it until when: i, then Resolve, asks."
        )
        self.leases = leases


def undecided(incident: Incident, leases: tuple[Lease, ...], now: datetime) -> tuple[Lease, ...]:
    """The live leases about which the incident has no decision that still counts.

    Another incident's has an owner and an end already: it asks for one only once it is past its end.
    """
    return tuple(lease for lease in leases if lease.ours and not _decided(incident, lease, now))


def _decided(incident: Incident, lease: Lease, now: datetime) -> bool:
    if lease.seen.incident != incident.id:
        return lease.seen.until > now
    change = change_of(lease, incident)
    if change is None or not change.held:
        # Without a change of ours in the record the decision can stand on the object alone.
        return change is None and lease.seen.until > now
    return change.lease_until is not None and change.lease_until > now


def unseen(incident: Incident, leases: tuple[Lease, ...]) -> tuple[str, ...]:
    """The incident's temporary changes that should be live, and were not seen on the object."""
    seen = {lease.seen.mitigation for lease in leases}
    return tuple(
        f"{change.variable}={told(change.after)}"
        for change in incident.mitigations
        if on_object(change) and change.mitigation not in seen
    )


def kept_as_it_is(incident: Incident, lease: Lease, now: datetime, actor: str) -> Draft:
    """The decision to leave a lease with its owner and its end, as an entry. Raises SessionError."""
    seen = lease.seen
    if not lease.ours:
        raise SessionError(
            f"{seen.variable} is no longer the {told(seen.value)} that was leased.", "It cannot be kept."
        )
    if seen.until <= now:
        raise SessionError(
            f"{what(lease)} was to be held until {date_and_time(seen.until)}.", "Give it another end."
        )
    change = change_of(lease, incident)
    data = {
        "intent": change.intent if change else "",
        "event": "kept",
        "owner": seen.owner,
        "until": rfc3339(seen.until),
    }
    return Draft(Kind.LEASE, f"kept: {what(lease)}, {held_by(lease)}", now, actor, data)


def what(lease: Lease) -> str:
    """`MAX_CONCURRENT_MISTRAL=3`."""
    return f"{lease.seen.variable}={told(lease.seen.value)}"


def held_by(lease: Lease) -> str:
    """`held by alice until 2026-11-23 17:22 UTC`."""
    return f"held by {lease.seen.owner} until {date_and_time(lease.seen.until)}"


def end_of(text: str, now: datetime) -> datetime:
    """When a lease is to end, from what a person typed: a duration, a time, or a day. Raises SessionError.

    A time that has passed today is tomorrow's; a day without a time is its end.
    """
    until = _moment(text.strip(), now)
    if until is None:
        raise SessionError(f"{text.strip()!r} is no time.", f"Write {HOW}.")
    if until <= now:
        raise SessionError(f"{date_and_time(until)} has passed.", f"Write {HOW}.")
    if until > now + LONGEST:
        raise SessionError(
            f"{date_and_time(until)} is more than {LONGEST.days} days away: that is not temporary.",
            "Declare the value where it belongs, and end the lease.",
        )
    return until


def owner_of(text: str) -> str:
    """Who keeps it, from what a person typed. Raises SessionError."""
    from tui.model.text import clean

    owner = clean(text, limit=80).strip()
    if not owner:
        raise SessionError("Nobody was named to keep it.", "Type who takes it back, or declares it.")
    return owner


def _moment(text: str, now: datetime) -> datetime | None:
    try:
        if found := _CLOCK.fullmatch(text):
            today = datetime.combine(now.date(), time(int(found[1]), int(found[2])), UTC)
            return today if today > now else today + timedelta(days=1)
        if found := _DAY.fullmatch(text):
            return datetime.fromisoformat(f"{found[1]}T{(found[2] or '23:59').zfill(5)}+00:00")
        return now + duration(text)
    except (ValueError, OverflowError, SettingsError):
        return None
