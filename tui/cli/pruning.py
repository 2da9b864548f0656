"""Removing closed incidents from the shared place, after asking, and finishing redactions there."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

import click

from tui.cli import PROBLEM, USAGE, WELL, Options
from tui.cli.at_hand import redactor
from tui.cli.output import Failure, minute, narrate
from tui.cli.sharing import of_this_world, once, opened, shared
from tui.clients.cluster_errors import ClusterError
from tui.clients.shared_objects import GROUP, PLURAL
from tui.clients.shared_place import Opened, SharedPlace
from tui.model.clock import Clock, SystemClock
from tui.model.sharing import SharedIncident
from tui.model.text import clean
from tui.settings import SettingsError, duration
from tui.sharing import pruning

_PACE = 1.0


async def prune(options: Options, older_than: str, yes: bool) -> int:
    """List, ask, delete; the exit code. Raises Failure, SettingsError."""
    settings, age, clock = shared(options), _age(older_than), SystemClock()
    async with opened(settings, redactor(settings)) as (place, found):
        await _allowed(place)
        there = await of_this_world(found, settings)
        over = pruning.prunable(there, clock.now(), age)
        failed = await _finish_redactions(found, [one for one in there if one not in over])
        if not over:
            narrate(f"Nothing in {place.words} was closed more than {older_than} ago.")
        elif _agreed(over, place.words, yes):
            failed = await _remove(found, over, clock, age) or failed
        return PROBLEM if failed else WELL


def _age(text: str) -> timedelta:
    try:
        return duration(text)
    except (SettingsError, OverflowError) as error:
        raise Failure(f"--older-than: {text!r} is no length of time: write 30d or 12h.", USAGE) from error


async def _allowed(place: SharedPlace) -> None:
    """Raises Failure where this login may not delete, ClusterError."""
    if await place.may("delete", GROUP, PLURAL):
        return
    name, whom = await place.whoami(), place.administrators or f"who administers {place.context}"
    raise Failure(
        f"{name} may not delete entries in {place.words}; nothing was removed. "
        f"Who has leeward-keeper there may: ask {whom} for it, or to run this.",
        PROBLEM,
    )


async def _finish_redactions(found: Opened, incidents: Sequence[SharedIncident]) -> bool:
    """Remove what was redacted and is still there; answers whether anything failed."""
    failed = False
    for one in incidents:
        try:
            done = await pruning.finish_redactions(found.entries, one.id)
        except ClusterError as error:
            narrate(f"{one.id}: what was redacted may still be there. {once(str(error))}")
            failed = True
            continue
        if done:
            what = "1 entry" if done == 1 else f"{done:,} entries"
            narrate(f"{one.id}: the content of {what} was removed: redacted before.")
    return failed


def _agreed(over: Sequence[SharedIncident], words: str, yes: bool) -> bool:
    narrate(f"To be removed from {words}, for good:")
    for one in over:
        narrate(f"  {one.id}  closed {minute(one.closed_at)}  {clean(one.title)}")
    narrate("Consoles that have a copy keep it.")
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Failure("What is removed does not come back: confirm it with --yes.", USAGE)
    many = "it" if len(over) == 1 else f"all {len(over)}"
    if not click.confirm(f"Remove {many}?", default=False, err=True):
        raise Failure("Nothing was removed.", USAGE)
    return True


async def _remove(found: Opened, over: Sequence[SharedIncident], clock: Clock, age: timedelta) -> bool:
    """Remove one after another, and print the id of each that is gone; answers whether any is not."""
    left = False
    for one in over:
        told = _Told(one.id)
        done = await pruning.prune(found.entries, found.leases, one.id, clock.now(), age, told.show)
        if done.why_not:
            narrate(f"{one.id} is still there. {done.why_not}")
            left = True
        else:
            click.echo(one.id)
            narrate(f"{one.id}: {done.deleted:,} entries removed.")
        await asyncio.sleep(0)
    return left


class _Told:
    """Progress on stderr: on a terminal, a line each second."""

    def __init__(self, incident: str) -> None:
        self._incident = incident
        self._last = time.monotonic()

    def show(self, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._last >= _PACE:
            self._last = now
            narrate(f"{self._incident}: {done:,} of {of:,}")
