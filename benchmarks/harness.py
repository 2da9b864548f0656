"""What the subjects share: figures and their budgets, and a place to run processes in."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.commands import ROOT, environ


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured row.

    Attributes:
        what: what was measured.
        measured: the figure, in `unit`.
        unit: `x` is a ratio of two things measured in this run.
        budget: the most that it may be, in `unit`; None where no budget applies.
        note: what it was measured against, and what it is made of.
    """

    what: str
    measured: float
    unit: str
    budget: float | None = None
    note: str = ""

    @property
    def over(self) -> bool:
        """Whether the budget is missed."""
        return self.budget is not None and self.measured > self.budget


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for everything that a run writes, and how often things are measured in it.

    Attributes:
        folder: empty at the start, gone at the end.
        runs: how many times a thing is measured whose median is told.
    """

    folder: Path
    runs: int

    def state(self, name: str) -> Path:
        """A new home, with its state and settings folders."""
        path = self.folder / name
        path.mkdir()
        return path

    def environ(self, state: Path, **more: str) -> dict[str, str]:
        """The environment of a measured process: nothing of this user, and its bytecode compiled.

        Bytecode goes to a folder of this run. So both sides of a ratio find theirs, whatever the
        installer or PYTHONDONTWRITEBYTECODE left out, once each has run a first time unmeasured.
        """
        made = environ(state, PYTHONPYCACHEPREFIX=str(self.folder / "bytecode"), LANG="C.UTF-8", **more)
        # As a person runs it: looking for unclosed files is the tests' business.
        del made["PYTHONWARNINGS"]
        return made

    def leeward(self, *args: str, state: Path, **more: str) -> tuple[float, subprocess.CompletedProcess[str]]:
        """Run the command to its end; seconds from exec, and what it said."""
        began = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "tui", *args],
            env=self.environ(state, **more),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return time.perf_counter() - began, ended


Subject = Callable[[Place], Iterable[Figure]]


def median(values: Sequence[float]) -> float:
    """The middle one: a busy machine makes outliers, all on one side."""
    return statistics.median(values)


def spread(values: Sequence[float], scale: float = 1000.0, unit: str = "ms") -> str:
    """`135 ms (129-171)`: median, least and most."""
    least, middle, most = min(values) * scale, median(values) * scale, max(values) * scale
    return f"{middle:.0f} {unit} ({least:.0f}-{most:.0f})"


def ratios(ours: Sequence[float], bare: Sequence[float]) -> float:
    """The median of the ratios of runs that followed each other, so that a slow minute counts twice."""
    return median([mine / theirs for mine, theirs in zip(ours, bare, strict=True)])


def seconds(work: Callable[[], object]) -> float:
    """How long this takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
