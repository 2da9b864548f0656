"""What a person asks to be done to the world: arming, looking at a change, approving it, taking it back."""

from tui.model.incident import DECIDES, Draft, Kind, Status
from tui.model.mitigation import Plan
from tui.model.times import span
from tui.session import leases
from tui.session.core import Core
from tui.session.errors import SessionError


class Changing(Core):
    """The calls about changes. Looking is free; what changes something is armed, checked and written down."""

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

    async def preview_undo(self, mitigation: str = "") -> Plan:
        """What would take back a mitigation that is still live, else the last one. Changes nothing."""
        able = leases.undoable(self._parts.chronicle.incident, self._snapshot.leases)
        change = next((one for one in able if mitigation in ("", one.mitigation)), None)
        if change is None:
            raise SessionError("There is nothing to take back: no change is live.")
        return await self._working.operations.preview_undo(self._incident_id(), change)

    async def approve(self, plan: Plan, *, without_lock: bool = False) -> None:
        """Do it: the intent is on disk on return, and the change under way.

        Raises LockHeld where somebody else changes the same target, and LockUnreachable where nobody can
        tell: a person who typed the context's word may then go `without_lock`.
        """
        operations, command = self._working.operations, self._parts.command
        operations.check(plan)
        await self._ensure_incident()
        await operations.approve(plan, without_lock=without_lock)
        if command.incident.status is Status.INVESTIGATING and not (plan.undoes or plan.kind == DECIDES):
            await command.set_status(Status.MITIGATING)
        self._publish()

    async def reset_breaker(self, mitigation: str) -> None:
        """A person says that a mitigation that failed twice may be tried again; it is an entry."""
        await self._working.operations.reset(mitigation)

    async def cancel_watch(self) -> None:
        """Stop waiting for what runs; what it did is settled against the cluster, and its verdict unknown."""
        await self._working.operations.cancel_watch()
