"""Which incidents lie in the shared place, told by those entries alone that say how they stand."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from tui.model.folding import fold
from tui.model.incident import Entry, Incident
from tui.model.sharing import FoundLine, SharedIncident
from tui.model.text import clean
from tui.record import lines
from tui.record.arrival import Refused, check_envelope
from tui.record.errors import NoSuchIncident
from tui.record.ids import checked

# Everybody with the Role may write there: more than this is nobody's list of incidents.
MOST = 1_000
_LONGEST = 200


class Overviews(Protocol):
    """`tui.clients.shared_entries.SharedEntries`, as far as it is needed here."""

    async def overview(self) -> tuple[FoundLine, ...]: ...


async def incidents(entries: Overviews) -> tuple[SharedIncident, ...]:
    """The incidents that are there, open ones first, of each sort the latest first.

    Raises:
        ClusterError: they cannot be listed.
    """
    return told(await entries.overview())


def told(found: Iterable[FoundLine]) -> tuple[SharedIncident, ...]:
    """The incidents that these lines tell of. Nothing of them is believed: what is no entry is left out."""
    of: dict[str, list[Entry]] = defaultdict(list)
    for one in found:
        if (entry := entry_of(one)) is not None and (one.incident in of or len(of) < MOST):
            of[one.incident].append(entry)
    made = (_shared(fold(incident, entries)) for incident, entries in of.items())
    return tuple(sorted(sorted(made, key=_began, reverse=True), key=lambda one: not one.open))


def entry_of(found: FoundLine) -> Entry | None:
    """The entry of a line, where it is one, whole, and under its own name; None otherwise."""
    try:
        checked(found.incident)
        line = found.line.encode()
        raw, envelope = lines.parse_raw(line)
        if envelope.id != found.entry:
            return None
        check_envelope(bytes(raw.envelope), envelope)
        if raw.salt is not None and lines.digest(raw.salt, bytes(raw.body)) != envelope.digest:
            return None
        return lines.parse(line)
    except (NoSuchIncident, Refused, lines.Unreadable, UnicodeEncodeError):
        return None


def _shared(incident: Incident) -> SharedIncident:
    return SharedIncident(
        incident.id,
        clean(incident.title, limit=_LONGEST),
        incident.open,
        incident.drill,
        incident.started_at,
        incident.resolved_at,
        frozenset(clean(one, limit=_LONGEST) for one in incident.alerts),
        clean(incident.commander, limit=_LONGEST),
        incident.status_by,
    )


def _began(one: SharedIncident) -> tuple[str, str]:
    return (one.since.isoformat() if one.since else "", one.id)
