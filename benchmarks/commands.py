"""What people type between two other things: `leeward --help`, `note`, `show`."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Figure, Place, median, spread
from benchmarks.recorded import write

BUDGET = 0.25
ENTRIES = 200


def measure(place: Place) -> Iterator[Figure]:
    """Each from exec to exit, on an incident of 200 entries, as a long night leaves it."""
    state = place.state("commands")
    incident = write(state / "leeward", ENTRIES)
    folder = state / "leeward" / "incidents" / incident
    kept = place.folder / "kept"
    shutil.copytree(folder, kept)
    yield _one(place, state, "--help")
    yield _one(place, state, "show", incident)
    yield _one(place, state, "show", incident, "--json")
    yield _one(place, state, "note", incident, "traffic rose after the newsletter")
    assert len(_journal(folder)) == len(_journal(kept)) + place.runs + 1, "not every note was kept"


def _one(place: Place, state: Path, *args: str) -> Figure:
    times = []
    for turn in range(place.runs + 1):
        took, ended = place.leeward(*args, state=state)
        assert ended.returncode == 0, ended.stderr
        if turn:  # the first one compiled the bytecode
            times.append(took)
    flags = " ".join(word for word in args if word.startswith("-") or word == args[0])
    return Figure(f"leeward {flags}", median(times), "s", BUDGET, spread(times))


def _journal(folder: Path) -> list[object]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
