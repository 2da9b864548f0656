"""One list and watch of all leases: resumed where it left, listed anew where it must be, never believed dead
or alive without a sign."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from random import Random
from typing import Protocol

from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject, SeenLease
from tui.model.clock import Clock, either
from tui.model.sharing import Link
from tui.sharing.pausing import Backoff, fault, noticed
from tui.sharing.sightings import Sightings, number

# All in seconds. For how long a watch is asked for: the server ends it then, and it is resumed.
WATCH = (240.0, 300.0)
# A server tells something about once a minute, if only a bookmark: two are to be missing. This holds until we
# renew a presence.
SILENCE = 150.0
# How often it is looked whether a lease ran out, or the watch fell silent.
TICK = 1.0
# A watch that was ended sooner, whatever it told, is no better than a failure.
BRIEF = 5.0
# How long a fault of ours is let rest.
FAULT = (2.0, 10.0)
_MOST_AWAITED = 64
_REFUSED = frozenset({Reason.FORBIDDEN, Reason.LOGIN_EXPIRED, Reason.MISSING, Reason.CONFIG, Reason.INVALID})


class WatchPlace(Protocol):
    """Where leases are watched: `tui.clients.leases.Leases`, as far as that goes."""

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]: ...

    def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]: ...


class Echo:
    """Our own renewals on their way back through the watch: what does not come back was not told.

    Args:
        within: seconds in which a renewal must come back.
    """

    def __init__(self, clock: Clock, within: float) -> None:
        self._clock = clock
        self._within = within
        self._awaited: dict[str, float] = {}
        self._name = ""
        self._last = ""
        self.proven = False

    def expect(self, lease: LeaseObject) -> None:
        """This was stored just now: the watch will tell of it."""
        self._name = lease.name
        if _reached(self._last, lease.version) or len(self._awaited) >= _MOST_AWAITED:
            return
        self._awaited[lease.version] = self._clock.monotonic()

    def hear(self, lease: LeaseObject) -> bool:
        """The watch told of a lease; whether it is ours, so that the watch has come up to now."""
        if lease.name != self._name:
            return False
        self._last = lease.version
        came = [version for version in self._awaited if _reached(lease.version, version)]
        for version in came:
            del self._awaited[version]
        self.proven = self.proven or bool(came)
        return True

    def begin(self) -> None:
        """The watch begins, or goes on after a break: what it tells at first is from before."""
        self.proven = False
        now = self._clock.monotonic()
        self._awaited = dict.fromkeys(self._awaited, now)

    def listed(self) -> None:
        """A listing told all that there is."""
        self._awaited.clear()

    @property
    def expects(self) -> bool:
        """Whether we renew a lease that comes back at all."""
        return bool(self._name)

    @property
    def overdue(self) -> bool:
        """Whether a renewal did not come back in time."""
        return any(self._clock.monotonic() - at > self._within for at in self._awaited.values())


class LeaseWatch:
    """Keeps the sightings up to date in the background.

    Args:
        leases: where they lie.
        sightings: what is told goes there.
        clock: counts suspended time: after a sleep, the watch of before is dead.
        rng: for the jitter of the waits.
        lasts: how long our leases last, in seconds.
        on_lease: called with each lease that the watch told of, after it was taken in, and whether the watch
            had come up to now by then.
        changed: called when the link, or what is seen, may have changed, and on each tick.
    """

    def __init__(
        self,
        leases: WatchPlace,
        sightings: Sightings,
        clock: Clock,
        rng: Random,
        lasts: float,
        on_lease: Callable[[LeaseObject, bool], None],
        changed: Callable[[], None],
    ) -> None:
        self._leases = leases
        self._sightings = sightings
        self._clock = clock
        self._rng = rng
        self._on_lease = on_lease
        self._changed = changed
        self._backoff = Backoff(rng)
        self._expiring = Backoff(rng)  # where a version is too old that was listed just now, again and again
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._version = ""
        self._asked = clock.monotonic()
        self._doubted = False
        self.echo = Echo(clock, lasts * 2 / 3)
        self.link = Link.CONNECTING
        self.problem: ClusterError | None = None
        self.since: datetime = clock.now()
        self.heard = clock.monotonic()  # when anything was told last

    def start(self) -> None:
        """Begin, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="watch leases")

    async def stop(self) -> None:
        """Watch no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def retry_now(self) -> None:
        """A person does not want to wait."""
        self._backoff.reset()
        self._expiring.reset()
        self._again.set()

    def answered(self) -> None:
        """The place took something just now: where it was away, it is tried again without more waiting."""
        if self.link is not Link.LIVE:
            self._again.set()

    def doubt(self) -> None:
        """The place did not take something just now: a watch may hang with it, and tells nothing of that."""
        self._doubted = True

    async def _run(self) -> None:
        while True:
            self._again.clear()
            try:
                await noticed(self._once())
            except ClusterError as error:
                await self._failed(error)
            except Exception as error:  # noqa: BLE001 - nobody would notice that all leases stand still
                await self._stumbled(error)

    async def _once(self) -> None:
        if not self._version:
            await self._list()
        await self._follow()

    async def _stumbled(self, error: Exception) -> None:
        self._version = ""
        # Told with the next tick: the fault may be that of whoever is told.
        self.link, self.problem = Link.AWAY, fault("watching who is here", error)
        await either(self._again, self._clock, self._rng.uniform(*FAULT))

    async def _list(self) -> None:
        async with _ticking(self._clock, self._changed):
            leases, self._version = await self._leases.list()
        self.echo.listed()
        self._sightings.see_all(leases)
        self._came()

    async def _failed(self, error: ClusterError) -> None:
        if error.reason is Reason.EXPIRED:
            self._version = ""
            if self.link is Link.LIVE:
                self._link(Link.CONNECTING, None)
                await self._pause(self._expiring.next())
                return
        self._link(Link.REFUSED if error.reason in _REFUSED else Link.AWAY, error)
        await self._pause(self._backoff.next())

    async def _pause(self, seconds: float) -> None:
        async with _ticking(self._clock, self._changed):
            await either(self._again, self._clock, seconds)

    async def _follow(self) -> None:
        """One watch, until it ends, fails or falls silent."""
        began = self._asked = self._clock.monotonic()
        self.echo.begin()
        self._doubted = False
        told = asyncio.create_task(self._pump(), name="leases, as they change")
        try:
            while not told.done():
                tick = asyncio.ensure_future(self._clock.sleep(TICK))
                try:
                    await asyncio.wait((told, tick), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    tick.cancel()
                if not told.done() and self._silent():
                    self._version = ""
                    self._link(Link.CONNECTING, None)
                    return
                self._changed()
            told.result()
            if self._clock.monotonic() - began < BRIEF:
                await self._pause(self._backoff.next())
        finally:
            told.cancel()
            await asyncio.gather(told, return_exceptions=True)

    async def _pump(self) -> int:
        """How much the watch told."""
        count = 0
        async with aclosing(self._leases.watch(self._version, self._rng.uniform(*WATCH))) as events:
            async for event in events:
                count += 1
                self._take(event)
        return count

    def _take(self, event: SeenLease) -> None:
        self._version = event.version or self._version
        self._expiring.reset()
        lease = event.lease
        if lease is not None and event.kind == "deleted":
            self._sightings.forget(lease)
        elif lease is not None and event.kind == "changed":
            self._sightings.hear(lease)
            self.echo.hear(lease)
            self._on_lease(lease, self.echo.proven)
        self._came()

    def _silent(self) -> bool:
        if self._doubted:
            return True
        if self.echo.expects:
            return self.echo.overdue
        return self._clock.monotonic() - max(self.heard, self._asked) > SILENCE

    def _came(self) -> None:
        self.heard = self._clock.monotonic()
        self._backoff.reset()
        self._link(Link.LIVE, None)

    def _link(self, link: Link, problem: ClusterError | None) -> None:
        if link is not self.link:
            self.since = self._clock.now()
        self.link, self.problem = link, problem
        self._changed()


class _ticking:  # noqa: N801  # reads as what it does
    """While something is waited for: `changed` is called again and again, as leases run out meanwhile."""

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._tick())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            self._changed()


def _reached(told: str, version: str) -> bool:
    """Whether a version that was told is this one, or a later one."""
    return told == version or (number(version) >= 0 and number(told) >= number(version))
