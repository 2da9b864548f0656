"""Minding this machine's clock: what is said of it, and the one entry that keeps it."""

import socket
from collections.abc import Callable, Iterable
from datetime import datetime

from tui.model.incident import LEEWARD, Draft, Entry, Incident, Kind
from tui.model.skew import Heard, Skew, skew


class ClockWatch:
    """What the servers' answers tell of this machine's clock.

    Args:
        heard: what the clients heard of each server.
    """

    def __init__(self, heard: Callable[[], tuple[Heard, ...]]) -> None:
        self._heard = heard
        self._kept_of = ""
        self.found: Skew | None = None

    def look(self, incident: Incident | None, entries: Iterable[Entry], now: datetime) -> tuple[Draft, ...]:
        """Look again; an entry, once for an open incident and for each machine, where the clock misleads."""
        self.found = skew(self._heard())
        if self.found is None or not self.found.misleads or incident is None or not incident.open:
            return ()
        if self._kept_of == incident.id:
            return ()
        self._kept_of = incident.id
        host = socket.gethostname()
        # What names no machine is from before incidents were shared: then it is of this one.
        if any(entry.kind == Kind.CLOCK and entry.data.get("host", host) == host for entry in entries):
            return ()
        return (Draft(Kind.CLOCK, f"{host}: {self.found.told}", now, LEEWARD, {"host": host}),)
