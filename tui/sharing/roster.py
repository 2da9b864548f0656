"""Who works an incident, who has command, and who holds which target's lock, as the leases tell."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject
from tui.model.clock import Clock
from tui.model.sharing import Holder, Link, Person
from tui.model.skew import DIFFERS
from tui.sharing import naming
from tui.sharing.naming import Console
from tui.sharing.sightings import Sighting, Sightings
from tui.sharing.watching import LeaseWatch, WatchPlace

log = logging.getLogger(__name__)

# Those who were here are told, but not without end.
MOST_GONE = 20
MOST_PEOPLE = 200
# After this time an entry that another console told of should have come: seconds.
OVERDUE = 2.0
_SAMPLES = 5
_NEVER = timedelta(days=3650)


class Roster:
    """The leases of the shared place, read for one incident. Nothing here blocks or raises.

    Args:
        leases: where they lie.
        incident: whose people are told.
        who: who we are, as it is known now.
        sightings: what was seen of leases, shared with those that this console holds.
        clock: counts suspended time (`BootClock`).
        rng: for the jitter of the watch's waits.
        lasts: how long our leases last, in seconds.
        has: whether an entry, by its id, is here.
        on_change: called when what is told here changed; further ones by `listen`.
    """

    def __init__(
        self,
        leases: WatchPlace,
        incident: str,
        who: Callable[[], Console],
        sightings: Sightings,
        clock: Clock,
        rng: Random,
        lasts: float,
        *,
        has: Callable[[str], bool] = lambda entry: True,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._incident = incident
        self._who = who
        self._sightings = sightings
        self._clock = clock
        self._has = has
        self._listeners = [on_change]
        self._own: deque[timedelta] = deque(maxlen=_SAMPLES)
        self._others: dict[str, deque[timedelta]] = {}
        self._missing: dict[str, float] = {}
        self._published: object = None
        self._watch = LeaseWatch(leases, sightings, clock, rng, lasts, self._sample, self._look)

    # -- its life

    def start(self) -> None:
        """Begin to watch, in the background."""
        self._watch.start()

    async def stop(self) -> None:
        """Watch no more; what was told stays as it was."""
        await self._watch.stop()

    def retry_now(self) -> None:
        """Try again at once where the shared place is away."""
        self._watch.retry_now()

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call this, too, when what is told here changed."""
        self._listeners.append(on_change)

    def expect(self, lease: LeaseObject) -> None:
        """Our own presence was renewed: the watch must tell of it within two renewals, or it is dead."""
        self._watch.echo.expect(lease)
        self._watch.answered()

    def doubt(self, error: ClusterError) -> None:
        """Our own presence could not be renewed: whether the place answers at all is asked anew.

        One that forbids it does answer: this login only looks on.
        """
        if error.reason is not Reason.FORBIDDEN:
            self._watch.doubt()

    # -- what it tells

    @property
    def link(self) -> Link:
        """How the leases can be reached now."""
        return self._watch.link

    @property
    def problem(self) -> ClusterError | None:
        """Why they cannot be; None while they can."""
        return self._watch.problem

    @property
    def since(self) -> datetime:
        """Since when the link is as it is."""
        return self._watch.since

    @property
    def people(self) -> tuple[Person, ...]:
        """Who is here: this console first, others by their ids; those who are gone last, latest first."""
        others = list(self._people())
        here = sorted((one for one in others if not one.gone), key=lambda one: one.console)
        gone = sorted((one for one in others if one.gone), key=lambda one: (one.ago, one.console))
        return (self._ourselves(), *here[:MOST_PEOPLE], *gone[:MOST_GONE])

    @property
    def rank(self) -> int:
        """Our place among the consoles that are here: the holder of command is 0, the others follow by id.

        While another console's presence is not known it counts as none: ranks may then coincide.
        """
        us = self._who().id
        command = self.command(self._incident)
        first = command.console if command is not None else ""
        ids = sorted({us, *(one.console for one in self._people() if not one.gone)})
        return sorted(ids, key=lambda console: (console != first, console)).index(us)

    @property
    def overdue(self) -> tuple[str, ...]:
        """Entries that other consoles told of two seconds ago or more and that are not here: list anew."""
        now = self._clock.monotonic()
        late = (entry for entry, at in self._missing.items() if now - at >= OVERDUE)
        return tuple(sorted(entry for entry in late if not self._has(entry)))

    def command(self, incident: str) -> Holder | None:
        """Who has command of an incident; None where nobody has, or it is not known."""
        return self._holder(naming.command_name(incident))

    def lock(self, uid: str) -> Holder | None:
        """Who holds the lock of the target with this uid; None where nobody does, or it is not known."""
        return self._holder(naming.lock_name(uid))

    def person(self, console: str) -> Person | None:
        """Somebody who was ever seen here, by the console's id."""
        return next((one for one in self.people if one.console == console), None)

    # -- reading the leases

    def _holder(self, name: str) -> Holder | None:
        sight = self._sightings.get(name)
        if sight is None:
            return None
        return naming.holder_of(sight.lease, self._who(), gone=self._gone(sight.lease))

    def _gone(self, lease: LeaseObject) -> bool:
        """Whether it ran out up to when anything was heard last: a dead watch tells of nobody's end.

        Command that was given to a name is that name's until somebody takes it; a lock is nobody's for ever.
        """
        if lease.name.startswith(naming.COMMAND) and naming.by_name(lease):
            return False
        return self._sightings.gone(lease, self._watch.heard)

    def _people(self) -> Iterator[Person]:
        us = self._who()
        for sight in self._sightings:
            console = naming.console_of(sight.lease)
            if console and console != us.id and self._is_here(sight.lease):
                yield self._person(console, sight)

    def _is_here(self, lease: LeaseObject) -> bool:
        return lease.annotations.get(naming.INCIDENT) == self._incident

    def _ourselves(self) -> Person:
        us = self._who()
        return Person(us.id, us.name, us.host, us.process, here=True, ago=timedelta(0))

    def _person(self, console: str, sight: Sighting) -> Person:
        lease = sight.lease
        name, host, process = naming.identity_of(lease)
        gone = not lease.holder or self._gone(lease)
        last = naming.last_of(lease)
        return Person(
            console=console,
            name=name,
            host=host,
            process=process,
            here=False,
            ago=self._ago(sight, gone=gone),
            gone=gone,
            behind=1 if last and not self._has(last) else 0,
            ahead=None if gone else self._ahead(console),
        )

    def _ago(self, sight: Sighting, *, gone: bool) -> timedelta:
        """Since it was heard of. Of one that was gone before we came only its own clock tells more."""
        seen = timedelta(seconds=max(self._clock.monotonic() - sight.since, 0.0))
        if not gone or sight.lease.renewed_at is None:
            return seen
        return min(max(seen, self._clock.now() - sight.lease.renewed_at), _NEVER)

    # -- clocks

    def _sample(self, lease: LeaseObject, live: bool) -> None:
        """A renewal came in as it was made: how its writer's clock compares with ours, less the way."""
        console = naming.console_of(lease)
        if not live or not console or not lease.holder or lease.renewed_at is None:
            return
        ahead = lease.renewed_at - self._clock.now()
        us = self._who()
        if us.is_in(lease):
            self._own.append(ahead)
        elif console != us.id and self._is_here(lease) and len(self._others) < MOST_PEOPLE:
            self._others.setdefault(console, deque(maxlen=_SAMPLES)).append(ahead)

    def _ahead(self, console: str) -> timedelta | None:
        """How far its clock is ahead, where it differs.

        The way only ever makes a renewal look older, so that the largest of the last ones is nearest; our
        own renewals, which took the same way back, tell how long that is at least.
        """
        samples = self._others.get(console, ())
        if len(samples) < 2 or not self._own:
            return None
        ahead = max(samples) - max(self._own)
        return ahead if abs(ahead) > DIFFERS else None

    # -- publishing

    def _look(self) -> None:
        """Look whether what is told has changed, and say so."""
        self._mind_missing()
        told = self._told()
        if told == self._published:
            return
        self._published = told
        for listener in tuple(self._listeners):
            listener()

    def _mind_missing(self) -> None:
        now = self._clock.monotonic()
        lasts = {naming.last_of(sight.lease) for sight in self._sightings if self._is_here(sight.lease)}
        missing = [last for last in lasts if last and not self._has(last)]
        self._missing = {last: self._missing.get(last, now) for last in missing}

    def _told(self) -> object:
        """All that is told, but for what every moment changes."""
        people = tuple(
            replace(one, ago=timedelta(0), ahead=None if one.ahead is None else _whole(one.ahead))
            for one in self.people
        )
        held = {
            sight.lease.name: self._holder(sight.lease.name)
            for sight in self._sightings
            if sight.lease.name == naming.command_name(self._incident)
            or sight.lease.name.startswith(naming.LOCK)
        }
        return people, held, self.link, str(self.problem or ""), self.overdue


def _whole(ahead: timedelta) -> timedelta:
    return timedelta(seconds=round(ahead.total_seconds()))
