"""Machines that work one incident, and what lies between them: a shared place that is a mere list."""

from collections.abc import Iterable
from pathlib import Path

from tests.record.helpers import INCIDENT
from tests.support.clock import ManualClock
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine, SharedLine
from tui.record.incoming import Incoming, Taken
from tui.record.journal import Journal
from tui.record.outgoing import Outgoing
from tui.record.reading import read
from tui.record.shared import CopierLock, begin


def folder_of(state_dir: Path) -> Path:
    return state_dir / "incidents" / INCIDENT


def found(line: SharedLine, **changed: str) -> FoundLine:
    said = {
        "incident": line.incident,
        "entry": line.entry,
        "line": line.line,
        "header": line.header,
        **changed,
    }
    return FoundLine(said["incident"], said["entry"], said["line"], said["header"])


def shared(state_dir: Path) -> list[FoundLine]:
    """Everything that this machine has to share."""
    return [found(line) for line in Outgoing(folder_of(state_dir), INCIDENT).look()]


def take(state_dir: Path, lines: Iterable[FoundLine]) -> Taken:
    """Taken in, by a copier of its own."""
    folder = begin(state_dir, INCIDENT)
    lock = CopierLock(folder)
    assert lock.try_take()
    try:
        incoming = Incoming(folder, INCIDENT)
        taken = incoming.take(lines)
        assert incoming.settle() == ()
        return taken
    finally:
        lock.release()


def texts(state_dir: Path) -> list[str]:
    return [entry.text for entry in read(state_dir, INCIDENT).entries]


def names(state_dir: Path) -> list[str]:
    return sorted(path.name for path in folder_of(state_dir).glob("journal*.jsonl"))


async def together(state_dir: Path, clock: ManualClock | None = None) -> Journal:
    """A console's journal in an incident that may have to be joined first."""
    begin(state_dir, INCIDENT)
    return await Journal.open(
        state_dir, INCIDENT, clock or ManualClock(), Redactor(), wait=0.0, together=True
    )
