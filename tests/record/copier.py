"""Takes lines in for ever, and writes and redacts beside it, telling what is on disk: to be killed."""

import itertools
from pathlib import Path
from random import Random

from tests.record.copies import shared
from tests.record.helpers import INCIDENT, draft
from tests.support.clock import ManualClock
from tests.support.nursery import say
from tui.model.erasing import redaction
from tui.model.redaction import Redactor
from tui.record.incoming import Incoming
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.shared import CopierLock, begin


async def main(state_dir: str, others: str, seed: str) -> None:
    """`others` is a folder in which another machine, which is never killed, has its record."""
    state, rng, clock = Path(state_dir), Random(int(seed)), ManualClock()
    folder = begin(state, INCIDENT)
    lock = CopierLock(folder)
    assert lock.try_take(), "the kernel took it from who died"
    lines = shared(Path(others))
    incoming = Incoming(folder, INCIDENT)
    async with await Journal.open(state, INCIDENT, clock, Redactor(), wait=5.0, together=True) as journal:
        for number in itertools.count():
            some = [rng.choice(lines) for _ in range(rng.randrange(1, 12))]
            for entry in incoming.take(some).entries:
                say("entry", entry.id)
            if rng.random() < 0.3:
                assert incoming.settle() == ()
            (entry,) = await journal.append(draft("y" * rng.randrange(3000), n=number))
            say("entry", entry.id)
            if number % 5 == 4:
                (entry,) = await journal.append(draft(f"private-{number}"))
                say("entry", entry.id)
                told = await journal.redact(redaction(entry, (entry,), "a name", "ana", clock.now()))
                say("redacted", entry.id)
                say("entry", told.id)
            if number == 50:
                lines += [one for one in shared(state) if one.entry not in {line.entry for line in lines}]
                assert read(state, INCIDENT).problems == ()
