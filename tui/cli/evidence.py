"""`leeward evidence`: everything that is known of an incident, redacted, in one archive."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli import CANNOT_TELL, WELL, Options
from tui.cli.at_hand import actor_of
from tui.cli.loading import settings_of
from tui.cli.output import Failure, failing_in_words, narrate
from tui.cli.running import leave, run
from tui.model.clock import SystemClock
from tui.model.folding import fold
from tui.model.incident import Incident
from tui.model.reading import Held
from tui.model.redaction import Redactor
from tui.model.sizes import told
from tui.record.reading import read
from tui.session import evidence
from tui.session.connections import connect
from tui.session.errors import SessionError
from tui.settings import Loaded, state_dir

if TYPE_CHECKING:
    from tui.evidence.bundle import Collected, Progress

_PACE = 1.0


@click.command("evidence")
@click.argument("incident_id", metavar="ID")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Instead of the folder of the settings, or the incident's own.",
)
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str, output: Path | None) -> int:
    """Collect evidence; print where the archive is. What cannot be had is told, and the rest is kept."""
    state = state_dir(os.environ)
    incident = fold(incident_id, read(state, incident_id).entries)
    loaded = settings_of(options)
    # The record names it for whoever reads that from another folder.
    folder = output.absolute() if output else evidence.folder_of(loaded.settings, state, incident_id)
    try:
        collected = run(_collect(loaded, state, incident, folder))
    except SessionError as error:
        raise Failure(str(error), CANNOT_TELL) from error
    for row in collected.missing:
        narrate(f"{'Incomplete' if row.partial else 'Missing'}: {row.what}. {row.reason}")
    narrate(
        f"{collected.pieces} files, {told(collected.size)}, {collected.redacted} secrets taken out, "
        f"sha256 {collected.sha256}"
    )
    click.echo(str(collected.path))
    return leave(WELL)


async def _collect(loaded: Loaded, state: Path, incident: Incident, folder: Path) -> "Collected":
    from tui.probes.schedule import once
    from tui.record.adding import add

    clock, redact = SystemClock(), Redactor(())
    made = await connect(loaded, clock, os.environ, redact)
    try:
        for complaint in made.complaints:
            narrate(complaint)
        readings = await once(made.probes, clock)
        held = {check: Held(reading, reading, made.max_age(check)) for check, reading in readings.items()}
        collected = await evidence.collect(
            made,
            loaded.settings,
            incident,
            held,
            state_dir=state,
            folder=folder,
            clock=clock,
            environ=os.environ,
            progress=_Told(clock).show,
        )
    finally:
        await made.close()
    actor = actor_of(loaded.settings, state, incident.id)
    await add(state, incident.id, evidence.entry(collected, clock.now(), actor), clock, redact)
    return collected


class _Told:
    """The progress on stderr: a line for each piece, and on a terminal one each second of a long one."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._last = (0, -_PACE)

    def show(self, progress: "Progress") -> None:
        number, at = self._last
        now = self._clock.monotonic()
        if number == progress.number and now - at < _PACE:
            return
        terminal = sys.stderr.isatty()
        if number == progress.number and not terminal:
            return
        self._last = (progress.number, now)
        narrate(f"{progress.number} of {progress.pieces}: {progress.piece}, {told(progress.bytes)} so far")
