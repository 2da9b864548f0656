"""What `leeward incidents --shared` says: the incidents of the shared place."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui.cli import WELL, Options
from tui.cli.at_hand import redactor
from tui.cli.output import minute, moment, narrate, put_json, put_table
from tui.cli.running import leave, run
from tui.cli.sharing import of_this_world, opened, shared
from tui.model.sharing import SharedIncident
from tui.record.errors import NoSuchIncident
from tui.record.folder import existing_folder
from tui.settings import state_dir


def put(options: Options, *, as_json: bool) -> int:
    """Print them, open ones first; the exit code. Raises Failure, SettingsError."""
    words, found = run(_asked(options))
    state = state_dir(os.environ)
    if as_json:
        put_json([_data(one, state) for one in found])
    elif found:
        heads = ("ID", "STARTED (UTC)", "STATUS", "COMMANDER", "HERE", "TITLE")
        put_table(heads, [_row(one, state) for one in found])
    else:
        narrate(f"No incident lies in {words}.")
    return leave(WELL)


async def _asked(options: Options) -> tuple[str, Sequence[SharedIncident]]:
    settings = shared(options)
    async with opened(settings, redactor(settings)) as (place, there):
        return place.words, await of_this_world(there, settings)


def _data(one: SharedIncident, state: Path) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "status": _status(one),
        "started_at": moment(one.since),
        "resolved_at": moment(one.closed_at),
        "commander": one.commander or None,
        "drill": one.drill,
        "here": _here(one, state),
    }


def _row(one: SharedIncident, state: Path) -> tuple[str, ...]:
    here = "yes" if _here(one, state) else "no"
    return (one.id, minute(one.since), _status(one), one.commander or "-", here, one.title)


def _status(one: SharedIncident) -> str:
    return "open" if one.open else "resolved"


def _here(one: SharedIncident, state: Path) -> bool:
    """Whether this machine has a copy."""
    try:
        existing_folder(state, one.id)
    except NoSuchIncident:
        return False
    return True
