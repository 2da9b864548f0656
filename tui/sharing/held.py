"""One lease: taken, renewed, confirmed before an act, handed on, given up. Never stolen from who renews."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject, labelled
from tui.model.clock import either
from tui.model.sharing import Holder, Person
from tui.model.times import span
from tui.sharing import naming
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.pausing import Backoff, noticed

log = logging.getLogger(__name__)

# How often what a conflict or a lost answer left open is read again before it is given up.
_TRIES = 4
# A renewal that was hurried comes this many seconds after the one before, or later.
QUICKEST = 2.0


class HeldByOther(Exception):
    """Somebody else holds the lease and renews it, or was not yet silent for as long as it lasts.

    Attributes:
        holder: who does.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder.name} holds it.")
        self.holder = holder


class Lost(Exception):
    """We held the lease and do not any more.

    Attributes:
        holder: who holds it now; None where nobody does.
    """

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(f"{holder.name} holds it now." if holder else "It is held no more.")
        self.holder = holder


class Taking(StrEnum):
    """How a lease was come by."""

    FREE = "free"  # nobody held it
    GONE = "gone"  # its holder was not heard of for as long as it lasts
    OURS = "ours"  # it was this console's: from before a restart, or handed to it
    NAMED = "named"  # it had been given to a name, without a console
    ALONE = "alone"  # the shared place is away: only this console knows of it yet


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of taking a lease.

    Attributes:
        how: how it was come by.
        before: who held it until then; None where nobody did.
        silent_since: since when the one before was not heard of, by this machine's clock; with GONE only.
        silent: for how long.
    """

    how: Taking
    before: Holder | None = None
    silent_since: datetime | None = None
    silent: timedelta | None = None

    @property
    def words(self) -> str:
        """From whom it was taken, for an entry: "from ada (web-1), not heard of for 41 s"; or ""."""
        if self.before is None or self.how not in (Taking.GONE, Taking.NAMED):
            return ""
        whom = f"{self.before.name} ({self.before.host})" if self.before.host else self.before.name
        return f"from {whom}" + (f", not heard of for {span(self.silent)}" if self.silent else "")


class HeldLease:
    """One lease of this console's. Times are seconds of the clock, which counts suspended time.

    Everything that asks raises ClusterError where the shared place does not answer or refuses.

    Args:
        name: the object's.
        told: further annotations, asked before each renewal.
        on_renewed: called with what was stored.
        on_lost: called with who has it now; not after `release` and `hand_to`.
        on_failed: called when it could not be renewed in the background, with why.
        named: whether it may be taken from a name that has no console.
    """

    def __init__(
        self,
        config: LeaseConfig,
        name: str,
        *,
        told: Callable[[], Mapping[str, str]] = dict,
        on_renewed: Callable[[LeaseObject], None] = lambda lease: None,
        on_lost: Callable[[Holder | None], None] = lambda holder: None,
        on_failed: Callable[[ClusterError], None] = lambda error: None,
        named: bool = False,
    ) -> None:
        self._config = config
        self.name = name
        self._clock = config.clock
        self._lasts = config.lasts
        self._told = told
        self._on_renewed = on_renewed
        self._on_lost = on_lost
        self._on_failed = on_failed
        self._named = named
        self._what = ""
        self._lease: LeaseObject | None = None
        self._fresh = -math.inf  # just before the last renewal that succeeded was sent
        self._successor: Holder | None = None
        self._one = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self.problem: ClusterError | None = None

    @property
    def held(self) -> bool:
        """Whether it is ours for sure: its last renewal, from before it was sent, is not older than it lasts.

        Others cannot have seen that renewal earlier, so that they do not take it as long as this is true.
        """
        return self._lease is not None and self._clock.monotonic() - self._fresh < self._lasts

    @property
    def kept(self) -> bool:
        """Whether we took it and know of nobody who has it instead; it may have run out unnoticed."""
        return self._lease is not None

    # -- taking and giving

    async def take(self, what: str = "") -> Taken:
        """Take it, and renew it from now on. Raises HeldByOther."""
        async with self._one:
            self._what = what
            taken = await self._take()
        self._keep()
        return taken

    async def confirm(self) -> None:
        """Renew it now, for an act that follows at once. Raises Lost, and the lease is not held any more.

        An answer that took so long that most of the lease has passed is not good enough: asked again.
        """
        async with self._one:
            for _ in range(_TRIES):
                await self._renew()
                if self._clock.monotonic() - self._fresh < self._lasts / 2:
                    return
        raise ClusterError(
            Reason.TIMEOUT,
            f"The shared place answers too slowly to keep a lease of {self._lasts:g} s.",
            "Check the connection to it; sharing.lease in the settings may be longer, for everybody.",
        )

    async def release(self) -> None:
        """Give it up, so that others need not wait until it runs out. Not held after this in any case."""
        await self._leave("", {})

    async def hand_to(self, whom: Person | str) -> None:
        """Hand it to another console, or to a name alone. Raises Lost where it is not ours any more."""
        holder, told = naming.given_to(whom, self._config.incident)
        if not holder:
            raise ValueError("nobody was named")
        if not await self._leave(holder, told):
            raise Lost(self._successor)

    def hurry(self) -> None:
        """Renew it soon: its annotations changed."""
        self._hurried.set()

    async def stop(self) -> None:
        """Renew it no more, and leave it to run out."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def drop(self) -> None:
        """As `stop`, and believe no more that it is ours."""
        await self.stop()
        self._lease = None

    # -- under the lock of this lease

    async def _take(self) -> Taken:
        first: Taken | None = None
        failed: ClusterError | None = None
        for _ in range(_TRIES):
            lease = await self._read()
            taken = self._may_take(lease)
            # It is ours now because an answer of ours was lost: what was true before is told.
            taken = first if first is not None and taken.how is Taking.OURS else taken
            try:
                await self._put(self._as_ours(lease, taken))
                return taken
            except ClusterError as error:
                if not _open(error):
                    raise
                first, failed = taken, error
        raise failed or _busy(self.name)

    def _may_take(self, lease: LeaseObject | None) -> Taken:
        us = self._config.who()
        if lease is None or not lease.holder:
            return Taken(Taking.FREE)
        if us.was_in(lease):
            return Taken(Taking.OURS)
        gone = self._config.sightings.gone(lease)
        holder = naming.holder_of(lease, us, gone=gone)
        if self._named and naming.by_name(lease):
            return Taken(Taking.NAMED, holder)
        if not gone:
            assert holder is not None
            raise HeldByOther(holder)
        silent = timedelta(seconds=self._config.sightings.silent(lease))
        return Taken(Taking.GONE, holder, self._clock.now() - silent, silent)

    async def _renew(self) -> None:
        """A fresh renewal; what is unclear is settled by reading. Raises Lost."""
        failed: ClusterError | None = None
        for _ in range(_TRIES):
            if self._lease is None:
                raise Lost(self._successor)
            try:
                await self._put(self._fresh_of(self._lease))
                return
            except ClusterError as error:
                if not _open(error):
                    raise
                failed = error
            self._settle(await self._read())
        raise failed or _busy(self.name)

    async def _leave(self, holder: str, told: Mapping[str, str]) -> bool:
        """Put another holder in; whether it was ours to give until then. Not ours after this, either way."""
        await self.stop()
        async with self._one:
            try:
                return await self._give(holder, told)
            finally:
                self._lease = None

    async def _give(self, holder: str, told: Mapping[str, str]) -> bool:
        failed: ClusterError | None = None
        for _ in range(_TRIES):
            lease = self._lease
            if lease is None:
                return False
            moved = lease.transitions + (1 if holder else 0)
            given = replace(
                self._fresh_of(lease),
                holder=holder,
                annotations={**lease.annotations, **told},
                transitions=moved,
                acquired_at=self._clock.now(),
            )
            try:
                self._config.sightings.see(await self._config.leases.replace(given))
                return True
            except ClusterError as error:
                if not _open(error):
                    raise
                failed = error
            found = await self._read()
            if found is not None and (found.holder, found.transitions) == (holder, moved):
                return True  # the answer was lost, and it was done
            self._lease = found if found is not None and self._config.who().is_in(found) else None
            if self._lease is None:
                self._successor = self._holder(found)
        raise failed or _busy(self.name)

    async def _read(self) -> LeaseObject | None:
        lease = await self._config.leases.get(self.name)
        if lease is not None:
            self._config.sightings.see(lease)
        return lease

    async def _put(self, lease: LeaseObject) -> None:
        began = self._clock.monotonic()
        stored = await (
            self._config.leases.replace(lease) if lease.uid else self._config.leases.create(lease)
        )
        self._lease, self._fresh, self._successor, self.problem = stored, began, None, None
        self._config.sightings.see(stored)
        self._on_renewed(stored)

    def _settle(self, found: LeaseObject | None) -> None:
        """Go by what is there: still ours (an answer was lost), or lost. Raises Lost."""
        if found is not None and self._config.who().is_in(found):
            self._lease = found
            return
        self._lease, self._successor = None, self._holder(found)
        self._on_lost(self._successor)
        raise Lost(self._successor)

    def _holder(self, found: LeaseObject | None) -> Holder | None:
        if found is None:
            return None
        return naming.holder_of(found, self._config.who(), gone=self._config.sightings.gone(found))

    def _as_ours(self, lease: LeaseObject | None, taken: Taken) -> LeaseObject:
        now = self._clock.now()
        if lease is None:
            return replace(self._fresh_of(labelled(LeaseObject(self.name))), acquired_at=now)
        if taken.how is Taking.OURS:
            return replace(self._fresh_of(lease), acquired_at=lease.acquired_at or now)
        return replace(self._fresh_of(lease), acquired_at=now, transitions=lease.transitions + 1)

    def _fresh_of(self, lease: LeaseObject) -> LeaseObject:
        us = self._config.who()
        ours = {**naming.written_by(us, self._config.incident, self._what), **self._told()}
        return replace(
            lease,
            holder=us.holder,
            duration_s=math.ceil(self._lasts),
            renewed_at=self._clock.now(),
            annotations={**lease.annotations, **ours},
        )

    # -- in the background

    def _keep(self) -> None:
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_renewing(), name=f"renew {self.name}")

    async def _keep_renewing(self) -> None:
        backoff = Backoff(self._config.rng)
        pause = self._pause()
        while True:
            await self._wait(pause)
            try:
                await noticed(self._renew_in_turn())
            except Lost:
                return
            except Exception as error:  # noqa: BLE001 - nobody would notice that it is renewed no more
                self.problem = _told(error, self.name)
                self._on_failed(self.problem)
                pause = min(backoff.next(), self._lasts / 6)
            else:
                backoff.reset()
                pause = self._pause()

    async def _renew_in_turn(self) -> None:
        async with self._one:
            await self._renew()

    async def _wait(self, pause: float) -> None:
        await either(self._hurried, self._clock, pause)
        if self._hurried.is_set():
            early = QUICKEST - (self._clock.monotonic() - self._fresh)
            if early > 0:
                await self._clock.sleep(min(early, QUICKEST))
            self._hurried.clear()

    def _pause(self) -> float:
        return self._lasts / 3 * self._config.rng.uniform(0.9, 1.0)


def _open(error: ClusterError) -> bool:
    """Whether reading tells what became of it: somebody was faster, or the answer was lost."""
    return error.reason in (Reason.CONFLICT, Reason.MISSING) or error.sent


def _told(error: Exception, name: str) -> ClusterError:
    """Why it could not be renewed. The text of a fault of ours may hold anything: only its kind is told."""
    if isinstance(error, ClusterError):
        return error
    kind = type(error).__name__
    log.warning("renewing %s failed with %s", name, kind)
    said = f"Renewing lease {name} failed with a fault of Leeward's ({kind}); it is tried again."
    return ClusterError(Reason.SERVER, said, "Please report it.")


def _busy(name: str) -> ClusterError:
    return ClusterError(Reason.CONFLICT, f"Others changed lease {name} at the same moment.", "Try it again.")
