"""Who is there: presence, command and locks, as the leases of the shared place tell them. Loaded late."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from random import Random

from tui.clients.cluster_errors import ClusterError
from tui.clients.leases import Leases
from tui.model.clock import Clock
from tui.session.identity import Identity
from tui.sharing import naming
from tui.sharing.held import HeldByOther, HeldLease
from tui.sharing.naming import Console
from tui.sharing.pausing import Backoff
from tui.sharing.sightings import Sightings


class Company:
    """The leases of one incident that is open here, and what others' tell."""

    def __init__(
        self,
        leases: Leases,
        incident: str,
        console: str,
        identity: Identity,
        sightings: Sightings,
        clock: Clock,
        rng: Random,
        lasts: float,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._rng = rng
        self._console = console
        self._last = ""
        name = naming.here_name(console)
        made = (leases, name, self.us, incident, sightings, clock, rng, lasts)
        self._presence = HeldLease(*made, told=self._told)
        self._coming: asyncio.Task[None] | None = None

    def us(self) -> Console:
        """Who we are, as it is known now."""
        return Console(self._console, self._identity.name, socket.gethostname(), os.getpid())

    def begin(self) -> None:
        """Let others see that this console is there."""
        self._coming = asyncio.create_task(self._come(), name="presence")

    async def leave(self) -> None:
        """Say that this console leaves. Never raises: what cannot be said runs out by itself."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        with contextlib.suppress(ClusterError):
            await self._presence.release()

    def recorded(self, last: str) -> None:
        """The last entry that this console has recorded."""
        self._last = last
        self._presence.hurry()

    async def _come(self) -> None:
        backoff = Backoff(self._rng)
        while True:
            try:
                await self._presence.take()
            except (ClusterError, HeldByOther):
                await self._clock.sleep(backoff.next())
            else:
                return

    def _told(self) -> Mapping[str, str]:
        return {naming.LAST: self._last}
