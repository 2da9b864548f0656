"""Consoles that are killed at any instant while they copy: nothing acknowledged is lost, nothing is twice.

One kill for each ten of LEEWARD_KILLS, since each starts a console anew and copies a whole incident.
"""

import asyncio
import os
from pathlib import Path
from random import Random

from tests.sharing.lines import INCIDENT
from tests.support.commands import served
from tests.support.nursery import nursery
from tui.clients.shared_place import SharedPlace
from tui.model.clock import SystemClock
from tui.model.incident import Entry
from tui.model.redaction import Redactor
from tui.record.reading import read
from tui.record.verification import verify
from tui.settings import Settings, load
from tui.sharing.joining import copy_once

KILLS = max(int(os.environ.get("LEEWARD_KILLS", "4")) // 10, 4)
LONGEST = 0.4
NAMES = ("ana", "ben")


def test_kill_9_while_copying(tmp_path: Path) -> None:
    rng = Random(KILLS)
    acknowledged: set[str] = set()
    (tmp_path / "world").mkdir()
    (tmp_path / "nursery").mkdir()
    with (
        served("healthy", tmp_path / "world") as world,
        nursery("tests.sharing.killed_console", tmp_path / "nursery") as children,
    ):
        settings = load(Path(world["config"]), {"HOME": str(tmp_path)}).settings
        kubeconfig = settings.sharing.kubeconfig or settings.kubernetes.kubeconfig
        for number in range(KILLS):
            name = NAMES[number % 2]
            said = children.killed(rng, LONGEST, str(tmp_path), name, kubeconfig)
            acknowledged |= {one for one in said if one != "begun"}
            if (tmp_path / name / "incidents").exists():
                report = verify(tmp_path / name, INCIDENT)
                assert report.whole, report.problems
        records = asyncio.run(exchanged(settings, tmp_path))
    assert records["ana"] == records["ben"]
    assert acknowledged <= {entry.id for entry in records["ana"]}
    assert acknowledged


async def exchanged(settings: Settings, root: Path) -> dict[str, tuple[Entry, ...]]:
    """Both have what both had, once each could speak with the place to the end."""
    place = SharedPlace(settings, Redactor(), 30.0)
    entries = (await place.open()).entries
    for name in (*NAMES, *NAMES):
        done = await copy_once(root / name, INCIDENT, entries, SystemClock(), Redactor(), place="here")
        assert (done.unsent, done.awaited) == (0, 0)
    await place.close()
    for name in NAMES:
        report = verify(root / name, INCIDENT)
        assert report.whole, report.problems
    return {name: read(root / name, INCIDENT).entries for name in NAMES}
