"""Where the record lies: `incidents/<id>/journal.jsonl` under the state folder, for us alone."""

import contextlib
import os
from pathlib import Path

from tui.record.errors import NoSuchIncident, told
from tui.record.ids import checked

JOURNAL = "journal.jsonl"
# What a second process on this machine records while a console holds the journal: a chain of its own.
NOTES = "journal-notes.jsonl"
OTHERS = "journal*.jsonl"
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
    """Every journal of an incident, this machine's first: the incident is the fold of their union."""
    others = sorted(path for path in folder.glob(OTHERS) if path.name != JOURNAL)
    return (folder / JOURNAL, *others)


def make_folder(folder: Path) -> None:
    """Make the folder and its parents, each for us alone (0700) and on disk.

    Raises:
        JournalError: it cannot be made, or the incident's own folder is there already.
    """
    missing = [folder]
    while not (parent := missing[-1].parent).exists():
        missing.append(parent)
    for path in reversed(missing):
        try:
            # Another console may make a parent at the same moment; the incident's folder is ours alone.
            with contextlib.suppress(FileExistsError) if path != folder else contextlib.nullcontext():
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
    """Remove the folder of an incident that could not be begun; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


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
