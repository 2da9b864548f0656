"""Intents without outcome, compared with the cluster before anything else is offered."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.model.incident import Applied
from tui.model.mitigation import Target
from tui.session import intents
from tui.session.chronicle import Chronicle
from tui.session.errors import LockHeld, LockUnreachable, SessionError
from tui.session.guard import Hold, TargetGuard, is_of, ours, taken_up
from tui.session.refusals import in_words

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster
    from tui.mitigations.beside import Beside

# How many changes that others left open are looked at in one go: who floods an incident keeps nobody busy.
AT_ONCE = 20
# How often a cluster that is away is asked again what became of a change, in seconds.
AGAIN, AGAIN_MOST = 2.0, 30.0


class Settling:
    """Finds out what became of changes of which nothing more is known.

    Args:
        cluster: opens the cluster; raises SessionError.
        busy_with: the intents that this console itself is busy with.
        settled: is called once nothing is left to settle.
        changed: `unsettled` changed.
        guard: a change is settled by one console alone: whoever has the lock of its target.
        actor: who works here.
        can_be: whether a change that another console told of can be one of the runbook's, here.

    Attributes:
        unsettled: why nothing can be changed yet, or "".
    """

    def __init__(
        self,
        chronicle: Chronicle,
        clock: Clock,
        cluster: "Callable[[], Awaitable[Cluster]]",
        beside: "Beside | None",
        busy_with: Callable[[], frozenset[str]],
        settled: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        guard: TargetGuard,
        actor: Callable[[], str],
        can_be: Callable[[Applied], bool] = lambda change: True,
    ) -> None:
        self._actor = actor
        self._can_be = can_be
        self._chronicle = chronicle
        self._clock = clock
        self._cluster = cluster
        self._beside = beside
        self._busy_with = busy_with
        self._settled = settled
        self._changed = changed
        self._guard = guard
        self._one_at_a_time = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None
        self.unsettled = ""

    async def settle(self) -> None:
        """Ask the cluster; where it cannot be asked, it is asked again in the background."""
        async with self._one_at_a_time:
            waiting = self._waiting()
            if waiting:
                self.unsettled = f"{_changes(len(waiting))} not settled yet."
                self._changed()
            try:
                for change in waiting:
                    await self._alone(change)
            except SessionError as error:
                self.unsettled = f"{_changes(len(self._waiting()))} not settled yet: {error.said}"
                self._later()
            else:
                self.unsettled = ""
                await self._take_up()
                await self._settled()
        self._changed()

    async def before(self, target: Target) -> None:
        """Settle what others left open on a target, whose lock is held, as far as that can be done now.

        What cannot be settled stands in nobody's way: anybody can tell of a change that never was.
        """

        def open_there() -> list[Applied]:
            found = self._of_others()
            return [one for one in found if one.uid == target.uid or one.place == target.key]

        if not open_there():
            return
        await self._guard.caught_up()
        for change in _latest(open_there()):
            with contextlib.suppress(SessionError):
                await self._settle(change)

    def lost(self) -> None:
        """The answer to a change was lost just now."""
        self.unsettled = "1 change is not settled yet: its answer was lost."
        self._later()

    async def stop(self) -> None:
        """Ask no more."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)

    def _waiting(self) -> tuple[Applied, ...]:
        """What this console began and is not settled, but for what it is busy with."""
        return tuple(change for change in self._unsettled() if ours(change, self._guard))

    def _of_others(self) -> tuple[Applied, ...]:
        found = (change for change in self._unsettled() if not ours(change, self._guard))
        return tuple(change for change in found if self._can_be(change))

    def _unsettled(self) -> tuple[Applied, ...]:
        incident = self._chronicle.incident
        if incident is None or not self._chronicle.writable:
            return ()
        busy = self._busy_with()
        return tuple(change for change in incident.unsettled if change.intent not in busy)

    async def _take_up(self) -> None:
        """What consoles that are gone left open. What cannot be settled now stands in nobody's way."""
        for change in _latest(one for one in self._of_others() if self._guard.left(one)):
            with contextlib.suppress(SessionError):
                await self._alone(change)

    async def _alone(self, change: Applied) -> None:
        """Settle a change as the only one who does. Raises SessionError."""
        hold: Hold | None = None
        try:
            hold = await self._guard.take(change.uid, change, f"settling {change.title}")
        except LockHeld:
            return  # whoever has it settles it
        except LockUnreachable:
            if not ours(change, self._guard):
                raise
        try:
            if hold is not None:
                await self._guard.caught_up()
            if change.intent in {one.intent for one in self._unsettled()}:
                await self._settle(change, hold)
        finally:
            if hold is not None:
                await hold.release()

    async def _settle(self, change: Applied, hold: Hold | None = None) -> None:
        """Settle it; with it, that its lock was taken for that alone. Raises SessionError."""
        from tui.mitigations.settle import settled

        cluster = await self._cluster()
        with in_words():
            own = ours(change, self._guard)
            if not own and not await is_of(cluster, change):
                return
            outcome = await settled(cluster, change, self._beside)
        now = self._clock.now()
        told = taken_up(hold, change, "settle", now, self._actor(), own=own)
        await self._chronicle.record(*told, *intents.settled(change, outcome, now))

    def _later(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._ask_again(), name="settle again")

    async def _ask_again(self) -> None:
        pause = AGAIN
        while self.unsettled:
            await self._clock.sleep(pause)
            pause = min(pause * 2, AGAIN_MOST)
            await self.settle()


def _latest(changes: Iterable[Applied]) -> tuple[Applied, ...]:
    return tuple(changes)[-AT_ONCE:]


def _changes(count: int) -> str:
    return "1 change is" if count == 1 else f"{count} changes are"
