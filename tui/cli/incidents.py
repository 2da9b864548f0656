"""`leeward incidents`: past and open incidents, what they have in common, and which were like another."""

import os
from datetime import UTC, datetime, timedelta

import click

from tui.cli import CANNOT_TELL, USAGE, WELL, Options
from tui.cli.output import Failure, failing_in_words, incident_data, minute, narrate, put_json, put_table
from tui.model.incident import Incident, Status
from tui.model.severity import Severity
from tui.record.reading import Listed, list_incidents
from tui.settings import SettingsError, duration, state_dir

OPEN = "open"


@click.command("incidents")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--since", metavar="WHEN", default="", help="Begun since: 2026-11-01, or 30d for 30 days ago.")
@click.option(
    "--severity",
    "severities",
    type=click.Choice([s.value for s in Severity], case_sensitive=False),
    multiple=True,
    help="Of this severity.",
)
@click.option(
    "--status",
    "statuses",
    type=click.Choice([OPEN, *(s.value for s in Status)]),
    multiple=True,
    help="In this status, or open.",
)
@click.option("--diagnosis", "diagnoses", metavar="ID", multiple=True, help="With this cause or diagnosis.")
@click.option("--stats", is_flag=True, help="Counts, medians and ranges. A drill counts in none.")
@click.option("--similar", metavar="ID", default="", help="Those that were like this one, and why.")
@click.option("--drills", is_flag=True, help="With --stats, drills apart; with --similar, drills too.")
@click.option("--shared", is_flag=True, help="Those in the shared place instead, whoever works them.")
@click.pass_obj
@failing_in_words
def command(
    options: Options,
    as_json: bool,
    since: str,
    severities: tuple[str, ...],
    statuses: tuple[str, ...],
    diagnoses: tuple[str, ...],
    stats: bool,
    similar: str,
    drills: bool,
    shared: bool,
) -> int:
    """List past and open incidents, the latest first. A drill's are flagged.

    The filters may be given more than once: one of each kind must hold. With --stats they are compared,
    with --similar ranked. Times are UTC.
    """
    if stats and similar:
        raise Failure("--stats and --similar cannot both be asked.", USAGE)
    if shared:
        if since or severities or statuses or diagnoses or stats or similar or drills:
            raise Failure("--shared goes with --json alone: the rest is about this machine's record.", USAGE)
        # The cluster's client is loaded for it alone.
        from tui.cli import shared_incidents

        return shared_incidents.put(options, as_json=as_json)
    listed = list_incidents(state_dir(os.environ))
    begun = _since(since, datetime.now(UTC))
    readable = [item for item in listed if item.incident.declared_at or not item.problems]
    wanted = [item for item in readable if _is_wanted(item.incident, begun, severities, statuses, diagnoses)]
    if stats or similar:
        # What compares reads every record whole: the plain list does not wait for it.
        from tui.cli import comparing

        incidents = [item.incident for item in wanted]
        if stats:
            comparing.put_stats(incidents, drills=drills, as_json=as_json)
        else:
            comparing.put_similar(similar, incidents, drills=drills, as_json=as_json)
    elif as_json:
        put_json([incident_data(item.incident) for item in wanted])
    elif wanted:
        put_table(("ID", "STARTED (UTC)", "SEVERITY", "STATUS", "TITLE"), [_row(item) for item in wanted])
    else:
        narrate("No incident is like that." if readable else "No incident is recorded yet.")
    for item in listed:
        for problem in item.problems:
            narrate(f"{item.incident.id}: {problem}")
    return WELL if len(readable) == len(listed) else CANNOT_TELL


def _is_wanted(
    incident: Incident,
    begun: datetime | None,
    severities: tuple[str, ...],
    statuses: tuple[str, ...],
    diagnoses: tuple[str, ...],
) -> bool:
    """Whether every kind of filter lets it through; a begin that is unknown is not since anything."""
    at = incident.started_at or incident.declared_at
    return (
        (begun is None or (at is not None and at >= begun))
        and (not severities or incident.severity in severities)
        and (not statuses or incident.status in statuses or (incident.open and OPEN in statuses))
        and (not diagnoses or not {incident.root_cause, incident.diagnosis}.isdisjoint(diagnoses))
    )


def _since(text: str, now: datetime) -> datetime | None:
    """A day (UTC), a moment, or a length of time before now. Raises Failure."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
    except ValueError:
        pass
    try:
        length: timedelta = duration(text)
        return now - length
    except (SettingsError, OverflowError) as error:
        raise Failure(
            f"--since: {text!r} is no day and no length of time: write 2026-11-01 or 30d.", USAGE
        ) from error


def _row(item: Listed) -> tuple[str, ...]:
    incident = item.incident
    title = f"{incident.title} (drill)" if incident.drill else incident.title
    if item.holder is not None:
        title = f"{title} (open in {item.holder})"
    return (incident.id, minute(incident.started_at), incident.severity or "-", incident.status, title)
