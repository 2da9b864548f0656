"""One whole exchange without a console: for `leeward share sync`, and for whoever joins an incident."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tui.model.clock import Clock
from tui.model.redaction import Redactor
from tui.record.errors import HeldByAnother
from tui.record.folder import incident_folder
from tui.record.journal import Journal
from tui.record.reading import read_folder
from tui.record.shared import CopierLock
from tui.sharing.copying import Copy
from tui.sharing.files import FolderFiles
from tui.sharing.needs import Entries


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one exchange did.

    Attributes:
        sent: entries of this machine that were not there.
        taken: entries of others that were not here.
        replaced: entries of which the content was taken out there, as they were redacted.
        unsent, awaited, problems: as of `SharingStatus`.
        pruned: whether it was removed from there after it was resolved, so that nothing was sent.
    """

    sent: int = 0
    taken: int = 0
    replaced: int = 0
    unsent: int = 0
    awaited: int = 0
    problems: tuple[str, ...] = ()
    pruned: bool = False


async def copy_once(
    state_dir: Path,
    incident_id: str,
    entries: Entries,
    clock: Clock,
    redact: Redactor,
    *,
    place: str,
    whom: str = "",
) -> Exchanged:
    """Take in what is there and not here, send what is here and not there, and finish redactions.

    The incident's folder is there: `tui.record.shared.begin` makes that of one that is joined.

    Raises:
        HeldByAnother: a console of this machine has the incident open, and shares it already.
        ClusterError: the shared place does not answer or refuses; what was exchanged before stays so.
        JournalError: the files cannot be read or written.
    """
    folder = incident_folder(state_dir, incident_id)
    copy = Copy(
        incident_id,
        FolderFiles(folder, incident_id, lambda: place, clock),
        redact,
        place=place,
        whom=whom,
        clock=clock,
    )
    copy.entries = entries
    lock = CopierLock(folder)
    await mended(state_dir, incident_id, clock, redact)
    try:
        if not await copy.hop(lock.try_take):
            raise HeldByAnother(
                f"A console of this machine has {incident_id} open, and shares it already.",
                "There is nothing to do: what it records is shared as it comes.",
            )
        await copy.relist()
        replaced = await copy.finish_redactions()  # first: whatever holds up the sending holds up none
        while await copy.send():
            await copy.look()
        # The journal's own writer takes redacted content out of the files, and needs the lock for some.
        await copy.hop(lock.release)
        await _finish_here(state_dir, incident_id, clock, redact)
        await copy.look()
        replaced += await copy.finish_redactions()
        return Exchanged(
            copy.sent,
            copy.taken,
            replaced,
            copy.unsent,
            copy.awaited,
            copy.problems,
            copy.ledger.resting,
        )
    finally:
        await copy.hop(lock.release)
        await copy.close()


async def mended(state_dir: Path, incident_id: str, clock: Clock, redact: Redactor) -> tuple[str, ...]:
    """Finish what a killed console left in this machine's journal: a head that lags, a redaction half done.

    One that is held has a writer who does. Answers what was found wrong and set aside, in sentences: who
    opens the journal next finds it whole.

    Raises:
        JournalError: it cannot even be read.
    """
    async with await Journal.open(state_dir, incident_id, clock, redact) as journal:
        return () if journal.read_only else journal.problems


async def _finish_here(state_dir: Path, incident_id: str, clock: Clock, redact: Redactor) -> None:
    folder = incident_folder(state_dir, incident_id)
    record = await asyncio.to_thread(read_folder, folder, incident_id)
    if record.unfinished:
        await mended(state_dir, incident_id, clock, redact)
