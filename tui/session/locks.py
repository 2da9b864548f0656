"""The lock of a target, as a Lease of the shared place: `guard.TargetGuard` where incidents are shared."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from tui.model.clock import Clock
from tui.model.incident import Applied
from tui.model.mitigation import Target
from tui.model.sharing import Holder
from tui.session.chronicle import Chronicle
from tui.session.errors import LockHeld, LockLost, LockUnreachable
from tui.session.guard import Hold, lock_entry, ours
from tui.session.place_connection import PATIENCE
from tui.session.sharing import Sharing

if TYPE_CHECKING:
    from tui.sharing.locks import TargetLock

# How long giving a lock up may hold a change up that is over.
RELEASING = 1.0
_WHEN_LOST = "Look at what the other changed, and open the preview again."


class Lock:
    """A hold on a target for one change: `guard.Hold`.

    Attributes:
        uid: the target's.
        over_from: who had it before and is gone, or "".
    """

    def __init__(self, uid: str, deployment: str, over_from: str, lock: "TargetLock") -> None:
        self.uid = uid
        self.over_from = over_from
        self._deployment = deployment
        self._lock = lock

    @property
    def held(self) -> bool:
        """Whether it is still ours for sure."""
        return self._lock.held

    async def confirm(self) -> None:
        """Renew it, now. Raises LockLost, LockUnreachable: then nothing may be sent."""
        from tui.clients.cluster_errors import ClusterError
        from tui.sharing.held import Lost

        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.confirm()
        except Lost as lost:
            said = f"Nothing was sent: {_lost(self._deployment, lost.holder)}."
            raise LockLost(said, _WHEN_LOST) from lost
        except (ClusterError, TimeoutError) as error:
            _unreachable("sent", self._deployment, error)

    async def release(self) -> None:
        """Give it up, unless another change of this console needs it. Never raises, nor takes long.

        What takes longer goes on in the background, until the company is left.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RELEASING):
                await self._lock.release()


class Locks:
    """Locks targets against other consoles.

    Args:
        sharing: knows the place, and who is there.
        chronicle: a lock that is lost is an entry.
        actor: who works here.

    Attributes:
        on_lost: is called with a target's uid when its lock was lost.
    """

    def __init__(
        self, sharing: Sharing, chronicle: Chronicle, clock: Clock, actor: Callable[[], str]
    ) -> None:
        self._sharing = sharing
        self._chronicle = chronicle
        self._clock = clock
        self._actor = actor
        self._deployments: dict[str, str] = {}
        self.on_lost: Callable[[str], None] = lambda uid: None
        sharing.on_lock_lost = self._is_lost

    @property
    def console(self) -> str:
        """This console's id in the incident that is open; "" where nothing is shared."""
        return self._chronicle.console

    async def take(self, uid: str, target: Target | Applied, what: str) -> Hold | None:
        """The lock of a target; None where nothing is shared. Raises LockHeld, LockUnreachable."""
        from tui.clients.cluster_errors import ClusterError
        from tui.sharing.held import HeldByOther, Taking

        if not self.console:
            return None
        name, deployment = uid or _without_uid(target), target.deployment
        self._deployments[name] = deployment
        try:
            async with asyncio.timeout(PATIENCE):
                lock = await (await self._sharing.company()).locks.take(name, what)
        except HeldByOther as other:
            raise LockHeld(other.holder, deployment) from other
        except (ClusterError, TimeoutError) as error:
            _unreachable("changed", deployment, error)
        before = lock.taken.before if lock.taken.how is Taking.GONE else None
        return Lock(name, deployment, before.name if before is not None else "", lock)

    def began(self, change: Applied) -> bool:
        """Whether its intent stands in the chain that this console writes."""
        return self._chronicle.intended(change.intent)

    def left(self, change: Applied) -> bool:
        """Whether a change is there to be taken up."""
        sharing = self._sharing
        if not sharing.live or sharing.looks_on or sharing.locked([change.uid]) is not None:
            return False
        # Of this console, and not in its chain: a backup was restored, and its former end is a branch.
        same = change.console == self.console
        return same or ours(change, self) or not self._sharing.is_here(change.console)

    async def caught_up(self) -> None:
        """Take in what others have recorded up to now."""
        await self._sharing.caught_up(PATIENCE)

    def _is_lost(self, name: str, holder: Holder | None) -> None:
        data = {"uid": name} | ({"to": holder.name} if holder is not None else {})
        said = _lost(self._deployments.get(name, "the target"), holder)
        self._chronicle.keep([lock_entry("lost", said, self._clock.now(), self._actor(), data)])
        self.on_lost(name)


def _lost(deployment: str, holder: Holder | None) -> str:
    if holder is None:
        return f"the lock of {deployment} was lost; nobody has it now"
    what = f" ({holder.what})" if holder.what else ""
    return f"the lock of {deployment} was lost to {holder.name}{what}"


def _unreachable(what: str, deployment: str, error: Exception) -> NoReturn:
    said = getattr(error, "said", "") or "The shared place does not answer in time."
    raise LockUnreachable(
        f"Nothing was {what}: whether somebody else is changing {deployment} is not known. {said}",
        "Wait until it answers; or go without the lock, which is high risk.",
    ) from error


def _without_uid(target: Target | Applied) -> str:
    """What a target is locked by that has no uid: context names differ between machines."""
    namespace = target.place[1] if isinstance(target, Applied) else target.namespace
    return f"{namespace}/{target.deployment}"
