"""Which leases were seen, and since when each is as it is: expiry by observation.

A lease is gone when it did not change for as long as it lasts by this machine's own clock, since it was
first seen so. Nobody's wall clock is compared. The rule is client-go's:
https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tui.clients.leases import LeaseObject
from tui.model.clock import Clock
from tui.sharing import naming

# How many are kept in mind, but for those that are asked for by name.
MOST = 4_000
_OURS = (naming.HERE, naming.COMMAND, naming.LOCK)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A lease, and when (`Clock.monotonic`) it was first seen in this version.

    `renewed` says that it changed since it was seen first: its holder was there then.
    """

    lease: LeaseObject
    since: float
    renewed: bool = False


class Sightings:
    """The leases of consoles as they were seen last.

    Where there are more than can be kept in mind, those that nobody holds, and who works and commands other
    incidents, are left out first: never the lock of a target as long as there is one of them.

    Args:
        clock: its `monotonic` counts suspended time (`BootClock`).
        lasts: for a lease that does not say how long it lasts, in seconds.
        incident: whose people are wanted; None where all incidents' are.
    """

    def __init__(self, clock: Clock, lasts: float, incident: str | None = None) -> None:
        self._clock = clock
        self._lasts = lasts
        self._incident = incident
        self._sights: dict[str, Sighting] = {}
        self._spare: dict[str, None] = {}  # the names of those that make room for others

    def __iter__(self) -> Iterator[Sighting]:
        return iter(tuple(self._sights.values()))

    def get(self, name: str) -> Sighting | None:
        """What was seen of a lease."""
        return self._sights.get(name)

    def see(self, lease: LeaseObject) -> bool:
        """Take a lease as it was read by its name, however many there are; whether that is news."""
        return self._take(lease, asked=True)

    def hear(self, lease: LeaseObject) -> bool:
        """Take a lease as a watch tells of it, maybe in a version that was read past already; as `see`."""
        before = self._sights.get(lease.name)
        if before is not None and _older(lease, before.lease):
            return False
        return self._take(lease, renewed=True)

    def see_all(self, leases: Iterable[LeaseObject]) -> bool:
        """Take a listing: what is not in it is not there any more."""
        leases = sorted(leases, key=self._is_spare)
        there = {lease.name for lease in leases}
        left = [name for name in self._sights if name not in there]
        for name in left:
            self._drop(name)
        news = sum(self._take(lease) for lease in leases)  # all of them, not up to the first that is news
        return bool(news or left)

    def forget(self, lease: LeaseObject) -> bool:
        """The lease was deleted, as a watch tells; whether that is news."""
        before = self._sights.get(lease.name)
        if before is None or before.lease.uid != lease.uid:
            return False
        self._drop(lease.name)
        return True

    def _take(self, lease: LeaseObject, *, asked: bool = False, renewed: bool = False) -> bool:
        if not lease.name.startswith(_OURS):
            return False
        before, spare = self._sights.get(lease.name), self._is_spare(lease)
        if before is not None and _same(before.lease, lease):
            return False
        if before is None and not self._has_room(spare=spare) and not asked:
            return False
        renewed = renewed or before is not None
        self._sights[lease.name] = Sighting(lease, self._clock.monotonic(), renewed)
        self._spare.pop(lease.name, None)
        if spare:
            self._spare[lease.name] = None
        return True

    def _has_room(self, *, spare: bool) -> bool:
        """Whether one more can be kept in mind; one that is spare falls out for one that is not."""
        if len(self._sights) < MOST:
            return True
        if spare or not self._spare:
            return False
        self._drop(next(iter(self._spare)))
        return True

    def _drop(self, name: str) -> None:
        del self._sights[name]
        self._spare.pop(name, None)

    def _is_spare(self, lease: LeaseObject) -> bool:
        """Whether it tells nothing that counts in this incident: nobody holds it, or it is another's."""
        if not lease.holder:
            return True
        if self._incident is None:
            return False
        if lease.name.startswith(naming.COMMAND):
            return lease.name != naming.command_name(self._incident)
        here = lease.annotations.get(naming.INCIDENT) == self._incident
        return lease.name.startswith(naming.HERE) and not here

    def silent(self, lease: LeaseObject, at: float | None = None) -> float:
        """Seconds for which this very version is known, up to `at` (now): 0 for one just read.

        A lease that is read anew in another version starts again, however long a dead watch told nothing.
        """
        sight = self._sights.get(lease.name)
        if sight is None or not _same(sight.lease, lease):
            return 0.0
        return max((self._clock.monotonic() if at is None else at) - sight.since, 0.0)

    def gone(self, lease: LeaseObject, at: float | None = None) -> bool:
        """Whether its holder did not renew it for as long as it lasts."""
        return self.silent(lease, at) >= naming.lasts(lease, self._lasts)


def _same(one: LeaseObject, other: LeaseObject) -> bool:
    return (one.uid, one.version) == (other.uid, other.version)


def _older(lease: LeaseObject, seen: LeaseObject) -> bool:
    """Whether a version of the same object comes before another: both count upwards, as decimals do.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    if lease.uid != seen.uid:
        return False
    return number(lease.version) < number(seen.version)


def number(version: str) -> int:
    """A version as a number; -1 where it is none."""
    return int(version) if version.isascii() and version.isdigit() and len(version) <= 20 else -1
