"""The journal of an incident: append-only, chained, acknowledged only when it is on disk."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiofiles
from aiofiles.os import wrap
from aiofiles.threadpool.binary import AsyncFileIO

from tui.model.clock import Clock
from tui.model.incident import Draft, Entry, Kind
from tui.model.redaction import Redacts
from tui.record import lines, redacting
from tui.record.errors import HeldByAnother, JournalError, told
from tui.record.folder import (
    JOURNAL,
    NOTES,
    TOGETHER,
    existing_folder,
    finish_moving,
    incident_folder,
    make_folder,
    sync_folder,
    unmake_folder,
)
from tui.record.ids import EntryIds, latest_followed
from tui.record.lock import Lock
from tui.record.reading import Record, read, read_folder
from tui.record.tape import Tape, Written

T = TypeVar("T")

# A look at who holds the lock takes it for some microseconds: that must not make a console read-only.
LOCK_WAIT = 0.25
# How many hex digits of its identity a chain is known by.
CHAIN = 16


@dataclass(slots=True)
class _Waiting:
    """Drafts of one append, ready to be chained."""

    contents: list[lines.Content]
    done: "asyncio.Future[tuple[Entry, ...]]"


class Journal:
    """One journal, open for appending, or only for reading where `read_only` says why.

    Attributes:
        incident_id: whose journal this is.
        found: what all journals of the incident said when this one was opened.
        problems: what was found wrong on opening, in sentences; recording goes on regardless.
        intents: the ids of the intents that stood in this very file when it was opened for appending.
        left: the id of its last entry then; "" where it had none.
        refusal: why nothing can be appended (`HeldByAnother`, or what the disk said), or None.
    """

    def __init__(self, path: Path, incident_id: str, clock: Clock, redact: Redacts) -> None:
        """Use `create`, `open` or `beside`."""
        self.incident_id = incident_id
        self.found = Record()
        self.problems: tuple[str, ...] = ()
        self.intents: frozenset[str] = frozenset()
        self.left = ""
        self.refusal: JournalError | None = None
        self._path = path
        self._clock = clock
        self._redact = redact
        self._ids = EntryIds()
        # A thread of its own: a write never waits behind seven hung name resolutions.
        self._thread: Executor = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._lock: Lock | None = None
        self._file: AsyncFileIO | None = None
        self._tape: Tape | None = None
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._chain = ""

    @property
    def path_name(self) -> str:
        """The name of the file that is written."""
        return self._path.name

    @property
    def chain(self) -> str:
        """What this chain, and so its console, is known by: 16 hex digits; "" before its first entry.

        The same after a restart, and nobody else's: the beginning of `merging.Chain.identity`.
        """
        return self._chain

    @property
    def read_only(self) -> str:
        """Why nothing can be appended ("… is being written by process 71 on host."), or ""."""
        return str(self.refusal or "")

    @classmethod
    async def create(cls, state_dir: Path, incident_id: str, clock: Clock, redact: Redacts) -> "Journal":
        """Begin the journal of a new incident; its folder and header are on disk on return.

        Raises:
            JournalError: the id is none or taken, or the disk refuses.
        """
        folder = incident_folder(state_dir, incident_id)
        await asyncio.to_thread(make_folder, folder)
        journal = cls(folder / JOURNAL, incident_id, clock, redact)
        try:
            return await journal._opened(LOCK_WAIT)
        except JournalError:
            await asyncio.to_thread(unmake_folder, folder)
            raise

    @classmethod
    async def open(
        cls,
        state_dir: Path,
        incident_id: str,
        clock: Clock,
        redact: Redacts,
        *,
        wait: float = LOCK_WAIT,
        together: bool = False,
    ) -> "Journal":
        """Open a journal that there is; read-only where another holds it or it cannot be written.

        Args:
            wait: how many seconds to wait for another writer to leave.
            together: where another holds it, write a chain of its own beside it instead; up to nine consoles.

        Raises:
            NoSuchIncident: there is none of this id.
            JournalError: this is no id, or the journal cannot even be read.
        """
        folder = existing_folder(state_dir, incident_id)
        refusal: JournalError | None = None
        for name in (JOURNAL, *TOGETHER) if together else (JOURNAL,):
            journal = cls(folder / name, incident_id, clock, redact)
            try:
                return await journal._opened(wait if name == JOURNAL else 0.0)
            except HeldByAnother as error:
                refusal = refusal or error
            except JournalError as error:
                refusal = error
                break
        journal.found = await asyncio.to_thread(read, state_dir, incident_id)
        journal.refusal = refusal
        journal.problems = journal.found.problems
        return journal

    @classmethod
    async def beside(cls, state_dir: Path, incident_id: str, clock: Clock, redact: Redacts) -> "Journal":
        """A second chain of the same incident, for a note while a console holds the first.

        Raises:
            HeldByAnother: somebody else writes a note and did not end within two seconds.
            JournalError: as `open`, and where it cannot be written.
        """
        folder = existing_folder(state_dir, incident_id)
        journal = cls(folder / NOTES, incident_id, clock, redact)
        return await journal._opened(2.0)

    async def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Record the drafts, in order and all or none. On return they are on disk.

        Appends that come while one is being written share the next sync. A caller that is
        cancelled may find its entries recorded or not.

        Raises:
            JournalError: nothing was recorded; the journal is as it was, and later appends may work.
        """
        tape = self._writable()
        if not drafts:
            return ()
        contents = [lines.content(_redacted(draft, self._redact)) for draft in drafts]
        waiting = _Waiting(contents, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting(tape), name="journal")
        return await waiting.done

    async def redact(self, told: Draft) -> Entry:
        """Take text, data and salt of the entries that `told` names out of the files, and record `told`.

        What lies in this journal goes in one step with `told`. What lies in one beside it goes after
        that: until it is done nobody shows it, and the next who opens the incident finishes it.

        Raises:
            JournalError: there is no such entry, or the disk refuses; the text says what was done.
        """
        tape = self._writable()
        made = lines.content(_redacted(told, self._redact))
        async with self._turn:
            return await self._hop(self._take_out, tape, frozenset(told.data["entries"]), made)

    def _writable(self) -> Tape:
        if self.refusal is not None:
            raise type(self.refusal)(self.refusal.said, self.refusal.remedy)
        if self._tape is None:
            raise JournalError(f"The journal of {self.incident_id} is closed.")
        return self._tape

    def saw(self, entry_id: str) -> None:
        """Make later entries of this journal come after this one of another, in the order of the ids."""
        self._ids.saw(entry_id, self._clock.now())

    async def finish_redactions(self) -> None:
        """Take out what others redacted: of this journal, and of every one that nobody else writes.

        Raises:
            JournalError: the disk refuses; whoever opens the incident next finishes it.
        """
        if (tape := self._tape) is not None:
            async with self._turn:
                self.found = await self._hop(read_folder, self._path.parent, self.incident_id)
                await self._hop(self._finish_redactions, tape)

    def _take_out(self, tape: Tape, ids: frozenset[str], made: lines.Content) -> Entry:
        folder, now = self._path.parent, self._clock.now()
        left, found = redacting.without(tape.content(), ids)
        beside = redacting.there(folder, ids - found, self.path_name)
        if lost := ids - found - beside:
            raise redacting.missing(lost, self.incident_id)
        entry, line, hash_ = lines.chained(made, self._ids.next(now), now, tape.end.hash)
        tape.rewrite(left + line, Written(len(left) + len(line), tape.end.lines + 1, hash_))
        self._chain = self._chain or hash_[:CHAIN]
        redacting.take_out_beside(folder, ids, self.path_name, now)
        return entry

    def _finish_redactions(self, tape: Tape) -> None:
        """Finish what a killed process began, or what came from elsewhere."""
        folder = self._path.parent
        if not (ids := self.found.unfinished):
            return
        left, _ = redacting.without(data := tape.content(), ids)
        if left != data:
            tape.rewrite(left, Written(len(left), tape.end.lines, tape.end.hash))
        redacting.take_out_beside(folder, ids, self.path_name, self._clock.now())
        self.found = read_folder(folder, self.incident_id)

    async def close(self) -> None:
        """Finish what is being written, and let others write. Safe to call twice."""
        tape, self._tape = self._tape, None
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        if tape is not None:
            tape.close()
        await self._let_go()

    async def discard(self) -> None:
        """Close it, and leave nothing of an incident that was begun here and has no entry."""
        begun = self._tape is not None and self._tape.end.lines == 1
        await self.close()
        if begun:
            await asyncio.to_thread(unmake_folder, self._path.parent)

    async def __aenter__(self) -> "Journal":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _opened(self, wait: float) -> "Journal":
        try:
            self._lock = await self._hop(Lock.take, self._path, self._clock.now(), wait)
            await self._take_over()
        except BaseException:
            await self._let_go()
            raise
        return self

    async def _take_over(self) -> None:
        try:
            if self._path.name == JOURNAL:
                await self._hop(finish_moving, self._path.parent)
            self._file = await aiofiles.open(
                self._path, "r+b", buffering=0, opener=_private, executor=self._thread
            )
            content = await self._file.read()
        except OSError as error:
            raise told("open", self._path, error) from error
        lines.check_version(content)
        self.found = await self._hop(read_folder, self._path.parent, self.incident_id)
        assert self._lock is not None
        tape = await self._hop(Tape, self._path, self._file.fileno(), content, self._lock.check)
        self.left = lines.last_id(content)
        self._ids = EntryIds(self.left)
        limit = latest_followed(self._clock.now())
        self.saw(max((entry.id for entry in self.found.entries if entry.id <= limit), default=""))
        self._chain = lines.first_hash(content)[:CHAIN]
        self.intents = await self._hop(lines.ids_of, content, Kind.INTENT)
        if not tape.end.lines:
            header = lines.header_line(self.incident_id, socket.gethostname(), self._clock.now())
            await self._hop(tape.commit, header, Written(len(header), 1, lines.hash_of_line(header)))
            await self._hop(sync_folder, self._path.parent)
        await self._hop(self._finish_redactions, tape)
        self._tape = tape
        torn = "the last line is torn"
        self.problems = (*(p for p in self.found.problems if torn not in p), *tape.problems)

    async def _write_waiting(self, tape: Tape) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self._turn:
                    await self._write(tape, batch)
            except JournalError as error:
                for waiting in batch:
                    if not waiting.done.done():
                        waiting.done.set_exception(JournalError(error.said, error.remedy))
            finally:
                # Only where this task itself was cancelled is anything left to tell.
                for waiting in batch:
                    waiting.done.cancel()

    async def _write(self, tape: Tape, batch: list[_Waiting]) -> None:
        now, first = self._clock.now(), ""
        prev, data, groups = tape.end.hash, bytearray(), []
        for waiting in batch:
            entries = []
            for content in waiting.contents:
                entry, line, prev = lines.chained(content, self._ids.next(now), now, prev)
                entries.append(entry)
                data += line
                first = first or prev
            groups.append(tuple(entries))
        count = tape.end.lines + sum(map(len, groups))
        end = Written(tape.end.size + len(data), count, prev)
        await self._hop(tape.commit, bytes(data), end)
        self._chain = self._chain or first[:CHAIN]
        for waiting, recorded in zip(batch, groups, strict=True):
            if not waiting.done.done():
                waiting.done.set_result(recorded)

    async def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            await file.close()
        if self._lock is not None:
            self._lock.release()
        self._thread.shutdown(wait=False)

    async def _hop(self, function: Callable[..., T], *arguments: object) -> T:
        """Run something that blocks in the journal's own thread: one hop, whatever it does there."""
        hop: Callable[..., Awaitable[T]] = wrap(function)
        return await hop(*arguments, executor=self._thread)


def _redacted(draft: Draft, redact: Redacts) -> Draft:
    return Draft(
        draft.kind,
        redact.text(draft.text),
        draft.occurred_at,
        redact.text(draft.actor),
        redact.data(draft.data),
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)
