"""What a command that writes into a record has at hand: who writes, and the secrets that must not."""

import getpass
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.model.redaction import Redactor, secrets_in
from tui.model.secret import Secret
from tui.model.text import clean
from tui.record.folder import incident_folder
from tui.record.shared import read_marker
from tui.settings import SecretSource, Settings, SettingsError, fetch_secret, server_sources
from tui.settings.updates import update_sources


def actor_of(settings: Settings, state: Path, incident_id: str) -> str:
    """Who writes into an incident: where it is shared, the login's own name there, as a console left it."""
    marker = read_marker(incident_folder(state, incident_id)) if settings.sharing.namespace else None
    name = clean(marker.name, limit=120) if marker is not None else ""
    return name or settings.incidents.responder or login()


def redactor(settings: Settings) -> Redactor:
    """What takes out the secrets that are at hand."""
    return Redactor(secrets_at_hand(settings, os.environ))


def secrets_at_hand(settings: Settings, environ: Mapping[str, str]) -> Iterator[Secret]:
    """The secrets at hand without running a command, which may take ten seconds or ask something."""
    yield from secrets_in(environ)
    updates = (source for _, source in update_sources(settings.updates))
    for source in (*server_sources(settings), *updates):
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
