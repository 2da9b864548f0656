"""What changed while nobody had the incident open here, as its record tells it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tui.model.incident import Entry, Kind


@dataclass(frozen=True, slots=True)
class Stood:
    """How a check stood when it was last recorded."""

    state: str
    summary: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The last time that the incident was taken up: resumed, or joined by a console that is new to it.

    Attributes:
        at, by: when, and who did.
        away: since the last entry before; of who joined, since the incident began.
        then: how each check stood at that time, by its name; absent is not recorded.
        since: what was recorded after that, in the order of time.
        joined: whether this console is new to it: `since` is all that happened.
    """

    at: datetime
    by: str
    away: timedelta
    then: Mapping[str, Stood]
    since: tuple[Entry, ...]
    joined: bool = False

    def of(self, *kinds: Kind) -> tuple[Entry, ...]:
        """What was recorded since, of these kinds."""
        return tuple(entry for entry in self.since if entry.kind in kinds)


def returned(entries: Sequence[Entry], came: str = "") -> Returned | None:
    """The last return to an incident; None where it was never resumed.

    Args:
        came: the id of the entry with which this very console took it up: others come and go, too.
            "" is the last resumption of all.
    """
    resumed = max(
        (e for e in entries if (e.id == came if came else e.kind == Kind.RESUMED)),
        key=lambda e: e.id,
        default=None,
    )
    if resumed is None:
        return None
    away = resumed.data.get("away_s")
    seconds = away if isinstance(away, int | float) and 0 <= away < 1e9 else 0
    last = resumed.data.get("last")
    if not isinstance(last, str) or not last:
        last = max((e.id for e in entries if e.id < resumed.id), default="")
    before = [e for e in entries if e.id <= last]
    since = tuple(e for e in entries if e.id > last and e.id != resumed.id)
    joined = resumed.kind == Kind.JOINED
    when, who = resumed.occurred_at, resumed.actor
    return Returned(when, who, timedelta(seconds=seconds), standing(before), since, joined)


def standing(entries: Iterable[Entry]) -> dict[str, Stood]:
    """How each check stood after these entries, by when they happened, as far as they tell."""
    then: dict[str, Stood] = {}
    for entry in sorted(entries, key=lambda e: (e.occurred_at, e.id)):
        if entry.kind in (Kind.DECLARED, Kind.RESUMED, Kind.JOINED):
            then |= _kept(entry.data.get("checks"))
        elif entry.kind == Kind.STATE:
            check, to = entry.data.get("check"), entry.data.get("to")
            if isinstance(check, str) and isinstance(to, str):
                then[check] = Stood(to, entry.text.partition(": ")[2])
    return then


def _kept(checks: Any) -> dict[str, Stood]:
    if not isinstance(checks, Mapping):
        return {}
    return {
        str(name): Stood(str(said.get("state", "")), str(said.get("summary", "")))
        for name, said in checks.items()
        if isinstance(said, Mapping) and said.get("state")
    }
