"""That this console is there, told to the others for as long as it has the incident open."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from tui.clients.cluster_errors import ClusterError
from tui.clients.leases import LeaseObject
from tui.model.clock import either
from tui.model.sharing import Holder
from tui.sharing import naming
from tui.sharing.held import HeldByOther, HeldLease
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.pausing import Backoff, noticed

log = logging.getLogger(__name__)


class Presence:
    """Taken and renewed in the background, also after the shared place was away.

    Args:
        config: of all leases of this console.
        on_renewed: called with what was stored: the roster waits until the watch tells of it.
        on_failed: called when it could not be renewed, with why: the roster looks whether the place answers.
    """

    def __init__(
        self,
        config: LeaseConfig,
        on_renewed: Callable[[LeaseObject], None] = lambda lease: None,
        on_failed: Callable[[ClusterError], None] = lambda error: None,
    ) -> None:
        self._clock = config.clock
        self._lasts = config.lasts
        self._last = ""
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()
        self._backoff = Backoff(config.rng)
        self.other: Holder | None = None
        self._lease = HeldLease(
            config,
            naming.here_name(config.who().id),
            told=self._told,
            on_renewed=on_renewed,
            on_lost=lambda holder: self._again.set(),
            on_failed=on_failed,
        )

    @property
    def told(self) -> bool:
        """Whether the others know for sure that this console is here."""
        return self._lease.held

    @property
    def problem(self) -> str:
        """That another machine goes by this console's id, in a sentence; or ""."""
        if self.other is None:
            return ""
        return (
            f"Another console, on {self.other.host or 'another machine'}, goes by the id of this one: "
            "its state directory is a copy of this one's."
        )

    def tell(self, last: str) -> None:
        """The id of the last entry that this console recorded; told soon, at most every two seconds."""
        if last != self._last:
            self._last = last
            self._lease.hurry()

    def start(self) -> None:
        """Begin, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="presence")

    def retry_now(self) -> None:
        """Try again at once where the shared place is away."""
        self._backoff.reset()
        self._again.set()
        self._lease.hurry()

    async def stop(self) -> None:
        """Leave: the others see it at once. Never raises: what cannot be told runs out by itself."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            await self._lease.release()
        except ClusterError:
            await self._lease.drop()

    def _told(self) -> Mapping[str, str]:
        return {naming.LAST: self._last}

    async def _run(self) -> None:
        while True:
            self._again.clear()
            pause = self._lasts / 3
            if not self._lease.kept:
                try:
                    await noticed(self._take())
                except HeldByOther as held:
                    self.other = held.holder
                except Exception as error:  # noqa: BLE001 - nobody would notice that others see us no more
                    if not isinstance(error, ClusterError):
                        log.warning("telling that this console is here failed with %s", type(error).__name__)
                    pause = min(self._backoff.next(), self._lasts / 3)
            await either(self._again, self._clock, pause)

    async def _take(self) -> None:
        await self._lease.take()
        self.other = None
        self._backoff.reset()
