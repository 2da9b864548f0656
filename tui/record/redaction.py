"""Redacting one entry of an incident: the rules, the files, and where copies lie."""

from dataclasses import dataclass
from pathlib import Path

from tui.model.amending import amended
from tui.model.clock import Clock
from tui.model.erasing import copies, redaction, refusal
from tui.model.folding import fold
from tui.model.incident import Draft, Entry
from tui.model.redaction import Redactor
from tui.model.text import clean
from tui.record.errors import JournalError
from tui.record.folder import incident_folder
from tui.record.journal import Journal
from tui.record.shared import read_marker


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redaction that was made: the entry that tells of it, and where copies may lie."""

    entry: Entry
    copies: tuple[str, ...]


class NotRedactable(JournalError):
    """The entry cannot be redacted, or not yet; nothing was changed."""


def planned(
    entries: tuple[Entry, ...], entry_id: str, reason: str, actor: str, clock: Clock, incident_id: str
) -> tuple[Entry, Draft]:
    """The entry, and the draft that tells of its redaction. Raises NotRedactable."""
    found = next((entry for entry in amended(entries) if entry.id == entry_id), None)
    if found is None:
        raise NotRedactable(
            f"{incident_id} has no entry {entry_id[:80]}.",
            f"`leeward show {incident_id} --json` lists the ids.",
        )
    if why := refusal(found, fold(incident_id, entries)):
        raise NotRedactable(f"The entry cannot be redacted. {why}")
    if not reason.strip():
        raise NotRedactable("A redaction needs a reason.", "Say in a few words why, and not what it was.")
    raw = next(entry for entry in entries if entry.id == entry_id)
    return found, redaction(raw, entries, reason, actor, clock.now())


def left_elsewhere(
    state_dir: Path, incident_id: str, entry: Entry, entries: tuple[Entry, ...]
) -> tuple[str, ...]:
    """Where the entry may still be read: as the record knows it, and what lies beside the journal."""
    folder = incident_folder(state_dir, incident_id)
    beside = [*sorted(folder.glob("postmortem.*")), *sorted(folder.glob("*.torn-*"))]
    known = copies(entry, entries)
    if (marker := read_marker(folder)) is not None and marker.since is not None:
        place = clean(marker.place, limit=100)
        known += (f"{place}, and the consoles that have a copy: each takes it out once it hears of it",)
    return (*known, *(str(path) for path in beside if not any(str(path) in said for said in known)))


async def redact(
    state_dir: Path, incident_id: str, entry_id: str, reason: str, actor: str, clock: Clock, redact: Redactor
) -> Redaction:
    """Redact an entry where no console holds the incident; it is done on return.

    Raises:
        NotRedactable: it cannot be, or not yet.
        JournalError: another process holds the journal, or the disk refuses.
    """
    async with await Journal.open(state_dir, incident_id, clock, redact) as journal:
        entries = journal.found.entries
        entry, told = planned(entries, entry_id, reason, actor, clock, incident_id)
        made = await journal.redact(told)
    return Redaction(made, left_elsewhere(state_dir, incident_id, entry, entries))
