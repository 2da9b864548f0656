"""The postmortem of an incident, written to a file."""

from collections.abc import Sequence
from pathlib import Path

from tui.model.incident import Entry, Incident
from tui.session.connections import in_thread
from tui.session.errors import SessionError

NAME = "postmortem.md"


def default_path(state_dir: Path, incident_id: str) -> Path:
    """Beside the incident's journal. Each writing there replaces the one before."""
    from tui.record.folder import incident_folder

    return incident_folder(state_dir, incident_id) / NAME


async def write(path: Path, incident: Incident, entries: Sequence[Entry], *, replace: bool) -> None:
    """Write it, whole or not at all. Raises SessionError where the disk refuses."""

    def work() -> None:
        from tui.reports import document
        from tui.reports.postmortem import PostmortemFacts, markdown

        facts = PostmortemFacts(incident, tuple(entries), incident.failed_requests, incident.coverage)
        document.write(path, markdown(facts), replace=replace)

    try:
        await in_thread(work)
    except FileExistsError:
        raise SessionError(f"{path} is there already, and was not replaced.", "Name another file.") from None
    except OSError as error:
        raise SessionError(f"The postmortem was not written to {path}: {error.strerror}.") from error
