"""The copy of one incident in the shared place, as explicit steps. Each may be killed at any await.

What was done is on disk or in the shared place; what is only remembered here is found again by listing
anew. So a step that did not come to its end is simply taken again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TypeVar

from tui.clients.cluster_errors import ClusterError
from tui.model.clock import Clock, SystemClock
from tui.model.incident import Entry, Kind
from tui.model.redaction import Redacts
from tui.model.sharing import FoundLine, SharedLine
from tui.sharing.ledger import Ledger
from tui.sharing.needs import Entries, Files, IncomingLines, Listed, OutgoingLines, SeenEntry, Taken
from tui.sharing.sending import BATCH, Sending

T = TypeVar("T")

MOST_PROBLEMS = 50


class Copy:
    """One incident's copy: what is here goes there, and what is there comes here.

    Attributes:
        entries: the shared place; to be set before anything but `look`.
        version: up to where everything that is there was taken in; "" where it is to be listed anew.
        taken: how many entries came here since the beginning.
        awaited: entries that came and cannot be linked yet, as one before them is missing.
        longest: which of these waits longest; "" where there is none.
        problems: what was refused, in sentences, by entry.
    """

    def __init__(
        self,
        incident: str,
        files: Files,
        redact: Redacts,
        *,
        on_taken: Callable[[tuple[Entry, ...]], None] = lambda _: None,
        place: str = "the shared place",
        whom: str = "",
        clock: Clock | None = None,
    ) -> None:
        """`on_taken` is called in the loop with what came from others, once it is in the files.

        `place` is told in sentences; `whom` is whom to ask for what this login may not.
        """
        self.incident = incident
        self.entries: Entries | None = None
        self.version = ""
        self.taken = 0
        self.awaited = 0
        self.longest = ""
        self.ledger = Ledger(incident)
        self._files = files
        self._on_taken = on_taken
        self._sending = Sending(
            self.ledger, redact, self._place_of, self.hop, clock or SystemClock(), place=place, whom=whom
        )
        self._outgoing: OutgoingLines | None = None
        self._incoming: IncomingLines | None = None
        self._marked = False
        self._unsettled = False
        self._redacting = False  # something here was redacted, and may lie in the copies yet
        self._troubles: tuple[str, ...] = ()
        self._found: deque[SharedLine] = deque()
        self._passed: deque[str] = deque()
        self._came: deque[Taken] = deque()
        self._turn = asyncio.Lock()
        # A thread of its own: a slow disk here keeps nothing else waiting, and steps come one after another.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"copy-{incident}")

    @property
    def unsent(self) -> int:
        """Entries of this machine that are not there yet."""
        return self.ledger.unsent

    @property
    def sent(self) -> int:
        """How many entries went there since the beginning."""
        return self._sending.sent

    @property
    def owes(self) -> bool:
        """Whether anything is to be done there: to send, or to take out."""
        return bool(self.unsent or self.ledger.to_replace() or self.ledger.to_clear())

    @property
    def problems(self) -> tuple[str, ...]:
        """What was refused, here or there, in sentences; each once."""
        refused = self.ledger.problems.values()
        said = (*self._troubles, *refused, *self.ledger.others, *self._sending.problems)
        return tuple(dict.fromkeys(one for one in said if one))

    async def look(self) -> int:
        """Look what was recorded here since the last look; answers how many entries are new.

        Raises:
            JournalError: the files cannot be read.
        """
        new = await self._looked()
        if self.ledger.wants_lines():
            self._outgoing = None
            await self._looked()
        if new and (self.ledger.resting or self.ledger.has_lost):
            await self._reopened()
        return new

    async def relist(self) -> str:
        """List everything that is there and take in what is not here; what is not there is to be sent.

        Raises:
            ClusterError: it cannot be listed.
            JournalError: the files cannot be read or written.
        """
        self.forgive()
        async with self._turn:
            self.version = ""
            await self.look()
            version = await self._take_listed()
            await self.settle()
            await self._settle_lost()
            if self.ledger.missing():
                self._outgoing = None  # whatever the shared place lost is read again, and put back
                await self.look()
            await self._wake_or_rest()
            self.version = version
            return version

    async def _take_listed(self) -> str:
        """Take in all that is there, page by page: ten thousand lines are never held at once.

        The version of the list. What one page has may go on from a line of the next: it waits.
        """
        whole: Listed | None = None
        async with aclosing(self._place_of().pages(self.incident)) as pages:
            async for page in pages:
                if page.begins:
                    self.ledger.list_begins()
                    self._troubles = ()
                await self._take_in(self.ledger.listed(page.found), always=True)
                whole = page.whole
        assert whole is not None, "the last page tells"
        self.ledger.list_ends(whole.incomplete, whole.strays)
        self._say(whole.problems)
        return whole.version

    async def take(self, seen: Sequence[SeenEntry]) -> None:
        """Take in what a watch told, in its order.

        Killed in the midst, it is told again by a watch from the version of before. After a failure
        `version` is "", whatever comes after it, until all is listed anew.

        Raises:
            JournalError: the files cannot be written.
        """
        if not seen:
            return
        async with self._turn:
            self._say(one.said for one in seen if one.said)
            had = self.taken
            try:
                await self._take_in(self.ledger.saw(seen))
            except Exception:
                self.version = ""
                raise
            if self.version:
                told = (one.version for one in reversed(seen) if one.version)
                self.version = next(told, self.version)
            if self.taken > had and (self.ledger.resting or self.ledger.has_lost):
                await self._reopened()  # by what came, perhaps

    async def settle(self) -> None:
        """Put on disk what was taken in since the last time, if anything was."""
        if self._unsettled:
            self._unsettled = False
            self._say(await self.hop(self._settle))

    async def send(self, limit: int = BATCH) -> int:
        """As `Sending.send`; that the incident is shared is on disk then, also where not all of it went."""
        try:
            done = await self._sending.send(limit)
        except ClusterError:
            await self._mark_once()
            raise
        await self._mark_once()
        return done

    async def finish_redactions(self) -> int:
        """As `Sending.finish_redactions`."""
        return await self._sending.finish_redactions()

    def forgive(self) -> None:
        """Try again what was refused: rights may have changed."""
        self._sending.forgive()

    async def begin_anew(self) -> None:
        """Believe nothing of what is remembered of the files: they are read anew, and all is to be listed."""
        async with self._turn:
            self.version = ""
            await self.hop(self._forget)

    def _forget(self) -> None:
        self._incoming = self._outgoing = None

    async def close(self) -> None:
        """Let the thread go. What it is at is finished first. Safe to call twice."""
        self._thread.shutdown(wait=False)

    async def hop(self, function: Callable[..., T], *arguments: object) -> T:
        """Run something that blocks in the copy's own thread, after what was asked of it before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def _place_of(self) -> Entries:
        assert self.entries is not None, "the shared place is opened first"
        return self.entries

    async def _looked(self) -> int:
        self._say(await self.hop(self._look))
        new = 0
        while self._passed:
            new += self.ledger.passed((self._passed.popleft(),))
        while self._found:
            new += self.ledger.looked((self._found.popleft(),))
        return new

    def _look(self) -> tuple[str, ...]:
        if (outgoing := self._outgoing) is None:  # the loop may set it to None at any moment
            outgoing = self._outgoing = self._files.outgoing()
        # Kept by the thread, since each is told once: whoever waits for it may be killed meanwhile.
        found = outgoing.look(self.ledger.passes)
        self._found.extend(found)
        self._passed.extend(outgoing.passed())
        self._redacting = self._redacting or any(one.kind == Kind.REDACTED for one in found)
        if not self._redacting:
            return ()
        # What a console here redacted of others is in the copies, which nobody else may write.
        if self._incoming is None:
            self._incoming = self._files.incoming()
        left = self._incoming.finish_redactions()
        self._redacting = False
        return tuple(left)

    async def take_waiting(self) -> None:
        """Try again to put on disk what waits: a line before it may be there, or space. JournalError.

        What is being taken in just now tries it, too.
        """
        if self._turn.locked():
            return
        async with self._turn:
            await self._take_in((), always=True)

    async def _take_in(self, found: tuple[FoundLine, ...], *, always: bool = False) -> None:
        if not found and not always:
            return
        await self.hop(self._take, found)
        while self._came:
            taken = self._came.popleft()
            self.awaited, self.longest = taken.waiting, taken.longest
            self._say(taken.problems)
            self.ledger.took(taken.entries)
            self.taken += len(taken.entries)
            self._unsettled = self._unsettled or bool(taken.entries)
            if taken.entries:
                self._on_taken(taken.entries)

    def _say(self, problems: Iterable[str]) -> None:
        self._troubles = tuple(dict.fromkeys((*problems, *self._troubles)))[:MOST_PROBLEMS]

    def _take(self, found: tuple[FoundLine, ...]) -> None:
        if self._incoming is None:
            self._incoming = self._files.incoming()
        self._came.append(self._incoming.take(found))

    def _settle(self) -> tuple[str, ...]:
        refused = tuple(self._incoming.settle()) if self._incoming is not None else ()
        self._unsettled = self._unsettled or bool(refused)
        return refused

    async def _mark(self) -> None:
        """Say on disk that this incident was shared; without it an incident that was pruned would return."""
        if self.ledger.there:
            await self.hop(self._files.mark)
            self._marked = True

    async def _mark_once(self) -> None:
        if not self._marked:
            await self._mark()

    async def _wake_or_rest(self) -> None:
        """A closed incident of which nothing is there any more was pruned: it is not brought back."""
        if self.ledger.there:
            self.ledger.resting = False
            await self._mark()
        else:
            self.ledger.resting = await self.hop(self._pruned)

    async def _settle_lost(self) -> None:
        if not self.ledger.has_lost:
            return
        closed: bool = await self.hop(self._files.closed)
        if closed:
            self.ledger.let_go()
        else:
            self.ledger.put_back()

    async def _reopened(self) -> None:
        """Where the incident is open again, everything of it is shared again, whatever was pruned."""
        if self.ledger.lost:
            return  # the next list tells, and to fold all of it each time takes long
        closed: bool = await self.hop(self._files.closed)
        if not closed and not self.ledger.lost:
            self.ledger.resting = False
            self.ledger.put_back()
            self._outgoing = None
            await self._looked()

    def _pruned(self) -> bool:
        return self._files.shared_before() and self._files.closed()
