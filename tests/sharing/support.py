"""A shared place in memory that refuses what a real one refuses, and a folder's files."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.sharing.lines import INCIDENT, shared
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject
from tui.clients.shared_objects import Incomplete, Stray
from tui.model.clock import Clock
from tui.model.incident import Entry
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine, SharedLine
from tui.record.errors import JournalError
from tui.record.lines import is_stone, parse
from tui.sharing.copier import Copier
from tui.sharing.copying import Copy
from tui.sharing.ledger import redacted_by
from tui.sharing.status import CopyStatus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    kind: str
    found: FoundLine | None
    entry: str
    version: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    found: tuple[FoundLine, ...]
    version: str
    incomplete: tuple[Incomplete, ...] = ()
    strays: tuple[Stray, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    found: tuple[FoundLine, ...]
    begins: bool
    whole: Listing | None = None


@dataclass(slots=True)
class Object:
    line: SharedLine
    uid: str
    version: int


def error(reason: Reason, status: int | None = None) -> ClusterError:
    return ClusterError(reason, f"The shared place says {reason}.", "Do something about it.", status)


LETTERS = "0123456789abcdefghjkmnpqstvwxyz"  # of which ids may be made; `r` is that of a redaction


class Server:
    """Where the consoles meet: objects by name, a version that rises, a history that can be forgotten."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.version = 1
        self.history: list[tuple[int, str, SharedLine, str]] = []
        self.forgotten = 0
        self.changed = asyncio.Condition()
        self._uids = itertools.count(1)
        self.ever: list[str] = []  # every line that was ever created, to look for what must never get there

    def lines(self) -> dict[str, str]:
        return {name: one.line.line for name, one in self.objects.items()}

    def create(self, line: SharedLine) -> str:
        there = self.objects.get(line.entry)
        if there is not None:
            return "already" if there.line.line == line.line else "other"
        self.ever.append(line.line)
        self._tell("added", line, Object(line, f"uid-{next(self._uids)}", self.version + 1))
        self.objects[line.entry] = Object(line, self.history[-1][3], self.version)
        return "created"

    def delete(self, entry: str, uid: str) -> bool:
        there = self.objects.get(entry)
        if there is None or there.uid != uid:
            return False
        del self.objects[entry]
        self._tell("deleted", there.line, there)
        return True

    def expire(self) -> None:
        """Forget all history: whoever watches from before is told 410."""
        self.version += 1
        self.forgotten = self.version
        self.history.clear()

    def _tell(self, kind: str, line: SharedLine, one: Object) -> None:
        self.version += 1
        self.history.append((self.version, kind, line, one.uid))

    async def wake(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@dataclass(slots=True)
class Client:
    """One console's way to the server, which a test cuts, slows and forbids."""

    server: Server
    cut: bool = False
    silent: bool = False  # it takes and answers nothing on a watch, not even its end
    refuses: set[str] = field(default_factory=set)  # entries that are answered 422
    refuses_content: set[str] = field(default_factory=set)  # those of which a stone is taken
    refuses_so: dict[str, ClusterError] = field(default_factory=dict)  # entries that are answered like this
    swallows: set[str] = field(default_factory=set)  # entries of which no watch tells
    gives_up: bool = False  # what a watch waits for is cancelled by somebody else, once
    late: bool = False  # what is created is there, and its answer comes too late
    forbids: set[str] = field(default_factory=set)  # verbs
    fails: Reason | None = None
    fails_after: int | None = None  # so many deletions
    page: int = 500  # objects of one page of a list
    requests: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def _ask(self, verb: str) -> None:
        self.requests.append(verb)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        self._check(verb)

    def _check(self, verb: str) -> None:
        if self.cut:
            raise error(Reason.UNREACHABLE)
        if self.fails is not None:
            raise error(self.fails, 401 if self.fails is Reason.LOGIN_EXPIRED else 503)
        if verb in self.forbids:
            raise error(Reason.FORBIDDEN, 403)

    async def create(self, line: SharedLine) -> str:
        await self._ask("create")
        if (said := self.refuses_so.get(line.entry)) is not None:
            raise said
        if line.entry in self.refuses or (line.entry in self.refuses_content and not is_stone(line.line)):
            raise error(Reason.INVALID, 422)
        made = self.server.create(line)
        await self.server.wake()
        await asyncio.sleep(0)
        self._check("create")  # cut meanwhile: it is there, and the answer is lost
        if self.late:
            raise error(Reason.TIMEOUT)
        return made

    async def get(self, entry: str) -> FoundLine | None:
        await self._ask("get")
        there = self.server.objects.get(entry)
        return found_of(there.line, there.uid) if there else None

    async def pages(self, incident: str) -> AsyncGenerator[Page, None]:
        """As of one version; where that is forgotten meanwhile, all is listed anew."""
        await self._ask("list")
        while True:
            version, begins, left = self.server.version, True, self._all(incident)
            while left is not None:
                page, left = left[: self.page], left[self.page :] or None
                yield Page(tuple(page), begins, None if left else Listing((), str(version)))
                if left:
                    await self._ask("list")
                if left and self.server.forgotten > version:
                    await self._ask("list")
                    break
                begins = False
            else:
                return

    async def list(self, incident: str) -> Listing:
        await self._ask("list")
        return Listing(tuple(self._all(incident)), str(self.server.version))

    def _all(self, incident: str) -> Sequence[FoundLine]:
        found = (found_of(one.line, one.uid) for _, one in sorted(self.server.objects.items()))
        return [one for one in found if one.incident == incident]

    async def overview(self) -> tuple[FoundLine, ...]:
        await self._ask("list")
        return tuple(found_of(one.line, one.uid) for one in self.server.objects.values())

    async def delete(self, entry: str, uid: str) -> bool:
        await self._ask("delete")
        if self.fails_after is not None:
            if not self.fails_after:
                raise error(Reason.UNREACHABLE)
            self.fails_after -= 1
        done = self.server.delete(entry, uid)
        await self.server.wake()
        return done

    async def watch(self, incident: str, version: str, seconds: float) -> AsyncIterator[Seen]:
        await self._ask("watch")
        at = int(version)
        while True:
            if not self.silent:
                self._check("watch")
                if self.gives_up:
                    self.gives_up = False
                    raise asyncio.CancelledError
                for seen in self.told(incident, at):
                    at = int(seen.version)
                    if seen.entry not in self.swallows:
                        yield seen
            async with self.server.changed:
                if self.silent or (self.server.version <= at and not self.cut):
                    await self.server.changed.wait()

    def told(self, incident: str, version: int) -> Sequence[Seen]:
        """What there is to tell after this version. Raises EXPIRED."""
        if version < self.server.forgotten:
            raise error(Reason.EXPIRED, 410)
        return [
            Seen(kind, found_of(line, uid) if kind == "added" else None, line.entry, str(number))
            for number, kind, line, uid in self.server.history
            if number > version and line.incident == incident
        ]


class SlowClient(Client):
    """A way on which each entry takes its time."""

    def __init__(self, server: Server, clock: Clock, seconds: float = 1.0) -> None:
        super().__init__(server)
        self.clock, self.seconds = clock, seconds

    async def create(self, line: SharedLine) -> str:
        await self.clock.sleep(self.seconds)
        return await super().create(line)


def found_of(line: SharedLine, uid: str) -> FoundLine:
    return FoundLine(line.incident, line.entry, line.line, line.header, uid)


class Lease(LeaseObject):
    @classmethod
    def of(cls, name: str, incident: str) -> LeaseObject:
        return LeaseObject(name, annotations={"leeward.dev/incident": incident})


class LeasesThere:
    def __init__(self, there: Sequence[LeaseObject]) -> None:
        self.there = list(there)

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]:
        return tuple(self.there), "1"

    async def delete(self, lease: LeaseObject) -> bool:
        self.there.remove(lease)
        return True


class Disk:
    """An incident's files in memory: what `FolderFiles` has on disk, without chains.

    Attributes:
        keeps_up: whether the test's clock waits until it has done what it was given.
    """

    keeps_up = True

    def __init__(self) -> None:
        self.written: list[SharedLine] = []
        self.full = False
        self.marked = False
        self.is_closed = False
        self.takes: list[int] = []  # how many came at once
        self.opened = 0  # how often it was read from the beginning
        self.settles = 0  # how often what came was put on disk
        self.faults = 0  # how often taking in fails as nothing should

    def outgoing(self) -> "Looking":
        return Looking(self)

    def incoming(self) -> "Disk":
        self.opened += 1
        return self

    def shared_before(self) -> bool:
        return self.marked

    def mark(self) -> None:
        self.marked = True

    def closed(self) -> bool:
        return self.is_closed

    def settle(self) -> tuple[str, ...]:
        self.settles += 1
        return ()

    def take(self, found: Iterable[FoundLine]) -> "Taken":
        if self.full:
            raise JournalError("Cannot write: the disk is full.", "Free some space.")
        found = tuple(found)
        if found and self.faults:
            self.faults -= 1
            raise ValueError
        here = {line.entry for line in self.written}
        new = [one for one in found if one.entry not in here]
        entries = tuple(parse(one.line.encode()) for one in new)
        self.written += [shared(entry, one.line.encode()) for entry, one in zip(entries, new, strict=True)]
        if new:
            self.takes.append(len(new))
        return Taken(entries)

    def finish_redactions(self) -> Sequence[str]:
        return ()

    def texts(self) -> list[str]:
        return sorted(line.text for line in self.written)


class Looking:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._seen = 0
        self._passed: list[str] = []

    def look(self, passes: Callable[[str], bool]) -> Sequence[SharedLine]:
        new = tuple(self._disk.written[self._seen :])
        self._seen += len(new)
        kept = tuple(
            line for line in new if is_stone(line.line) or redacted_by(line) or not passes(line.entry)
        )
        self._passed += [line.entry for line in new if line not in kept]
        return kept

    def passed(self) -> Sequence[str]:
        passed, self._passed = self._passed, []
        return passed


@dataclass(frozen=True, slots=True)
class Taken:
    entries: tuple[Entry, ...] = ()
    waiting: int = 0
    problems: tuple[str, ...] = ()
    longest: str = ""


class NoLock:
    """A folder that one console has for itself, or that another has."""

    def __init__(self) -> None:
        self.others = False
        self.held = False

    def try_take(self) -> bool:
        self.held = not self.others
        return self.held

    def release(self) -> None:
        self.held = False


class WatchedCopy(Copy):
    """One of which is known whether its thread has anything to do."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._hops = 0

    async def hop(self, function: Callable[..., T], *arguments: object) -> T:
        self._hops += 1
        try:
            return await super().hop(function, *arguments)
        finally:
            self._hops -= 1

    def busy(self) -> bool:
        return self._hops > 0


class Console:
    """One console's copier over a disk in memory, on a clock that the test moves, and that waits for it."""

    def __init__(self, server: Server, clock: ManualClock, seed: int = 7, disk: Disk | None = None) -> None:
        self.client = Client(server)
        self.disk = disk or Disk()
        self.lock = NoLock()
        self.statuses: list[CopyStatus] = []
        self.taken: list[tuple[Entry, ...]] = []
        self.copy = WatchedCopy(INCIDENT, self.disk, Redactor(), on_taken=self.taken.append, clock=clock)
        if self.disk.keeps_up:
            clock.busy.append(self.copy.busy)
        self.copier = Copier(self.copy, self._door, self.lock, clock, Random(seed), self.statuses.append)

    async def _door(self) -> Client:
        return self.client

    def write(self, one: SharedLine, nudge: bool = True) -> None:
        self.disk.written.append(one)
        if nudge:
            self.copier.nudge()

    @property
    def status(self) -> CopyStatus:
        return self.copier.status


async def until(clock: ManualClock, condition: Callable[[], object], step: float = 0.01) -> None:
    """Let time pass until something holds: virtual time for the sleeps, real time for the threads."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        await clock.advance(step)
        await asyncio.sleep(0.001)


async def passes(clock: ManualClock, seconds: float, step: float = 0.05) -> None:
    """Let so much time pass, and the threads keep up."""
    for _ in range(round(seconds / step)):
        await clock.advance(step)
        await asyncio.sleep(0.001)
