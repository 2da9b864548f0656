"""A console that takes in is killed at any moment: what it told of is there, and the next one goes on.

LEEWARD_KILLS says how many kills.
"""

import asyncio
import os
from pathlib import Path
from random import Random

from tests.record.copies import shared, take, together
from tests.record.helpers import INCIDENT, create, draft
from tests.support.clock import ManualClock
from tests.support.nursery import nursery
from tui.model.redaction import Redactor
from tui.record.reading import read
from tui.record.redaction import redact
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
EACH = 20


def test_kill_9_while_it_takes_in(tmp_path: Path) -> None:
    rng, told = Random(KILLS), 0
    with nursery("tests.record.copier", tmp_path) as children:
        for start in range(0, KILLS, EACH):
            here, others = tmp_path / f"here-{start}", tmp_path / f"others-{start}"
            asyncio.run(recorded(others))
            known: set[str] = set()
            gone: set[str] = set()
            for number in range(min(EACH, KILLS - start)):
                for line in children.killed(rng, 0.08, str(here), str(others), str(number)):
                    what, one = line.split()
                    (gone if what == "redacted" else known).add(one)
                is_kept(here, known, gone)
            asyncio.run(both_are_the_same(here, others))
            told += len(known)
    assert told > KILLS


async def recorded(others: Path) -> None:
    """Chains of a machine of which one entry was redacted after it was shared."""
    async with await create(others) as one:
        for number in range(60):
            await one.append(draft("z" * (number * 97 % 2500), n=number))
        (entry,) = await one.append(draft("private-theirs"))
    await redact(others, INCIDENT, entry.id, "a name", "ana", ManualClock(), Redactor())


def is_kept(here: Path, known: set[str], gone: set[str]) -> None:
    if not (here / "incidents" / INCIDENT / "journal.jsonl").exists():
        assert not known
        return
    report = verify(here, INCIDENT)
    assert report.problems == ()
    entries = {entry.id: entry for entry in read(here, INCIDENT).entries}
    assert known <= entries.keys()
    assert all(entries[one].redacted for one in gone)


async def both_are_the_same(here: Path, others: Path) -> None:
    # As every console that opens an incident does: whatever was written and not acknowledged is by now.
    async with await together(here) as journal:
        await journal.append(draft("resumed"))
    take(here, shared(others))
    take(others, shared(here))
    mine, theirs = (read(state, INCIDENT).entries for state in (here, others))
    assert mine == theirs
    for state in (here, others):
        report = verify(state, INCIDENT)
        assert report.problems == ()
        assert not [note for note in report.notes if "no entry says by whom" in note]
