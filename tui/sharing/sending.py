"""Sending one incident's entries to the shared place, and taking out what was redacted, as explicit steps."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.clock import Clock
from tui.model.redaction import Redacts
from tui.model.sharing import SharedLine
from tui.record.arrival import LONGEST
from tui.record.lines import is_stone
from tui.record.outgoing import stone_of
from tui.sharing.ledger import Ledger
from tui.sharing.needs import Entries

AT_ONCE = 8
BATCH = 256
# For how long it is sent, in seconds, before it is looked again: something may have been redacted.
LASTS = 1.0
_TOO_LARGE = 413


class Sending:
    """What is to be done in the shared place, by the ledger's books.

    Attributes:
        sent: how many entries went there since the beginning.
    """

    def __init__(
        self,
        ledger: Ledger,
        redact: Redacts,
        entries: Callable[[], Entries],
        hop: Callable[..., Awaitable[Any]],
        clock: Clock,
        *,
        place: str,
        whom: str,
    ) -> None:
        """`hop` runs something that blocks in a thread; `place` and `whom` to ask are told in sentences."""
        self.sent = 0
        self._ledger = ledger
        self._redact = redact
        self._entries = entries
        self._hop = hop
        self._clock = clock
        self._place = place
        self._whom = whom or "whoever administers it"
        self._forbidden = ""
        self._given_up: dict[str, str] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What went without its content, and what this login may not take out, in sentences."""
        left = self._ledger.to_replace() or self._ledger.to_clear()
        return (*self._given_up.values(), self._forbidden if left else "")

    async def send(self, limit: int = BATCH) -> int:
        """Send what is here and not there, in the order of the ids; answers how many are done with now.

        It takes about a second, so that whoever sends goes on with `look`: what was redacted meanwhile is not
        sent with its content. An entry that is refused goes without it, which is told in `problems`.

        Raises:
            ClusterError: nothing more can be sent now; what was sent before is there.
        """
        batch = self._ledger.next(limit)
        if not batch:
            return 0
        ready = deque[SharedLine](await self._hop(self._made_ready, batch))
        before, end = len(ready), self._clock.monotonic() + LASTS
        workers = (self._keep_sending(ready, end) for _ in range(min(AT_ONCE, before)))
        for result in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        return before - len(ready)

    async def finish_redactions(self) -> int:
        """Put stones in the place of what was redacted and is still there whole; answers how many.

        Where this login may not delete, it is said whom to ask, and nothing is tried again until the
        next list.

        Raises:
            ClusterError: the shared place does not answer; the rest is to be done yet.
        """
        done = 0
        if self._forbidden:
            return done
        try:
            for stone, uid in self._ledger.to_replace():
                done += await self._replace(stone, uid)
            for name, uid in self._ledger.to_clear():
                await self._entries().delete(name, uid)
                self._ledger.cleared(name)
        except ClusterError as error:
            if error.reason is not Reason.FORBIDDEN:
                raise
            self._forbidden = (
                f"What was redacted here is still in {self._place} with its content: your login may not "
                f"delete there. Ask {self._whom} to run `leeward share prune`, which finishes it."
            )
        return done

    def forgive(self) -> None:
        """Try again what was refused: rights may have changed."""
        self._forbidden = ""

    async def _replace(self, stone: SharedLine, uid: str) -> bool:
        await self._entries().delete(stone.entry, uid)
        self._ledger.deleted(stone.entry)
        await self._create(stone)
        return True

    def _made_ready(self, batch: tuple[SharedLine, ...]) -> list[SharedLine]:
        ready = []
        for line in batch:
            left, secret = self._ledger.made_ready(line, self._redact)
            if secret:
                incident = self._ledger.incident
                self._given_up[line.entry] = (
                    f"Entry {line.entry} holds what is known as a secret by now, so that it was shared "
                    f"without its content. Redact it here, too: leeward redact {incident} {line.entry}."
                )
            ready.append(left)
        return ready

    async def _keep_sending(self, ready: deque[SharedLine], end: float) -> None:
        """Send one after another until then; a failure ends the others, too, once theirs are answered."""
        try:
            while ready:
                await self._create(self._ledger.without_redacted(ready.popleft()))
                if self._clock.monotonic() >= end:
                    return
        except BaseException:
            ready.clear()
            raise

    async def _create(self, line: SharedLine) -> None:
        if (size := len(line.line.encode())) > LONGEST:
            await self._refused(line, f"It has {size:,} bytes; {LONGEST:,} can be shared.")
            return
        try:
            made = await self._entries().create(line)
        except ClusterError as error:
            if error.reason is Reason.CONFLICT:
                self._ledger.is_unsure(line)
                return
            if error.reason is not Reason.INVALID and error.status != _TOO_LARGE:
                raise  # that is not about this one entry
            await self._refused(line, error.said)
            return
        if made == "other":
            self._ledger.is_other(line)
            return
        self.sent += made == "created"
        self._ledger.created(line)

    async def _refused(self, line: SharedLine, said: str) -> None:
        """Whatever its writer recorded after it waits for it at all others: it goes without its content."""
        refused = f"Entry {line.entry} was not taken by {self._place}. {said}"
        if is_stone(line.line):
            self._ledger.refused(line, refused)
            return
        await self._create(stone_of(line))
        if line.entry not in self._ledger.problems:
            self._given_up[line.entry] = f"{refused} It was shared without its content."
