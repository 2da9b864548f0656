"""`python -m tests.sharing.consoles WORK`: several consoles' copiers in a process of their own.

Journals, folders and requests are real: what a writer appends is on its disk with fsync, goes through its
Copier to the server that the settings name, and is taken in by every other console into its own folder.
WORK is JSON, as of `Work`. It prints `ready` when every copy is live, writes when told `go`, and when all
has come everywhere it writes `result.json` and `late.bin` into `out`, and prints `done`.
"""

import array
import asyncio
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tui.clients.shared_entries import SharedEntries
from tui.clients.shared_place import SharedPlace
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Entry, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.shared import CopierLock, begin
from tui.record.verification import verify
from tui.settings import load
from tui.sharing.copier import Copier
from tui.sharing.copying import Copy
from tui.sharing.files import FolderFiles

ID = 26
"""Characters of an entry's id."""
WAIT = 600.0
"""Seconds after which what is still missing somewhere is lost."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a process does.

    Attributes:
        config: the settings file.
        out: a folder of its own: the state folders, and what is told at the end.
        incident: which incident all work.
        names: one console for each.
        each: how many entries each writes, evenly from when it begins to the end of `seconds`.
        joins: within how many seconds they begin, each at a moment of its own, as people join.
        total: how many entries there are in the end, from everybody.
        seed: of pauses and jitter.
    """

    config: str
    out: str
    incident: str
    names: tuple[str, ...]
    each: int
    joins: float
    seconds: float
    total: int
    seed: int


FIRST = "writer-00"
DECLARED = {"title": "fifty work it", "severity": "P2", "drill": True}


class Console:
    """One writer with its copier; `written` and `came` are moments of the machine's monotonic clock."""

    def __init__(self, name: str, work: Work) -> None:
        self._name, self._work = name, work
        self._clock, self._rng = SystemClock(), Random(f"{work.seed} {name}")
        self.state = Path(work.out) / name
        self.written: dict[str, float] = {}
        self.came: dict[str, float] = {}
        self.changed = asyncio.Event()
        self._place = SharedPlace(load(Path(work.config), {"HOME": work.out}).settings)

    async def open(self) -> None:
        """Join the incident, and begin to copy."""
        incident = self._work.incident
        folder = await asyncio.to_thread(begin, self.state, incident)
        self.journal = await Journal.open(self.state, incident, self._clock, Redactor(), together=True)
        files = FolderFiles(folder, incident, lambda: self._place.words, self._clock)
        self._copy = Copy(incident, files, Redactor(), on_taken=self._taken)
        self.copier = Copier(self._copy, self._door, CopierLock(folder), self._clock, self._rng, self._said)
        self.copier.start()

    async def _door(self) -> SharedEntries:
        return (await self._place.open()).entries

    def _taken(self, entries: tuple[Entry, ...]) -> None:
        now = time.monotonic()
        for entry in entries:
            assert entry.id not in self.came, "taken twice"
            self.came[entry.id] = now
            self.journal.saw(entry.id)
        self.changed.set()

    def _said(self, _status: object) -> None:
        self.changed.set()

    async def write(self) -> None:
        """Each entry at its moment, somewhere in its share of the time; the first of the first declares."""
        declares = self._name == FIRST
        waits = 0.0 if declares else self._rng.uniform(0, self._work.joins)
        share = (self._work.seconds - waits) / max(self._work.each, 1)
        begun = time.monotonic() + waits
        for number in range(self._work.each):
            at = begun + (number + self._rng.random()) * share
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            text = f"{self._name} notes {number}: " + "the queue grows again " * self._rng.randint(1, 6)
            draft = Draft(Kind.NOTE, text, datetime.now(UTC), self._name)
            if declares and not number:
                draft = replace(draft, kind=Kind.DECLARED, data=DECLARED)
            (entry,) = await self.journal.append(draft)
            self.written[entry.id] = time.monotonic()
            self.copier.nudge()

    async def until(self, true: Callable[[], bool], seconds: float = WAIT) -> None:
        """Until that is so; fails with how it stands then."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            stands = f"{len(self.written)} written, {len(self.came)} came, {self.copier.status}"
            raise AssertionError(f"{self._name} came to no end: {stands}") from None

    def is_live(self) -> bool:
        return self.copier.status.link == "live"

    def has_all(self) -> bool:
        return len(self.came) + len(self.written) >= self._work.total and not self.copier.status.unsent

    async def close(self) -> None:
        await self.copier.stop()
        await self.journal.close()
        await self._place.close()

    def told(self) -> dict[str, object]:
        """What its folder says in the end, and what is wrong with it."""
        record, report = read(self.state, self._work.incident), verify(self.state, self._work.incident)
        digest = hashlib.sha256()
        for entry in record.entries:
            digest.update(repr((entry.id, entry.kind, entry.occurred_at, entry.actor, entry.text)).encode())
        return {
            "name": self._name,
            "written": self.written,
            "entries": len(record.entries),
            "ids": len({entry.id for entry in record.entries}),
            "digest": digest.hexdigest(),
            "problems": [*record.problems, *report.problems, *self.copier.status.problems],
            "waiting": self.copier.status.awaited,
        }


async def run(work: Work) -> None:
    consoles = [Console(name, work) for name in work.names]
    for console in consoles:
        await console.open()
    for console in consoles:
        await console.until(console.is_live)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(console.write() for console in consoles))
    for console in consoles:
        await console.until(console.has_all)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    resident, load = resident_mib(), os.getloadavg()[0]
    for console in consoles:
        await console.close()
    whole = {
        "cpu": spent.ru_utime + spent.ru_stime,
        "resident": resident,
        "load": load,
        "consoles": [await asyncio.to_thread(console.told) for console in consoles],
    }
    out = Path(work.out)
    (out / "result.json").write_text(json.dumps(whole))
    with (out / "late.bin").open("wb") as file:
        for console in consoles:
            file.write("".join(console.came).encode() + b"\n")
            array.array("d", console.came.values()).tofile(file)
    sys.stdout.write("done\n")
    sys.stdout.flush()


def resident_mib() -> float:
    """MiB of this process that are resident now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def came(path: Path, consoles: int) -> list[dict[str, float]]:
    """When each entry came to each console of a process, as it wrote it down."""
    found = []
    with path.open("rb") as file:
        for _ in range(consoles):
            ids = file.readline().decode().rstrip("\n")
            moments = array.array("d")
            moments.fromfile(file, len(ids) // ID)
            found.append({ids[at * ID : at * ID + ID]: moment for at, moment in enumerate(moments)})
    return found


def as_json(work: Work) -> str:
    """The argument of such a process."""
    return json.dumps(asdict(work))


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    asyncio.run(run(Work(**{**told, "names": tuple(told["names"])})))
