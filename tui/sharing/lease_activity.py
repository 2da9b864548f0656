"""Hears that something began or ended in the shared place while no incident is open here: by the leases.

A console that works an incident renews its presence: a presence that was not there before tells of a console
that declared or joined, and command that is given up of an incident that is over.
"""

from collections.abc import Awaitable, Callable
from random import Random

from tui.clients.leases import LeaseObject
from tui.model.clock import Clock
from tui.sharing import naming
from tui.sharing.company import AllLeases, AtDoor
from tui.sharing.sightings import Sightings
from tui.sharing.watching import LeaseWatch


class LeaseActivity:
    """One watch of all leases, of which only this is told: that it is worth to look what there is.

    Args:
        opened: the leases, as for `AtDoor`.
        clock: counts suspended time (`BootClock`).
        rng: for the jitter of the watch's waits.
        lasts: `sharing.lease`, in seconds.
        on_activity: called when a console came, left, or command changed hands. Not for renewals.
    """

    def __init__(
        self,
        opened: Callable[[], Awaitable[AllLeases]],
        clock: Clock,
        rng: Random,
        lasts: float,
        on_activity: Callable[[], None],
    ) -> None:
        self._sightings = Sightings(clock, lasts)
        self._on_activity = on_activity
        self._told: frozenset[tuple[str, str]] = frozenset()
        self._watch = LeaseWatch(
            AtDoor(opened), self._sightings, clock, rng, lasts, lambda lease, live: None, self._look
        )

    def start(self) -> None:
        """Begin, in the background."""
        self._watch.start()

    async def stop(self) -> None:
        """Watch no more."""
        await self._watch.stop()

    @property
    def incidents(self) -> frozenset[str]:
        """Those that somebody works now, as far as it was heard."""
        return frozenset(
            sight.lease.annotations.get(naming.INCIDENT, "")
            for sight in self._sightings
            if naming.console_of(sight.lease) and sight.lease.holder and not self._gone(sight.lease)
        ) - {""}

    def _look(self) -> None:
        told = frozenset(
            (sight.lease.name, sight.lease.holder)
            for sight in self._sightings
            if sight.lease.name.startswith((naming.HERE, naming.COMMAND)) and not self._gone(sight.lease)
        )
        if told != self._told:
            self._told = told
            self._on_activity()

    def _gone(self, lease: LeaseObject) -> bool:
        return self._sightings.gone(lease, self._watch.heard)
