"""What the console keeps resident, open on a drill that another process serves."""

from collections.abc import Iterator

from benchmarks.harness import Figure, Place
from benchmarks.startup import CONSOLE
from tests.support.commands import ROOT, served
from tests.support.pseudo_terminal import terminal

AFTER = 20.0
BUDGET = 120.0


def measure(place: Place) -> Iterator[Figure]:
    """After 20 s in a rate limit, whose figures change; and the bytes that such a screen sends."""
    state = place.state("memory")
    with served("rate-limited", state) as world:
        argv = [*CONSOLE, "--config", world["config"]]
        with terminal(argv, place.environ(state), ROOT) as screen:
            screen.until("Rate limited")
            sent = screen.during(AFTER) / AFTER
            told = f"VmRSS {AFTER:.0f} s after the diagnosis; everything loaded"
            yield Figure(
                "resident memory, console on a drill elsewhere", screen.resident(), "MiB", BUDGET, told
            )
    yield Figure("bytes a second in that drill", sent, "B/s", None, "figures, chart and latencies change")
