"""Fifty writers and 10,000 entries in one incident: how late an entry is elsewhere, and what that keeps.

The writers and the simulated cluster are on this one machine, which so does fifty machines' work, and sends
each entry to all of them. The rate is far above what fifty people and their probes write.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import Figure, Place
from benchmarks.startup import CONSOLE
from tests.sharing import fifty
from tests.support.commands import ROOT
from tests.support.pseudo_terminal import terminal

WRITERS, ENTRIES, SECONDS, JOINS = 50, 10_000, 200.0, 20.0
LATEST = 1000.0
BUDGET = 120.0
_REST = 10.0


def measure(place: Place) -> Iterator[Figure]:
    """Every console with files of its own, the simulated cluster in another process; then a real console."""
    memory: list[tuple[float, float]] = []
    before = os.getloadavg()[0]

    def joined(world: Mapping[str, Any], incident: str) -> None:
        memory.append(_joined(place, world["config"], incident))

    ran = fifty.run(place.folder / "sharing", WRITERS, ENTRIES, SECONDS, JOINS, joined)
    fifty.keep("sharing", ran.told())
    rate = ENTRIES / SECONDS
    offered = (
        f"{ENTRIES:,} entries of {WRITERS} writers in {ran.seconds:.0f} s: {rate:.0f}/s, "
        f"{rate * WRITERS:,.0f} deliveries/s; load {before:.1f} before, {ran.load:.1f} at its end"
    )
    for who, values in (("a console that looks on", ran.observed), ("all consoles", ran.latency)):
        half, late = (fifty.percentile(values, of) * 1000 for of in (50, 99))
        told = f"p50 {half:.0f} ms, the latest {values[-1] * 1000:.0f} ms; {offered}"
        yield Figure(f"from disk to {who}, p99", late, "ms", LATEST, told)
    resident, most = memory[0]
    told = f"VmRSS {_REST:.0f} s after all {ENTRIES:,} entries came; {most:.1f} MiB at most meanwhile"
    yield Figure("resident memory, console that joins it", resident, "MiB", BUDGET, told)


def _joined(place: Place, config: str, incident: str) -> tuple[float, float]:
    """MiB of a real console that joins the incident: in the end, and at most."""
    state = place.state("joins")
    argv = [*CONSOLE, "--config", config, "join", incident]
    with terminal(argv, place.environ(state), ROOT) as screen:
        while _entries(state, incident) < ENTRIES:
            assert screen.ended() is None, screen.said()[-300:]
            screen.during(0.5)
        screen.during(_REST)
        return screen.resident(), screen.most_resident()


def _entries(state: Path, incident: str) -> int:
    """How many entries of others lie in its folder."""
    copies = [path.read_bytes() for path in state.glob(f"**/{incident}/journal-*.jsonl")]
    return sum(data.count(b"\n") - 1 for data in copies)
