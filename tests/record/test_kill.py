"""Killed at any moment: every acknowledged entry is there, every file opens, and the next process goes on.

LEEWARD_KILLS says how many kills.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.record.helpers import INCIDENT, journal_file, reopen, with_entries
from tests.support.clock import ManualClock
from tests.support.nursery import Nursery, nursery
from tui.model.folding import fold
from tui.model.redaction import Redactor
from tui.notify.outbox import Outbox
from tui.record.reading import read
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
# A fresh incident now and then: one that grew for hundreds of kills would be read for minutes.
EACH = 20
LONGEST = 0.06


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery("tests.record.appender", tmp_path_factory.mktemp("nursery")) as made:
        yield made


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, children: Nursery) -> None:
    rng, acknowledged = Random(KILLS), 0
    for start in range(0, KILLS, EACH):
        folder = tmp_path / str(start)
        asyncio.run(with_entries(folder, 1))
        known: dict[str, set[str]] = defaultdict(set)
        for _ in range(min(EACH, KILLS - start)):
            for line in children.killed(rng, LONGEST, str(folder)):
                what, one = line.split()
                known[what].add(one)
            assert_kept(folder, known)
        asyncio.run(goes_on(folder))
        acknowledged += len(known["entry"])
    assert acknowledged > KILLS


def assert_kept(folder: Path, known: dict[str, set[str]]) -> None:
    """Everything that was acknowledged is there, and everything that is there can be read."""
    report = verify(folder, INCIDENT)
    assert report.whole, report.problems
    entries = read(folder, INCIDENT).entries
    assert known["entry"] <= {entry.id for entry in entries}
    changes = {change.intent: change for change in fold(INCIDENT, entries).mitigations}
    assert known["intent"] <= set(changes)
    assert all(changes[one].outcome == "applied" for one in known["outcome"])
    assert all(changes[one].verdict == "effective" for one in known["verdict"])
    outbox = Outbox.open(journal_file(folder).parent, ManualClock().now(), Redactor())
    outbox.close()
    assert outbox.problem == ""
    assert known["message"] <= {message.id for message in outbox.messages}


async def goes_on(folder: Path) -> None:
    """The next process writes, and has lost nothing but what was torn."""
    journal = await reopen(folder, wait=5.0)
    await journal.close()
    assert journal.read_only == ""
    assert [problem for problem in journal.problems if "torn" not in problem] == []
