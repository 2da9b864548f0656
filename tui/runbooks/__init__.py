"""Runbooks: the one that ships, and the loader for one's own.

The loader and its YAML parser are imported when a runbook is read, not before: the console's
first paint needs neither.
"""

from pathlib import Path

from tui.model.runbook import Runbook

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
