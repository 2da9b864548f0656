"""What asks for the bell, from one snapshot to the next: pure functions."""

from collections.abc import Iterable
from datetime import datetime

from tui.model.incident import Entry, Kind
from tui.model.mitigation import Lease
from tui.model.reading import Check, State
from tui.screens.history import alike, is_overwritten
from tui.session.snapshot import Snapshot


def worsened(before: Snapshot, after: Snapshot) -> bool:
    """Whether something asks for the bell: a check that turned to fail, a verdict, a lease's end."""
    fails = _failing(after) - _failing(before)
    verdict = before.incident is not None and any(
        e.kind == Kind.VERDICT or is_overwritten(e) for e in fresh(before, after)
    )
    return bool(fails) or verdict


def fresh(before: Snapshot, after: Snapshot) -> tuple[Entry, ...]:
    """The entries that came, wherever they belong; of those that were there few are looked at."""
    old, new = before.entries, after.entries
    if new is old:
        return ()
    start = alike(old, new)
    known = {entry.id for entry in old[start:]}
    return tuple(entry for entry in new[start:] if entry.id not in known)


def ended(leases: Iterable[Lease], now: datetime) -> frozenset[tuple[str, datetime]]:
    """The leases that are past their end and still live, by variable and end."""
    return frozenset((h.seen.variable, h.seen.until) for h in leases if h.ours and h.seen.until <= now)


def overdue(snapshot: Snapshot, now: datetime) -> frozenset[tuple[str, datetime]]:
    """The update that people wait for, once its moment is over."""
    due = snapshot.update_due
    return frozenset({("update", due)} if due is not None and due <= now else ())


def _failing(snapshot: Snapshot) -> frozenset[Check]:
    return frozenset(c for c, h in snapshot.checks.items() if h.latest.state is State.FAIL)
