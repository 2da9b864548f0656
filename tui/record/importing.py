"""Importing an incident: the journals of other machines come to lie beside this machine's own.

Nothing is taken that is not whole. What is taken is laid ready first and then moved in its place; whoever
opens the incident after a crash in between finishes that.
"""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.model.clock import Clock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record import redacting
from tui.record.errors import JournalError, NoSuchIncident, told
from tui.record.folder import (
    JOURNAL,
    NOTES,
    READY,
    copy_name,
    finish_moving,
    incident_folder,
    journals,
    make_folder,
    put,
    sync_folder,
)
from tui.record.head import Head, head_bytes
from tui.record.ids import checked
from tui.record.journal import Journal
from tui.record.lines import Unreadable, hash_of, hash_of_line
from tui.record.lock import Lock
from tui.record.merging import Chain, chain, merged
from tui.record.parcel import LARGEST, BadParcel, Parcel, unpacked
from tui.record.reading import content, parsed, union
from tui.record.verification import checked as verified

STAGE = "importing"
_WAIT = 2.0
_STALE_S = 3600


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in.

    Attributes:
        incident: its id.
        entries: how many entries are new here.
        writers: the machines whose journals came.
        began: whether the incident was not here before.
    """

    incident: str
    entries: int
    writers: tuple[str, ...]
    began: bool


async def take(state_dir: Path, file: Path, clock: Clock, hides: Redactor, actor: str) -> Imported:
    """Import an incident from a file, whole or not at all. What is here already is not taken again.

    Raises:
        BadParcel: the file is damaged, changed, or no export.
        OtherContent: this machine has the same journal, saying something else.
        HeldByAnother: a console has the incident open.
        JournalError: the file cannot be read, or the disk refuses.
    """
    data = await asyncio.to_thread(_read, file)
    parcel = await asyncio.to_thread(unpacked, data)
    chains = await asyncio.to_thread(_chains, parcel)
    source = {"file": str(file), "sha256": hash_of(data)}
    known = (incident_folder(state_dir, parcel.incident) / JOURNAL).exists()
    work = _join if known else _begin
    return await work(state_dir, parcel.incident, chains, clock, hides, actor, source)


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise JournalError(f"There is no file {file}.", "Name the file that `leeward export` wrote.")
        if file.stat().st_size > LARGEST:
            raise BadParcel(f"{file} cannot be imported: it is larger than {LARGEST // 1024**2} MiB.")
        return file.read_bytes()
    except OSError as error:
        raise told("read", file, error) from error


def _chains(parcel: Parcel) -> tuple[Chain, ...]:
    """The journals, each checked line by line."""
    try:
        checked(parcel.incident)
    except NoSuchIncident as error:
        raise BadParcel(f"The file cannot be imported: {error.said}") from None
    found = []
    for number, data in enumerate(parcel.journals, start=1):
        name = f"journal {number}"
        if broken := verified(name, None, data, parcel.incident).problems:
            raise BadParcel(f"The file cannot be imported, it is damaged or was changed: {broken[0]}.")
        if not data.endswith(b"\n"):
            raise BadParcel(f"The file cannot be imported: {name} ends in the middle of a line.")
        try:
            found += [one] if (one := chain(data)).identity else []
        except Unreadable as error:
            raise BadParcel(f"The file cannot be imported: {name} has {error}.") from None
    if not found or len({one.identity for one in found}) != len(found):
        raise BadParcel("The file cannot be imported: it has no journal, or one twice.")
    return tuple(found)


async def _begin(
    state_dir: Path,
    incident: str,
    chains: tuple[Chain, ...],
    clock: Clock,
    hides: Redactor,
    actor: str,
    source: Mapping[str, str],
) -> Imported:
    """An incident that is not here: its folder is made whole elsewhere and then moved in its place."""
    _sweep(state_dir / STAGE, clock)
    stage = state_dir / STAGE / secrets.token_hex(4)
    folder = incident_folder(stage, incident)
    try:
        make_folder(folder)
        count = await asyncio.to_thread(
            _lay, folder, {copy_name(one.writer, one.identity): one.data for one in chains}, incident
        )
        (folder / JOURNAL).touch(mode=0o600)
        made = Imported(incident, count, tuple(one.writer for one in chains), began=True)
        await _tell(stage, made, clock, hides, actor, source)
        await asyncio.to_thread(_move, folder, incident_folder(state_dir, incident))
    except OSError as error:
        raise told("write", folder, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return made


def _sweep(stages: Path, clock: Clock) -> None:
    """Remove what a killed import left; one that is under way is younger."""
    for left in stages.glob("*"):
        with contextlib.suppress(OSError):
            if clock.now().timestamp() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)


def _move(folder: Path, place: Path) -> None:
    if not place.parent.exists():
        make_folder(place.parent)
    sync_folder(folder)
    folder.rename(place)
    sync_folder(place.parent)


async def _join(
    state_dir: Path,
    incident: str,
    chains: tuple[Chain, ...],
    clock: Clock,
    hides: Redactor,
    actor: str,
    source: Mapping[str, str],
) -> Imported:
    """An incident that is here: what is new of it is laid beside what there is."""
    folder = incident_folder(state_dir, incident)
    # A console that holds it refuses here; what one left torn or unfinished is mended.
    async with await Journal.open(state_dir, incident, clock, hides) as journal:
        if journal.refusal is not None:
            raise type(journal.refusal)(journal.refusal.said, "Leave the incident there, and import again.")
        before = {entry.id for entry in journal.found.entries}
    changed = await asyncio.to_thread(_laid_beside, folder, incident, chains, clock)
    if not changed:
        return Imported(incident, 0, (), began=False)
    now = union(parsed(path.name, content(path), incident) for path in journals(folder)).entries
    made = Imported(incident, sum(e.id not in before for e in now), changed, began=False)
    await _tell(state_dir, made, clock, hides, actor, source)
    return made


def _laid_beside(folder: Path, incident: str, chains: tuple[Chain, ...], clock: Clock) -> tuple[str, ...]:
    """Lay what is new in its place; answers whose journals that are. Blocking."""
    locks = [Lock.take(folder / JOURNAL, clock.now(), _WAIT)]
    try:
        if (folder / NOTES).exists():
            locks.append(Lock.take(folder / NOTES, clock.now(), _WAIT))
        new: dict[str, bytes] = {}
        ours = {one.identity: (path, one) for path in journals(folder) if (one := _here(path)) is not None}
        writers = []
        for one in chains:
            path, mine = ours.get(one.identity, (folder / copy_name(one.writer, one.identity), None))
            data = merged(mine, one) if mine is not None else one.data
            if mine is None or data != mine.data:
                new[path.name] = data
                writers.append(one.writer)
        if new:
            ready = folder / f"{READY}.new"
            shutil.rmtree(ready, ignore_errors=True)
            ready.mkdir(mode=0o700)
            _lay(ready, new, incident)
            sync_folder(ready)
            ready.rename(folder / READY)
            sync_folder(folder)
            finish_moving(folder)
        return tuple(dict.fromkeys(writers))
    except OSError as error:
        raise told("write into", folder, error) from error
    finally:
        for lock in locks:
            lock.release()


def _here(path: Path) -> Chain | None:
    try:
        return chain(content(path))
    except Unreadable:
        return None


def _lay(folder: Path, files: Mapping[str, bytes], incident: str) -> int:
    """Write journals with their heads, without what they themselves say is redacted; counts entries."""
    record = union(parsed(name, data, incident) for name, data in files.items())
    gone = record.unfinished
    for name, data in files.items():
        left, _ = redacting.without(data, gone)
        last = left[left.rfind(b"\n", 0, len(left) - 1) + 1 :]
        put(folder / name, left)
        head = Head(left.count(b"\n"), hash_of_line(last))
        put((folder / name).with_suffix(".head"), head_bytes(head))
    return len(record.entries)


async def _tell(
    state_dir: Path, made: Imported, clock: Clock, hides: Redactor, actor: str, source: Mapping[str, str]
) -> None:
    """The entry that says what came, from where, in this machine's own chain."""
    whose = ", ".join(dict.fromkeys(made.writers))
    entries = f"{made.entries} {'entry' if made.entries == 1 else 'entries'}"
    text = f"{entries} of {whose} imported from {Path(source['file']).name}"
    data = {**source, "entries": made.entries, "writers": list(made.writers)}
    async with await Journal.open(state_dir, made.incident, clock, hides) as journal:
        await journal.append(Draft(Kind.IMPORTED, text, clock.now(), actor, data))
