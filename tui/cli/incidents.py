"""`leeward incidents`: past and open incidents."""

import os
from typing import Any

import click

from tui.cli import CANNOT_TELL, WELL
from tui.cli.output import failing_in_words, minute, moment, narrate, put_json, put_table
from tui.model.incident import Incident
from tui.record.reading import Listed, list_incidents
from tui.settings import state_dir


@click.command("incidents")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@failing_in_words
def command(as_json: bool) -> int:
    """List past and open incidents, the latest first. A drill's are flagged."""
    listed = list_incidents(state_dir(os.environ))
    readable = [item for item in listed if item.incident.declared_at or not item.problems]
    if as_json:
        put_json([described(item.incident) for item in readable])
    elif readable:
        put_table(("ID", "STARTED (UTC)", "SEVERITY", "STATUS", "TITLE"), [_row(item) for item in readable])
    else:
        narrate("No incident is recorded yet.")
    for item in listed:
        for problem in item.problems:
            narrate(f"{item.incident.id}: {problem}")
    return WELL if len(readable) == len(listed) else CANNOT_TELL


def described(incident: Incident) -> dict[str, Any]:
    """An incident as the JSON of `incidents` has it."""
    return {
        "id": incident.id,
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "started_at": moment(incident.started_at),
        "drill": incident.drill,
    }


def _row(item: Listed) -> tuple[str, ...]:
    incident = item.incident
    title = f"{incident.title} (drill)" if incident.drill else incident.title
    if item.holder is not None:
        title = f"{title} (open in {item.holder})"
    return (incident.id, minute(incident.started_at), incident.severity or "-", incident.status, title)
