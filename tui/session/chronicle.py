"""The incident's record as the session writes it, from the first reading to the last word.

Looking needs no incident: what happens before one is open is kept in memory, and written when
it opens. What happened and the disk refuses is kept too, said, and tried again: with the next entry,
every few seconds, and at the end.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.amending import Amendments, redacts
from tui.model.clock import Clock
from tui.model.incident import Draft, Entry, Incident, Kind
from tui.model.redaction import Redactor
from tui.model.returning import standing
from tui.session.beforehand import Beforehand
from tui.session.errors import NoIncident, SessionError
from tui.session.memory import Memory
from tui.session.scribe import Scribe

if TYPE_CHECKING:
    from tui.record.journal import Journal

# Seconds between two tries to write what the disk refused.
AGAIN = 5.0


class Chronicle:
    """One incident's entries and its journal; before that, the drafts that wait for one.

    Attributes:
        wake: is set by whoever put others' entries on this disk.
        heard: is told what came from elsewhere.
        recorded_one: is called when something was written here.
        last: the id of the last entry that was written here; "" before the first.
        trouble, problems: what is wrong with writing, and what was found wrong on opening.
    """

    def __init__(self, state_dir: Path, clock: Clock, redact: Redactor, changed: Callable[[], None]) -> None:
        self._state_dir = state_dir
        self._clock = clock
        self._redact = redact
        self._changed = changed
        self._journal: Journal | None = None
        self._beforehand = Beforehand()
        self._backlog: list[Draft] = []
        self._memory = Memory()
        self._tasks: set[asyncio.Task[None]] = set()
        self._follower: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._scribe: Scribe | None = None
        self.wake = asyncio.Event()
        self.heard: Callable[[tuple[Entry, ...]], None] = lambda _: None
        self.recorded_one: Callable[[], None] = lambda: None
        self.last = ""
        self._intents: set[str] = set()
        self._unredacted = ""  # what others redacted and this disk would not let go, in a sentence
        self.trouble = ""
        self.problems: tuple[str, ...] = ()

    @property
    def incident(self) -> Incident | None:
        """The incident that is open here; None while there is none."""
        return self._memory.incident

    @property
    def timeline(self) -> tuple[Entry, ...]:
        """Its entries as they are to be read now; before there is one, what waits for it."""
        return self._memory.timeline or self._beforehand.shown

    @property
    def amendments(self) -> Amendments:
        """What later entries say of earlier ones."""
        return self._memory.amendments

    @property
    def writable(self) -> bool:
        """Whether an incident is open here and this console is its writer."""
        return self._journal is not None and not self._journal.read_only

    @property
    def console(self) -> str:
        """This console's id in the incident that is open; "" before it wrote, and where none is shared."""
        return self._journal.chain if self._journal is not None and self._scribe is not None else ""

    def share(self, rank: Callable[[], int], turn: float) -> None:
        """Incidents are shared from now on; `rank` consoles are before this one, with `turn` seconds each."""
        self._scribe = Scribe(self._clock, rank, self.tell, lambda: self.incident, turn)

    @property
    def read_only(self) -> str:
        """Why this console may only read the incident's journal, or ""."""
        return self._journal.read_only if self._journal is not None else ""

    async def open_new(
        self, incident_id: str, declared: Draft, *alerts: Draft, elsewhere: frozenset[str] = frozenset()
    ) -> Entry:
        """Open an incident and write what was kept. Raises SessionError where the disk refuses.

        Args:
            alerts: those that it is declared from, written even where an incident before told of them.
            elsewhere: the fingerprints of alerts that are part of another open incident, and stay there.
        """
        from tui.record.errors import JournalError
        from tui.record.journal import Journal

        journal: Journal | None = None
        try:
            journal = await Journal.create(self._state_dir, incident_id, self._clock, self._redact)
            written = await journal.append(declared, *self._beforehand.for_new(alerts, elsewhere))
        except JournalError as error:
            if journal is not None:
                await journal.discard()
            raise SessionError(f"The incident could not be opened: {error}") from error
        await self._release()
        self._journal = journal
        self._beforehand.clear()
        self._forget()
        self.problems = ()
        self._took(incident_id, written)
        self._follow(journal)
        return written[0]

    async def resume(self, incident_id: str, mended: tuple[str, ...] = ()) -> Incident:
        """Open an incident that exists. Another console's stays read-only here, and is followed.

        `mended` is what was found wrong with this machine's journal just before.
        """
        from tui.record.errors import JournalError
        from tui.record.journal import Journal

        try:
            journal = await Journal.open(
                self._state_dir, incident_id, self._clock, self._redact, together=self._scribe is not None
            )
        except JournalError as error:
            raise SessionError(f"{incident_id} could not be resumed: {error}") from error
        # Of this very incident, what the disk refused is for the journal as it is now.
        same = self._journal is not None and self._journal.incident_id == incident_id
        waiting, self._backlog = (self._backlog, []) if same else ([], self._backlog)
        await self._release()
        self._journal = journal
        kept = self._beforehand.for_resumed()
        self._forget()
        self._intents = set(journal.intents)
        self._take(incident_id, journal.found.entries)
        self.keep(kept)
        self.problems = self._told(journal, mended)
        self._follow(journal)
        if waiting:
            await self.tell(*waiting)
        return self.incident or Incident(incident_id)

    def _told(self, journal: "Journal", mended: tuple[str, ...]) -> tuple[str, ...]:
        """What was wrong with the journal, each a sentence, and last where it lies and what to do.

        Another console's journal may only be in the middle of a line.
        """
        from tui.record.folder import incident_folder

        problems = (*mended, *journal.problems)
        if not problems or journal.read_only:
            return ()
        folder = incident_folder(self._state_dir, journal.incident_id)
        advice = f"Recording goes on. See {folder}, and check the rest: leeward verify {journal.incident_id}"
        return (*(_sentence(problem) for problem in problems), advice)

    async def record(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write entries; they are on disk when this returns.

        Raises NoIncident where none is open, SessionError where the journal cannot be written.
        """
        from tui.record.errors import JournalError

        if self._journal is None:
            raise NoIncident
        if self._journal.read_only:
            raise SessionError(
                f"It was not written down, the incident is read-only here: {self._journal.read_only}",
                "Then take it over with i.",
            )
        waiting, self._backlog = self._backlog, []
        try:
            written = await self._journal.append(*waiting, *drafts)
        except JournalError as error:
            self._backlog = waiting + self._backlog
            self.trouble = str(error)
            self._changed()
            raise SessionError(f"It was not written down: {error}") from error
        self.trouble = self._unredacted
        self._took(self._journal.incident_id, written)
        return written[len(waiting) :]

    @property
    def left(self) -> str:
        """The last entry of this console's chain as it was taken up here; "" where the chain is new."""
        return self._journal.left if self._journal is not None else ""

    @property
    def recorded(self) -> tuple[Entry, ...]:
        """The entries as they lie on disk, whatever later ones say of them."""
        return self._memory.recorded

    def intended(self, intent: str) -> bool:
        """Whether this entry is an intent in the chain that this console writes."""
        return intent in self._intents

    def knows(self, entry_id: str) -> bool:
        """Whether an entry is here."""
        return self._memory.knows(entry_id)

    async def redact(self, told: Draft) -> Entry:
        """Take the content of the entries that `told` names out of the files, and record `told`.

        Raises NoIncident where none is open, SessionError where it cannot be done.
        """
        from tui.record.errors import JournalError

        journal = self._journal
        if journal is None:
            raise NoIncident
        try:
            entry = await journal.redact(told)
        except JournalError as error:
            raise SessionError(f"It may not have been redacted: {error.said}", error.remedy) from error
        self._took(journal.incident_id, (entry,))
        return entry

    def keep(self, drafts: Iterable[Draft]) -> None:
        """Write what happened by itself: now where an incident is open, else once one opens."""
        fresh = self._beforehand.news(drafts)
        if fresh and self.writable and self._scribe is not None:
            fresh = self._scribe.offer(fresh)
        if not fresh:
            return
        if not self.writable:
            self._beforehand.keep(fresh)
            if self._journal is None:
                self._beforehand.show()
            return
        task = asyncio.create_task(self.tell(*fresh), name="record")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tell(self, *drafts: Draft) -> None:
        """Write what has happened already: what the disk refuses is said, and waits for space."""
        try:
            await self.record(*drafts)
        except NoIncident:
            self._beforehand.keep(drafts)
        except SessionError:
            self._backlog.extend(drafts)
            self._try_again()

    def _try_again(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._write_again(), name="record again")

    async def _write_again(self) -> None:
        while (self._backlog or self._unredacted) and self.writable:
            await self._clock.sleep(AGAIN)
            if self._backlog:
                with contextlib.suppress(SessionError):
                    await self.record()
            if self._unredacted and self._journal is not None:
                await self._finish_redactions(self._journal)

    def last_states(self) -> dict[str, str]:
        """Each check's last recorded state, so that a resumed console knows what changed."""
        return {check: stood.state for check, stood in standing(self._memory.recorded).items()}

    async def close(self) -> None:
        """Finish what is being written and let the lock go."""
        await self.finish()
        await self._release()

    async def finish(self) -> None:
        """Finish what is being written, and what waited for its turn."""
        if self._scribe is not None:
            await self._scribe.finish()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write_backlog(self) -> None:
        """The last try before the journal is let go: another incident's has no place for it."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
        if self._backlog and self.writable:
            with contextlib.suppress(SessionError):
                await self.record()
        self._backlog = []

    async def _release(self) -> None:
        if self._scribe is not None:
            await self._scribe.finish()
        await self._write_backlog()
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None
        if self._journal is not None:
            journal, self._journal = self._journal, None
            await journal.close()

    def _follow(self, journal: "Journal") -> None:
        """Hear what others write: another console's journal, or a note from the command line."""
        self._follower = asyncio.create_task(self._hear(journal), name="follow the incident")

    async def _hear(self, journal: "Journal") -> None:
        from tui.record.following import follow

        own = "" if journal.read_only else journal.path_name
        where = (self._state_dir, journal.incident_id, self._clock)
        async for entries in follow(*where, knows=self._memory.knows, without=own, wake=self.wake):
            await self._came(journal, entries)

    async def _came(self, journal: "Journal", entries: tuple[Entry, ...]) -> None:
        """Others wrote these. What they redacted leaves memory here, and this console's own file."""
        fresh = self._take(journal.incident_id, entries)
        for entry in entries:
            journal.saw(entry.id)  # each: one that is too far ahead is not followed, and must hide no other
        if fresh:
            self.heard(fresh)
        if (self._unredacted or any(map(redacts, fresh))) and not journal.read_only:
            await self._finish_redactions(journal)

    async def _finish_redactions(self, journal: "Journal") -> None:
        from tui.record.errors import JournalError

        before = self._unredacted
        try:
            await journal.finish_redactions()
        except JournalError as error:
            self._unredacted = f"What another console redacted may still lie on this disk. {error}"
            self._try_again()
        else:
            self._unredacted = ""
        if before != self._unredacted and self.trouble in ("", before):
            self.trouble = self._unredacted
            self._changed()

    def _forget(self) -> None:
        self._memory, self.last, self._intents, self._unredacted = Memory(), "", set(), ""
        if self._scribe is not None:
            self._scribe.forget()

    def _took(self, incident_id: str, written: tuple[Entry, ...]) -> None:
        """These were written here."""
        self._intents.update(entry.id for entry in written if entry.kind == Kind.INTENT)
        self._take(incident_id, written)
        self.last = max((entry.id for entry in written), default=self.last)
        self.recorded_one()

    def _take(self, incident_id: str, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """What is on disk is known here, too; answers what was not known before."""
        fresh = self._memory.take(incident_id, entries)
        if self._scribe is not None:
            self._scribe.hear((entry.kind, entry.data, entry.text) for entry in fresh)
        self._beforehand.know(fresh)
        self._changed()
        return fresh


def _sentence(problem: str) -> str:
    return problem if problem.endswith(".") else f"{problem}."
