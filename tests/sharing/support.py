"""A shared place in memory that refuses what a real one refuses, and a folder's files."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.sharing import FoundLine, SharedLine

INCIDENT = "inc-20261123-1503-7f3a"


@dataclass(frozen=True, slots=True)
class Seen:
    kind: str
    found: FoundLine | None
    entry: str
    version: str


@dataclass(frozen=True, slots=True)
class Listing:
    found: tuple[FoundLine, ...]
    version: str


@dataclass(slots=True)
class Object:
    line: SharedLine
    uid: str
    version: int


def error(reason: Reason, status: int | None = None) -> ClusterError:
    return ClusterError(reason, f"The shared place says {reason}.", "Do something about it.", status)


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
    forbids: set[str] = field(default_factory=set)  # verbs
    fails: Reason | None = None
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
        if line.entry in self.refuses:
            raise error(Reason.INVALID, 422)
        made = self.server.create(line)
        await self.server.wake()
        await asyncio.sleep(0)
        self._check("create")  # cut meanwhile: it is there, and the answer is lost
        return made

    async def list(self, incident: str) -> Listing:
        await self._ask("list")
        found = [found_of(one.line, one.uid) for one in self.server.objects.values()]
        return Listing(tuple(one for one in found if one.incident == incident), str(self.server.version))

    async def overview(self) -> tuple[FoundLine, ...]:
        await self._ask("list")
        return tuple(found_of(one.line, one.uid) for one in self.server.objects.values())

    async def delete(self, entry: str, uid: str) -> bool:
        await self._ask("delete")
        done = self.server.delete(entry, uid)
        await self.server.wake()
        return done

    async def watch(self, incident: str, version: str, seconds: float) -> AsyncIterator[Seen]:
        await self._ask("watch")
        yield Seen("bookmark", None, "", version)
        at = int(version)
        while True:
            while self.silent:
                await asyncio.sleep(0)
                async with self.server.changed:
                    await self.server.changed.wait()
            self._check("watch")
            for seen in self.told(incident, at):
                at = int(seen.version)
                yield seen
            if self.silent:
                continue
            async with self.server.changed:
                if self.server.version <= at and not self.cut:
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


def found_of(line: SharedLine, uid: str) -> FoundLine:
    return FoundLine(line.incident, line.entry, line.line, line.header, uid)
