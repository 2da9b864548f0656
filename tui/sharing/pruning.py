"""Removing closed incidents from the shared place, and finishing redactions that nobody was allowed to.

Killed at any moment it is simply begun again: what tells that an incident is closed is deleted last, so
that one that is half gone is still found.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tui.clients.cluster_errors import ClusterError
from tui.clients.leases import LeaseObject
from tui.clients.shared_objects import OVERVIEW_KINDS, part_name
from tui.model.amending import redacts
from tui.model.folding import fold
from tui.model.incident import Entry, Kind
from tui.model.sharing import FoundLine, SharedIncident, SharedLine
from tui.record.lines import is_stone
from tui.record.outgoing import stone_of
from tui.sharing.needs import Listed
from tui.sharing.overview import entry_of

AT_ONCE = 8
# How often an incident is listed again: a console that has it open may put something back meanwhile.
ROUNDS = 5
_LAST = (Kind.STATUS, Kind.RESOLVED)
Progress = Callable[[int, int], None]


class Entries(Protocol):
    """`tui.clients.shared_entries.SharedEntries`, as far as it is needed here. All raise ClusterError."""

    async def create(self, line: SharedLine) -> str: ...

    async def list(self, incident: str) -> Listed: ...

    async def delete(self, entry: str, uid: str) -> bool: ...


class Leases(Protocol):
    """`tui.clients.leases.Leases`, as far as it is needed here. All raise ClusterError."""

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]: ...

    async def delete(self, lease: LeaseObject) -> bool: ...


@dataclass(frozen=True, slots=True)
class Pruned:
    """What came of removing one incident.

    Attributes:
        incident: its id.
        deleted: how many objects were deleted.
        why_not: why it is still there, in a sentence; "" where it is gone.
    """

    incident: str
    deleted: int = 0
    why_not: str = ""


def prunable(
    incidents: Iterable[SharedIncident], now: datetime, age: timedelta
) -> tuple[SharedIncident, ...]:
    """Those that were closed longer ago than `age`, as their entries tell."""
    return tuple(one for one in incidents if one.closed_at is not None and now - one.closed_at >= age)


async def prune(
    entries: Entries,
    leases: Leases,
    incident: str,
    now: datetime,
    age: timedelta,
    on_progress: Progress = lambda done, of: None,
) -> Pruned:
    """Delete every object of a closed incident, with its leases; `on_progress` hears how many of how many.

    One that is open, or to which something was added within `age`, is left, and told.

    Raises:
        ClusterError: the shared place does not answer or refuses; what was deleted is deleted.
    """
    deleted = 0
    for number in range(ROUNDS):
        listing = await entries.list(incident)
        if not number and (why_not := _in_use(incident, listing.found, now, age)):
            return Pruned(incident, 0, why_not)
        first, last = _objects(listing)
        if not first and not last:
            await _without_leases(leases, incident)
            return Pruned(incident, deleted)
        counted = _Counted(deleted, deleted + len(first) + len(last), on_progress)
        await _delete_all(entries, first, counted)
        for name, uid in last:
            await entries.delete(name, uid)
            counted.one_more()
        deleted = counted.done
    return Pruned(
        incident,
        deleted,
        f"A console puts back what is deleted of {incident}. Leave the incident there, then prune again.",
    )


async def finish_redactions(entries: Entries, incident: str) -> int:
    """Put stones in the place of what was redacted and is still there with its content; answers how many.

    Raises:
        ClusterError: the shared place does not answer or refuses; what was done is done.
    """
    listing = await entries.list(incident)
    told = {one.entry: entry for one in listing.found if (entry := entry_of(one)) is not None}
    gone = frozenset(about for entry in told.values() for about in redacts(entry))
    done = 0
    for one in listing.found:
        if one.entry in gone and one.entry in told and not is_stone(one.line):
            await entries.delete(one.entry, one.uid)
            # Killed here, it is put there by the consoles that have the incident.
            await entries.create(stone_of(_line(one, told[one.entry])))
            done += 1
    for stray in listing.strays:
        if stray.entry in gone:
            await entries.delete(stray.name, stray.uid)
    return done


def _in_use(incident: str, found: Iterable[FoundLine], now: datetime, age: timedelta) -> str:
    """Why the incident is not to be removed; "" where it may be."""
    found = tuple(found)
    told = [entry for one in found if (entry := entry_of(one)) is not None]
    if found and fold(incident, told).open:
        return f"{incident} is open."
    latest = max((one.shared_at for one in found if one.shared_at is not None), default=None)
    if latest is not None and now - latest < age:
        return f"Something was added to {incident} after it was closed, and not that long ago."
    return ""


def _objects(listing: Listed) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Name and uid of all that is to be deleted: what comes first, and what tells that it is closed."""
    kinds = {one.entry: entry.kind if (entry := entry_of(one)) else "" for one in listing.found}
    first = [(one.entry, one.uid) for one in listing.found if kinds[one.entry] not in OVERVIEW_KINDS]
    first += [(one.name, one.uid) for one in listing.strays]
    for partly in listing.incomplete:
        first += (
            [(partly.entry, partly.uid)]
            if partly.uid
            else [(part_name(partly.entry, number), "") for number in partly.have]
        )
    last = [(one.entry, one.uid) for one in listing.found if kinds[one.entry] in OVERVIEW_KINDS]
    return first, sorted(last, key=lambda one: (kinds[one[0]] in _LAST, one[0]))


class _Counted:
    """How far it is."""

    def __init__(self, done: int, of: int, on_progress: Progress) -> None:
        self.done = done
        self._of = of
        self._on_progress = on_progress

    def one_more(self) -> None:
        self.done += 1
        self._on_progress(self.done, self._of)


async def _delete_all(entries: Entries, objects: Iterable[tuple[str, str]], counted: _Counted) -> None:
    left = deque(objects)

    async def some() -> None:
        try:
            while left:
                name, uid = left.popleft()
                await entries.delete(name, uid)
                counted.one_more()
        except ClusterError:
            left.clear()
            raise

    for result in await asyncio.gather(*(some() for _ in range(AT_ONCE)), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _without_leases(leases: Leases, incident: str) -> None:
    found, _ = await leases.list()
    for lease in found:
        if lease.annotations.get("leeward.dev/incident") == incident:
            await leases.delete(lease)


def _line(found: FoundLine, entry: Entry) -> SharedLine:
    return SharedLine(
        found.incident,
        found.entry,
        entry.kind,
        entry.occurred_at,
        entry.actor,
        "",
        found.line,
        found.header,
    )
