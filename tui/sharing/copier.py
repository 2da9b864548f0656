"""Keeping one incident's copy going in the background: watching, sending, and coming back after failures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Protocol

from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.clock import Clock, either
from tui.model.sharing import Link
from tui.record.errors import JournalError
from tui.sharing.copying import Copy
from tui.sharing.needs import Entries, SeenEntry
from tui.sharing.pausing import Backoff, noticed
from tui.sharing.relisting import Relisting
from tui.sharing.status import CopyStatus, link_of

log = logging.getLogger(__name__)

# How often the files are looked at besides: notes of other programs come so.
LOOK = 0.25
# What arrives within this time is written and shown together: most of what it costs to take in what fifty
# write. What comes after a pause is taken in at once.
TOGETHER = 0.1
LONGEST_TOGETHER = 0.25
# A server tells something about once a minute, and promises not even that: two bookmarks are to be missing. A
# connection that is dead is noticed sooner, by what is sent and by the leases. Both in seconds.
SILENCE = (130.0, 160.0)
# For how long a watch is asked for: the server ends it then, and it is resumed.
WATCH = (240.0, 300.0)
# How soon a watch that was ended at once is asked for again without more ado.
BRIEF = 5.0
# What waits for a line before it, or for space on the disk, is tried again after this time.
WAITING = 2.0
# What came is in the files at once, and on the disk with what came within this time. Where the disk is slow
# (fifty files are fifty syncs), it has so many times what it takes for what is our own.
SETTLE, LONGEST_SETTLE = 1.0, 10.0
SETTLES = 50.0
NO_ENTRY = "0" * 26
PROOF = 0.2
_UNANSWERED = frozenset({Reason.UNREACHABLE, Reason.TIMEOUT})


class FolderLock(Protocol):
    """The right to copy for a folder: `tui.record.shared.CopierLock`. Blocking."""

    def try_take(self) -> bool: ...

    def release(self) -> None: ...


class Copier:
    """Copies one incident until it is stopped. Everything here runs in the loop; files have their thread."""

    def __init__(
        self,
        copy: Copy,
        door: Callable[[], Awaitable[Entries]],
        lock: FolderLock,
        clock: Clock,
        rng: Random,
        on_status: Callable[[CopyStatus], None] = lambda _: None,
    ) -> None:
        """`door` opens the shared place, or answers the one that is open; it raises ClusterError.

        `on_status` is called in the loop whenever the status differs from the one before.
        """
        self.status = CopyStatus()
        self._copy = copy
        self._door = door
        self._lock = lock
        self._clock = clock
        self._rng = rng
        self._on_status = on_status
        self._reading: ClusterError | JournalError | None = None
        self._writing: ClusterError | JournalError | None = None
        self._read_backoff = Backoff(rng)
        self._write_backoff = Backoff(rng)
        self._listed = False
        self._anew = True
        self._elsewhere = False
        self._arrived: list[SeenEntry] = []
        self._heard_at: float | None = None
        self._news = asyncio.Event()
        self._nudged = asyncio.Event()
        self._again = asyncio.Event()  # end this watch, and begin another
        self._retry = asyncio.Event()
        self._lists = Relisting(clock, rng)
        self._waiting_at = 0.0
        self._settle_at = 0.0
        self._sending = False
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if it is not begun."""
        if self._task is None and not self._stopped:
            self._task = asyncio.create_task(self._run(), name=f"copier {self._copy.incident}")

    async def stop(self) -> None:
        """Stop, and let another console of the folder copy. Returns at once even where a server hangs."""
        if self._stopped:
            return
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._copy.settle()
        await self._copy.hop(self._lock.release)  # after whatever the thread is writing
        await self._copy.close()

    async def finish(self, seconds: float) -> bool:
        """Send what is here before leaving; gives up after so many seconds, or where the place is away.

        Answers whether everything is there.
        """
        end = self._clock.monotonic() + seconds
        self.nudge()
        while self.status.elsewhere or self._unsent_yet():
            status = self.status
            hopeless = status.elsewhere or status.looks_on or status.link is not Link.LIVE
            if hopeless or self._clock.monotonic() >= end:
                return status.elsewhere
            await self._clock.sleep(0.02)
        return True

    def _unsent_yet(self) -> bool:
        return self._nudged.is_set() or self._sending or self._copy.unsent > 0

    def nudge(self) -> None:
        """Something was recorded here: look and send now."""
        self._nudged.set()

    def retry_now(self) -> None:
        """A person asks: try at once whatever is being waited for, and what was refused."""
        self._copy.forgive()
        self._write_backoff.reset()
        self._retry.set()
        self._nudged.set()

    def stale(self) -> None:
        """Somebody recorded what is not here, though the watch seems well: list anew.

        Asked for again and again it is done ever more seldom, as long as it finds nothing.
        """
        if self._listed and self._lists.missed():
            self._list_anew()

    def rewatch(self) -> None:
        """The place was lost sight of, and is back: the watch may be dead, too, and is begun again.

        What failed meanwhile is tried at once.
        """
        self._again.set()
        if self._reading is not None:
            self._retry.set()
        self._write_backoff.reset()
        self._nudged.set()

    def _list_anew(self) -> None:
        self._anew = True
        self._again.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._until_ours()
            except JournalError as error:
                self._failed_reading(error)
                await self._pause(self._read_backoff.next())
                continue
            try:
                async with asyncio.TaskGroup() as tasks:
                    for work in (self._keep_watching(), self._keep_taking(), self._keep_sending()):
                        tasks.create_task(noticed(work))
            except ExceptionGroup as group:
                # A fault of ours. Its text may hold anything, so that only its kind is told.
                kinds = ", ".join(type(error).__name__ for error in group.exceptions)
                log.warning("copying %s failed with %s", self._copy.incident, kinds)
                said = f"Copying the incident stopped with a fault of Leeward's ({kinds}); it is begun again."
                self._failed_reading(JournalError(said, "Please report it."))
                self._anew = True
                await self._copy.begin_anew()
                await self._pause(self._read_backoff.next())

    async def _until_ours(self) -> None:
        """One console of a folder copies for all; the others try each second, should it have died."""
        while not await self._copy.hop(self._lock.try_take):
            self._elsewhere = True
            self._publish()
            await self._clock.sleep(self._rng.uniform(0.9, 1.1))
        self._elsewhere = False
        self._publish()

    # Reading

    async def _keep_watching(self) -> None:
        while True:
            self._again.clear()
            began, self._heard_at = self._clock.monotonic(), None
            try:
                await self._watch_once()
            except (ClusterError, JournalError) as error:
                if not self._is_expired(error):
                    self._failed_reading(error)
                self._well_since(began)
                await self._pause(self._read_backoff.next())
            else:
                # Ended, or silent: resumed at once, unless it ended that soon by itself, whatever it told.
                self._well_since(began)
                if self._clock.monotonic() - began < BRIEF and not self._again.is_set():
                    await self._pause(self._read_backoff.next())

    def _well_since(self, began: float) -> None:
        """If the watch that was begun then came to anything, what failed before it counts no more."""
        if self._heard_at is not None or self._clock.monotonic() - began >= BRIEF:
            self._read_backoff.reset()

    def _is_expired(self, error: ClusterError | JournalError) -> bool:
        """The version is too old to watch from: no failure, it is listed anew."""
        expired = isinstance(error, ClusterError) and error.reason is Reason.EXPIRED
        if expired:
            self._anew = True
        return expired

    async def _watch_once(self) -> None:
        """Watch until the server ends it, it is silent for too long, or another is wanted."""
        self._copy.entries = await self._door()
        if self._anew or not self._copy.version or self._lists.regular():
            await self._list()
        # The version as it is now: without one, a watch begins with all that is there, in no order to resume.
        pump = asyncio.create_task(self._pump(self._copy.entries, self._copy.version), name="watch")
        quiet = asyncio.create_task(self._silence(), name="watch's silence")
        again = asyncio.create_task(self._again.wait())
        proof = asyncio.create_task(self._prove(self._copy.entries))
        try:
            await asyncio.wait((pump, quiet, again), return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                await pump
        finally:
            for task in (pump, quiet, again, proof):
                task.cancel()
            await asyncio.gather(pump, quiet, again, proof, return_exceptions=True)

    async def _prove(self, entries: Entries) -> None:
        """A watch that goes on says nothing for up to a minute: whether the place answers is asked."""
        await self._clock.sleep(PROOF)
        if self._reading is not None:
            with suppress(ClusterError):  # the watch will say so itself
                await entries.get(NO_ENTRY)
                self._read_works()

    async def _list(self) -> None:
        had = self._copy.taken
        # What arrived and was not taken in is in the list, too.
        self._arrived.clear()
        await self._copy.relist()
        self._listed, self._anew = True, False
        self._lists.listed(self._copy.ledger.there, news=self._copy.taken != had)
        self._read_works()
        self._nudged.set()

    async def _pump(self, entries: Entries, version: str) -> None:
        async for seen in entries.watch(self._copy.incident, version, self._rng.uniform(*WATCH)):
            self._heard_at = self._clock.monotonic()
            if self._reading is not None:
                self._read_works()
            self._arrived.append(seen)
            self._news.set()

    async def _silence(self) -> None:
        limit, heard = self._rng.uniform(*SILENCE), self._clock.monotonic()
        while (left := heard + limit - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
            heard = max(heard, self._heard_at or heard)

    async def _keep_taking(self) -> None:
        """Take in what arrives, together with what arrives soon after: one sync and one picture for many."""
        taken_at, together = float("-inf"), TOGETHER
        while True:
            await self._news.wait()
            if (early := taken_at + together - self._clock.monotonic()) > 0:
                await self._clock.sleep(early)
            self._news.clear()
            batch, self._arrived = self._arrived, []
            began = self._clock.monotonic()
            try:
                await self._copy.take(batch)
            except JournalError as error:
                self._failed_reading(error)
                await self._pause(self._read_backoff.next())
                self._list_anew()
            taken_at = self._clock.monotonic()
            # Where the disk is slow, more is taken at once, so that it can keep up.
            together = min(max(TOGETHER, 4 * (taken_at - began)), LONGEST_TOGETHER)
            self._publish()

    def _read_works(self) -> None:
        self._reading = None
        self._publish()

    def _failed_reading(self, error: ClusterError | JournalError) -> None:
        self._reading = error
        self._publish()

    # Writing

    async def _keep_sending(self) -> None:
        while True:
            await either(self._nudged, self._clock, LOOK)
            self._nudged.clear()
            self._sending = True
            try:
                await self._look_and_send()
            finally:
                self._sending = False
            await self._take_waiting()
            self._mind_missing()
            await self._settle()
            self._publish()

    async def _take_waiting(self) -> None:
        now = self._clock.monotonic()
        if self._copy.awaited and now >= self._waiting_at:
            self._waiting_at = now + WAITING
            with suppress(JournalError):  # it is said when the next line comes
                await self._copy.take_waiting()

    async def _settle(self) -> None:
        began = self._clock.monotonic()
        if began >= self._settle_at:
            await self._copy.settle()
            took = self._clock.monotonic() - began
            self._settle_at = began + took + min(max(SETTLE, SETTLES * took), LONGEST_SETTLE)

    async def _look_and_send(self) -> None:
        try:
            await self._copy.look()
        except JournalError as error:
            self._failed_writing(error)
            return
        self._publish()
        if self._listed and self._write_backoff.over(self._clock.monotonic()):
            await self._send()

    async def _send(self) -> None:
        if not self._copy.owes and self._writing is None:
            return
        began, had = self._clock.monotonic(), self._copy.sent
        try:
            # First: whatever holds up the sending leaves no content there.
            await self._copy.finish_redactions()
            while await self._copy.send():
                await self._copy.look()
                self._publish()
                await self._copy.finish_redactions()
        except (ClusterError, JournalError) as error:
            if self._copy.sent > had:
                self._write_backoff.reset()  # it gets on
            self._failed_writing(error)
            unanswered = isinstance(error, ClusterError) and error.reason in _UNANSWERED
            if unanswered and (self._heard_at is None or self._heard_at < began):
                self._again.set()  # the watch may hang on the same dead connection
        else:
            self._write_backoff.reset()
            self._writing = None
        self._publish()

    def _failed_writing(self, error: ClusterError | JournalError) -> None:
        self._writing = error
        self._write_backoff.wait(self._clock.monotonic())
        self._publish()

    def _mind_missing(self) -> None:
        """What was deleted there, and what a line here waits for, is found by listing anew."""
        ledger = self._copy.ledger
        deleted = self._lists.deleted(bool(ledger.lost or ledger.contested))
        if self._listed and (self._lists.awaits(self._copy.longest) or deleted):
            self._list_anew()

    # What is told

    async def _pause(self, seconds: float) -> None:
        await either(self._retry, self._clock, seconds)
        self._retry.clear()

    @property
    def _looks_on(self) -> bool:
        """Whether entries come in, and the login may create none."""
        writing = self._writing
        forbidden = isinstance(writing, ClusterError) and writing.reason is Reason.FORBIDDEN
        return forbidden and self._reading is None and self._listed and self._copy.unsent > 0

    def _publish(self) -> None:
        error = self._reading or self._writing
        looks_on = self._looks_on
        link = link_of(None if looks_on else error, listed=self._listed)
        status = CopyStatus(
            link,
            error.said if error else "",
            error.remedy if error else "",
            self.status.since if link is self.status.link and self.status.since else self._clock.now(),
            self._copy.unsent,
            self._copy.awaited,
            self._copy.problems,
            self._elsewhere,
            looks_on,
        )
        if status != self.status:
            self.status = status
            self._on_status(status)
