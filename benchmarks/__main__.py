"""`python -m benchmarks [SUBJECT ...] [--strict] [--runs N]`: measure, and print a table."""

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Figure, Place

SUBJECTS = (
    "startup",
    "loop",
    "triage",
    "commands",
    "memory",
    "bytes",
    "journal",
    "timeline",
    "exports",
    "sharing",
)
_ROW = "{:<46} {:>10} {:>10}  {:<4}  {}"


def main() -> int:
    """Measure the subjects that were asked for; 1 with --strict where a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subject", nargs="*", help=f"of {', '.join(SUBJECTS)}; all unless named")
    parser.add_argument("--strict", action="store_true", help="exit 1 where a budget is missed")
    parser.add_argument("--runs", type=int, default=9, help="how many runs a median is of (9)")
    args = parser.parse_args()
    if unknown := set(args.subject) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    print(
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}", flush=True
    )
    print(_ROW.format("what", "budget", "measured", "", "note"), flush=True)
    over = False
    with tempfile.TemporaryDirectory(prefix="leeward-bench-") as folder:
        place = Place(Path(folder), args.runs)
        for subject in args.subject or SUBJECTS:
            for figure in importlib.import_module(f"benchmarks.{subject}").measure(place):
                print(_told(figure), flush=True)
                over = over or figure.over
    return 1 if over and args.strict else 0


def _told(figure: Figure) -> str:
    budget = "-" if figure.budget is None else _amount(figure.budget, figure.unit)
    verdict = "OVER" if figure.over else "ok" if figure.budget is not None else ""
    return _ROW.format(figure.what, budget, _amount(figure.measured, figure.unit), verdict, figure.note)


def _amount(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 2 if value < 10 else 1
    return f"{value:.{digits}f} {unit}"


if __name__ == "__main__":
    sys.exit(main())
