"""Incidents of any length, written by the journal itself."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.ids import new_incident_id
from tui.record.journal import Journal

_AT_ONCE = 5000


def write(state_dir: Path, count: int) -> str:
    """Record an incident of so many entries in `state_dir`; its id."""
    return asyncio.run(_write(state_dir, count))


async def _write(state_dir: Path, count: int) -> str:
    clock = SystemClock()
    incident = new_incident_id(clock.now(), Random(count))
    written = list(drafts(count))
    async with await Journal.create(state_dir, incident, clock, Redactor()) as journal:
        for start in range(0, count, _AT_ONCE):
            await journal.append(*written[start : start + _AT_ONCE])
    return incident


def drafts(count: int) -> Iterator[Draft]:
    """A declaration, then changes of state and notes, a second apart and the last one now."""
    began = SystemClock().now() - timedelta(seconds=count)
    yield Draft(Kind.DECLARED, "rate limited", began, "ana", {"severity": "P2"})
    for number in range(1, count):
        at = began + timedelta(seconds=number)
        if number % 3:
            text = "Mistral API ok → fail: 429, code 1300, 0 of 600 requests left"
            data = {"check": "mistral_api", "from": "ok", "to": "fail", "number": number}
            yield Draft(Kind.STATE, text, at, "leeward", data)
        else:
            yield Draft(Kind.NOTE, f"note {number}: traffic rose after the newsletter went out", at, "ana")
