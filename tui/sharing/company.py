"""All leases of one incident's console in one hand: who is here, command, and the locks of targets."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from random import Random
from typing import Protocol

from tui.clients.leases import LeaseObject, SeenLease
from tui.model.clock import Clock
from tui.model.sharing import Holder
from tui.sharing.command import CommandEvent, CommandLease
from tui.sharing.lease_config import LeaseConfig, LeasePlace
from tui.sharing.locks import TargetLocks
from tui.sharing.naming import Console
from tui.sharing.presence import Presence
from tui.sharing.roster import Roster
from tui.sharing.sightings import Sightings
from tui.sharing.watching import WatchPlace


class AllLeases(LeasePlace, WatchPlace, Protocol):
    """Where leases lie: `tui.clients.leases.Leases`."""


class AtDoor:
    """Leases of a place that may not be open yet: each call opens it first. Raises ClusterError.

    Args:
        opened: the leases, as soon as the place can be reached; opening twice is no matter.
    """

    def __init__(self, opened: Callable[[], Awaitable[AllLeases]]) -> None:
        self._opened = opened

    async def get(self, name: str) -> LeaseObject | None:
        return await (await self._opened()).get(name)

    async def create(self, lease: LeaseObject) -> LeaseObject:
        return await (await self._opened()).create(lease)

    async def replace(self, lease: LeaseObject) -> LeaseObject:
        return await (await self._opened()).replace(lease)

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]:
        return await (await self._opened()).list()

    async def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        async with aclosing((await self._opened()).watch(version, seconds)) as events:
            async for event in events:
                yield event


class Company:
    """What a console that works a shared incident holds, and sees of the others.

    Args:
        opened: the leases of the shared place (`AtDoor`).
        incident: which is worked.
        who: who we are, as it is known now; its `id` stays.
        clock: counts suspended time (`BootClock`).
        rng: for jitter.
        lasts: `sharing.lease`, in seconds.
        has: whether an entry, by its id, is here.
        on_change: called when what `roster` tells changed.
        on_command: called when command changed without this console's person doing it.
        on_lock_lost: called with a target's uid and who has its lock now.

    Attributes:
        roster, presence, command, locks: the parts.
    """

    def __init__(
        self,
        opened: Callable[[], Awaitable[AllLeases]],
        incident: str,
        who: Callable[[], Console],
        clock: Clock,
        rng: Random,
        lasts: float,
        *,
        has: Callable[[str], bool] = lambda entry: True,
        on_change: Callable[[], None] = lambda: None,
        on_command: Callable[[CommandEvent], None] = lambda event: None,
        on_lock_lost: Callable[[str, Holder | None], None] = lambda uid, holder: None,
    ) -> None:
        leases, seen = AtDoor(opened), Sightings(clock, lasts, incident)
        config = LeaseConfig(leases, who, incident, seen, clock, rng, lasts)
        self.roster = Roster(leases, incident, who, seen, clock, rng, lasts, has=has, on_change=on_change)
        self.presence = Presence(config, self.roster.expect, self.roster.doubt)
        self.command = CommandLease(config, self.roster, on_command)
        self.locks = TargetLocks(config, on_lock_lost)

    def start(self) -> None:
        """Begin, in the background; nothing of it waits for the shared place."""
        self.roster.start()
        self.presence.start()
        self.command.start()

    def tell(self, last: str) -> None:
        """The id of the last entry that this console recorded: others then know what they miss."""
        self.presence.tell(last)

    def retry_now(self) -> None:
        """Try again at once where the shared place is away."""
        self.roster.retry_now()
        self.presence.retry_now()

    async def stop(self) -> None:
        """Leave. Presence is given up; command and locks are renewed no more, and run out."""
        try:
            await asyncio.gather(self.presence.stop(), self.command.stop(), self.locks.stop())
        finally:
            await self.roster.stop()  # also where a place that hangs is not waited for
