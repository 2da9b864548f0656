"""Command of an incident, as a lease: taken, taken over, handed on, set right after the place was away."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tui.clients.cluster_errors import ClusterError
from tui.model.clock import either
from tui.model.sharing import Holder, Person
from tui.sharing import naming
from tui.sharing.held import HeldByOther, HeldLease, Lost, Taken, Taking
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.pausing import Backoff, noticed
from tui.sharing.roster import Roster

log = logging.getLogger(__name__)


class CommandChange(StrEnum):
    """What happened to command without this console's person doing it just now."""

    RECEIVED = "received"  # it was handed to this console, or is still ours after a restart
    LOST = "lost"  # this console was silent too long, and somebody took over
    KEPT = "kept"  # taken while the shared place was away, and now by the lease, too
    OVERRULED = "overruled"  # taken while the shared place was away, and it is somebody else's


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """A change of command that this console found.

    Attributes:
        change: which.
        holder: who has command now; None where nobody has.
        taken: with KEPT and RECEIVED, how it was come by.
    """

    change: CommandChange
    holder: Holder | None
    taken: Taken | None = None

    @property
    def words(self) -> str:
        """What happened, as a sentence for the console; "" where it is nothing to be told."""
        name = self.holder.name if self.holder is not None else "nobody"
        match self.change:
            case CommandChange.LOST:
                return f"Command was taken over while this console was not heard of: {name} has it."
            case CommandChange.OVERRULED:
                return f"Command was taken here while the shared place was away, but {name} has it."
            case CommandChange.KEPT:
                return f"The shared place is back: {name} has command by its lease, too."
            case CommandChange.RECEIVED:
                return ""


class CommandLease:
    """Command of one incident, for this console.

    Args:
        config: of all leases of this console.
        roster: what is seen of others; a handover to us is seen there.
        on_event: called with each change that nobody here made; it must not raise.
    """

    def __init__(
        self,
        config: LeaseConfig,
        roster: Roster,
        on_event: Callable[[CommandEvent], None] = lambda event: None,
    ) -> None:
        self._who = config.who
        self._incident = config.incident
        self._roster = roster
        self._clock = config.clock
        self._lasts = config.lasts
        self._on_event = on_event
        self._backoff = Backoff(config.rng)
        self._wish: Person | str | None = None
        self._wake = asyncio.Event()
        self._one = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._lease = HeldLease(
            config,
            naming.command_name(config.incident),
            on_lost=self._lost,
            named=True,
        )

    # -- looking

    @property
    def holder(self) -> Holder | None:
        """Who has command by the lease, as it was seen last."""
        return self._roster.command(self._incident)

    @property
    def held(self) -> bool:
        """Whether this console has it for sure."""
        return self._lease.held

    @property
    def alone(self) -> bool:
        """Whether something was decided about it that the shared place does not know of yet."""
        return self._wish is not None

    # -- deciding

    async def take(self, name: str = "") -> Taken:
        """Take command, for this console's person or in somebody's name.

        Raises HeldByOther where somebody has it who is there. Where the shared place is away it is taken for
        here alone (`Taking.ALONE`, with who had it as far as is known), and set right when it is back.
        """
        us = self._who()
        return await self._decide(self._ourselves() if name in ("", us.name) else name)

    async def hand_over(self, whom: Person | str) -> Taken:
        """Hand command to a console that is here, or to a name; as `take`, also while the place is away.

        Raises HeldByOther where it is not ours to hand over.
        """
        return await self._decide(whom)

    async def release(self) -> None:
        """Nobody has command any more: the incident is over. Raises ClusterError."""
        async with self._one:
            self._wish = None
            await self._lease.release()

    # -- in the background

    def start(self) -> None:
        """Receive what is handed to us, and set right what was decided alone."""
        if self._task is None:
            self._roster.listen(self._wake.set)
            self._task = asyncio.create_task(self._run(), name="command")

    async def stop(self) -> None:
        """Renew it no more. It is not given up: it runs out unless this console comes back."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._lease.stop()

    async def reconcile(self) -> None:
        """Compare what is decided here with the lease, once. Raises ClusterError."""
        async with self._one:
            wish = self._wish
            if wish is not None:
                await self._set_right(wish)
            elif not self._lease.kept and self._is_ours(self.holder):
                taken = await self._lease.take()
                self._on_event(CommandEvent(CommandChange.RECEIVED, self.holder, taken))

    # -- the rest

    async def _decide(self, whom: Person | str) -> Taken:
        async with self._one:
            before = self.holder
            try:
                taken = await self._bring(whom)
            except ClusterError:
                # It is decided by people here and now, whatever the shared place says later.
                self._wish = whom
                return Taken(Taking.ALONE, before)
            self._wish = None
            return taken

    async def _bring(self, whom: Person | str) -> Taken:
        """Take it, and hand it on where it is not for us."""
        taken = await self._lease.take()
        if isinstance(whom, str) or whom.console != self._who().id:
            try:
                await self._lease.hand_to(whom)
            except Lost as lost:
                if lost.holder is not None:
                    raise HeldByOther(lost.holder) from None
        return taken

    async def _set_right(self, wish: Person | str) -> None:
        try:
            taken = await self._bring(wish)
        except HeldByOther as held:
            self._wish = None
            self._on_event(CommandEvent(CommandChange.OVERRULED, held.holder))
            return
        self._wish = None
        self._on_event(CommandEvent(CommandChange.KEPT, self.holder, taken))

    def _is_ours(self, holder: Holder | None) -> bool:
        return holder is not None and holder.here

    def _lost(self, holder: Holder | None) -> None:
        self._on_event(CommandEvent(CommandChange.LOST, holder))

    def _ourselves(self) -> Person:
        us = self._who()
        return next(one for one in self._roster.people if one.console == us.id)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self._lasts / 3
            try:
                await noticed(self.reconcile())
                self._backoff.reset()
            except HeldByOther:
                pass  # somebody was faster; what the watch tells next says who
            except Exception as error:  # noqa: BLE001 - nobody would notice that a handover never comes
                if not isinstance(error, ClusterError):
                    log.warning("setting command right failed with %s", type(error).__name__)
                pause = min(self._backoff.next(), pause)
            await either(self._wake, self._clock, pause)
