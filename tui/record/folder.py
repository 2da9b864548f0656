"""Where the record lies: `incidents/<id>/journal.jsonl` under the state folder, for us alone."""

import contextlib
import os
import re
from collections.abc import Container, Iterable
from pathlib import Path

from tui.record.errors import NoSuchIncident, told
from tui.record.ids import checked

JOURNAL = "journal.jsonl"
# What a second process on this machine records while a console holds the journal: a chain of its own.
NOTES = "journal-notes.jsonl"
# What further consoles on this machine record where the incident is shared: each a chain of its own.
TOGETHER = tuple(f"journal-{number}.jsonl" for number in range(2, 10))
# All chains that processes of this machine write. Of the others there are copies.
_OWN = frozenset({JOURNAL, NOTES, *TOGETHER})
# Whose holder takes in what other machines recorded; it is there from when an incident is shared.
SHARING = "sharing.lock"
# What an import has laid ready to be moved in its place.
READY = ".import"


def incidents_folder(state_dir: Path) -> Path:
    """The folder of all incidents; it need not exist."""
    return state_dir / "incidents"


def incident_folder(state_dir: Path, incident_id: str) -> Path:
    """The folder of one incident; it need not exist. Raises JournalError for what is no id."""
    return incidents_folder(state_dir) / checked(incident_id)


def existing_folder(state_dir: Path, incident_id: str) -> Path:
    """The folder of an incident that there is. Raises NoSuchIncident."""
    folder = incident_folder(state_dir, incident_id)
    if not (folder / JOURNAL).exists():
        raise NoSuchIncident(
            f"There is no incident {incident_id} in {folder.parent}.", "`leeward incidents` lists them."
        )
    return folder


def journals(folder: Path) -> tuple[Path, ...]:
    """Every journal of an incident, this machine's own first: the incident is the fold of their union."""
    try:
        there = os.listdir(folder)  # noqa: PTH208 - names alone; a Path for each costs more
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        there = []
    return tuple(folder / name for name in in_order(filter(is_journal, there)))


def is_journal(name: str) -> bool:
    """Whether a file of this name is a journal, of this machine or a copy of another's."""
    return name.startswith("journal") and name.endswith(".jsonl")


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of journals, this machine's own first; its `journal.jsonl` also where it is not among them."""
    return (JOURNAL, *sorted({*names} - {JOURNAL}, key=lambda name: (name not in _OWN, name)))


def existing_journals(folder: Path) -> tuple[Path, ...]:
    """As `journals`, of a folder that may hold none of this machine's own yet."""
    return tuple(path for path in journals(folder) if path.exists())


def may_be_begun(journal: Path) -> bool:
    """Whether an empty file is how this journal begins, rather than what is left of one.

    Whoever writes the first entry may be killed before its first line, and an incident that was joined has
    nothing of this machine at first. An incident that was declared here has its header from the start.
    """
    return is_own(journal.name) and (journal.name != JOURNAL or (journal.parent / SHARING).exists())


def is_own(name: str) -> bool:
    """Whether a journal of this name is written by processes of this machine; else it is another's copy."""
    return name in _OWN


def copy_name(writer: str, identity: str, taken: Container[str] = ()) -> str:
    """`journal-host-1a2b3c4d.jsonl`: the machine, for people, and the chain.

    Args:
        writer: the machine, as it says itself.
        identity: as of `merging.Chain`; of a branch with the hash of its first line: "1a2b…-5e6f…".
        taken: names that mean another chain: one can be forged whose hash begins alike.
    """
    machine = re.sub(r"[^a-z0-9]+", "-", writer.lower()).strip("-")[:40] or "machine"
    for digits in (8, 16, 64):
        name = f"journal-{machine}-{'-'.join(part[:digits] for part in identity.split('-'))}.jsonl"
        if name not in taken:
            break
    return name


def make_folder(folder: Path, *, ours: bool = True) -> None:
    """Make the folder and its parents, each for us alone (0700) and on disk.

    Raises:
        JournalError: it cannot be made, or is there already where it is to be `ours` alone, as an incident's.
    """
    missing = [folder]
    while not (parent := missing[-1].parent).exists():
        missing.append(parent)
    for path in reversed(missing):
        try:
            # Another console may make the same at the same moment.
            with (
                contextlib.nullcontext() if ours and path == folder else contextlib.suppress(FileExistsError)
            ):
                path.mkdir(mode=0o700)
            sync_folder(path.parent)
        except OSError as error:
            raise told("make the folder", path, error) from error


def finish_moving(folder: Path) -> None:
    """Move what an import has laid ready in its place; whole files alone lie there. Raises OSError.

    The caller holds the incident's journal.
    """
    ready = folder / READY
    if not ready.is_dir():
        return
    # A head must never be ahead of its journal.
    for path in sorted(ready.iterdir(), key=lambda path: path.suffix != ".jsonl"):
        path.replace(folder / path.name)
    sync_folder(folder)
    ready.rmdir()


def unmake_folder(folder: Path) -> None:
    """Remove the folder of an incident that could not be begun; what cannot be removed stays.

    Where anything was recorded of it, by whomever, all of it stays.
    """
    with contextlib.suppress(OSError):
        if any(path.read_bytes().count(b"\n") > 1 for path in existing_journals(folder)):
            return
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def put(path: Path, data: bytes) -> None:
    """Put another content in the place of a file, as `write_whole`, and on disk. Raises JournalError."""
    try:
        write_whole(path, data)
        sync_folder(path.parent)
    except OSError as error:
        raise told("write", path, error) from error


def write_whole(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put another content in the place of a file, whole or not at all, for us alone (0600). Raises OSError.

    Args:
        sync: whether the content is on disk on return; that it has this name is only once `sync_folder` was
            called, too.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # one that was left there may be open to others
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # what matters is why it could not be written
            fresh.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk: a new file is else lost with the power, however synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_name(path: Path, suffix: str) -> Path:
    """`path.suffix-1`, or the first number that is free."""
    number = 1
    while (candidate := path.with_name(f"{path.name}.{suffix}-{number}")).exists():
        number += 1
    return candidate
