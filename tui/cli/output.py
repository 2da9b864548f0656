"""How the commands speak: data on stdout, narration and errors on stderr."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import IO, Any, ParamSpec

import click
import msgspec

from tui.cli import CANNOT_TELL, USAGE
from tui.model.incident import Incident
from tui.model.reading import State
from tui.model.text import clean, clean_lines, escaped
from tui.model.times import rfc3339
from tui.record.errors import JournalError, NoSuchIncident
from tui.settings import SettingsError

P = ParamSpec("P")

GLYPHS = {State.OK: "●", State.WARN: "▲", State.FAIL: "✗", State.UNKNOWN: "?", State.UNSET: "-"}


class Failure(click.ClickException):
    """A command that could not do what was asked; told in words, without a traceback."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code  # type: ignore[misc]  # click's own subclasses set it, too

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"leeward: {clean_lines(self.message)}", file=file, err=file is None)


def failing_in_words(command: Callable[P, int]) -> Callable[P, int]:
    """Turn what a record or the settings refuse into a sentence and an exit code."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except (NoSuchIncident, SettingsError) as error:
            raise Failure(str(error), USAGE) from error
        except JournalError as error:
            raise Failure(str(error), CANNOT_TELL) from error

    return told


def put_json(value: Any) -> None:
    """Write one JSON value to stdout: UTF-8 whatever the locale, indented, times as RFC 3339.

    It may well be read on a terminal: what would steer one, or hide, is written as `\\uXXXX`.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    put_bytes(f"{escaped(text)}\n".encode())


def put_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def put_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout; what comes from outside is plain text, one line a row."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in [list(heads), *cells]:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def narrate(text: str) -> None:
    """Say something to the person, on stderr."""
    click.echo(clean(text), err=True)


def moment(at: datetime | None) -> str | None:
    """As JSON carries it; null where unknown."""
    return None if at is None else rfc3339(at)


def minute(at: datetime | None) -> str:
    """As a table shows it, in UTC; a dash where unknown."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def incident_data(incident: Incident) -> dict[str, Any]:
    """An incident as the JSON of `incidents` has it; other commands add to it."""
    return {
        "id": incident.id,
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "started_at": moment(incident.started_at),
        "drill": incident.drill,
    }
