"""Evidence of an incident: which, where it goes, and the entry that says what it is."""

import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.model.clock import Clock
from tui.model.incident import Draft, Incident, Kind
from tui.model.reading import Check, Held
from tui.model.redaction import secrets_in
from tui.model.sizes import told as size_told
from tui.session.connections import Connections
from tui.session.errors import SessionError
from tui.settings import Settings, duration

if TYPE_CHECKING:
    from tui.evidence.bundle import Collected, Progress

# What led to an incident began before anybody saw it.
BEFORE = timedelta(minutes=30)


def folder_of(settings: Settings, state_dir: Path, incident_id: str) -> Path:
    """Where evidence goes unless a person says otherwise: the settings' folder, else beside the journal."""
    from tui.record.folder import incident_folder

    chosen = settings.evidence.folder
    return Path(chosen).expanduser().absolute() if chosen else incident_folder(state_dir, incident_id)


async def collect(
    made: Connections,
    settings: Settings,
    incident: Incident,
    held: Mapping[Check, Held],
    *,
    state_dir: Path,
    folder: Path,
    clock: Clock,
    environ: Mapping[str, str],
    progress: "Callable[[Progress], None]",
) -> "Collected":
    """Write the archive into a folder. Raises SessionError where the disk refuses."""
    from tui.evidence import bundle
    from tui.evidence.sources import Sources
    from tui.record.folder import existing_folder, journals

    # Whatever our own environment calls a secret, a server may echo.
    for secret in secrets_in(environ):
        made.redact.add(secret)
    now = clock.now()
    sources = Sources(
        journals=journals(existing_folder(state_dir, incident.id)),
        readings=held,
        runbook=made.runbook,
        door=made.door,
        prometheus=made.prometheus,
        logs=duration(settings.evidence.logs),
        window=duration(settings.timing.window),
        start=(incident.started_at or now) - BEFORE,
        end=incident.resolved_at or now,
    )
    path = folder / f"{incident.id}-evidence-{now:%Y%m%dT%H%M%SZ}.tar.gz"
    about = {"incident": incident.id, "drill": incident.drill, "leeward": __version__}
    try:
        await _made(folder)
        return await bundle.collect(await sources.pieces(), path, made.redact, clock, about, progress)
    except bundle.EvidenceError as error:
        raise SessionError(str(error)) from error


async def _made(folder: Path) -> None:
    import asyncio

    try:
        await asyncio.to_thread(lambda: folder.mkdir(mode=0o700, parents=True, exist_ok=True))
    except OSError as error:
        raise SessionError(
            f"The folder {folder} cannot be made: {error.strerror}.", "Name another one."
        ) from error


def entry(collected: "Collected", at: datetime, actor: str) -> Draft:
    """What the record keeps of it: where it is, and the digest by which it is known again.

    It stays on this machine, and others read the entry, too: so the machine is named.
    """
    host = socket.gethostname()
    left = len(collected.missing)
    lacking = f", {left} could not be had" if left else ""
    text = (
        f"{collected.pieces} files, {size_told(collected.size)}{lacking}, "
        f"sha256 {collected.sha256[:12]}: {collected.path} on {host}"
    )
    data = {
        "path": str(collected.path),
        "host": host,
        "size": collected.size,
        "sha256": collected.sha256,
        "files": collected.pieces,
        "redacted": collected.redacted,
        "missing": [
            {"what": row.what, "reason": row.reason, "partial": row.partial} for row in collected.missing
        ],
    }
    return Draft(Kind.EVIDENCE, text, at, actor, data)
