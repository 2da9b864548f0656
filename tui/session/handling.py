"""What a person asks of the incident: taking it up, deciding about it, writing it down."""

from datetime import datetime

from tui.model.incident import Draft, Entry, Incident, Kind, Status
from tui.model.milestones import Milestone
from tui.model.severity import Severity
from tui.model.times import span
from tui.session import openings
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.parts import Working
from tui.session.standing import joined, left_at, standing


class Handling(Core):
    """The calls about the incident. Each decision is an entry; what cannot be done is a SessionError."""

    async def resume(self, incident_id: str) -> Incident:
        """Take up an incident: its record, then what an earlier console left unsettled.

        Another console's is followed, and taken over by resuming it again once that console let it go. Where
        incidents are shared it is worked together instead: what others recorded meanwhile is brought here
        first, where the shared place answers; one that lies there alone is joined.
        """
        working, parts = self._working, self._parts
        current = parts.chronicle.incident
        if current is not None and current.open and parts.chronicle.writable:
            raise SessionError(f"{current.id} is open here already.", "Resolve it before resuming another.")
        mended = await self._bring(incident_id)
        await self._check_world(incident_id)
        await parts.sharing.remember(incident_id)
        parts.came = ""
        incident = await parts.chronicle.resume(incident_id, mended)
        self._lease_news.seen_by(incident)
        parts.open_incidents = tuple(other for other in parts.open_incidents if other.id != incident_id)
        if parts.chronicle.writable and incident.open:
            await self._continue(working, incident)
        self._publish()
        return incident

    async def _bring(self, incident_id: str) -> tuple[str, ...]:
        """Have here what the shared place has of it; what was found wrong with this machine's journal.

        Raises SessionError where nothing is here otherwise.
        """
        sharing = self._parts.sharing
        if not sharing.enabled:
            return ()
        here = await openings.is_here(self._state_dir, incident_id)
        if here and sharing.away:
            return ()
        return await sharing.bring(incident_id, here=here)

    async def _check_world(self, incident_id: str) -> None:
        """A practised incident must not be settled against a real cluster, nor a real one in a drill."""
        practised = await openings.of_a_drill(self._state_dir, incident_id)
        if practised is None or practised is self._loaded.settings.drill:
            return
        if practised:
            raise SessionError(f"{incident_id} is a drill's, and this is none.", "Resume it in a drill.")
        raise SessionError(f"{incident_id} is real, and this is a drill.", "Resume it outside.")

    async def acknowledge(self) -> None:
        """Somebody has responded."""
        await self._parts.command.acknowledge()

    async def set_severity(self, severity: Severity, reason: str = "") -> None:
        """Change the severity; why, where a person says so."""
        await self._parts.command.set_severity(severity, reason)

    async def set_status(self, status: Status) -> None:
        """Change the status; `resolve` is another thing."""
        await self._parts.command.set_status(status)

    async def reopen(self, reason: str = "") -> None:
        """Open a resolved incident again, of this console or resumed; what is live is looked at anew."""
        working, chronicle = self._working, self._parts.chronicle
        await self._parts.command.reopen(reason)
        incident = self._parts.command.incident
        chronicle.keep(working.board.recorded(chronicle.last_states(), incident.diagnosis, self._clock.now()))
        await working.operations.settle()
        self._publish()

    async def set_milestone(self, milestone: Milestone, text: str) -> datetime | None:
        """Say when a milestone was, by a new entry; the moment, or None where the record tells it again."""
        return await self._parts.command.set_milestone(milestone, text)

    async def take_command(self, name: str = "") -> None:
        """Take command of the incident."""
        await self._parts.command.take_command(name)

    async def hand_over(self, name: str, console: str = "") -> None:
        """Hand command to somebody else; to this console of theirs, where one is named."""
        await self._parts.command.hand_over(name, console)

    async def note(self, text: str, of: str = "") -> Entry:
        """Write a note; the first one opens an incident. It is on disk on return.

        Args:
            of: the incident that it was begun in: the note is about that one, though it is resolved by now.
        """
        incident = self._parts.chronicle.incident
        if incident is None or incident.id != of:
            await self._ensure_incident()
        return await self._parts.command.note(text)

    async def resolve(self, reason: str = "") -> None:
        """Resolve the incident; what speaks against it asks for a reason in words."""
        from tui.session import impact

        working, command = self._working, self._parts.command
        found, live = working.board.diagnosis, self._snapshot.leases
        command.check_resolvable(reason, found, live)
        incident = command.incident
        made = working.connections
        end = incident.monitoring_at or self._clock.now()
        now = self._clock.now()
        cost = await impact.measure(made.prometheus, made.runbook, incident.started_at, end, now)
        if cost.failed_requests is not None:
            await self._parts.chronicle.record(impact.entry(cost, working.updates.every, now, self._actor))
        await command.resolve(reason, found, live, cost)
        self._publish()

    async def _continue(self, working: Working, incident: Incident) -> None:
        chronicle, now = self._parts.chronicle, self._clock.now()
        before = left_at(chronicle.timeline, chronicle.left if self._parts.sharing.enabled else "")
        away = now - max((entry.recorded_at for entry in before), default=now)
        data = {
            "away_s": round(away.total_seconds()),
            "last": max((entry.id for entry in before), default=""),
            "checks": standing(working.board.checks),
        }
        # As it was left: what this entry itself tells of the checks is how they stand now.
        left = chronicle.last_states()
        older = working.keys.older(incident)
        told = f"{older} Resumed after {span(away)}." if older else f"after {span(away)}"
        draft = Draft(Kind.RESUMED, told, now, self._actor, data)
        if self._parts.sharing.enabled and not chronicle.console:
            draft = joined(draft, incident, chronicle.timeline)
        (entry,) = await chronicle.record(draft)
        self._parts.came = entry.id
        chronicle.keep(working.board.recorded(left, incident.diagnosis, now))
        await working.operations.settle()
