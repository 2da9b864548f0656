"""An append against a bare write and fsync of the same bytes, by one and by a hundred; and taking in."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.harness import Figure, Place, median, ratios, spread
from benchmarks.recorded import drafts
from tui.model.clock import SystemClock
from tui.model.incident import Draft
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine
from tui.record.folder import incident_folder
from tui.record.ids import new_incident_id
from tui.record.incoming import Incoming
from tui.record.journal import Journal
from tui.record.outgoing import Outgoing
from tui.record.shared import begin

BATCH = 100
TIMES = 300
WRITERS = 50
ENTRIES = 10_000


def measure(place: Place) -> Iterator[Figure]:
    """Both by turns, on the same disk."""
    state = place.state("journal")
    one, bare = asyncio.run(_by_turns(state, 1, TIMES))
    told = f"{_micro(one)} against {_micro(bare)} for a bare write and fsync"
    yield Figure("journal append, over a bare write and fsync", _over(one, bare), "ms", 0.5, told)
    many, bare_many = asyncio.run(_by_turns(state, BATCH, TIMES // 3))
    told = f"{_micro(many)} for 100 entries, {_micro(bare_many)} bare: each side one write and one fsync"
    yield Figure("journal batch of 100 / one bare write and fsync", ratios(many, bare_many), "x", None, told)
    each = median(many) / BATCH / median(bare)
    told = f"{median(many) / BATCH * 1e6:.0f} µs an entry; bare: a write and fsync for each entry"
    yield Figure("journal batch of 100, per entry / bare, per entry", each, "x", 1.5, told)
    seconds = asyncio.run(_take_in(place.state("incoming")))
    told = (
        f"{WRITERS} writers, {BATCH} lines at a time, checked, linked and synced: processor time of all of it"
    )
    yield Figure("10,000 entries of others taken in", seconds, "s", 5.0, told)


async def _by_turns(state: Path, count: int, times: int) -> tuple[list[float], list[float]]:
    """Seconds of each append of `count` entries, and of the bare write that followed it."""
    clock = SystemClock()
    incident = new_incident_id(clock.now(), Random(count))
    ours, bare = [], []
    waiting = list(drafts(count * times))
    async with await Journal.create(state, incident, clock, Redactor()) as journal:
        path = incident_folder(state, incident) / "journal.jsonl"
        descriptor = os.open(state / f"bare-{count}", os.O_WRONLY | os.O_CREAT)
        for start in range(0, len(waiting), count):
            size = path.stat().st_size
            ours.append(await _appended(journal, waiting[start : start + count]))
            data = path.read_bytes()[size:]
            began = time.perf_counter()
            os.write(descriptor, data)
            os.fsync(descriptor)
            bare.append(time.perf_counter() - began)
        os.close(descriptor)
    return ours, bare


async def _take_in(state: Path) -> float:
    """Seconds of processor time; the writers' lines come by turns, as they do from the shared place."""
    clock = SystemClock()
    incident = new_incident_id(clock.now(), Random(0))
    chains, each = [], ENTRIES // WRITERS
    for writer in range(WRITERS):
        async with await Journal.create(state / str(writer), incident, clock, Redactor()) as journal:
            await journal.append(*drafts(each))
        chains.append(Outgoing(incident_folder(state / str(writer), incident), incident).look())
    lines = [
        FoundLine(one.incident, one.entry, one.line, one.header)
        for row in zip(*chains, strict=True)
        for one in row
    ]
    incoming = Incoming(begin(state / "here", incident), incident)
    began = time.process_time()
    taken = [len(incoming.take(lines[at : at + BATCH]).entries) for at in range(0, len(lines), BATCH)]
    seconds = time.process_time() - began
    assert sum(taken) == ENTRIES
    return seconds


async def _appended(journal: Journal, some: list[Draft]) -> float:
    began = time.perf_counter()
    await journal.append(*some)
    return time.perf_counter() - began


def _over(ours: list[float], bare: list[float]) -> float:
    """By how many milliseconds an append is slower."""
    return median([mine - theirs for mine, theirs in zip(ours, bare, strict=True)]) * 1000


def _micro(values: list[float]) -> str:
    return spread(values, 1e6, "µs")
