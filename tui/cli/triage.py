"""`leeward triage`: every check once, then the diagnosis."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import click

from tui.cli import CANNOT_TELL, PROBLEM, WELL, Options
from tui.cli.loading import settings_of
from tui.cli.output import GLYPHS, failing_in_words, moment, narrate, put_json
from tui.cli.running import leave, run
from tui.model.clock import SystemClock
from tui.model.facts import TITLES
from tui.model.reading import Fact, Reading, State
from tui.model.text import clean
from tui.session.triage import Triage, triage


@click.command("triage")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_obj
@failing_in_words
def command(options: Options, as_json: bool) -> int:
    """Run every check once, concurrently, and say what is wrong.

    Exit codes: 0 all is well, 1 a problem was diagnosed, 2 the settings are wrong, 3 cannot tell.
    """
    found = run(triage(settings_of(options), SystemClock(), os.environ))
    for complaint in found.complaints:
        narrate(complaint)
    if as_json:
        put_json(as_data(found))
    else:
        for line in _told(found):
            click.echo(line)
    return leave(_code(found))


def as_data(found: Triage) -> dict[str, Any]:
    """The object that `--json` promises."""
    diagnosis = found.diagnosis
    return {
        "at": moment(found.at),
        "checks": [
            {
                "name": reading.check.value,
                "state": reading.state.value,
                "summary": reading.summary,
                "latency_ms": reading.latency_ms,
                "facts": _facts(reading.facts),
                "note": reading.note,
                "remedy": reading.remedy,
            }
            for reading in found.readings.values()
        ],
        "diagnosis": {
            "id": diagnosis.id if diagnosis else "unknown",
            "title": diagnosis.title if diagnosis else "Unknown",
            "severity": found.severity.value if found.severity else None,
            "path": [
                {
                    "question": step.text,
                    "answer": step.answer,
                    "evidence": list(step.evidence or step.missing),
                }
                for step in found.walk.steps
            ],
            "evidence": list(found.evidence),
            "mitigations": list(found.mitigations),
        },
    }


def _facts(facts: Mapping[str, Fact]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _told(found: Triage) -> Iterator[str]:
    for reading in found.readings.values():
        yield _line(reading)
        if reading.note:
            yield f"  {'':22}{clean(reading.note)}"
        if reading.remedy and reading.state is not State.OK:
            yield f"  {'':22}{clean(reading.remedy)}"
    yield ""
    if found.diagnosis is None:
        yield "Diagnosis: unknown. What would tell:"
    else:
        severity = f" ({found.severity})" if found.severity else ""
        yield f"Diagnosis: {found.diagnosis.title}{severity}"
        yield f"  {found.diagnosis.means}"
    yield from (f"  - {clean(line)}" for line in found.evidence)
    if found.diagnosis and found.diagnosis.do and not found.diagnosis.healthy:
        yield "What to do:"
        yield from (f"  {number}. {line}" for number, line in enumerate(found.diagnosis.do, start=1))
    if found.mitigations:
        yield f"Mitigations: {', '.join(found.mitigations)} (in the console: leeward)"


def _line(reading: Reading) -> str:
    took = "" if reading.latency_ms is None else f"{reading.latency_ms:.0f} ms"
    state = f"{GLYPHS[reading.state]} {reading.state}"
    return f"{state:<10}{TITLES[reading.check]:<14}{clean(reading.summary):<48}{took:>9}".rstrip()


def _code(found: Triage) -> int:
    if found.diagnosis is None:
        return CANNOT_TELL
    return WELL if found.diagnosis.healthy else PROBLEM
