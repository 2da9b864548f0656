"""`leeward note`: a note from anywhere, a second terminal or a script."""

import asyncio
import getpass
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from tui.cli import PROBLEM, WELL, Options
from tui.cli.output import Failure, failing_in_words, narrate
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor, secrets_in
from tui.model.secret import Secret
from tui.model.text import clean
from tui.record.adding import add
from tui.record.errors import JournalError, NoSuchIncident
from tui.record.folder import incident_folder
from tui.record.ids import checked
from tui.record.shared import read_marker
from tui.settings import SecretSource, Settings, SettingsError, fetch_secret, load, state_dir
from tui.settings.updates import update_sources


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
    redact = Redactor(secrets_at_hand(settings, os.environ))
    actor = actor_of(settings, state_dir(os.environ), checked(incident_id))
    clock = SystemClock()
    note = Draft(Kind.NOTE, text.strip(), clock.now(), actor)
    try:
        entry = asyncio.run(add(state_dir(os.environ), checked(incident_id), note, clock, redact))
    except NoSuchIncident:
        raise
    except JournalError as error:
        raise Failure(f"The note was not recorded. {error}", PROBLEM) from error
    click.echo(entry.id)
    if entry.text != text.strip():
        narrate("What looked like a secret, or was no plain text, was replaced in the note.")
    return WELL


def actor_of(settings: Settings, state: Path, incident_id: str) -> str:
    """Who writes into an incident: where it is shared, the login's own name there, as a console left it."""
    marker = read_marker(incident_folder(state, incident_id)) if settings.sharing.namespace else None
    name = clean(marker.name, limit=120) if marker is not None else ""
    return name or settings.incidents.responder or login()


def secrets_at_hand(settings: Settings, environ: Mapping[str, str]) -> Iterator[Secret]:
    """The secrets at hand without running a command, which may take ten seconds or ask something."""
    yield from secrets_in(environ)
    servers = (settings.prometheus, settings.alertmanager)
    sources = [settings.mistral.key, *(s.token for s in servers), *(s.password for s in servers)]
    sources += [source for _, source in update_sources(settings.updates)]
    for source in sources:
        if secret := _at_hand(source, environ):
            yield secret


def _at_hand(source: SecretSource, environ: Mapping[str, str]) -> Secret | None:
    try:
        return None if source.command else fetch_secret(source, environ)
    except SettingsError:
        return None


def login() -> str:
    """Who is at the keyboard, as this machine knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"
