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

    Args:
        clock: its `monotonic` counts suspended time (`BootClock`).
        lasts: for a lease that does not say how long it lasts, in seconds.
    """

    def __init__(self, clock: Clock, lasts: float) -> None:
        self._clock = clock
        self._lasts = lasts
        self._sights: dict[str, Sighting] = {}

    def __iter__(self) -> Iterator[Sighting]:
        return iter(tuple(self._sights.values()))

    def get(self, name: str) -> Sighting | None:
        """What was seen of a lease."""
        return self._sights.get(name)

    def see(self, lease: LeaseObject, *, late: bool = False) -> bool:
        """Take a lease as it was read; whether that is news.

        Beyond `MOST` a presence makes room for what is held, and is not taken: a lock that is not seen
        could never be known as left.

        Args:
            late: it comes from a watch, which may tell of versions that were read past already.
        """
        if not lease.name.startswith(_OURS):
            return False
        before = self._sights.get(lease.name)
        if before is None and len(self._sights) >= MOST and not self._has_room_for(lease):
            return False
        if before is not None and _same(before.lease, lease):
            return False
        if before is not None and late and _older(lease, before.lease):
            return False
        renewed = late or before is not None
        self._sights[lease.name] = Sighting(lease, self._clock.monotonic(), renewed)
        return True

    def _has_room_for(self, lease: LeaseObject) -> bool:
        """Let go of what says least; False where that is the lease itself."""
        if lease.name.startswith(naming.HERE) or not lease.holder:
            return False
        spare = (one for one in self._sights.values() if not one.lease.holder)
        present = (one for one in self._sights.values() if one.lease.name.startswith(naming.HERE))
        least = next(spare, None) or next(present, None)
        if least is not None:
            del self._sights[least.lease.name]
        return least is not None

    def see_all(self, leases: Iterable[LeaseObject]) -> bool:
        """Take a listing: what is not in it is not there any more."""
        leases = tuple(leases)
        there = {lease.name for lease in leases}
        left = [name for name in self._sights if name not in there]
        for name in left:
            del self._sights[name]
        news = sum(self.see(lease) for lease in leases)  # all of them, not up to the first that is news
        return bool(news or left)

    def forget(self, lease: LeaseObject) -> bool:
        """The lease was deleted, as a watch tells; whether that is news."""
        before = self._sights.get(lease.name)
        if before is None or before.lease.uid != lease.uid:
            return False
        del self._sights[lease.name]
        return True

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
