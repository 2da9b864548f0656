"""Sharing as a session lives it: the place opened in the background, and the open incident shared there.

Nothing here is waited for: with the place away everything works as it does without one.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tui.model.clock import Clock, SystemClock
from tui.model.redaction import Redactor
from tui.model.sharing import Holder, Link, SharingStatus
from tui.session.chronicle import Chronicle
from tui.session.errors import SessionError
from tui.session.identity import Identity
from tui.session.place_connection import LEAVING, LEAVING_ALONE, PlaceConnection
from tui.session.refusals import in_words
from tui.session.scribe import HEARD_WITHIN
from tui.session.threads import in_thread
from tui.settings import Settings, duration

if TYPE_CHECKING:
    from tui.session.together import Together
    from tui.sharing.command import CommandEvent
    from tui.sharing.company import Company


class Sharing(PlaceConnection):
    """The shared place, and what is shared of the incident that is open here.

    Attributes:
        enabled: whether the settings name such a place.
        shared: the incidents that lie there, as of the last look.
    """

    def __init__(
        self,
        settings: Settings,
        chronicle: Chronicle,
        identity: Identity,
        state_dir: Path,
        clock: Clock,
        redact: Redactor,
        rng: Random,
        changed: Callable[[], None],
    ) -> None:
        super().__init__(settings, identity, state_dir, clock, redact, rng, changed)
        self._chronicle = chronicle
        self._one: Together | None = None
        self.on_command: Callable[[CommandEvent], None] = lambda event: None
        self.on_lock_lost: Callable[[str, Holder | None], None] = lambda uid, holder: None
        self._switching: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False
        self._wish: tuple[str, str] | None = None
        if self.enabled:
            poll = duration(settings.timing.poll).total_seconds()
            chronicle.share(self.rank, poll + HEARD_WITHIN)
            chronicle.recorded_one = self._recorded

    # -- its life

    def begin(self) -> None:
        """Open the place in the background, once the clients are loaded."""
        if self.enabled and not self._tasks:
            self._tasks.append(asyncio.create_task(self._keep_open(), name="shared place"))

    def mind(self) -> None:
        """Share the incident that is open here, and no other."""
        if not self._open.is_set() or self._over:
            return
        wanted = self._wanted()
        have = (self._one.incident, self._one.console) if self._one is not None else ("", "")
        busy = self._switching is not None and not self._switching.done()
        if (current := self._current) is not None:
            current.mind()
            self._bring_wish(current)
        if wanted != have and not busy:
            self._switching = asyncio.create_task(self._switch(*wanted), name="share the incident")

    def retry(self) -> None:
        """A person asks: try at once whatever is being waited for."""
        self._retry.set()
        if self._one is not None:
            self._one.retry()

    async def stop(self) -> None:
        """Leave: others hear that this console is gone. A place that is away is not waited for."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        # What is being left for another incident is left to its end: half left, it would go on for ever.
        leaving = [*self._tasks, self._switching] if self._switching is not None else self._tasks
        await asyncio.gather(*leaving, return_exceptions=True)
        await self._listen(False)
        if self._one is not None:
            await self._one.stop(LEAVING if self.live else LEAVING_ALONE)

    async def close(self) -> None:
        """Close the connection, after `stop`."""
        if self._place is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVING):
                    await self._place.close()

    @property
    def left_behind(self) -> str:
        """After `stop`: what others do not have yet, and how they get it; "" where there is nothing."""
        unsent = self._one.status().unsent if self._one is not None else 0
        if self._one is None or not unsent:
            return ""
        incident = self._one.incident
        many = f"1 entry of {incident} is" if unsent == 1 else f"{unsent} entries of {incident} are"
        return f"{many} on this machine only: leeward share sync {incident} sends what is left."

    # -- what is known

    @property
    def status(self) -> SharingStatus | None:
        """How the open incident is shared; None where none is open here, or nothing is shared."""
        if not self.enabled or not self._chronicle.console:
            return None
        if self._current is not None:
            return self._current.status()
        said, remedy = (self._refused.said, self._refused.remedy) if self._refused else ("", "")
        return SharingStatus(self.words, self._link, said, remedy)

    def rank(self) -> int:
        """How many consoles are before this one in writing down what all of them see."""
        return self._current.rank() if self._current is not None else 0

    async def company(self) -> "Company":
        """Who works the incident that is open here, once it is shared. Give it a deadline: it waits."""
        while (one := self._current) is None:
            self.mind()
            await self._clock.sleep(0.02)
        return one.company

    @property
    def live(self) -> bool:
        """Whether what is known of others is known now."""
        one = self._current
        return one is not None and one.live and one.company.roster.link is Link.LIVE

    @property
    def looks_on(self) -> bool:
        """Whether the login may read and not write: it gets no lock, either."""
        return self._current is not None and self._current.looks_on

    def locked(self, uids: Iterable[str]) -> Holder | None:
        """Who else holds the lock of one of these targets, and is there."""
        return next((one for one in self._holders(uids) if not one.gone), None)

    def _holders(self, uids: Iterable[str]) -> Iterator[Holder]:
        """Which other consoles have locks of these targets, also those that let them run out."""
        current = self._current
        if current is not None:
            found = (current.company.roster.lock(uid) for uid in uids)
            yield from (one for one in found if one is not None and not one.here)

    def is_here(self, console: str) -> bool:
        """Whether a console is there, as far as was heard."""
        one = self._current
        found = one.company.roster.person(console) if one is not None else None
        return found is not None and not found.gone

    async def caught_up(self, seconds: float) -> None:
        """Take in what others recorded up to now, where the place answers; gives up after so many seconds."""
        if (one := self._current) is not None:
            with contextlib.suppress(SessionError, TimeoutError), in_words():
                async with asyncio.timeout(seconds):
                    await one.caught_up()

    def wish_command(self, name: str) -> None:
        """Somebody got command while the place was not open yet: it is told there once it is."""
        incident = self._chronicle.incident
        if incident is not None:
            self._wish = incident.id, "" if name == self._identity.name else name

    async def remember(self, incident_id: str) -> None:
        """The login's own name, as an incident's folder remembers it, until the place says it anew."""
        if not self.enabled or self._known_name:
            return
        from tui.record.folder import incident_folder
        from tui.record.shared import read_marker

        folder = incident_folder(self._state_dir, incident_id)
        marker = await in_thread(lambda: read_marker(folder))
        if marker is not None and marker.name and not self._known_name:
            self._identity.name = marker.name

    # -- inside

    def _wanted(self) -> tuple[str, str]:
        chronicle = self._chronicle
        console = chronicle.console
        incident = chronicle.incident if chronicle.writable and console else None
        return (incident.id, console) if incident is not None else ("", "")

    def _bring_wish(self, current: "Together") -> None:
        wish, self._wish = self._wish, None
        if wish is not None and wish[0] == current.incident:
            current.company.command.wish(wish[1])

    @property
    def _current(self) -> "Together | None":
        """What is shared of the very incident that is open here; None also while another's is being left."""
        one = self._one
        return one if one is not None and (one.incident, one.console) == self._wanted() else None

    def _recorded(self) -> None:
        self.mind()
        if self._current is not None:
            self._current.recorded(self._chronicle.last)

    async def _switch(self, incident: str, console: str) -> None:
        await self._listen(not incident)
        if self._one is not None:
            one, self._one = self._one, None
            await one.stop(LEAVING)
        if incident and self._place is not None:
            from tui.session.together import Together
            from tui.sharing.boottime import BootClock
            from tui.sharing.company import Company
            from tui.sharing.naming import Console

            lasts = duration(self._settings.sharing.lease).total_seconds()
            clock = BootClock() if type(self._clock) is SystemClock else self._clock
            company = Company(
                self._leases,
                incident,
                lambda: Console(console, self._identity.name, socket.gethostname(), os.getpid()),
                clock,
                self._rng,
                lasts,
                has=self._chronicle.knows,
                on_change=self._changed,
                on_command=self.on_command,
                on_lock_lost=self.on_lock_lost,
            )
            self._one = Together(
                self._place,
                incident,
                console,
                company,
                self._state_dir,
                self._chronicle,
                self._clock,
                self._redact,
                self._rng,
                self._changed,
            )
            self._one.begin()
            self._one.recorded(self._chronicle.last)
        self._changed()

    def lock(self, pinned: str = "") -> Holder | None:
        """Who else changes what this incident is about; None where nobody does, or it is not known.

        Where nobody does, one who is gone and never gave a lock up. `pinned` is the uid of the deployment
        that would be changed here, where it is known: another incident's console may have its lock.
        """
        incident = self._chronicle.incident
        uids = {pinned, *(change.uid for change in incident.mitigations)} - {""} if incident else set()
        return self.locked(uids) or next((one for one in self._holders(uids) if one.gone), None)

    @property
    def _is_idle(self) -> bool:
        return not self._wanted()[0]

    async def _named(self, name: str) -> None:
        if self._one is not None:
            await self._one.remember(name)
