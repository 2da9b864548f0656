"""The incidents that are open on this machine, whoever has them open: read again only where they changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.sharing import SharedIncident
from tui.session.errors import SessionError
from tui.session.snapshot import OpenIncident

if TYPE_CHECKING:
    from tui.record.lock import Lock

Stamp = tuple[tuple[str, int, int], ...]
# How long one console waits for another that is declaring at the same moment.
WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What the records of this machine tell.

    Attributes:
        open: the open incidents, latest first.
        status_by: of every incident, open or not, as of `Incident`.
    """

    open: tuple[OpenIncident, ...] = ()
    status_by: Mapping[str, str] = field(default_factory=dict)


class OpenIncidents:
    """Looks at the record of every incident, each as often as it is written to. For a thread.

    A drill's are offered in a drill alone, and real ones never there: neither is about the other's world.
    """

    def __init__(self, state_dir: Path, drill: bool) -> None:
        self._state_dir = state_dir
        self._drill = drill
        self._known: dict[str, tuple[Stamp, Looked]] = {}

    def look(self) -> Looked:
        """The incidents of this machine; none where they cannot be listed."""
        from tui.record.folder import JOURNAL, incidents_folder
        from tui.record.lock import console_in

        root = incidents_folder(self._state_dir)
        try:
            folders = [path for path in root.iterdir() if (path / JOURNAL).exists()]
        except OSError:
            return Looked()
        found = [(folder, self._one(folder)) for folder in folders]
        listed = [
            replace(one, held_by_other=console_in(folder) is not None)
            for folder, read in found
            for one in read.open
        ]
        status_by = {incident: entry for _, read in found for incident, entry in read.status_by.items()}
        return Looked(_latest_first(listed), status_by)

    def _one(self, folder: Path) -> Looked:
        stamp = _stamp(folder)
        known = self._known.get(folder.name)
        if known is None or known[0] != stamp:
            known = self._known[folder.name] = (stamp, _read(self._state_dir, folder.name, self._drill))
        return known[1]

    def alone(self, now: datetime) -> "Lock":
        """Until it is released no other console of this machine declares. Raises SessionError."""
        from tui.record.errors import JournalError
        from tui.record.folder import incidents_folder, make_folder
        from tui.record.lock import Lock

        root = incidents_folder(self._state_dir)
        try:
            make_folder(root, ours=False)
            return Lock.take(root / "declaring", now, WAIT)
        except JournalError as error:
            raise SessionError(f"The incident was not declared: {error}", "Try again.") from error


def with_shared(looked: Looked, shared: Iterable[SharedIncident], drill: bool) -> tuple[OpenIncident, ...]:
    """The open incidents of this machine and of the shared place, latest first.

    Where one tells that an incident is resolved and the other that it is open, the later entry counts: the
    copy here may lack it, or the place what was recorded here, or what is known of the place may be old.
    """
    there = {one.id: one for one in shared}
    both = []
    for one in looked.open:
        known = there.pop(one.id, None)
        if known is None:
            both.append(one)
        elif known.open or looked.status_by[one.id] > known.status_by:
            alerts = one.alerts | known.alerts
            both.append(replace(one, shared=True, alerts=alerts, commander=known.commander))
    for only in there.values():
        news = only.status_by >= looked.status_by.get(only.id, "")
        if only.open and news and only.drill is drill and only.since is not None:
            alerts, who, here = only.alerts, only.commander, only.id in looked.status_by
            both.append(OpenIncident(only.id, only.title, only.since, False, alerts, True, here, who))
    return _latest_first(both)


def _latest_first(found: Iterable[OpenIncident]) -> tuple[OpenIncident, ...]:
    return tuple(sorted(found, key=lambda one: (one.since, one.id), reverse=True))


def _read(state_dir: Path, incident_id: str, drill: bool) -> Looked:
    from tui.model.folding import fold
    from tui.record.errors import JournalError
    from tui.record.reading import read

    try:
        incident = fold(incident_id, read(state_dir, incident_id).entries)
    except JournalError:
        return Looked()
    status_by = {incident_id: incident.status_by}
    since = incident.started_at or incident.declared_at
    if not incident.open or incident.drill is not drill or since is None:
        return Looked((), status_by)
    return Looked((OpenIncident(incident_id, incident.title, since, False, incident.alerts),), status_by)


def _stamp(folder: Path) -> Stamp:
    """What tells that a record was written to; () where it cannot be looked at."""
    from tui.record.folder import journals

    try:
        found = [(path.name, path.stat()) for path in journals(folder)]
    except OSError:
        return ()
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
