"""`leeward note`: a note from anywhere, a second terminal or a script."""

import asyncio
import os

import click

from tui.cli import PROBLEM, WELL, Options
from tui.cli.at_hand import actor_of, redactor
from tui.cli.output import Failure, failing_in_words, narrate
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.record.adding import add
from tui.record.errors import JournalError, NoSuchIncident
from tui.record.ids import checked
from tui.settings import load, state_dir


# A note may begin with a dash: "- 5 % traffic".
@click.command("note", context_settings={"ignore_unknown_options": True})
@click.argument("incident_id", metavar="ID")
@click.argument("text", metavar="TEXT")
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str, text: str) -> int:
    """Add a note; print its entry id once it is on disk.

    Works while a console has the incident open, which then shows the note.
    """
    if not text.strip():
        raise click.UsageError("the note is empty")
    settings = load(options.config, os.environ).settings
    actor = actor_of(settings, state_dir(os.environ), checked(incident_id))
    clock = SystemClock()
    note = Draft(Kind.NOTE, text.strip(), clock.now(), actor)
    try:
        entry = asyncio.run(add(state_dir(os.environ), checked(incident_id), note, clock, redactor(settings)))
    except NoSuchIncident:
        raise
    except JournalError as error:
        raise Failure(f"The note was not recorded. {error}", PROBLEM) from error
    click.echo(entry.id)
    if entry.text != text.strip():
        narrate("What looked like a secret, or was no plain text, was replaced in the note.")
    return WELL
