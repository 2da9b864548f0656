"""Fifty writers and 10,000 entries in one incident: how late an entry is elsewhere, and what that keeps."""

from collections.abc import Iterator

from benchmarks.harness import Figure, Place
from tests.sharing import fifty

WRITERS, ENTRIES, SECONDS = 50, 10_000, 100.0
LATEST = 1000.0
BUDGET = 120.0


def measure(place: Place) -> Iterator[Figure]:
    """Every console with files of its own, all on this machine, the simulated cluster in another process."""
    ran = fifty.run(place.folder / "sharing", WRITERS, ENTRIES, SECONDS)
    fifty.keep("sharing", ran.told())
    whole = f"{ENTRIES:,} entries of {WRITERS} writers in {ran.seconds:.0f} s"
    for who, values in (("a console that looks on", ran.observed), ("all consoles", ran.latency)):
        half, late = (fifty.percentile(values, of) * 1000 for of in (50, 99))
        told = f"p50 {half:.0f} ms, the latest {values[-1] * 1000:.0f} ms; {whole}"
        yield Figure(f"from disk to {who}, p99", late, "ms", LATEST, told)
    told = "VmRSS of the process of that one console, with all of it taken in"
    yield Figure("resident memory of what shares an incident", ran.resident, "MiB", BUDGET, told)
