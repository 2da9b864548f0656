"""`leeward redact`: takes the content of an entry out of the record, and leaves a stone."""

import asyncio
import os
import sys

import click

from tui.cli import PROBLEM, USAGE, WELL, Options
from tui.cli.at_hand import actor_of, redactor
from tui.cli.output import Failure, failing_in_words, narrate
from tui.model.amending import amended
from tui.model.clock import SystemClock
from tui.model.times import date_and_time
from tui.record.errors import HeldByAnother, JournalError, NoSuchIncident
from tui.record.ids import checked
from tui.record.reading import read
from tui.record.redaction import NotRedactable, redact
from tui.settings import load, state_dir


@click.command("redact")
@click.argument("incident_id", metavar="ID")
@click.argument("entry_id", metavar="ENTRY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; without saying what it was.")
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be taken back.")
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str, entry_id: str, reason: str, yes: bool) -> int:
    """Remove an entry's text and data from the record for good; print the id of the entry that says so.

    When it was, who wrote it and of which kind stays, and the chain stays whole. Copies that were made
    before are named, and are not touched.
    """
    _confirm(checked(incident_id), entry_id, yes)
    settings = load(options.config, os.environ).settings
    actor = actor_of(settings, state_dir(os.environ), incident_id)
    work = redact(
        state_dir(os.environ), incident_id, entry_id, reason, actor, SystemClock(), redactor(settings)
    )
    try:
        done = asyncio.run(work)
    except NoSuchIncident:
        raise
    except NotRedactable as error:
        raise Failure(str(error), USAGE) from error
    except HeldByAnother as error:
        said = f"Nothing was redacted. {error.said} Close it, or redact on the entry's page there."
        raise Failure(said, PROBLEM) from error
    except JournalError as error:
        raise Failure(f"The entry may not have been redacted. {error}", PROBLEM) from error
    click.echo(done.entry.id)
    for place in done.copies:
        narrate(f"It may still be read in {place}")
    narrate("Backups and snapshots of the disk are not touched.")
    return WELL


def _confirm(incident_id: str, entry_id: str, yes: bool) -> None:
    """Name the entry, and have a part of its id typed."""
    if yes:
        return
    record = amended(read(state_dir(os.environ), incident_id).entries)
    for entry in record:
        if entry.id == entry_id:
            narrate(f"{date_and_time(entry.occurred_at)}  {entry.kind} by {entry.actor}: {entry.text}")
    if not sys.stdin.isatty():
        raise Failure("A redaction cannot be taken back: confirm it with --yes.", USAGE)
    end = entry_id[-4:]
    typed = click.prompt(
        f"This cannot be taken back. Type the last four characters of the entry's id ({end})",
        default="",
        show_default=False,
        err=True,
    )
    if typed.strip().lower() != end.lower():
        raise Failure("Nothing was redacted.", USAGE)
