"""`leeward import`: takes in an incident that another machine exported."""

import asyncio
import os
from functools import partial
from pathlib import Path

import click

from tui.cli import PROBLEM, WELL, Options
from tui.cli.at_hand import actor_of, redactor
from tui.cli.output import Failure, failing_in_words, narrate
from tui.model.clock import SystemClock
from tui.record.errors import HeldByAnother
from tui.record.importing import take
from tui.record.merging import OtherContent
from tui.record.parcel import BadParcel
from tui.settings import load, state_dir


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
@failing_in_words
def command(options: Options, file: Path) -> int:
    """Take in the incident of FILE, whole or not at all; print its id.

    Its journals come to lie beside this machine's own. What is here already is not taken again, and
    what says something else than what is here is refused.
    """
    settings = load(options.config, os.environ).settings
    redact = redactor(settings)
    state = state_dir(os.environ)
    try:
        made = asyncio.run(
            take(state, file.absolute(), SystemClock(), redact, partial(actor_of, settings, state))
        )
    except (BadParcel, OtherContent, HeldByAnother) as error:
        raise Failure(str(error), PROBLEM) from error
    if made.entries or made.began:
        narrate(f"{made.entries} entries of {', '.join(made.writers)}. leeward --resume {made.incident}")
    else:
        narrate("All of it is here already: nothing was changed.")
    click.echo(made.incident)
    return WELL
