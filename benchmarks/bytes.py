"""What the terminal is sent while nothing changes but clocks."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Figure, Place
from benchmarks.recorded import write
from benchmarks.startup import CONSOLE
from tests.support.commands import ROOT, served
from tests.support.pseudo_terminal import terminal

LENGTH = 20.0
# A sentence that was said at the start goes after 15 s, and that is a change.
SETTLED = 17.0
BUDGET = 300.0


def measure(place: Place) -> Iterator[Figure]:
    """A healthy drill that is asked once and not again in the time: looking, then with an incident.

    The incident is seconds old, so that its clocks tell every second.
    """
    state = place.state("bytes")
    with served("healthy", state) as world:
        settings = state / "asked-once.toml"
        settings.write_text(re.sub(r"(?m)^poll = .*$", 'poll = "10m"', Path(world["config"]).read_text()))
        argv = [*CONSOLE, "--config", str(settings)]
        told = f"over {LENGTH:.0f} s, 120x40, nothing asked again"
        yield Figure("bytes a second, looking", _steady(place, state, argv), "B/s", BUDGET, told)
        incident = write(state / "leeward", 3)
        argv = [*CONSOLE, "--config", str(settings), "--resume", incident]
        told = "as above; the incident's clocks tell seconds"
        yield Figure("bytes a second, incident open", _steady(place, state, argv), "B/s", BUDGET, told)


def _steady(place: Place, state: Path, argv: list[str]) -> float:
    """Bytes a second, once everything is on screen and has settled."""
    with terminal(argv, place.environ(state), ROOT) as screen:
        screen.until("All is well")
        screen.during(SETTLED)
        return screen.during(LENGTH) / LENGTH
