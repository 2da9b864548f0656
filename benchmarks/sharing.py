"""Fifty writers and 10,000 entries in one incident: how late an entry is elsewhere, and what that keeps.

The writers and the simulated cluster are on this one machine, which so does fifty machines' work, and sends
each entry to all of them. The rate is far above what fifty people and their probes write.
"""

import contextlib
import os
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import Figure, Place
from benchmarks.startup import CONSOLE
from tests.sharing import fifty
from tests.support.commands import ROOT
from tests.support.pseudo_terminal import Terminal, plain, terminal

# They join within a minute, and five processes have ten each: in two, each waits for the interpreter of 25.
WRITERS, ENTRIES, SECONDS, JOINS, PROCESSES = 50, 10_000, 200.0, 60.0, 5
LATEST = 1000.0
BUDGET = 120.0
_REST = 10.0
# After this the first of the writers have something there: the console with a screen finds the incident.
_BEGUN = 5.0
_DRAWN = re.compile(r"(writer-\d\d) notes (\d+):")


def measure(place: Place) -> Iterator[Figure]:
    """Consoles with files of their own, the cluster in another process; one with a screen; one that joins."""
    memory: list[tuple[float, float]] = []
    screen = Screen(place)
    before = os.getloadavg()[0]

    def joined(world: Mapping[str, Any], incident: str) -> None:
        memory.append(_joined(place, world["config"], incident))

    ran = fifty.run(
        place.folder / "sharing",
        WRITERS,
        ENTRIES,
        SECONDS,
        JOINS,
        joined,
        processes=PROCESSES,
        meanwhile=screen.watching,
    )
    fifty.keep("sharing", ran.told())
    rate = ENTRIES / SECONDS
    offered = (
        f"{ENTRIES:,} entries of {WRITERS} writers in {ran.seconds:.0f} s: {rate:.0f}/s, "
        f"{rate * WRITERS:,.0f} deliveries/s; load {before:.1f} before, {ran.load:.1f} at its end"
    )
    for who, values in (
        ("a console that looks on", ran.observed),
        ("all consoles", ran.latency),
        ("another's screen", screen.waits(ran.written)),
    ):
        half, late = (fifty.percentile(values, of) * 1000 for of in (50, 99))
        told = f"p50 {half:.0f} ms, the latest {values[-1] * 1000:.0f} ms of {len(values):,}; {offered}"
        yield Figure(f"from disk to {who}, p99", late, "ms", LATEST, told)
    resident, most = memory[0]
    told = f"VmRSS {_REST:.0f} s after all {ENTRIES:,} entries came; {most:.1f} MiB at most meanwhile"
    yield Figure("resident memory, console that joins it", resident, "MiB", BUDGET, told)


class Screen:
    """A real console on a terminal of its own, that looks on while they write."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._drawn: dict[tuple[str, int], float] = {}
        self._since = float("inf")
        self._over = threading.Event()

    @contextlib.contextmanager
    def watching(self, world: Mapping[str, Any], incident: str) -> Iterator[None]:
        """Read what it draws, for as long as the block lasts."""
        # A login that may only read: what it would write itself is no entry of the writers'.
        argv = [*CONSOLE, "--config", world["viewer_config"], "join", incident]
        reading = threading.Thread(target=self._read, args=(argv,))
        reading.start()
        try:
            yield
        finally:
            self._over.set()
            reading.join()

    def waits(self, written: Mapping[tuple[str, int], float]) -> list[float]:
        """Seconds from each entry's disk to the moment when it, or a later one, was drawn; sorted.

        At such a rate many have left the timeline's few rows again before it is painted.
        """
        assert self._drawn, "the console on the terminal drew no entry"
        moments = sorted(at for at in written.values() if at >= self._since)
        shown = [float("inf")] * (len(moments) + 1)
        for one, at in self._drawn.items():
            if written[one] >= self._since:
                index = bisect_left(moments, written[one])
                shown[index] = min(shown[index], at)
        for index in reversed(range(len(moments))):
            shown[index] = min(shown[index], shown[index + 1])
        found = zip(moments, shown, strict=False)
        return sorted(max(at - since, 0.0) for since, at in found if at != float("inf"))

    def _read(self, argv: list[str]) -> None:
        time.sleep(_BEGUN)
        state = self._place.state("looks-on")
        with terminal(argv, self._place.environ(state), ROOT, make=self._terminal) as console:
            console.until("Joined: so far", 60)
            console.write(b"\x1b")
            console.during(1.0)
            self._since = time.monotonic()
            while not self._over.is_set():
                console.read(0.05)
            console.during(1.0)

    def _terminal(self, *how: Any) -> Terminal:
        drawn = self._drawn

        class Watched(Terminal):
            tail = b""

            def took(self, data: bytes) -> None:
                now, text = time.monotonic(), plain(self.tail + data)
                for name, number in _DRAWN.findall(text):
                    drawn.setdefault((name, int(number)), now)
                self.tail = data[-400:]

        return Watched(*how)


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
