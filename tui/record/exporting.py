"""Exporting an incident: every journal of it, as it lies on disk, in one file. Blocking."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tui.model.amending import amended
from tui.model.incident import Draft, Kind
from tui.record.errors import JournalError, told
from tui.record.folder import existing_folder, journals, may_be_begun, sync_folder
from tui.record.head import read_head
from tui.record.lines import hash_of
from tui.record.merging import chain, distinct
from tui.record.parcel import Parcel, Reference, packed
from tui.record.reading import content, parsed, union
from tui.record.verification import checked


class Damaged(JournalError):
    """The record is not whole: no machine would take it."""


class AlreadyThere(JournalError):
    """There is a file of this name."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: where, its SHA-256, and how much of the record is in it."""

    path: Path
    sha256: str
    entries: int
    journals: int

    def told(self, at: datetime, actor: str) -> Draft:
        """What the record keeps of it."""
        text = f"incident written to {self.path}, sha256 {self.sha256[:12]}"
        data = {"file": str(self.path), "format": "incident", "sha256": self.sha256}
        return Draft(Kind.EXPORTED, text, at, actor, data)


def export(state_dir: Path, incident_id: str, path: Path) -> Exported:
    """Write an incident into a file, whole or not at all; one that is there is never replaced.

    Whatever a console writes meanwhile is in it up to a whole line.

    Raises:
        NoSuchIncident: there is none of this id.
        Damaged: no machine would take it.
        AlreadyThere: there is a file of this name.
        JournalError: the disk refuses.
    """
    path = path.absolute()
    found = []
    for journal in journals(existing_folder(state_dir, incident_id)):
        # The head first: a console that writes meanwhile would else seem to have lost what it added.
        head = read_head(journal)
        data = content(journal)
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and head is None and may_be_begun(journal):
            continue
        if broken := checked(journal.name, head, whole, incident_id).problems:
            raise Damaged(
                f"{incident_id} is damaged, and no machine would import it: {broken[0]}",
                f"`leeward verify {incident_id}` names all; `leeward show --json` has the rest.",
            )
        found.append((journal.name, whole))
    record = union(parsed(name, data, incident_id) for name, data in found)
    evidence = tuple(
        Reference(str(entry.data.get("path", "")), str(entry.data.get("sha256", "")))
        for entry in amended(record.entries)
        if entry.kind == Kind.EVIDENCE
    )
    # What a backup brought back may be the beginning of what another machine has kept.
    chains = distinct([chain(data) for _, data in found])
    made = packed(Parcel(incident_id, tuple(one.data for one in chains), evidence))
    _write(path, made)
    return Exported(path, hash_of(made), len(record.entries), len(chains))


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, replaces nothing.
            os.link(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError:
        raise AlreadyThere(f"{path} is there already, and was not replaced.", "Name another file.") from None
    except OSError as error:
        raise told("write", path, error) from error
