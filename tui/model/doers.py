"""Who did what an entry tells: the person who wrote it, or who approved the change that it tells of."""

from collections.abc import Mapping
from types import MappingProxyType

from tui.model.incident import NOBODY, Entry, Incident, Kind

# The intent of each change, and who approved it.
Approved = Mapping[str, str]
NONE: Approved = MappingProxyType({})
# What is done by the change itself, and told by the program: it is the doing of who approved that.
_DONE = frozenset({"taken", "released"})


def approved(incident: Incident | None) -> Approved:
    """Who approved each change of an incident."""
    return {change.intent: change.by for change in incident.mitigations} if incident is not None else NONE


def doer(entry: Entry, by: Approved) -> str:
    """A person's name; "" for what the program or a server says of itself, as a verdict."""
    if entry.actor not in NOBODY:
        return entry.actor
    done = entry.kind == Kind.OUTCOME or (entry.kind == Kind.LEASE and entry.data.get("event") in _DONE)
    intent = entry.data.get("intent")
    return by.get(intent, "") if done and isinstance(intent, str) else ""
