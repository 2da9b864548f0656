"""`leeward export`: one incident, journals, chains and all, as one file for the next shift's machine."""

import asyncio
import os
from pathlib import Path

import click

from tui.cli import PROBLEM, USAGE, WELL, Options
from tui.cli.at_hand import actor_of, redactor
from tui.cli.output import Failure, failing_in_words, narrate
from tui.model.clock import SystemClock
from tui.record.adding import add
from tui.record.errors import JournalError
from tui.record.exporting import AlreadyThere, Damaged, export
from tui.settings import load, state_dir


@click.command("export")
@click.argument("incident_id", metavar="ID")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str, file: Path) -> int:
    """Write an incident into FILE; print its path. `leeward import FILE` takes it in elsewhere.

    Works while a console has it open. Evidence archives are named in the record and stay where they are.
    """
    settings = load(options.config, os.environ).settings
    state, clock = state_dir(os.environ), SystemClock()
    try:
        made = export(state, incident_id, file)
    except AlreadyThere as error:
        raise Failure(str(error), USAGE) from error
    except Damaged as error:
        raise Failure(str(error), PROBLEM) from error
    journals = "journal" if made.journals == 1 else "journals"
    narrate(f"{made.entries} entries in {made.journals} {journals}, sha256 {made.sha256}")
    told = made.told(clock.now(), actor_of(settings, state, incident_id))
    try:
        asyncio.run(add(state, incident_id, told, clock, redactor(settings)))
    except JournalError as error:
        narrate(f"The file is written; that it was is not in the record. {error}")
    click.echo(str(made.path))
    return WELL
