"""What every call on a session works with: its parts, the incident it is about, and what is published."""

import asyncio
import getpass
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import Draft, Entry
from tui.model.reading import Alert, Check
from tui.model.redaction import Redactor
from tui.model.severity import Severity
from tui.session import openings
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.command import Command
from tui.session.commanding import CommandByLease
from tui.session.declaration import Declaration
from tui.session.errors import SessionError
from tui.session.followed import follow
from tui.session.identity import Identity
from tui.session.leases import LeaseNews
from tui.session.open_incidents import OpenIncidents, with_shared
from tui.session.parts import Parts, Working
from tui.session.picture import picture
from tui.session.sharing import Sharing
from tui.session.snapshot import Place, Snapshot
from tui.session.standing import standing
from tui.session.threads import in_thread
from tui.settings import Loaded, duration

if TYPE_CHECKING:
    from tui.sharing.command import CommandEvent


class Core:
    """The parts of a session, and the snapshot that they add up to.

    Args:
        loaded: the settings.
        clock: the time.
        environ: where secrets and tools may look; usually `os.environ`.
        state_dir: where incidents are kept.
        read_only: whether this console may never change the cluster (`--read-only`).
        rng: for ids and jitter.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock,
        environ: Mapping[str, str],
        state_dir: Path,
        read_only: bool = False,
        rng: Random | None = None,
    ) -> None:
        settings = loaded.settings
        self._loaded = loaded
        self._clock = clock
        self._environ = environ
        self._state_dir = state_dir
        self._rng = rng or SystemRandom()
        self._redact = Redactor(())
        self._listeners: list[Callable[[Snapshot], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._lease_news = LeaseNews()
        self._next_id = ""
        chronicle = Chronicle(state_dir, clock, self._redact, self._publish)
        monitoring = duration(settings.timing.monitoring)
        identity = Identity(settings.incidents.responder or login_name(environ))
        self._parts = Parts(
            settings,
            Safety("", duration(settings.timing.arm), openings.locked(settings, read_only)),
            chronicle,
            Command(chronicle, clock, identity, monitoring, settings.drill),
            Place(settings.kubernetes.context, settings.kubernetes.namespace, settings.kubernetes.deployment),
            OpenIncidents(state_dir, settings.drill),
            identity,
            Sharing(settings, chronicle, identity, state_dir, clock, self._redact, self._rng, self._publish),
        )
        self._lead()
        self._snapshot = picture(self._parts, clock.now())

    def subscribe(self, listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Hear each new snapshot; calling the answer ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot: the same object until something changed."""
        return self._snapshot

    async def declare(self, title: str = "", severity: Severity | None = None) -> Entry:
        """Open an incident, from the diagnosis where nothing else is said."""
        await self._look_for_open()
        return await self._declare(title, severity)

    def without_secrets(self, text: str) -> str:
        """The text without the secrets that this session holds, and what looks like one."""
        return self._redact.text(text)

    # -- inside

    async def _declare(self, title: str, severity: Severity | None, alert: Alert | None = None) -> Entry:
        board, now = self._working.board, self._clock.now()
        elsewhere = frozenset[str]().union(*(one.alerts for one in self._parts.open_incidents))
        declaration = Declaration(
            title,
            severity,
            board.proposed(now),
            board.diagnosis,
            self._parts.place,
            standing(board.checks),
            alert,
            self._left_out,
        )
        entry = await self._parts.command.declare(self._incident_id(), declaration, elsewhere)
        self._next_id, self._parts.came = "", ""
        self._publish()
        return entry

    def _lead(self) -> None:
        """Where incidents are shared: command is by its lease, and others' pins and answers count here."""
        parts = self._parts
        if parts.sharing.enabled:
            parts.command.lead_by(CommandByLease(parts.sharing, self._clock))
            parts.sharing.on_command = self._command_changed
            parts.chronicle.heard = self._heard

    def _command_changed(self, event: "CommandEvent") -> None:
        if event.change == "overruled" and event.holder is not None:
            self._parts.command.overruled(event.holder)
        self._publish()

    def _heard(self, entries: tuple[Entry, ...]) -> None:
        """Others wrote these: their pins and answers lead this console's tree, too."""
        working = self._parts.working
        if working is not None:
            self._keep(*follow(working.board, entries, self._clock.now()))

    @property
    def _left_out(self) -> str:
        """What Alertmanager says that it did not tell, or ""."""
        held = self._snapshot.checks.get(Check.ALERTS)
        cut = held is not None and held.latest.facts.get("truncated") is True
        return held.latest.note if held is not None and cut else ""

    async def _look_for_open(self) -> None:
        """Which incidents are open, but for the one that is open here."""
        parts = self._parts
        looked = await in_thread(parts.opens.look)
        found = with_shared(looked, parts.sharing.shared, parts.settings.drill)
        incident = parts.chronicle.incident
        here = incident.id if incident is not None else ""
        parts.open_incidents = tuple(one for one in found if one.id != here)
        self._publish()

    @property
    def _actor(self) -> str:
        """In whose name a person's words and deeds are written, now."""
        return self._parts.identity.name

    @property
    def _working(self) -> Working:
        if self._parts.working is None:
            raise SessionError("The console is still loading.", "Try again in a second.")
        return self._parts.working

    async def _ensure_incident(self) -> None:
        incident = self._parts.chronicle.incident
        if incident is None or not incident.open:
            await self.declare()

    def _incident_id(self) -> str:
        """The open incident's id, else the one that the next incident will have."""
        from tui.record.ids import new_incident_id

        incident = self._parts.chronicle.incident
        if incident is not None and incident.open:
            return incident.id
        self._next_id = self._next_id or new_incident_id(self._clock.now(), self._rng)
        return self._next_id

    def _keep(self, *drafts: Draft) -> None:
        self._parts.chronicle.keep(drafts)
        self._publish()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A task of ours that broke is our fault, and is said rather than lost."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            kind = type(error).__name__
            self._parts.trouble = f"a fault of Leeward's own ({kind} in {task.get_name()}): please report it"
            self._publish()

    def _publish(self) -> None:
        made = picture(self._parts, self._clock.now())
        if replace(made, at=self._snapshot.at) == self._snapshot:
            return
        self._snapshot = made
        for listener in tuple(self._listeners):
            listener(made)


def login_name(environ: Mapping[str, str]) -> str:
    """Who is at the keyboard, as this machine knows it."""
    try:
        return environ.get("USER") or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
