"""A session: one console's view of one incident, and what a person can ask of it."""

import asyncio
import getpass
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import Draft, Entry, Incident, Kind, Status
from tui.model.mitigation import Plan
from tui.model.reading import Reading
from tui.model.redaction import Redactor
from tui.model.runbook import Runbook
from tui.model.severity import Severity
from tui.model.times import span
from tui.session import leases, openings
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.command import Command
from tui.session.errors import SessionError
from tui.session.parts import Parts, Working
from tui.session.picture import live_leases, picture
from tui.session.snapshot import Place, Snapshot
from tui.settings import Loaded, duration

if TYPE_CHECKING:
    from tui.model.network_look import NetworkLook

TICK = 1.0
PLACE_AGAIN = 5.0


class Session:
    """Composes the parts, lets time pass, and publishes what they know.

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
        self._actor = settings.incidents.responder or login_name(environ)
        self._redact = Redactor(())
        self._listeners: list[Callable[[Snapshot], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch = leases.LeaseWatch()
        self._next_id = ""
        chronicle = Chronicle(state_dir, clock, self._redact, self._publish)
        monitoring = duration(settings.timing.monitoring)
        self._parts = Parts(
            settings,
            Safety("", duration(settings.timing.arm), openings.locked(settings, read_only)),
            chronicle,
            Command(chronicle, clock, self._actor, monitoring, settings.drill),
            Place(settings.kubernetes.context, settings.kubernetes.namespace, settings.kubernetes.deployment),
        )
        self._snapshot = picture(self._parts, clock.now())

    # -- its life

    async def start(self) -> None:
        """Load the clients and begin to ask. Raises RunbookError where the runbook cannot be used."""
        parts = self._parts
        parts.open_incidents = await openings.open_incidents(self._state_dir)
        self._publish()
        working = await openings.load(
            self._loaded,
            parts,
            self._clock,
            self._environ,
            self._redact,
            self._on_reading,
            self._rng,
            self._publish,
        )
        parts.working = working
        parts.trouble = "; ".join(working.connections.complaints)
        working.schedule.start()
        self._spawn(self._tick(), "tick")
        if working.connections.door is not None:
            self._spawn(self._find_place(), "place")
        self._publish()

    async def stop(self) -> None:
        """Leave: nothing that was acknowledged is lost, and nothing that hangs holds this up."""
        working = self._parts.working
        if working is not None:
            await working.operations.stop()
            await working.lookout.stop()
            await working.schedule.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._parts.chronicle.close()
        if working is not None:
            await working.connections.close()

    def subscribe(self, listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Hear each new snapshot; calling the answer ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def snapshot(self) -> Snapshot:
        """The latest snapshot: the same object until something changed."""
        return self._snapshot

    @property
    def runbook(self) -> Runbook:
        """The runbook in use. Raises SessionError before it is loaded."""
        return self._working.board.runbook

    def refresh(self) -> None:
        """Ask every check now, and look again for what is unsettled."""
        working = self._parts.working
        if working is not None:
            working.schedule.refresh()
            self._spawn(working.operations.settle(), "settle")

    # -- the incident

    async def declare(self, title: str = "", severity: Severity | None = None) -> Entry:
        """Open an incident, from the diagnosis where nothing else is said."""
        board = self._working.board
        proposed = severity or board.proposed(self._clock.now())
        entry = await self._parts.command.declare(
            self._incident_id(), title, proposed, board.diagnosis, self._parts.place
        )
        self._next_id = ""
        self._publish()
        return entry

    async def resume(self, incident_id: str) -> Incident:
        """Take up an incident: its record, then what an earlier console left unsettled.

        Another console's is followed, and taken over by resuming it again once that console let it go.
        """
        working, parts = self._working, self._parts
        current = parts.chronicle.incident
        if current is not None and current.open and parts.chronicle.writable:
            raise SessionError(f"{current.id} is open here already.", "Resolve it before resuming another.")
        incident = await parts.chronicle.resume(incident_id)
        self._watch.seen_by(incident)
        parts.open_incidents = tuple(other for other in parts.open_incidents if other.id != incident_id)
        if parts.chronicle.writable and incident.open:
            await self._continue(working, incident)
        self._publish()
        return incident

    async def acknowledge(self) -> None:
        """Somebody has responded."""
        await self._parts.command.acknowledge()

    async def set_severity(self, severity: Severity) -> None:
        """Change the severity."""
        await self._parts.command.set_severity(severity)

    async def set_status(self, status: Status) -> None:
        """Change the status; `resolve` is another thing."""
        await self._parts.command.set_status(status)

    async def take_command(self, name: str = "") -> None:
        """Take command of the incident."""
        await self._parts.command.take_command(name)

    async def hand_over(self, name: str) -> None:
        """Hand command to somebody else."""
        await self._parts.command.hand_over(name)

    async def note(self, text: str) -> Entry:
        """Write a note; the first one opens an incident. It is on disk on return."""
        await self._ensure_incident()
        return await self._parts.command.note(text)

    async def resolve(self, reason: str = "") -> None:
        """Resolve the incident; what speaks against it asks for a reason in words."""
        from tui.session.impact import measure

        working, command = self._working, self._parts.command
        found, live = working.board.diagnosis, self._snapshot.leases
        command.check_resolvable(reason, found, live)
        incident = command.incident
        made = working.connections
        end = incident.monitoring_at or self._clock.now()
        impact = await measure(made.prometheus, made.runbook, incident.started_at, end)
        await command.resolve(reason, found, live, impact)
        self._publish()

    async def postmortem(self, path: Path | None = None) -> Path:
        """Write the postmortem, beside the journal unless a path is given; answers where it is."""
        from tui.session import postmortem

        incident, chronicle = self._parts.command.incident, self._parts.chronicle
        where = path or postmortem.default_path(self._state_dir, incident.id)
        await postmortem.write(where, incident, chronicle.timeline, replace=path is None)
        if chronicle.writable:
            draft = Draft(Kind.EXPORTED, f"postmortem written to {where}", self._clock.now(), self._actor)
            await chronicle.record(draft)
        return where

    # -- the tree

    async def pin(self, diagnosis: str | None) -> None:
        """Hold a diagnosis against the evidence; None lets the tree lead again."""
        board = self._working.board
        if diagnosis is not None and diagnosis not in board.runbook.diagnoses:
            raise SessionError(f"The runbook has no diagnosis called {diagnosis}.")
        now = self._clock.now()
        title = board.runbook.diagnoses[diagnosis].title if diagnosis else "the evidence leads again"
        self._keep(
            Draft(Kind.PINNED, title, now, self._actor, {"diagnosis": diagnosis}), *board.pin(diagnosis, now)
        )

    async def overrule(self, question: str, branch: str | None) -> None:
        """Answer a question oneself; None gives it back to the evidence."""
        board = self._working.board
        asked = board.runbook.questions.get(question)
        if asked is None:
            raise SessionError(f"The runbook has no question called {question}.")
        now = self._clock.now()
        told = f"{asked.text} {branch or 'as the evidence says'}"
        data = {"question": question, "branch": branch}
        self._keep(
            Draft(Kind.OVERRULED, told, now, self._actor, data), *board.overrule(question, branch, now)
        )

    def looked(self) -> None:
        """The person saw that the path changed."""
        if self._parts.working is not None:
            self._parts.working.board.path_changed = False
            self._publish()

    # -- looking closer

    def support_draft(self) -> tuple[str, ...]:
        """A draft to the provider's support, a line each: nothing is sent, and nothing in it is secret."""
        return self._working.lookout.support_draft(self._snapshot)

    async def look_at_network(self) -> "NetworkLook":
        """Each resolver, the proxies and the certificate, asked now, from this machine."""
        return await self._working.lookout.network()

    # -- mitigations

    def arm(self, word: str) -> bool:
        """Arm, if the word is right. Raises NotArmed where it can never be."""
        safety = self._parts.safety
        armed = safety.arm(word, self._clock.now())
        if armed:
            told = f"for {span(safety.lasts)} in {self._parts.place.context}"
            self._keep(Draft(Kind.ARMED, told, self._clock.now(), self._actor))
        return armed

    def disarm(self) -> None:
        """Back to read-only, at once."""
        self._parts.safety.disarm()
        self._publish()

    def word_matches(self, word: str) -> bool:
        """Whether this is the context's word, which high risk asks for again."""
        return self._parts.safety.matches(word)

    def hold_arming(self) -> None:
        """A dialog opens: arming does not lapse inside it."""
        self._parts.safety.hold()

    def release_arming(self) -> None:
        """The dialog closed."""
        self._parts.safety.release(self._clock.now())
        self._publish()

    async def preview(self, mitigation: str, value: str | None = None) -> Plan:
        """What a mitigation would do, dry-run on the server. Changes nothing."""
        return await self._working.operations.preview(mitigation, value, self._incident_id())

    async def preview_undo(self) -> Plan:
        """What would take back the last change that is still live. Changes nothing."""
        change = leases.undoable(self._parts.chronicle.incident, self._snapshot.leases)
        if change is None:
            raise SessionError("There is nothing to take back: no change is live.")
        return await self._working.operations.preview_undo(self._incident_id(), change)

    async def approve(self, plan: Plan) -> None:
        """Do it: the intent is on disk on return, and the change under way."""
        operations, command = self._working.operations, self._parts.command
        operations.check(plan)
        await self._ensure_incident()
        await operations.approve(plan)
        if command.incident.status is Status.INVESTIGATING and not plan.undoes:
            await command.set_status(Status.MITIGATING)
        self._publish()

    async def reset_breaker(self, mitigation: str) -> None:
        """A person says that a mitigation that failed twice may be tried again; it is an entry."""
        await self._working.operations.reset(mitigation)

    async def cancel_watch(self) -> None:
        """Stop waiting for what runs; what it did is settled against the cluster, and its verdict unknown."""
        await self._working.operations.cancel_watch()

    # -- inside

    @property
    def _working(self) -> Working:
        if self._parts.working is None:
            raise SessionError("The console is still loading.", "Try again in a second.")
        return self._parts.working

    async def _ensure_incident(self) -> None:
        incident = self._parts.chronicle.incident
        if incident is None or not incident.open:
            await self.declare()

    async def _continue(self, working: Working, incident: Incident) -> None:
        chronicle, now = self._parts.chronicle, self._clock.now()
        away = now - max((entry.recorded_at for entry in chronicle.timeline), default=now)
        data = {"away_s": round(away.total_seconds())}
        await chronicle.record(Draft(Kind.RESUMED, f"after {span(away)}", now, self._actor, data))
        chronicle.keep(working.board.recorded(chronicle.last_states(), incident.diagnosis, now))
        await working.operations.settle()

    def _incident_id(self) -> str:
        """The open incident's id, else the one that the next incident will have."""
        from tui.record.ids import new_incident_id

        incident = self._parts.chronicle.incident
        if incident is not None and incident.open:
            return incident.id
        self._next_id = self._next_id or new_incident_id(self._clock.now(), self._rng)
        return self._next_id

    def _on_reading(self, reading: Reading) -> None:
        self._working.lookout.take(reading)
        self._keep(*self._working.board.take(reading, self._working.connections.max_age(reading.check)))

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            now, parts = self._clock.now(), self._parts
            parts.safety.lapse(now)
            drafts = self._working.board.look(now)
            self._working.lookout.mind(self._working.board.diagnosis, live_leases(parts))
            incident = parts.chronicle.incident
            if incident is not None and incident.open:
                drafts += self._watch.news(live_leases(parts), incident, now)
            self._keep(*drafts)

    async def _find_place(self) -> None:
        """Learn the pinned context and who we are there, and with it the arming word."""
        while (found := await openings.place(self._working.connections, self._parts)) is None:
            await self._clock.sleep(PLACE_AGAIN)
        self._parts.place = found
        self._publish()

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
