"""Many writers at one incident, in processes of their own, against the simulated cluster in another."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.sharing.consoles import Work, as_json, came
from tests.support.commands import ROOT, environ, served
from tui.record.ids import new_incident_id

OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it.

    Attributes:
        consoles: what each console's folder says in the end (`consoles.Console.told`).
        latency: seconds from disk to each other console's taking-in, sorted; `observed` those of the
            console that has a process of its own, and only looks on.
        resident: MiB of that console's process in the end.
        seconds: from the first entry to the last taking-in.
        cpu: seconds of processor time, by process.
        load: of the machine, as everything had come.
        written: when each entry was on its writer's disk, by the machine's monotonic clock; by the writer's
            name, and the number of the entry among its own.
    """

    consoles: tuple[dict[str, Any], ...]
    latency: list[float] = field(repr=False)
    observed: list[float] = field(repr=False)
    resident: float
    seconds: float
    cpu: dict[str, float]
    load: float
    written: dict[tuple[str, int], float] = field(repr=False)

    def told(self) -> dict[str, Any]:
        """The figures, for people."""
        return {
            "consoles": len(self.consoles),
            "entries": self.consoles[0]["entries"],
            "seconds": round(self.seconds, 1),
            "latency_ms": {
                who: {"p50": _ms(values, 50), "p99": _ms(values, 99), "most": round(values[-1] * 1000)}
                for who, values in (("all", self.latency), (OBSERVER, self.observed))
            },
            "resident_mib_of_one_console": round(self.resident, 1),
            "load": round(self.load, 1),
            "cpu_seconds": {name: round(spent, 1) for name, spent in self.cpu.items()},
        }


def percentile(values: list[float], of: int) -> float:
    """Of sorted values."""
    return statistics.quantiles(values, n=100, method="inclusive")[of - 1]


def _ms(values: list[float], of: int) -> int:
    return round(percentile(values, of) * 1000)


@contextlib.contextmanager
def _nothing(world: Mapping[str, Any], incident: str) -> Iterator[None]:
    yield


def run(
    folder: Path,
    writers: int,
    entries: int,
    seconds: float,
    joins: float,
    then: Callable[[Mapping[str, Any], str], None] = lambda world, incident: None,
    processes: int = 2,
    meanwhile: Callable[[Mapping[str, Any], str], contextlib.AbstractContextManager[None]] = _nothing,
) -> Run:
    """`writers` write `entries` in all within so many seconds; one more console looks on.

    Args:
        joins: the writers begin within so many seconds, and write evenly from then on.
        then: called at the end, with the world that is still served and the incident.
        meanwhile: what else is done with these two, from the moment on in which the writers are let go.
    """
    incident = new_incident_id(datetime.now(UTC), Random(writers))
    names = [f"writer-{number:02d}" for number in range(writers)]
    crews = {f"crew-{at}": names[at::processes] for at in range(processes)} | {OBSERVER: [OBSERVER]}
    with served("healthy", _made(folder / "world")) as world, contextlib.ExitStack() as stack:
        running = {}
        for name, crew in crews.items():
            each = 0 if name == OBSERVER else entries // writers
            work = Work(
                world["config"], str(_made(folder / name)), incident, tuple(crew), each, joins, seconds,
                entries // writers * writers, len(crew),
            )  # fmt: skip
            running[name] = stack.enter_context(_process(work))
        for process in running.values():
            _hear(process, "ready", folder)
        for process in running.values():
            process.stdin.write("go\n")
            process.stdin.flush()
        with meanwhile(world, incident):
            for process in running.values():
                _hear(process, "done", folder)
        ran = _gathered(folder, {name: len(crew) for name, crew in crews.items()})
        then(world, incident)
    return ran


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def _process(work: Work) -> Iterator[Any]:
    # Its errors go to a file: a pipe that nobody reads, or an orphan that holds it, would hang the test.
    said = Path(work.out, "said").open("wb")  # noqa: SIM115
    with (
        said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.sharing.consoles", as_json(work)],
            env=environ(Path(work.out)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _hear(process: Any, word: str, folder: Path) -> None:
    said = process.stdout.readline().strip()
    if said != word:
        process.wait(60)
        told = "\n".join(file.read_text() for file in sorted(folder.glob("*/said")))
        raise AssertionError(f"a process of consoles did not come to {word!r}:\n{told}")


def _gathered(folder: Path, crews: dict[str, int]) -> Run:
    results = {name: json.loads((folder / name / "result.json").read_text()) for name in crews}
    consoles = tuple(console for result in results.values() for console in result["consoles"])
    written = {entry: at for console in consoles for entry, at in console["written"].items()}
    late = {name: came(folder / name / "late.bin", count) for name, count in crews.items()}
    # A moment before the append returned it was on disk already: what came then took no time at all.
    waits = {
        name: [max(0.0, at - written[entry]) for one in each for entry, at in one.items()]
        for name, each in late.items()
    }
    last = max(at for each in late.values() for one in each for at in one.values())
    return Run(
        consoles,
        sorted(wait for each in waits.values() for wait in each),
        sorted(waits[OBSERVER]),
        results[OBSERVER]["resident"],
        last - min(written.values()),
        {name: result["cpu"] for name, result in results.items()},
        results[OBSERVER]["load"],
        {
            (console["name"], number): console["written"][entry]
            for console in consoles
            for number, entry in enumerate(sorted(console["written"]))
        },
    )


def keep(name: str, told: object) -> None:
    """Writes figures where artefacts are kept, if they are."""
    kept = os.environ.get("LEEWARD_ARTEFACTS")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        (Path(kept) / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")
