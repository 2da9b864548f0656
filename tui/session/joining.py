"""What a person asks of the place where consoles meet: which incidents are there, and to join one."""

from tui.model.incident import Incident
from tui.model.sharing import SharedIncident
from tui.session.errors import NotShared
from tui.session.handling import Handling


class Joining(Handling):
    """The calls about the shared place. Without one, or while it does not answer, they say so."""

    async def shared_incidents(self) -> tuple[SharedIncident, ...]:
        """The incidents that lie in the shared place, as they are there now. Raises SessionError."""
        return await self._parts.sharing.incidents()

    async def join(self, incident_id: str) -> Incident:
        """Take part in a shared incident, with all that was recorded so far. Raises SessionError."""
        if not self._parts.sharing.enabled:
            raise NotShared
        return await self.resume(incident_id)
