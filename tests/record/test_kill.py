"""Killed at any moment: every acknowledged entry is there, and the next process goes on."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from tests.record.helpers import INCIDENT, with_entries
from tui.record.reading import read
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    asyncio.run(with_entries(tmp_path, 1))
    rng = Random(KILLS)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        acknowledged += _killed(tmp_path, rng.uniform(0.02, 0.25))
        there = {entry.id for entry in read(tmp_path, INCIDENT).entries}
        assert set(acknowledged) <= there
        report = verify(tmp_path, INCIDENT)
        assert report.whole, report.problems
    assert len(acknowledged) > KILLS


def _killed(state_dir: Path, after: float) -> list[str]:
    """The ids that an appender acknowledged before it was killed, so long after its first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.record.appender", str(state_dir)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    with process:
        first = process.stdout.readline()
        time.sleep(after)
        process.kill()
        rest = process.stdout.read()
    # An id that was cut in its writing was acknowledged too, and cannot be looked up.
    return [line for line in (first + rest).splitlines() if len(line) == 26]
