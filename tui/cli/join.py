"""`leeward join`: opens the console on an incident that others work already."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from tui.cli import CONSOLE, USAGE, WELL, Options, load
from tui.cli.output import Failure, failing_in_words, minute, narrate
from tui.model.sharing import SharedIncident
from tui.model.text import clean
from tui.record.errors import NoSuchIncident
from tui.record.folder import existing_folder
from tui.record.ids import checked
from tui.settings import state_dir

# How long the place is asked for an incident before the console opens all the same, in seconds.
_PATIENCE = 5.0


@click.command("join")
@click.argument("incident_id", metavar="[ID]", default="")
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str) -> int:
    """Open the console on an incident that others work already, with all that was recorded so far.

    Without ID it is the one that is open in the shared place; where there are several, they are listed.
    """
    from tui.cli.running import run
    from tui.cli.sharing import shared

    if incident_id:
        checked(incident_id)
    shared(options)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure(
            "this is no terminal, so the console cannot open. Without one, "
            f"`leeward share sync {incident_id or 'ID'}` brings an incident here and sends what is recorded "
            "here; `leeward incidents --shared` lists those that are shared.",
            USAGE,
        )
    if incident_id:
        run(_known(options, incident_id))
    chosen = incident_id or _only(run(_open(options)))
    code: int | None = load(CONSOLE)(replace(options, resume=chosen))
    return code or WELL


async def _known(options: Options, incident_id: str) -> None:
    """Raise Failure where the place answers and nobody has it; while it does not, the console says so."""
    from tui.cli.at_hand import redactor
    from tui.cli.sharing import nowhere, opened, shared

    settings = shared(options)
    with contextlib.suppress(NoSuchIncident):
        existing_folder(state_dir(os.environ), incident_id)
        return
    try:
        async with asyncio.timeout(_PATIENCE), opened(settings, redactor(settings)) as (place, found):
            there = await found.entries.is_there(incident_id)
    except (Failure, TimeoutError):
        return
    if not there:
        raise nowhere(incident_id, place.words)


async def _open(options: Options) -> tuple[SharedIncident, ...]:
    from tui.cli.at_hand import redactor
    from tui.cli.sharing import of_this_world, opened, shared

    settings = shared(options)
    async with opened(settings, redactor(settings)) as (place, found):
        narrate(f"Asking {place.words} which incidents are open.")
        return tuple(one for one in await of_this_world(found, settings) if one.open)


def _only(incidents: Sequence[SharedIncident]) -> str:
    if len(incidents) == 1:
        return incidents[0].id
    if not incidents:
        raise Failure(
            "No shared incident is open. `leeward` declares one; `leeward incidents --shared` lists all.",
            USAGE,
        )
    for one in incidents:
        by = f", commanded by {clean(one.commander)}" if one.commander else ""
        narrate(f"  leeward join {one.id}   since {minute(one.since)}: {clean(one.title)}{by}")
    raise Failure(f"{len(incidents)} shared incidents are open: say which one.", USAGE)
