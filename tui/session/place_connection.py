"""The connection to the shared place: opened in the background, asked what is there, or for a whole one."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tui.model.clock import Clock, SystemClock
from tui.model.redaction import Redactor
from tui.model.sharing import Link, SharedIncident
from tui.session.errors import NotShared, SessionError
from tui.session.identity import Identity
from tui.session.refusals import in_words
from tui.session.threads import in_thread
from tui.settings import Settings, duration

if TYPE_CHECKING:
    from tui.clients.leases import Leases
    from tui.clients.shared_place import SharedPlace
    from tui.sharing.lease_activity import LeaseActivity

log = logging.getLogger(__name__)

# How often it is asked which incidents are there, in seconds.
OVERVIEW = 30.0
# How soon it is asked again while somebody works an incident that is not among them: its entries are on
# their way. So often, in case they never come.
SOON, SOON_MOST = 1.0, 10
# News of leases come in swarms: one look for all of it.
SWARM = 0.3
# How long a place that cannot be opened is left alone, from the first failure to the tenth.
AGAIN, AGAIN_MOST = 1.0, 30.0
# How long a person waits for the place, and how long leaving does.
PATIENCE = 5.0
LEAVING = 2.0
# How long leaving waits for a place that did not answer before: for what is on its way to be broken off.
LEAVING_ALONE = 0.5
# How long declaring waits to hear what others have declared.
LOOKING = 1.0
# How long a whole incident may take to come here.
JOINING = 60.0


class PlaceConnection:
    """The shared place itself, whatever incident is open here.

    Attributes:
        enabled: whether the settings name such a place.
        shared: the incidents that lie there, as of the last look.
    """

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        state_dir: Path,
        clock: Clock,
        redact: Redactor,
        rng: Random,
        changed: Callable[[], None],
    ) -> None:
        self.enabled = bool(settings.sharing.namespace)
        self.shared: tuple[SharedIncident, ...] = ()
        self._settings = settings
        self._identity = identity
        self._state_dir = state_dir
        self._clock = clock
        self._redact = redact
        self._rng = rng
        self._changed = changed
        self._place: SharedPlace | None = None
        self._open = asyncio.Event()
        self._retry = asyncio.Event()
        self._refused: SessionError | None = None
        self._link = Link.CONNECTING
        self._known_name = False
        self._activity: LeaseActivity | None = None
        self._lease_news = asyncio.Event()
        self._awaited: frozenset[str] = frozenset()
        self._tries = 0

    def mind(self) -> None:
        """The place was opened: what is open here is shared from now on."""

    @property
    def _is_idle(self) -> bool:
        """Whether no incident is open here that is shared."""
        return True

    @property
    def words(self) -> str:
        """The place in a few words."""
        return self._place.words if self._place is not None else self._settings.sharing.namespace

    async def incidents(self) -> tuple[SharedIncident, ...]:
        """Which incidents are there now. Raises SessionError."""
        from tui.sharing.overview import incidents

        place = await self._reached()
        try:
            with in_words():
                async with asyncio.timeout(PATIENCE):
                    self.shared = await incidents((await place.open()).entries)
        except TimeoutError:
            raise self._slow() from None
        self._changed()
        return self.shared

    async def look_again(self) -> None:
        """Know what others declared up to now, where the place answers at once. Never raises."""
        if self.enabled and self._open.is_set() and not self.away:
            try:
                async with asyncio.timeout(LOOKING):
                    await self.incidents()
            except (SessionError, TimeoutError):
                pass
            except Exception as error:  # noqa: BLE001 - declaring must not fail with what others put there
                _fault(error)

    @property
    def away(self) -> bool:
        """Whether the place is known not to answer: what is here need not wait for it."""
        return self._refused is not None

    async def bring(self, incident_id: str, *, here: bool) -> tuple[str, ...]:
        """Have here what the place has of an incident, before it is opened.

        Of one that is here this is only tried; answers what was found wrong with this machine's journal.

        Raises:
            SessionError: it is not here, and cannot be joined.
        """
        if not here:
            await self._join(incident_id)
            return ()
        found = await self._mended(incident_id)
        with contextlib.suppress(SessionError):
            await self.exchange(incident_id, PATIENCE)
        return found

    async def _mended(self, incident_id: str) -> tuple[str, ...]:
        from tui.record.errors import JournalError
        from tui.sharing.joining import mended

        try:
            return await mended(self._state_dir, incident_id, self._clock, self._redact)
        except JournalError:
            return ()  # whoever opens it says so

    async def _join(self, incident_id: str) -> None:
        await self._reached()
        from tui.record.errors import HeldByAnother, JournalError
        from tui.record.shared import begin

        try:
            folder = await in_thread(lambda: begin(self._state_dir, incident_id))
        except JournalError as error:
            raise SessionError(f"{incident_id} could not be joined: {error.said}", error.remedy) from error
        taken = 0
        try:
            taken = await self._exchange(incident_id, JOINING)
        except HeldByAnother:
            return  # another console of this machine joins it just now: what it brings is in these files
        finally:
            if not taken:
                await in_thread(lambda: _unmake(folder))
        if not taken:
            raise SessionError(
                f"There is no incident {incident_id} in {self.words}, nor on this machine.",
                "`leeward join` lists those that are there.",
            )

    async def exchange(self, incident_id: str, seconds: float) -> int:
        """Bring here what is there of an incident, and there what is here; answers how much came.

        Raises SessionError.
        """
        from tui.record.errors import HeldByAnother

        try:
            return await self._exchange(incident_id, seconds)
        except HeldByAnother:
            return 0  # another console of this machine exchanges it all the time

    async def _exchange(self, incident_id: str, seconds: float) -> int:
        from tui.record.errors import HeldByAnother, JournalError
        from tui.sharing.joining import copy_once

        place = await self._reached()
        try:
            with in_words():
                async with asyncio.timeout(seconds):
                    entries = (await place.open()).entries
                    state, words, whom = self._state_dir, place.words, place.administrators
                    made = await copy_once(
                        state, incident_id, entries, self._clock, self._redact, place=words, whom=whom
                    )
        except HeldByAnother:
            raise
        except JournalError as error:
            raise SessionError(f"{incident_id} could not be taken in: {error.said}", error.remedy) from error
        except TimeoutError:
            raise self._slow() from None
        return made.taken

    async def _reached(self) -> "SharedPlace":
        """The place, once it was opened; a person waits a moment for that. Raises SessionError."""
        if not self.enabled:
            raise NotShared
        if not self._open.is_set():
            self._retry.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._open.wait()
        if self._place is None or not self._open.is_set():
            raise self._refused or self._slow()
        return self._place

    def _slow(self) -> SessionError:
        return SessionError(
            f"The shared place ({self.words}) does not answer.",
            "Press r to try again; this machine's are there.",
        )

    # -- inside

    async def _named(self, name: str) -> None:
        """The login's own name is known."""

    async def _keep_open(self) -> None:
        """Open the place, learn who we are there, and look now and then which incidents are there."""
        pause = AGAIN
        while True:
            try:
                if self._place is None:
                    self._place = await in_thread(lambda: _place(self._settings, self._redact))
                with in_words():
                    await self._place.open()
                    self._open.set()
                    self.mind()
                    await self._listen(self._is_idle)
                    if not self._known_name:
                        await self._learn_name(self._place)
                    await self.incidents()
            except Exception as error:  # noqa: BLE001 - nobody would notice that nothing is shared any more
                refused = error if isinstance(error, SessionError) else _fault(error)
                self._refused, self._link = refused, _link(refused)
                wait, pause = pause, min(pause * 2, AGAIN_MOST)
            else:
                self._refused, self._link = None, Link.LIVE
                wait, pause = self._next_look(), AGAIN
            self._changed()
            await self._rest(wait * self._rng.uniform(0.8, 1.2))

    def _next_look(self) -> float:
        """Seconds until it is asked again which incidents are there, if nothing stirs before."""
        worked = self._activity.incidents if self._activity is not None else frozenset()
        awaited = worked - {one.id for one in self.shared}
        self._tries = self._tries + 1 if awaited == self._awaited else 0
        self._awaited = awaited
        return SOON if awaited and self._tries < SOON_MOST else OVERVIEW

    async def _listen(self, listen: bool) -> None:
        """Hear at once what others begin and end, or no more: whoever has an incident open hears it there."""
        if listen and self._activity is None:
            from tui.sharing.boottime import BootClock
            from tui.sharing.lease_activity import LeaseActivity

            lasts = duration(self._settings.sharing.lease).total_seconds()
            clock = BootClock() if type(self._clock) is SystemClock else self._clock
            self._activity = LeaseActivity(self._leases, clock, self._rng, lasts, self._lease_news.set)
            self._activity.start()
        elif not listen and self._activity is not None:
            activity, self._activity = self._activity, None
            await activity.stop()

    async def _learn_name(self, place: "SharedPlace") -> None:
        name = await place.whoami()
        if name:
            self._identity.name, self._known_name = name, True
            await self._named(name)

    async def _rest(self, seconds: float) -> None:
        """So long, unless a person asks, or something stirs."""
        ways = (self._clock.sleep(seconds), self._retry.wait(), self._lease_news.wait())
        waiting = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._lease_news.is_set():
                await self._clock.sleep(SWARM)
        finally:
            for one in waiting:
                one.cancel()
        self._retry.clear()
        self._lease_news.clear()

    async def _leases(self) -> "Leases":
        assert self._place is not None
        return (await self._place.open()).leases


def _unmake(folder: Path) -> None:
    """Remove the folder of an incident that could not be joined, unless another console joins it."""
    from tui.record.errors import JournalError
    from tui.record.folder import unmake_folder
    from tui.record.shared import CopierLock

    lock = CopierLock(folder)
    with contextlib.suppress(JournalError):
        if lock.try_take():
            unmake_folder(folder)
            lock.release()


def _fault(error: Exception) -> SessionError:
    """A fault of ours. Its text may hold anything, so that only its kind is told."""
    kind = type(error).__name__
    log.warning("looking into the shared place failed with %s", kind)
    said = f"Looking into the shared place stopped with a fault of Leeward's ({kind}); it is begun again."
    return SessionError(said, "Please report it.")


def _link(error: SessionError) -> Link:
    from tui.clients.cluster_errors import ClusterError
    from tui.sharing.status import link_of

    cause = error.__cause__
    return link_of(cause, listed=False) if isinstance(cause, ClusterError) else Link.AWAY


def _place(settings: Settings, redact: Redactor) -> "SharedPlace":
    """Load what is slow to load. For a thread."""
    from tui.clients.shared_place import SharedPlace
    from tui.session import together  # noqa: F401 - so that nothing is loaded in the loop

    return SharedPlace(settings, redact)
