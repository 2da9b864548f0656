"""Leases in memory that refuse what the recordings refuse, and a client of them that can be cut off."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import replace

from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject, SeenLease
from tui.sharing.naming import Console

INCIDENT = "inc-20261123-1503-7f3a"
LASTS = 30.0


def console(number: int, name: str = "", process: int = 100) -> Console:
    return Console(f"{number:016x}", name or f"person{number}", f"host{number}", process)


class LeaseStore:
    """The server: objects, versions that count upwards, and what watches are told."""

    def __init__(self) -> None:
        self.objects: dict[str, LeaseObject] = {}
        self.events: list[SeenLease] = []
        self.compacted = 0
        self.changed = asyncio.Event()
        self._count = itertools.count(1)

    @property
    def version(self) -> str:
        return self.events[-1].version if self.events else "0"

    def create(self, lease: LeaseObject) -> LeaseObject:
        if lease.name in self.objects:
            raise _conflict("AlreadyExists")
        return self._store(replace(lease, uid=f"uid-{next(self._count)}"))

    def replace(self, lease: LeaseObject) -> LeaseObject:
        there = self.objects.get(lease.name)
        if there is None:
            raise ClusterError(Reason.MISSING, "There is no such lease.", "", 404)
        if (there.uid, there.version) != (lease.uid, lease.version):
            raise _conflict("Conflict")
        return self._store(lease)

    def delete(self, name: str) -> None:
        lease = self.objects.pop(name)
        self._tell("deleted", lease)

    def put(self, lease: LeaseObject) -> LeaseObject:
        """Whatever anybody stores."""
        there = self.objects.get(lease.name)
        if there is None:
            return self.create(lease)
        return self.replace(replace(lease, uid=there.uid, version=there.version))

    def compact(self) -> None:
        """What changed up to now is not kept: a watch from before is refused as too old."""
        self.compacted = int(self.version)

    def _store(self, lease: LeaseObject) -> LeaseObject:
        stored = replace(lease, version=str(len(self.events) + 1))
        self.objects[lease.name] = stored
        self._tell("changed", stored)
        return stored

    def _tell(self, kind: str, lease: LeaseObject) -> None:
        version = str(len(self.events) + 1)
        self.events.append(SeenLease(kind, lease, lease.name, version))  # type: ignore[arg-type]
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class LeaseClient:
    """One console's way to the server.

    `away` answers nothing; `refuses` is raised instead of an answer; `reads_only` forbids writes; `loses`
    answers of writes are lost after they were done; `mute` keeps watches open that tell nothing; `slow`
    seconds go by before each write is answered.
    """

    def __init__(self, store: LeaseStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.away = False
        self.refuses: BaseException | None = None
        self.reads_only = False
        self.loses = 0
        self.mute = False
        self.slow = 0.0
        self.calls: list[str] = []

    async def get(self, name: str) -> LeaseObject | None:
        await self._reach("get")
        return self.store.objects.get(name)

    async def create(self, lease: LeaseObject) -> LeaseObject:
        await self._reach("create")
        return await self._answered(self.store.create(lease))

    async def replace(self, lease: LeaseObject) -> LeaseObject:
        await self._reach("replace")
        return await self._answered(self.store.replace(lease))

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]:
        await self._reach("list")
        return tuple(self.store.objects.values()), self.store.version

    async def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        await self._reach("watch")
        at = int(version)
        if at < self.store.compacted:
            raise ClusterError(Reason.EXPIRED, "The version is too old.", "", 410)
        while True:
            while not self.mute and at < len(self.store.events):
                if self.away:
                    raise silence()
                event = self.store.events[at]
                at += 1
                yield event
            await self.store.changed.wait()

    async def _reach(self, verb: str) -> None:
        self.calls.append(verb)
        await asyncio.sleep(0)
        if self.away:
            raise silence()
        if self.reads_only and verb in ("create", "replace"):
            raise forbidden()
        if self.refuses is not None:
            raise self.refuses

    async def _answered(self, lease: LeaseObject) -> LeaseObject:
        if self.slow:
            await self.clock.sleep(self.slow)
        if self.loses:
            self.loses -= 1
            raise silence()
        return lease


def silence() -> ClusterError:
    return ClusterError(Reason.TIMEOUT, "The shared place did not answer.", "Check the VPN.", sent=True)


def forbidden() -> ClusterError:
    return ClusterError(Reason.FORBIDDEN, "ada may not update leases.", "Ask an administrator.", 403)


def _conflict(why: str) -> ClusterError:
    return ClusterError(Reason.CONFLICT, "Somebody was faster.", "", 409, status_reason=why)
