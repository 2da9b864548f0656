"""Commanding an incident: declaring, acknowledging, severity, status, command, notes, resolving."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tui.model.clock import Clock
from tui.model.incident import Draft, Entry, Incident, Kind, Status
from tui.model.measures import Impact
from tui.model.milestones import HOW, Milestone, WrongTime, is_corrected, placed, times, typed
from tui.model.milestones import told as when
from tui.model.mitigation import Lease
from tui.model.runbook import Diagnosis
from tui.model.severity import Severity
from tui.model.sharing import Holder
from tui.model.times import clock as hhmm
from tui.model.times import rfc3339, span
from tui.session.board import fired
from tui.session.chronicle import Chronicle
from tui.session.commanding import CommandByRecord, CommandGuard
from tui.session.deciding import Undecided, held_by, kept_as_it_is, undecided, unseen, what
from tui.session.declaration import Declaration
from tui.session.errors import NoIncident, SessionError
from tui.session.identity import Identity

# Letters of a reason that somebody can read later: a slip of the hand resolves nothing.
REASON = 8


class Command:
    """What a person decides about the incident; each decision is an entry.

    Args:
        chronicle: where it is written.
        clock: for the moment of each decision.
        identity: who decides.
        monitoring: how long a healthy path must last before resolving.
        drill: whether the world is simulated.
    """

    def __init__(
        self, chronicle: Chronicle, clock: Clock, identity: Identity, monitoring: timedelta, drill: bool
    ) -> None:
        self._identity = identity
        self._chronicle = chronicle
        self._clock = clock
        self._monitoring = monitoring
        self._drill = drill
        self._lease: CommandGuard = CommandByRecord()

    def lead_by(self, lease: CommandGuard) -> None:
        """Incidents are shared: command is whoever's has its lease."""
        self._lease = lease

    @property
    def actor(self) -> str:
        """Who decides, as it is known now."""
        return self._identity.name

    @property
    def incident(self) -> Incident:
        """The incident being worked. Raises NoIncident."""
        if self._chronicle.incident is None:
            raise NoIncident
        return self._chronicle.incident

    def resolvable_at(self, incident: Incident | None) -> datetime | None:
        """When the monitoring hold ends; None unless monitoring."""
        if incident is None or incident.status is not Status.MONITORING or not incident.monitoring_at:
            return None
        return incident.monitoring_at + self._monitoring

    async def declare(self, incident_id: str, said: Declaration, elsewhere: frozenset[str]) -> Entry:
        """Open an incident. Who declares it has responded: it is acknowledged in the same breath.

        `elsewhere` has the alerts that are part of other open incidents.
        """
        current = self._chronicle.incident
        if current is not None and current.open:
            raise SessionError(f"{current.id} is open already.", "Resolve it before declaring another.")
        told, data = said.told(), {**said.data(), "drill": self._drill}
        draft = self._draft(Kind.DECLARED, told, data, self._clock.now())
        alerts = (fired(said.alert),) if said.alert is not None else ()
        entry = await self._chronicle.open_new(incident_id, draft, *alerts, elsewhere=elsewhere)
        await self.acknowledge()
        return entry

    async def acknowledge(self) -> None:
        """Somebody has responded: the response clock stops."""
        incident = self.incident
        if incident.acknowledged_at is not None:
            raise SessionError(f"Acknowledged already, at {hhmm(incident.acknowledged_at)} UTC.")
        now = self._clock.now()
        began = incident.started_at
        told = f"by {self.actor}{f', {span(now - began)} after it began' if began else ''}"
        await self._record(Kind.ACKNOWLEDGED, told, {}, now)

    async def set_severity(self, severity: Severity, reason: str = "") -> None:
        """Change the severity; why, where a person says so."""
        before, reason = self.incident.severity, reason.strip()
        if before is severity:
            raise SessionError(f"The severity is {severity} already.")
        told = f"{before} → {severity}" if before else f"{severity}"
        data = {"from": before.value if before else None, "to": severity.value, "reason": reason}
        await self._record(Kind.SEVERITY, f"{told}: {reason}" if reason else told, data)

    async def set_status(self, status: Status) -> None:
        """Change the status. Resolving has its own way, `resolve`."""
        incident = self.incident
        if status is Status.RESOLVED:
            raise SessionError("An incident is resolved by resolving it.", "Press i, then resolve.")
        if incident.status is status:
            raise SessionError(f"The status is {status} already.")
        told = f"{incident.status} → {status}"
        if not incident.open:
            told = f"opened again: {told}"
        await self._record(Kind.STATUS, told, {"from": incident.status.value, "to": status.value})

    async def reopen(self, reason: str = "") -> None:
        """Open the incident again: it was resolved, and is not over."""
        incident, reason = self.incident, reason.strip()
        if incident.open:
            raise SessionError(f"{incident.id} is open: there is nothing to open again.")
        over = incident.resolved_at
        lasted = f", {span(self._clock.now() - over)} after it was resolved" if over else ""
        told = f"opened again{lasted}{f': {reason}' if reason else ''}"
        data = {"from": incident.status.value, "to": Status.INVESTIGATING.value, "reason": reason}
        await self._record(Kind.STATUS, told, data | {"reopened": True})

    async def set_milestone(self, milestone: Milestone, text: str) -> datetime | None:
        """Say when a milestone was, as a person types it; "" leaves it to the record again.

        Raises SessionError where it is no time, or the milestones would be out of order.
        """
        incident, now = self.incident, self._clock.now()
        if milestone is Milestone.RESOLVED and incident.open:
            raise SessionError(
                "It is not resolved yet.", "Press i, then resolve; its moment can be set then."
            )
        before = times(incident)[milestone]
        if not text.strip():
            if not is_corrected(incident, milestone):
                raise SessionError("No time was typed: nothing was changed.", HOW)
            at, told = None, "as the record tells it again"
        else:
            try:
                at = placed(incident, milestone, typed(text, now), now)
            except WrongTime as wrong:
                raise SessionError(wrong.said, wrong.remedy) from wrong
            if at == before:
                raise SessionError(f"{milestone.words} is at {when(at)} already.")
            told = f"at {when(at)}"
        was = f", was {when(before)}" if before else ", was unknown"
        data = {
            "name": milestone.value,
            "at": rfc3339(at) if at else None,
            "before": rfc3339(before) if before else None,
        }
        await self._record(Kind.MILESTONE, f"{milestone.words} {told}{was}", data)
        return at

    async def take_command(self, name: str = "") -> None:
        """Take command of the incident, for oneself or in somebody's name. Raises CommandHeld."""
        name, incident = name.strip() or self.actor, self.incident
        got = await self._lease.take(name)
        if incident.commander == name and (got is None or got.already):
            raise SessionError(f"{name} has command already.")
        data = {"name": name, **_from(incident.commander), **(got.data if got is not None else {})}
        words = got.words if got is not None and got.words != f"from {name}" else ""
        await self._record(Kind.COMMANDER, f"{name} takes command {words}".strip(), data)

    async def hand_over(self, name: str, console: str = "") -> None:
        """Hand command to somebody else, in this console of theirs where one is named.

        Raises CommandHeld where it is not ours to hand over.
        """
        name = name.strip()
        if not name:
            raise SessionError("Nobody was named to hand over to.", "Type the name of who takes over.")
        before = self.incident.commander
        got = await self._lease.hand_over(name, console)
        told = f"command from {before or self.actor} to {name}"
        data = {"from": before or self.actor, "to": name, **(got.data if got is not None else {})}
        await self._record(Kind.HANDOVER, told, data)

    def overruled(self, holder: Holder) -> None:
        """What was decided here while the shared place was away does not stand: somebody else has command."""
        before = self.incident.commander
        told = f"{holder.name} has command: what was decided while the shared place was away does not stand"
        data = {"name": holder.name, "console": holder.console, **_from(before), "overruled": True}
        self._chronicle.keep([self._draft(Kind.COMMANDER, told, data, self._clock.now())])

    async def keep_as_it_is(self, lease: Lease) -> None:
        """Decide that a lease stays with its owner and its end; nothing is changed. Raises SessionError."""
        incident = self.incident
        await self._chronicle.record(kept_as_it_is(incident, lease, self._clock.now(), self.actor))

    async def note(self, text: str) -> Entry:
        """Write a note down; it is on disk on return."""
        if not text.strip():
            raise SessionError("An empty note was not kept.")
        return await self._record(Kind.NOTE, text.strip(), {})

    async def resolve(
        self, reason: str, found: Diagnosis | None, leases: tuple[Lease, ...], impact: Impact
    ) -> None:
        """Resolve the incident. What speaks against it asks for a reason in words.

        Raises SessionError, naming all that speaks against it, where no reason is given; and
        Undecided where a temporary change is live about which nobody has decided, reason or not.
        """
        against = self.check_resolvable(reason, found, leases)
        incident = self.incident
        now = self._clock.now()
        lasted = f"after {span(now - incident.started_at)}" if incident.started_at else ""
        held = [f"{what(lease)} {held_by(lease)}" for lease in leases if lease.ours]
        told = "; ".join(part for part in (lasted, reason.strip(), *held) if part)
        await self._record(
            Kind.RESOLVED,
            told or "resolved",
            {
                "reason": reason.strip(),
                "against": against,
                "held": held,
                "failed_requests": impact.failed_requests,
                "coverage": impact.coverage,
                "window": [rfc3339(impact.start), rfc3339(impact.end)]
                if impact.start and impact.end
                else None,
            },
            now,
        )

    def check_resolvable(self, reason: str, found: Diagnosis | None, leases: tuple[Lease, ...]) -> list[str]:
        """What speaks against resolving now. Raises SessionError where that asks for a reason."""
        incident = self.incident
        if not incident.open:
            raise SessionError("It is resolved already.")
        if left := undecided(incident, leases, self._clock.now()):
            raise Undecided(left)
        against = self._against(incident, found, leases)
        if against and len(reason.strip()) < REASON:
            said = "; ".join(against)
            raise SessionError(
                f"{said[:1].upper()}{said[1:]}.",
                "Wait, or give a reason in a few words to resolve it anyway.",
            )
        return against

    def _against(self, incident: Incident, found: Diagnosis | None, leases: tuple[Lease, ...]) -> list[str]:
        against = []
        if found is None:
            against.append("the diagnosis is unknown")
        elif not found.healthy:
            against.append(f"the diagnosis is still: {found.title}")
        ends = self.resolvable_at(incident)
        now = self._clock.now()
        if ends is None:
            against.append("it was not monitored yet")
        elif now < ends:
            against.append(f"monitoring lasts another {span(ends - now)}")
        against += [f"whether {change} is still live was not seen" for change in unseen(incident, leases)]
        return against

    async def _record(
        self, kind: Kind, text: str, data: Mapping[str, object], now: datetime | None = None
    ) -> Entry:
        (entry,) = await self._chronicle.record(self._draft(kind, text, data, now or self._clock.now()))
        return entry

    def _draft(self, kind: Kind, text: str, data: Mapping[str, object], now: datetime) -> Draft:
        return Draft(kind, text, now, self.actor, data)


def _from(before: str) -> dict[str, object]:
    return {"from": before} if before else {}
