"""From exec to the first paint, to the lit path of a healthy world, and to a simulated world that answers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bare import WORDS
from benchmarks.harness import Figure, Place, median, ratios, spread
from tests.support.commands import ROOT, served
from tests.support.pseudo_terminal import terminal

KEYS = "? help"
# No name is looked up outside this machine: what the console asks by itself is refused at once.
NOWHERE = {"LEEWARD_MISTRAL_BASE_URL": "http://127.0.0.1:9", "LEEWARD_STATUS_PAGE_URL": "http://127.0.0.1:9"}
CONSOLE = [sys.executable, "-m", "tui"]
BARE = [sys.executable, "-m", "benchmarks.bare"]


def measure(place: Place) -> Iterator[Figure]:
    """First paint against the bare app's, by turns; a world that is well; and how soon a world is there."""
    yield _first_paint(place)
    yield _lit(place)
    yield _world(place)


def _first_paint(place: Place) -> Figure:
    env = place.environ(place.state("paint"), TEXTUAL_ANIMATIONS="none", **NOWHERE)

    def painted(argv: list[str], words: str) -> float:
        with terminal(argv, env, ROOT) as screen:
            return screen.until(words)

    ours, bare = [], []
    for turn in range(place.runs + 1):
        theirs, mine = painted(BARE, WORDS), painted(CONSOLE, KEYS)
        if turn:  # the first one compiled the bytecode
            bare.append(theirs)
            ours.append(mine)
    told = f"console with keys {spread(ours)}, bare app's first frame {spread(bare)}"
    return Figure("first paint / a bare Textual app's", ratios(ours, bare), "x", 1.5, told)


def _lit(place: Place) -> Figure:
    state = place.state("lit")
    with served("healthy", state) as world:
        argv = [*CONSOLE, "--config", world["config"]]
        times = []
        for turn in range(place.runs + 1):
            with terminal(argv, place.environ(state), ROOT) as screen:
                took = screen.until("All is well")
            if turn:
                times.append(took)
    return Figure("path lit, healthy world", median(times), "s", 1.2, f"all seven checks; {spread(times)}")


def _world(place: Place) -> Figure:
    """The process that a console starts for its own drill, until it says where its servers are."""
    env = place.environ(place.state("world"))
    times = []
    for turn in range(place.runs + 1):
        began = time.perf_counter()
        world = subprocess.Popen(
            [sys.executable, "-m", "tui.drill", "--scenario", "rate-limited", "--with-parent"],
            env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert world.stdout is not None
        told = json.loads(world.stdout.readline())
        took = time.perf_counter() - began
        world.communicate(timeout=60)  # it ends with its standard input
        assert not Path(told["config"]).exists()
        if turn:
            times.append(took)
    return Figure(
        "a simulated world is started", median(times), "s", 1.0, f"all its servers; {spread(times)}"
    )
