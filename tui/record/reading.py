"""Reading the record, without any lock: what the journals of an incident say."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tui.model.amending import redacts
from tui.model.folding import fold
from tui.model.incident import Entry, Incident, Kind
from tui.record import lines
from tui.record.errors import JournalError, told
from tui.record.folder import (
    JOURNAL,
    existing_folder,
    existing_journals,
    incident_folder,
    incidents_folder,
)
from tui.record.ids import checked
from tui.record.lock import Holder, console_in


@dataclass(frozen=True, slots=True)
class Record:
    """What was read.

    Attributes:
        entries: in the order of their ids.
        problems: what could not be read, in sentences.
        unfinished: entries of which it is told that they were redacted, and of which the content is still in
            some journal. So a killed console leaves them, and so they come from elsewhere.
    """

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    unfinished: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Listed:
    """One incident of the list; `holder` is who writes its journal now, if anybody."""

    incident: Incident
    problems: tuple[str, ...] = ()
    holder: Holder | None = None


def read(state_dir: Path, incident_id: str) -> Record:
    """Every entry of an incident, from all its journals; damage is a problem, never an error.

    Raises:
        NoSuchIncident: there is none of this id.
        JournalError: this is no id, or its folder cannot be read.
    """
    return read_folder(existing_folder(state_dir, incident_id), incident_id)


def read_folder(folder: Path, incident_id: str) -> Record:
    """As `read`, of a folder that may hold no journal yet."""
    return union(parsed(path.name, content(path), incident_id) for path in existing_journals(folder))


def list_incidents(state_dir: Path) -> tuple[Listed, ...]:
    """All incidents, the latest first. One that cannot be read is listed with its problem."""
    root = incidents_folder(state_dir)
    try:
        names = [path.name for path in root.iterdir() if (path / JOURNAL).exists()]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise told("list the incidents in", root, error) from error
    listed = [_listed(state_dir, name) for name in names]
    return tuple(sorted(listed, key=_latest_first, reverse=True))


def content(path: Path) -> bytes:
    """The whole file. Raises JournalError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise told("read", path, error) from error


def parsed(name: str, data: bytes, incident_id: str, *, header: bool = True) -> Record:
    """The entries of one journal's bytes, and what is wrong with it as far as reading shows.

    `header` says whether the bytes begin with the header: those of a journal's end do not.
    """
    end = data.rfind(b"\n") + 1
    problems = [] if end == len(data) else [f"{name}: the last line is torn ({len(data) - end} bytes)"]
    first = data.find(b"\n") + 1 if header else 0
    if first:
        problems += _header_problems(name, data[:first], incident_id)
    try:
        entries = lines.parse_all(data[first:end])
    except lines.Unreadable:
        entries, unreadable = _one_by_one(name, data[first:end])
        problems += unreadable
    return Record(tuple(entries), tuple(problems))


def union(records: Iterable[Record]) -> Record:
    """One record of several journals: entries in the order of their ids, each once, redacted where one is."""
    records = tuple(records)
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    stones: list[Entry] = []
    for record in records:
        entries.update((entry.id, entry) for entry in record.entries)
        stones += [entry for entry in record.entries if entry.redacted]
        problems += record.problems
    entries.update((entry.id, entry) for entry in stones)
    tellers = [entry for entry in entries.values() if entry.kind == Kind.REDACTED]
    said = frozenset(one for entry in tellers for one in redacts(entry))
    left = frozenset(one for record in records for one in _pending(record.entries, said)) if said else said
    return Record(tuple(sorted(entries.values(), key=lambda entry: entry.id)), tuple(problems), left)


def _pending(entries: Iterable[Entry], said: frozenset[str]) -> Iterable[str]:
    return (e.id for e in entries if not e.redacted and e.id in said and e.kind != Kind.REDACTED)


def _header_problems(name: str, line: bytes, incident_id: str) -> list[str]:
    try:
        header = lines.parse_header(line)
    except lines.Unreadable as error:
        return [f"{name}, line 1: {error}"]
    if header.journal != incident_id:
        return [f"{name}, line 1: this is the journal of {header.journal[:80]!r}, not of {incident_id}"]
    return []


def _one_by_one(name: str, data: bytes) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    problems: list[str] = []
    for number, line in enumerate(data.split(b"\n")[:-1], start=2):
        try:
            entries.append(lines.parse(line))
        except lines.Unreadable as error:
            problems.append(f"{name}, line {number} cannot be read: {error}")
    return entries, problems


def _listed(state_dir: Path, name: str) -> Listed:
    try:
        record = read(state_dir, checked(name))
    except JournalError as error:
        return Listed(Incident(name), (str(error),))
    holder = console_in(incident_folder(state_dir, name))
    return Listed(fold(name, record.entries), record.problems, holder)


def _latest_first(listed: Listed) -> tuple[str, str]:
    started = listed.incident.started_at
    return (started.isoformat() if started else "", listed.incident.id)
