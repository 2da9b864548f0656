"""Entries from anywhere: a second terminal, a script, a command that has done something."""

from pathlib import Path

from tui.model.clock import Clock
from tui.model.incident import Draft, Entry
from tui.model.redaction import Redactor
from tui.record.errors import HeldByAnother
from tui.record.journal import Journal


async def add(state_dir: Path, incident_id: str, draft: Draft, clock: Clock, redact: Redactor) -> Entry:
    """Write one entry; it is on disk on return. Raises JournalError.

    Where a console holds the journal it goes into a chain beside it, and the incident is the fold of both.
    """
    journal = await Journal.open(state_dir, incident_id, clock, redact, wait=0.0)
    if isinstance(journal.refusal, HeldByAnother):
        await journal.close()
        journal = await Journal.beside(state_dir, incident_id, clock, redact)
    async with journal:
        (entry,) = await journal.append(draft)
    return entry
