"""`leeward runbook`: check one's own, or show the one in use. A wrong runbook is a wrong setting."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from tui.cli import USAGE, WELL, Options
from tui.cli.output import Failure, failing_in_words, narrate, put_bytes
from tui.model.runbook import Runbook
from tui.model.text import clean
from tui.runbooks import RunbookError, load, of
from tui.settings import load as load_settings


@click.group("runbook")
def command() -> None:
    """Check a runbook, or show the one in use."""


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> int:
    """Name everything that is wrong with FILE; exit 2 where anything is."""
    click.echo(f"{clean(str(file))}: {_summary(_told(lambda: load(file)))}")
    return WELL


@command.command("show")
@click.pass_obj
@failing_in_words
def show(options: Options) -> int:
    """Print the tree in use, and each diagnosis with what to do."""
    from tui.runbooks.outline import outline

    settings = load_settings(options.config, os.environ).settings
    put_bytes(outline(_told(lambda: of(settings))).encode())
    return WELL


def _told(loaded: Callable[[], Runbook]) -> Runbook:
    """The runbook; each problem with it is a line on stderr."""
    try:
        return loaded()
    except RunbookError as error:
        for problem in error.problems:
            narrate(problem)
        many = len(error.problems)
        raise Failure(f"{many} {'problem' if many == 1 else 'problems'} in the runbook", USAGE) from error


def _summary(runbook: Runbook) -> str:
    counts = (
        ("question", len(runbook.questions)),
        ("diagnosis", len(runbook.diagnoses)),
        ("mitigation", len(runbook.mitigations)),
    )
    return "fine, " + ", ".join(_counted(number, noun) for noun, number in counts)


def _counted(number: int, noun: str) -> str:
    plural = "diagnoses" if noun == "diagnosis" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
