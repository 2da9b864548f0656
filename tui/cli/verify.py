"""`leeward verify`: whether a journal is as it was written."""

import os

import click

from tui.cli import PROBLEM, WELL
from tui.cli.output import failing_in_words, narrate
from tui.model.text import clean
from tui.record.verification import Report, verify
from tui.settings import state_dir


@click.command("verify")
@click.argument("incident_id", metavar="ID")
@failing_in_words
def command(incident_id: str) -> int:
    """Check the hash chain of an incident's journals; name each line that is broken."""
    report = verify(state_dir(os.environ), incident_id)
    for problem in report.problems:
        click.echo(clean(problem))
    click.echo(_summary(incident_id, report))
    for note in report.notes:
        narrate(note)
    return WELL if report.whole else PROBLEM


def _summary(incident_id: str, report: Report) -> str:
    entries = f"{report.entries} {'entry' if report.entries == 1 else 'entries'}"
    redacted = f", {report.redacted} redacted" if report.redacted else ""
    if report.whole:
        return f"{incident_id}: whole, {entries}{redacted}"
    places = "place" if len(report.problems) == 1 else "places"
    return f"{incident_id}: BROKEN in {len(report.problems)} {places}, {entries}{redacted}"
