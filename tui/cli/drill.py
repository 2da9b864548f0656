"""`leeward drill`: the whole console against a simulated world on loopback."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tui.cli import CANNOT_TELL, CONSOLE, PROBLEM, USAGE, WELL, Options, load
from tui.cli.loading import settings_of
from tui.cli.output import Failure, failing_in_words, narrate, put_json
from tui.cli.running import leave, run
from tui.cli.world import world
from tui.model.clock import SystemClock
from tui.model.secret import Secret
from tui.settings import state_dir

# On screen a person follows; headless nobody waits for the clock.
CONSOLE_SPEED = 5.0
HEADLESS_SPEED = 20.0
HEADLESS_LIMIT = 56.0
DEFAULT = "rate-limited"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which world, and what is to become of it."""

    scenario: str
    seed: int
    speed: float | None
    output: Path | None
    as_json: bool


@click.command("drill")
@click.argument("scenario", default=DEFAULT)
@click.option("--list", "list_", is_flag=True, help="List the scenarios.")
@click.option("--serve", is_flag=True, help="Only run the world, until SIGINT or SIGTERM.")
@click.option("--headless", is_flag=True, help="Play the incident through, unattended.")
@click.option("--json", "as_json", is_flag=True, help="With --headless or --list: JSON on stdout.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="For --headless."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Makes a run repeatable.")
@click.option("--speed", type=click.FloatRange(1, 1000), help="Shorten windows and holds by this factor.")
@click.pass_obj
@failing_in_words
def command(
    options: Options,
    scenario: str,
    list_: bool,
    serve: bool,
    headless: bool,
    as_json: bool,
    output: Path | None,
    seed: int,
    speed: float | None,
) -> int:
    """Open the console in a simulated world. Nothing outside this machine is touched.

    Headless exit codes: 0 healthy or resolved, 1 still open, 2 no such scenario, 3 cannot tell.
    """
    from tui.drill.scenarios import SCENARIOS

    if list_:
        return _list(as_json)
    if scenario not in SCENARIOS:
        names = ", ".join(SCENARIOS)
        raise Failure(f"There is no scenario {scenario!r}. There are: {names}.", USAGE)
    wanted = Wanted(scenario, seed, speed, output, as_json)
    if serve:
        return _serve(wanted)
    if headless or as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        if not (headless or as_json):
            narrate("No terminal here: the drill is played headless.")
        return _headless(options, wanted)
    return _console(options, wanted)


def _list(as_json: bool) -> int:
    from tui.drill.scenarios import SCENARIOS

    if as_json:
        put_json([{"name": s.name, "title": s.title, "what": s.what} for s in SCENARIOS.values()])
        return WELL
    for scenario in SCENARIOS.values():
        click.echo(f"{scenario.name:<18} {scenario.title}\n{'':<18} {scenario.what}")
    return WELL


def _serve(wanted: Wanted) -> int:
    from tui.drill.__main__ import main

    speed = CONSOLE_SPEED if wanted.speed is None else wanted.speed
    return main(["--scenario", wanted.scenario, "--seed", str(wanted.seed), "--speed", f"{speed:g}"])


def _console(options: Options, wanted: Wanted) -> int:
    speed = CONSOLE_SPEED if wanted.speed is None else wanted.speed
    with world(wanted.scenario, wanted.seed, speed) as addresses:
        inside = replace(options, config=Path(addresses["config"]))
        code: int | None = load(CONSOLE)(inside)
    return code or WELL


def _headless(options: Options, wanted: Wanted) -> int:
    began = time.monotonic()
    speed = HEADLESS_SPEED if wanted.speed is None else wanted.speed
    with world(wanted.scenario, wanted.seed, speed) as addresses:
        inside = replace(options, config=Path(addresses["config"]))
        told = run(_play(inside, wanted, _new_key(addresses)))
    told["seconds"] = round(time.monotonic() - began, 1)
    if wanted.as_json:
        put_json(told)
    else:
        click.echo(f"{'resolved' if told['resolved'] else 'not resolved'}: {told['reason']}")
    if told["diagnosis"] == "unknown":
        return leave(CANNOT_TELL)
    return leave(WELL if told["resolved"] else PROBLEM)


def _new_key(addresses: Mapping[str, str]) -> Secret:
    """The key that a person would have made meanwhile."""
    return Secret(Path(addresses["candidate_key"]).read_text(encoding="utf-8").strip())


async def _play(options: Options, wanted: Wanted, new_key: Secret) -> dict[str, Any]:
    from tui.session.autopilot import played
    from tui.session.errors import SessionError
    from tui.session.session import Session

    clock = SystemClock()
    states = state_dir(os.environ)
    session = Session(
        settings_of(options),
        clock=clock,
        environ=os.environ,
        state_dir=states,
        read_only=options.read_only,
    )
    try:
        ended = await played(session, clock, narrate, HEADLESS_LIMIT, new_key)
        report = await session.postmortem() if ended.incident else None
    except SessionError as error:
        raise Failure(str(error), CANNOT_TELL) from error
    finally:
        await session.stop()
    if report is not None and wanted.output is not None:
        report = _hand_over(report, wanted.output)
    return {
        "scenario": wanted.scenario,
        "incident": ended.incident,
        "resolved": ended.resolved,
        "reason": ended.reason,
        "diagnosis": ended.diagnosis,
        "mitigations": [{"id": name, "verdict": verdict} for name, verdict in ended.mitigations],
        "postmortem": str(report) if report else None,
    }


def _hand_over(report: Path, folder: Path) -> Path:
    """Copy the postmortem and the journal into the folder that was asked for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(report.parent / "journal.jsonl", folder / "journal.jsonl")
        return Path(shutil.copyfile(report, folder / report.name))
    except OSError as error:
        raise Failure(f"Cannot write to {folder}: {error.strerror}.", CANNOT_TELL) from error
