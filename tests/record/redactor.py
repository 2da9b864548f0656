"""Writes and redacts for ever, telling each step: to be killed."""

from pathlib import Path

from tests.record.helpers import INCIDENT, draft, reopen
from tests.support.clock import ManualClock
from tests.support.nursery import say
from tui.model.erasing import redaction
from tui.model.redaction import Redactor
from tui.record.adding import add


async def main(folder: str) -> None:
    state_dir, number = Path(folder), 0
    while True:
        async with await reopen(state_dir, wait=5.0) as journal:
            assert not journal.read_only, journal.read_only
            number += 1
            text = f"private-{'x' * (number % 3000)}-{number}"
            if number % 3:
                (entry,) = await journal.append(draft(text, n=number))
            else:
                # While this one holds the journal it goes into the chain beside it.
                entry = await add(state_dir, INCIDENT, draft(text, n=number), ManualClock(), Redactor())
            say("wrote", entry.id)
            now = ManualClock().now()
            say("begins", entry.id)
            await journal.redact(redaction(entry, (entry,), "a name", "ana", now))
            say("done", entry.id)
