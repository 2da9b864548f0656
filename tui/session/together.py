"""One incident, worked together: its copy kept going, who is there, and who commands. Loaded late."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from tui.clients.cluster_errors import ClusterError
from tui.clients.shared_entries import SharedEntries
from tui.clients.shared_place import SharedPlace
from tui.model.clock import Clock
from tui.model.redaction import Redactor
from tui.model.sharing import Link, SharingStatus
from tui.record.errors import JournalError
from tui.record.folder import incident_folder
from tui.record.shared import CopierLock, Marker, change_marker
from tui.session.chronicle import Chronicle
from tui.session.threads import in_thread
from tui.sharing.company import Company
from tui.sharing.copier import Copier
from tui.sharing.copying import Copy
from tui.sharing.files import FolderFiles
from tui.sharing.needs import Entries


class Together:
    """What is shared of one incident while it is open here.

    Args:
        place: the shared place, open.
        incident, console: which incident, and this console's id in it.
        company: who is there, and what this console holds.
        changed: something that is shown changed.
    """

    def __init__(
        self,
        place: SharedPlace,
        incident: str,
        console: str,
        company: Company,
        state_dir: Path,
        chronicle: Chronicle,
        clock: Clock,
        redact: Redactor,
        rng: Random,
        changed: Callable[[], None],
    ) -> None:
        self.incident = incident
        self.console = console
        self._place = place
        self.company = company
        self._chronicle = chronicle
        self._folder = incident_folder(state_dir, incident)
        files = FolderFiles(self._folder, incident, lambda: place.words, clock)
        self._copy = Copy(
            incident,
            files,
            redact,
            on_taken=lambda _: chronicle.wake.set(),
            place=place.words,
            whom=place.administrators,
            clock=clock,
        )
        lock = CopierLock(self._folder)
        self._copier = Copier(self._copy, self._door, lock, clock, rng, lambda _: changed())
        self._clock = clock
        self._giving: asyncio.Task[None] | None = None
        self._seen_since: datetime | None = None

    def status(self) -> SharingStatus:
        """How it is shared now."""
        copy, roster = self._copier.status, self.company.roster
        link, said, remedy, since = copy.link, copy.said, copy.remedy, copy.since
        problem = roster.problem
        problems = copy.problems
        if copy.elsewhere:
            # Another console of this machine copies; how the place answers this one is told by the leases.
            link, since = roster.link, roster.since
            said, remedy = (problem.said, problem.remedy) if problem is not None else ("", "")
        elif problem is not None and link in (Link.LIVE, Link.CONNECTING):
            # A console that has nothing to send hears of a place that went away by the leases alone.
            link, since, said, remedy = roster.link, roster.since, problem.said, problem.remedy
        elif roster.link is Link.CONNECTING and link is Link.LIVE:
            # Entries come in, but who is here, and who holds which lock, is not known yet.
            link, since = roster.link, roster.since
        if self.company.presence.problem:
            problems = (*problems, self.company.presence.problem)
        return SharingStatus(
            self._place.words,
            link,
            said,
            remedy,
            since,
            copy.unsent,
            copy.awaited,
            roster.people,
            roster.command(self.incident),
            problems,
            looks_on=copy.looks_on,
        )

    @property
    def looks_on(self) -> bool:
        """Whether the login may read and not write."""
        return self._copier.status.looks_on

    @property
    def live(self) -> bool:
        """Whether others' entries come in now."""
        copy = self._copier.status
        return copy.link is Link.LIVE or (copy.elsewhere and self._listening)

    @property
    def _listening(self) -> bool:
        return self.company.roster.link is Link.LIVE

    def rank(self) -> int:
        """How many consoles are before this one; while nothing comes in nobody is."""
        return self.company.roster.rank if self.live and self._listening else 0

    def mind(self) -> None:
        """Each second: list anew where entries are overdue; give command up where the incident is over."""
        if self.company.roster.overdue:
            self._copier.stale()
        self._mind_sight()
        incident, command = self._chronicle.incident, self.company.command
        over = incident is not None and not incident.open
        if over and command.held and (self._giving is None or self._giving.done()):
            self._giving = asyncio.create_task(self._give_command_up(), name="give command up")

    def _mind_sight(self) -> None:
        """The leases, renewed all the time, show first that a connection died: the entries' may have, too."""
        if self._listening and self._seen_since != self.company.roster.since:
            if self._seen_since is not None:
                self._copier.rewatch()
            self._seen_since = self.company.roster.since

    async def _give_command_up(self) -> None:
        """The incident is over: nobody commands it. What cannot be said runs out by itself."""
        with contextlib.suppress(ClusterError):
            await self.company.command.release()

    async def caught_up(self) -> None:
        """Take in what is there up to now. Raises ClusterError."""
        connection = (await self._place.open()).connection
        # A listing of its own: that of the copy goes on with the parts that its watch has seen.
        wanted: set[str] = set()
        async with aclosing(SharedEntries(connection).pages(self.incident)) as pages:
            async for page in pages:
                if page.begins:
                    wanted.clear()
                wanted.update(one.entry for one in page.found if not self._chronicle.knows(one.entry))
        while not all(map(self._chronicle.knows, wanted)) and self.live:
            await self._clock.sleep(0.05)

    async def _door(self) -> Entries:
        return (await self._place.open()).entries

    def begin(self) -> None:
        """Copy from now on, and let others see that this console is there."""
        self._copier.start()
        self.company.start()

    async def stop(self, seconds: float) -> None:
        """Send what is here, say that this console leaves, and stop; it takes no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._copier.finish(seconds / 2)
                await self.company.stop()
        await self._copier.stop()
        if self._giving is not None:
            self._giving.cancel()
            await asyncio.gather(self._giving, return_exceptions=True)

    def recorded(self, last: str) -> None:
        """Something was written here: it is sent now, and others hear what the last entry is."""
        self._copier.nudge()
        self.company.tell(last)

    def retry(self) -> None:
        """A person asks: try at once."""
        self._copier.retry_now()
        self.company.retry_now()

    async def remember(self, name: str) -> None:
        """Keep the login's own name beside the incident, for the next start without the place."""

        def named(marker: Marker | None) -> Marker:
            return replace(marker or Marker(self._place.words), name=name)

        with contextlib.suppress(JournalError):
            await in_thread(lambda: change_marker(self._folder, named))
