"""What a person decides about a temporary change that is live: who keeps it until when, or its end."""

from datetime import datetime

from tui.model.mitigation import Lease, Plan
from tui.session.core import Core
from tui.session.deciding import undecided
from tui.session.leases import change_of


class Keeping(Core):
    """The calls about leases. What stays as it is is an entry; what changes the lease is a change."""

    @property
    def undecided(self) -> tuple[Lease, ...]:
        """The live leases about which somebody must decide before the incident is resolved."""
        incident = self._parts.chronicle.incident
        if incident is None or not incident.open:
            return ()
        return undecided(incident, self._snapshot.leases, self._clock.now())

    async def rested(self) -> None:
        """Wait until no decision about a lease is under way: it takes as long as the server's answer."""
        await self._working.operations.decided()

    async def keep_as_it_is(self, lease: Lease) -> None:
        """Leave a lease with its owner and its end: an entry, and nothing is changed. Raises SessionError."""
        await self._parts.command.keep_as_it_is(lease)
        self._publish()

    async def preview_keep(self, lease: Lease, owner: str, until: datetime | None) -> Plan:
        """What would give a lease another owner or end; `until` None ends it, and the value stays."""
        incident = self._parts.chronicle.incident
        change = change_of(lease, incident) if incident is not None else None
        of = change.intent if change is not None else ""
        return await self._working.operations.preview_keep(self._incident_id(), lease.seen, owner, until, of)
