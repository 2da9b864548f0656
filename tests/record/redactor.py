"""Writes and redacts for ever, telling each step: to be killed."""

import asyncio
import sys
from pathlib import Path

from tests.record.helpers import INCIDENT, draft, reopen
from tests.support.clock import ManualClock
from tui.model.erasing import redaction
from tui.model.redaction import Redactor
from tui.record.adding import add


async def main(state_dir: Path) -> None:
    number = 0
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
            _say("wrote", entry.id)
            now = ManualClock().now()
            _say("begins", entry.id)
            await journal.redact(redaction(entry, (entry,), "a name", "ana", now))
            _say("done", entry.id)


def _say(what: str, entry_id: str) -> None:
    sys.stdout.write(f"{what} {entry_id}\n")
    sys.stdout.flush()


asyncio.run(main(Path(sys.argv[1])))
