"""How long the event loop stands still while the clients load."""

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.harness import Figure, Place, median, spread
from tests.support.commands import ROOT, served

BUDGET = 50.0


def measure(place: Place) -> Iterator[Figure]:
    """The console, headless, from its first paint until all seven checks answered and a second more."""
    state = place.state("loop")
    worst, loaded = [], []
    with served("healthy", state) as world:
        argv = [sys.executable, "-m", "benchmarks.stalls", world["config"]]
        for turn in range(place.runs + 1):
            said = subprocess.run(
                argv, env=place.environ(state), cwd=ROOT, capture_output=True, text=True, timeout=60
            )
            assert said.returncode == 0, said.stderr
            told = json.loads(said.stdout)
            if turn:  # the first one compiled the bytecode
                worst.append(told["worst_ms"])
                loaded.append(told["loaded_ms"])
    note = f"worst of each start: {spread(worst, 1)}; a start took {spread(loaded, 1)}"
    yield Figure("worst stall of the loop while clients load", median(worst), "ms", BUDGET, note)
