"""`leeward postmortem`: the postmortem of an incident, from its record."""

import os
from pathlib import Path

import click

from tui.cli import CANNOT_TELL, USAGE, WELL
from tui.cli.output import Failure, failing_in_words, narrate, put_bytes
from tui.model.folding import fold
from tui.record.reading import read
from tui.reports.document import write
from tui.reports.formats import Format, render
from tui.reports.postmortem import PostmortemFacts
from tui.settings import state_dir


@click.command("postmortem")
@click.argument("incident_id", metavar="ID")
@click.option(
    "--format",
    "format_",
    type=click.Choice([kind.value for kind in Format]),
    default=Format.MARKDOWN.value,
    show_default=True,
    help="What to write: Markdown, one page of HTML, or JSON.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Instead of stdout."
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@failing_in_words
def command(incident_id: str, format_: str, output: Path | None, force: bool) -> int:
    """Write the postmortem. Failed requests are those that were counted when they were last measured."""
    record = read(state_dir(os.environ), incident_id)
    text = render(PostmortemFacts(fold(incident_id, record.entries), record.entries), Format(format_))
    for problem in record.problems:
        narrate(problem)
    if output is None:
        put_bytes(text.encode())
        return WELL
    try:
        write(output, text, replace=force)
    except FileExistsError:
        raise Failure(f"{output} is there already; name another file, or use --force.", USAGE) from None
    except OSError as error:
        raise Failure(f"Cannot write {output}: {error.strerror}.", CANNOT_TELL) from error
    narrate(f"Written to {output}.")
    return WELL
