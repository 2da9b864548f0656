"""One exchange of one incident with the shared place, without a console."""

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path

from tui.cli import PROBLEM, USAGE, WELL, Options
from tui.cli.at_hand import redactor
from tui.cli.output import Failure, narrate
from tui.cli.sharing import nowhere, of_this_world, once, opened, shared
from tui.clients.shared_place import Opened
from tui.model.clock import SystemClock
from tui.model.folding import fold
from tui.record.errors import HeldByAnother, JournalError, NoSuchIncident
from tui.record.folder import existing_folder
from tui.record.ids import checked
from tui.record.reading import read
from tui.record.shared import Marker, begin, change_marker
from tui.settings import Settings, state_dir
from tui.sharing.joining import Exchanged, copy_once


async def sync(options: Options, incident_id: str) -> int:
    """Exchange; the exit code. Raises Failure, JournalError, NoSuchIncident, SettingsError."""
    settings, state = shared(options), state_dir(os.environ)
    redact = redactor(settings)
    here = await asyncio.to_thread(_is_here, state, checked(incident_id), settings)
    async with opened(settings, redact) as (place, found):
        if not here:
            await _begin(state, incident_id, found, settings, place.words)
        name = await place.whoami()
        await asyncio.to_thread(_remember, existing_folder(state, incident_id), place.words, name)
        try:
            done = await copy_once(
                state,
                incident_id,
                found.entries,
                SystemClock(),
                redact,
                place=place.words,
                whom=place.administrators,
            )
        except HeldByAnother as error:
            narrate(str(error))
            return WELL
        return _tell(incident_id, done, place.words)


def _is_here(state: Path, incident_id: str, settings: Settings) -> bool:
    """Whether it is on this machine. Raises Failure for one of another world."""
    try:
        existing_folder(state, incident_id)
    except NoSuchIncident:
        return False
    entries = read(state, incident_id).entries
    if entries and fold(incident_id, entries).drill is not settings.drill:
        what = (
            "is real, and this place is a drill's" if settings.drill else "is a drill's, and stays in drills"
        )
        raise Failure(f"{incident_id} {what}. Nothing was sent.", USAGE)
    return True


async def _begin(state: Path, incident_id: str, found: Opened, settings: Settings, words: str) -> None:
    if incident_id not in {one.id for one in await of_this_world(found, settings)}:
        raise nowhere(incident_id, words)
    await asyncio.to_thread(begin, state, incident_id)


def _remember(folder: Path, words: str, name: str) -> None:
    """Keep the login's own name beside the incident: what is recorded here bears it from now on."""

    def named(marker: Marker | None) -> Marker | None:
        if not name:
            return None
        return replace(marker, name=name) if marker and marker.place == words else Marker(words, name)

    with contextlib.suppress(JournalError):
        change_marker(folder, named)


def _tell(incident_id: str, done: Exchanged, words: str) -> int:
    if done.pruned:
        narrate(f"{incident_id} is over and was removed from {words}: nothing was sent.")
    else:
        narrate(f"{_many(done.taken)} came, {_many(done.sent)} went to {words}.")
    if done.replaced:
        narrate(f"Of {_many(done.replaced)} there the content was removed: they were redacted.")
    if done.awaited:
        narrate(f"{_many(done.awaited)} cannot be placed yet: one before them is not there.")
    for problem in done.problems:
        narrate(once(problem))
    return PROBLEM if done.problems or done.unsent or done.awaited else WELL


def _many(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'}"
