"""The locks of targets: one console at a time changes one deployment, from approval to verdict."""

import asyncio
from collections.abc import Callable

from tui.clients.cluster_errors import ClusterError
from tui.model.sharing import Holder
from tui.sharing import naming
from tui.sharing.held import HeldLease, Lost, Taken, Taking
from tui.sharing.lease_config import LeaseConfig


class TargetLock:
    """One use of a target's lock. Several uses of one console's share the lock; the last gives it up.

    Attributes:
        uid: the target's.
        taken: how it was come by, and from whom.
    """

    def __init__(self, locks: "TargetLocks", uid: str, lease: HeldLease, taken: Taken) -> None:
        self._locks = locks
        self._lease = lease
        self._over = False
        self.uid = uid
        self.taken = taken

    @property
    def held(self) -> bool:
        """Whether it is ours for sure, now."""
        return not self._over and self._lease.held

    async def confirm(self) -> None:
        """Renew it now; the act follows at once. Raises Lost, and ClusterError where nobody can tell.

        A lock that was lost once stays lost for this use, even where this console takes it again.
        """
        if self._over:
            raise Lost(None)
        await self._lease.confirm()

    async def release(self) -> None:
        """Give it up. Never raises: where the shared place is away, it runs out by itself.

        Whoever does not wait for it may cancel it: it is given up all the same, in the background.
        """
        if not self._over:
            self._over = True
            await self._locks.over(self.uid, self._lease)


class TargetLocks:
    """The locks that this console holds.

    Args:
        config: of all leases of this console.
        on_lost: called with a target's uid and who has its lock now.
    """

    def __init__(
        self,
        config: LeaseConfig,
        on_lost: Callable[[str, Holder | None], None] = lambda uid, holder: None,
    ) -> None:
        def new(uid: str) -> HeldLease:
            return HeldLease(config, naming.lock_name(uid), on_lost=lambda by: self._lost(uid, by))

        self._new = new
        self._on_lost = on_lost
        self._held: dict[str, HeldLease] = {}
        self._uses: dict[HeldLease, int] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._giving: set[asyncio.Task[None]] = set()
        self._left = False

    async def take(self, uid: str, what: str) -> TargetLock:
        """Take the lock of a target, or use it once more where this console has it.

        Raises HeldByOther, and ClusterError where the shared place does not answer or refuses.
        """
        async with self._turns.setdefault(uid, asyncio.Lock()):
            taken = await self._once_more(uid)
            if taken is None:
                lease = self._new(uid)
                taken = await lease.take(what)
                self._held[uid] = lease
            lease = self._held[uid]
            self._uses[lease] = self._uses.get(lease, 0) + 1
            return TargetLock(self, uid, lease, taken)

    async def over(self, uid: str, lease: HeldLease) -> None:
        """One use of a lock is over. It counts no more from now on, however long giving it up takes."""
        self._uses[lease] -= 1
        giving = asyncio.create_task(self._give_up(uid, lease), name=f"give up {lease.name}")
        self._giving.add(giving)
        giving.add_done_callback(self._giving.discard)
        try:
            await asyncio.wait({giving})
        finally:
            if self._left:
                giving.cancel()  # whoever closes the place waits for it no more

    async def stop(self) -> None:
        """Renew none of them any more. What was begun may be unfinished, so that they are left to run out.

        What is being given up is waited for. Cancelled, it ends that, too.
        """
        self._left = True
        for lease in tuple(self._held.values()):
            await lease.stop()
        await asyncio.gather(*self._giving, return_exceptions=True)

    async def _give_up(self, uid: str, lease: HeldLease) -> None:
        """Give it up, unless by our turn it is used once more, or was given up already."""
        async with self._turns.setdefault(uid, asyncio.Lock()):
            if self._uses.get(lease) != 0:
                return
            del self._uses[lease]
            if self._held.get(uid) is lease:
                del self._held[uid]
            await _given_up(lease)

    async def _once_more(self, uid: str) -> Taken | None:
        """Use the lock that is held; None where none is."""
        lease = self._held.get(uid)
        if lease is None:
            return None
        try:
            await lease.confirm()
        except Lost:
            return None
        return Taken(Taking.OURS)

    def _lost(self, uid: str, holder: Holder | None) -> None:
        self._held.pop(uid, None)
        self._on_lost(uid, holder)


async def _given_up(lease: HeldLease) -> None:
    try:
        await lease.release()
    except ClusterError:
        await lease.drop()
