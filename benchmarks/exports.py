"""An incident of 100,000 entries: filtered on screen, checked, and written in every form."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Figure, Place, median, seconds, spread
from benchmarks.recorded import write
from benchmarks.timeline import MANY, OPENINGS, opened_console
from tui.model.folding import fold
from tui.model.incident import Entry
from tui.record.reading import read
from tui.record.verification import verify
from tui.reports.formats import Format, render
from tui.reports.postmortem import PostmortemFacts

# What a person waits for after Enter.
FILTERED = 0.5
# Nobody waits for these at an incident's height; they are bounded, so that nothing grows unseen.
CHECKED, WRITTEN = 5.0, 10.0


def measure(place: Place) -> Iterator[Figure]:
    """Each from the record as it lies on disk."""
    state = place.state("exports")
    incident = write(state, MANY)
    record = read(state, incident)
    yield asyncio.run(_filtered(record.entries))
    times = [seconds(lambda: verify(state, incident)) for _ in range(OPENINGS)]
    yield Figure("verify 100,000 entries", median(times), "s", CHECKED, spread(times))
    facts = PostmortemFacts(fold(incident, record.entries), record.entries)
    for kind in Format:
        yield _rendered(facts, kind)
    yield _command(place, state.parent / "exports-home", incident, state)


def _rendered(facts: PostmortemFacts, kind: Format) -> Figure:
    began = time.perf_counter()
    text = render(facts, kind)
    took = time.perf_counter() - began
    return Figure(f"postmortem of 100,000 entries, {kind}", took, "s", WRITTEN, f"{len(text) / 1e6:.1f} MB")


def _command(place: Place, home: Path, incident: str, state: Path) -> Figure:
    home.mkdir()
    (home / "leeward").symlink_to(state, target_is_directory=True)
    took, ended = place.leeward("export", incident, str(home / "out.leeward"), state=home)
    assert ended.returncode == 0, ended.stderr
    size = (home / "out.leeward").stat().st_size / 1e6
    return Figure("leeward export, 100,000 entries", took, "s", WRITTEN, f"{size:.1f} MB; checked first")


async def _filtered(entries: tuple[Entry, ...]) -> Figure:
    """A word that a third of the rows hold, and then one that none does: from Enter to the rows drawn."""
    async with opened_console(entries) as (app, _session, _pilot):
        timeline = app.main.timeline
        times = []
        for needle in ("newsletter", "429", "no such word", "") * OPENINGS:
            app.main.needle = needle
            began = time.perf_counter()
            app.main.sift()
            for y in range(timeline.size.height):
                timeline.render_line(y)
            times.append(time.perf_counter() - began)
    return Figure(
        "filter 100,000 entries on screen", max(times), "s", FILTERED, f"the worst of {spread(times)}"
    )
