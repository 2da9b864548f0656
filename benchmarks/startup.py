"""From exec to the first paint, and to the lit path of a healthy world."""

import sys
from collections.abc import Iterator

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
    """First paint against the bare app's, by turns; then a world that is well."""
    yield _first_paint(place)
    yield _lit(place)


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
