"""Runbooks: the one that ships, and the loader for one's own.

The loader and its YAML parser are imported when a runbook is read, not before: the console's
first paint needs neither.
"""

from dataclasses import replace
from pathlib import Path

from tui.model.runbook import Runbook
from tui.settings import Settings

SHIPPED = Path(__file__).with_name("mistral.yaml")


class RunbookError(Exception):
    """A runbook cannot be used. `problems` has a line for each: `file:line: path: what; remedy`."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path | None = None) -> Runbook:
    """Read a runbook; None is the shipped Mistral runbook.

    Raises:
        RunbookError: with every problem of the file at once.
    """
    from tui.runbooks.loader import load_file

    return load_file(SHIPPED if path is None else path)


def of(settings: Settings) -> Runbook:
    """The runbook that the settings name, else the shipped one, with the addresses that they set.

    `mistral.limits_url` is where the link `limits` leads, in any runbook that has it. Raises RunbookError.
    """
    runbook = load(Path(settings.runbook).expanduser() if settings.runbook else None)
    if not settings.mistral.limits_url or "limits" not in runbook.links:
        return runbook
    link = replace(runbook.links["limits"], url=settings.mistral.limits_url)
    return replace(runbook, links={**runbook.links, link.id: link})
