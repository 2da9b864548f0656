"""Declaring an incident: by hand, from the diagnosis, or from an alert, each alert in one incident alone."""

from datetime import datetime

from tui.model.incident import Entry
from tui.model.reading import Alert, Check
from tui.model.severity import Severity
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.snapshot import OpenIncident, Snapshot
from tui.session.threads import in_thread

# How often this console looks what others have opened and resolved, in seconds.
LOOK_EVERY = 10.0


class Declaring(Core):
    """The calls that open an incident from an alert."""

    _looked_at = float("-inf")

    async def declare_from_alert(self, fingerprint: str, severity: Severity | None = None) -> Entry:
        """Open an incident that began when this alert did; `severity` None takes what is proposed.

        Raises SessionError where it fires no more, or is part of an open incident, whoever opened that.
        """
        found = firing(self._snapshot, self._clock.now())
        alert = next((one for one in found if one.fingerprint == fingerprint), None)
        if alert is None:
            raise SessionError("That alert no longer fires.", "Press i to see what can be declared now.")
        now, opens = self._clock.now(), self._parts.opens
        alone = await in_thread(lambda: opens.alone(now))
        try:
            await self._parts.sharing.look_again()
            await self._look_for_open()
            if (other := part_of(fingerprint, self._parts.open_incidents)) is not None:
                raise SessionError(
                    f"{alert.name} is part of {other.id} already, which is open.", "Resume that one with i."
                )
            return await self._declare("", severity, alert)
        finally:
            alone.release()

    def _look_now_and_then(self) -> None:
        """While no incident is open here: what others did since."""
        incident = self._parts.chronicle.incident
        now = self._clock.monotonic()
        if (incident is not None and incident.open) or now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        self._spawn(self._look_for_open(), "look for open incidents")


def offered(snapshot: Snapshot, now: datetime) -> tuple[Alert, ...]:
    """The alerts from which an incident can be declared: they fire, and are part of no open one."""
    if snapshot.incident is not None and snapshot.incident.open:
        return ()
    alerts = firing(snapshot, now)
    return tuple(one for one in alerts if part_of(one.fingerprint, snapshot.open_incidents) is None)


def firing(snapshot: Snapshot, now: datetime) -> tuple[Alert, ...]:
    """The alerts that fire by an answer that still counts, each once, the oldest first."""
    held = snapshot.checks.get(Check.ALERTS)
    if held is None or not held.usable(now):
        return ()
    active = (alert for alert in held.latest.of(Alert) if alert.state == "active")
    return tuple({alert.fingerprint: alert for alert in active}.values())


def part_of(fingerprint: str, incidents: tuple[OpenIncident, ...]) -> OpenIncident | None:
    """The open incident that this alert is part of."""
    return next((one for one in incidents if fingerprint in one.alerts), None)
