"""Importing an incident: the journals of other machines come to lie beside this machine's own.

Nothing is taken that is not whole. What is taken is laid ready first and then moved in its place; whoever
opens the incident after a crash in between finishes that.
"""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tui.model.clock import Clock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.errors import HeldByAnother, JournalError, NoSuchIncident, told
from tui.record.folder import (
    JOURNAL,
    READY,
    copy_name,
    existing_journals,
    finish_moving,
    incident_folder,
    is_own,
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
from tui.record.merging import Chain, OtherContent, chain, distinct, merged, parting
from tui.record.parcel import LARGEST, BadParcel, Parcel, unpacked
from tui.record.reading import content, parsed, union
from tui.record.redacting import without
from tui.record.shared import CopierLock
from tui.record.verification import checked as verified

STAGE = "importing"
_WAIT = 2.0
_STALE_S = 3600
_LEAVE = "Leave the incident there, and import again."


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


@dataclass(frozen=True, slots=True)
class _Import:
    """What is to be imported: whose journals, from where, and who does it."""

    state_dir: Path
    incident: str
    chains: tuple[Chain, ...]
    source: Mapping[str, str]
    clock: Clock
    redact: Redactor
    actor: str

    @property
    def folder(self) -> Path:
        return incident_folder(self.state_dir, self.incident)


async def take(
    state_dir: Path, file: Path, clock: Clock, redact: Redactor, actor_of: Callable[[str], str]
) -> Imported:
    """Import an incident from a file, whole or not at all. What is here already is not taken again.

    Args:
        actor_of: who imports, by the incident's id.

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
    actor = await asyncio.to_thread(actor_of, parcel.incident)
    task = _Import(state_dir, parcel.incident, chains, source, clock, redact, actor)
    return await (_join(task) if (task.folder / JOURNAL).exists() else _begin(task))


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
    if not found or len(distinct(found)) != len(found):
        raise BadParcel("The file cannot be imported: it has no journal, or one twice.")
    return tuple(found)


async def _begin(task: _Import) -> Imported:
    """An incident that is not here: its folder is made whole elsewhere and then moved in its place."""
    stages = task.state_dir / STAGE
    _sweep(stages, task.clock)
    staged = replace(task, state_dir=stages / secrets.token_hex(4))
    folder = staged.folder
    try:
        make_folder(folder)
        files: dict[str, Chain] = {}
        for one in task.chains:
            files[_name(one, files)] = one
        laid = {name: one.data for name, one in files.items()}
        count = await asyncio.to_thread(_lay, folder, laid, task.incident)
        (folder / JOURNAL).touch(mode=0o600)
        made = Imported(task.incident, count, _writers(task.chains), began=True)
        await _tell(staged, made)
        await asyncio.to_thread(_move, folder, task.folder)
    except OSError as error:
        raise told("write", folder, error) from error
    finally:
        shutil.rmtree(staged.state_dir, ignore_errors=True)
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


async def _join(task: _Import) -> Imported:
    """An incident that is here: what is new of it is laid beside what there is."""
    incident, folder = task.incident, task.folder
    # A console that holds it refuses here; what one left torn or unfinished is mended.
    async with await Journal.open(task.state_dir, incident, task.clock, task.redact) as journal:
        if journal.refusal is not None:
            raise type(journal.refusal)(journal.refusal.said, _LEAVE)
        before = {entry.id for entry in journal.found.entries}
    changed = await asyncio.to_thread(_laid_beside, task)
    if not changed:
        return Imported(incident, 0, (), began=False)
    now = union(parsed(path.name, content(path), incident) for path in journals(folder)).entries
    made = Imported(incident, sum(e.id not in before for e in now), _writers(changed), began=False)
    await _tell(task, made)
    return made


def _laid_beside(task: _Import) -> tuple[Chain, ...]:
    """Lay what is new in its place; answers which that is. Blocking."""
    folder = task.folder
    with _alone(task):
        try:
            new, changed = _new(folder, task.chains)
            if new:
                ready = folder / f"{READY}.new"
                shutil.rmtree(ready, ignore_errors=True)
                ready.mkdir(mode=0o700)
                _lay(ready, new, task.incident)
                sync_folder(ready)
                ready.rename(folder / READY)
                sync_folder(folder)
                finish_moving(folder)
        except OSError as error:
            raise told("write into", folder, error) from error
        return changed


@contextlib.contextmanager
def _alone(task: _Import) -> Iterator[None]:
    """Nobody else writes any journal of the incident meanwhile. Raises HeldByAnother."""
    with contextlib.ExitStack() as held:
        copier = CopierLock(task.folder)
        held.callback(copier.release)
        try:
            for path in existing_journals(task.folder):
                if is_own(path.name):
                    held.callback(Lock.take(path, task.clock.now(), _WAIT).release)
        except HeldByAnother as error:
            raise HeldByAnother(error.said, _LEAVE) from None
        if not copier.try_take():
            raise HeldByAnother(f"A console has {task.incident} open and copies what others record.", _LEAVE)
        yield


def _new(folder: Path, chains: tuple[Chain, ...]) -> tuple[dict[str, bytes], tuple[Chain, ...]]:
    """What is to be laid in the folder, by the files' names, and which of the chains it comes from."""
    here = {path.name: one for path in existing_journals(folder) if (one := _here(path)) is not None}
    new: dict[str, bytes] = {}
    changed = []
    for one in chains:
        name = _continued(one, here, chains) or _name(one, here)
        data = merged(here[name], one) if name in here else one.data
        if name not in here or data != here[name].data:
            here[name] = Chain(one.identity, one.writer, data)
            new[name] = data
            changed.append(one)
    return new, tuple(changed)


def _continued(one: Chain, here: Mapping[str, Chain], chains: tuple[Chain, ...]) -> str:
    """The journal here that is the same chain, further or not as far; "" where this is another branch of it.

    Raises:
        OtherContent: the journal here says something else, and nothing tells of a branch.
    """
    same = {name: mine for name, mine in here.items() if mine.identity == one.identity}
    refused: OtherContent | None = None
    for name in sorted(same, key=lambda name: same[name].lines, reverse=True):
        try:
            merged(same[name], one)
        except OtherContent as error:
            refused = refused or error
        else:
            return name
    # Whoever has two ends of one chain knows of it: it took both in, from two machines.
    if refused is not None and sum(other.identity == one.identity for other in chains) < 2:
        raise refused
    return ""


def _name(one: Chain, here: Mapping[str, Chain]) -> str:
    """The name of a new file: that of a chain, or of a branch where there is another end of it."""
    same = [other for other in here.values() if other.identity == one.identity]
    identity = f"{one.identity}-{parting(one, same)}" if same else one.identity
    return copy_name(one.writer, identity, here)


def _writers(chains: Iterable[Chain]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.writer for one in chains))


def _here(path: Path) -> Chain | None:
    try:
        return chain(content(path))
    except Unreadable:
        return None


def _lay(folder: Path, files: Mapping[str, bytes], incident: str) -> int:
    """Write journals with their heads, without what they themselves say is redacted; counts entries."""
    record = union(parsed(name, data, incident) for name, data in files.items())
    for name, data in files.items():
        left, _ = without(data, record.unfinished)
        last = left[left.rfind(b"\n", 0, len(left) - 1) + 1 :]
        put(folder / name, left)
        head = Head(left.count(b"\n"), hash_of_line(last))
        put((folder / name).with_suffix(".head"), head_bytes(head))
    return len(record.entries)


async def _tell(task: _Import, made: Imported) -> None:
    """The entry that says what came, from where, in this machine's own chain."""
    entries = f"{made.entries} {'entry' if made.entries == 1 else 'entries'}"
    text = f"{entries} of {', '.join(made.writers)} imported from {Path(task.source['file']).name}"
    data = {**task.source, "entries": made.entries, "writers": list(made.writers)}
    async with await Journal.open(task.state_dir, made.incident, task.clock, task.redact) as journal:
        await journal.append(Draft(Kind.IMPORTED, text, task.clock.now(), task.actor, data))
