"""`leeward show`: one incident's entries."""

import os
from typing import Any

import click

from tui.cli import WELL, Options
from tui.cli.output import (
    failing_in_words,
    incident_data,
    minute,
    moment,
    narrate,
    put_bytes,
    put_json,
    put_table,
)
from tui.model.amending import Amendments, amendments
from tui.model.folding import fold
from tui.model.incident import Entry, Incident
from tui.model.mitigation import told
from tui.model.text import clean
from tui.model.times import date_and_time
from tui.record.reading import read
from tui.settings import state_dir


@click.command("show")
@click.argument("incident_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--handover", is_flag=True, help="The page for the next shift instead, as Markdown.")
@click.pass_obj
@failing_in_words
def command(options: Options, incident_id: str, as_json: bool, handover: bool) -> int:
    """Show one incident: its milestones, and its entries in the order in which they happened.

    With --handover: the impact, who has command, what was tried, what is live and not known, the next step.
    """
    record = read(state_dir(os.environ), incident_id)
    incident = fold(incident_id, record.entries)
    said, written = amendments(record.entries), {entry.id: entry for entry in record.entries}
    entries = sorted(map(said.told, record.entries), key=lambda entry: (entry.occurred_at, entry.id))
    if handover:
        _hand_over(options, incident, tuple(map(said.told, record.entries)), as_json)
    elif as_json:
        told = [_entry(entry) | _said_of(entry, written[entry.id], said) for entry in entries]
        put_json({"incident": _whole(incident), "entries": told})
    else:
        _print(incident, entries)
    for problem in record.problems:
        narrate(problem)
    return WELL


def _hand_over(options: Options, incident: Incident, entries: tuple[Entry, ...], as_json: bool) -> None:
    # The runbook and the settings are read for it alone.
    from tui.cli import handover

    if as_json:
        put_json(handover.parts(options, incident, entries))
    else:
        put_bytes(handover.page(options, incident, entries).encode())


def _print(incident: Incident, entries: list[Entry]) -> None:
    drill = ", drill" if incident.drill else ""
    click.echo(
        f"{incident.id}  {clean(incident.title)}  {incident.severity or '-'}  {incident.status}{drill}"
    )
    for name, at in _milestones(incident).items():
        by_hand = "  (set by hand)" if name in _by_hand(incident) else ""
        click.echo(f"  {name.replace('_', ' '):<22} {minute(at)}{by_hand}")
    if incident.commander:
        click.echo(f"  {'commander':<22} {clean(incident.commander)}")
    for change in incident.mitigations:
        if change.held:
            what = f"{change.variable}={told(change.after)}"
            until = date_and_time(change.lease_until) if change.lease_until else "-"
            click.echo(f"  {'held':<22} {clean(what)} by {clean(change.lease_owner)} until {until}")
    click.echo()
    put_table(
        ("TIME (UTC)", "KIND", "BY", "WHAT"),
        [(f"{e.occurred_at:%Y-%m-%d %H:%M:%S}", e.kind, e.actor, e.text) for e in entries],
    )


# What a milestone is called in this command's JSON, where that is not its name in the journal.
_CALLED = {"impact_started": "started", "commander_assigned": "ic_assigned"}


def _by_hand(incident: Incident) -> list[str]:
    """The milestones that a person has set."""
    return [_CALLED.get(one.name, one.name) for one in incident.corrected]


def _milestones(incident: Incident) -> dict[str, Any]:
    return {
        "started": incident.started_at,
        "alert_fired": incident.alert_at,
        "detected": incident.detected_at,
        "declared": incident.declared_at,
        "acknowledged": incident.acknowledged_at,
        "ic_assigned": incident.commander_at,
        "root_cause_identified": incident.root_cause_at,
        "mitigated": incident.mitigated_at,
        "resolved": incident.resolved_at,
    }


def _whole(incident: Incident) -> dict[str, Any]:
    return incident_data(incident) | {
        "milestones": {name: moment(at) for name, at in _milestones(incident).items()},
        "milestones_set": _by_hand(incident),
        "commander": incident.commander or None,
        "diagnosis": incident.diagnosis or None,
        "root_cause": incident.root_cause or None,
        "held": [
            {
                "mitigation": change.mitigation,
                "variable": change.variable,
                "value": change.after,
                "owner": change.lease_owner,
                "until": moment(change.lease_until),
            }
            for change in incident.mitigations
            if change.held
        ],
    }


def _said_of(entry: Entry, written: Entry, said: Amendments) -> dict[str, Any]:
    """What later entries say of this one; `original` is what it said before it was corrected."""
    original = {"text": written.text, "occurred_at": moment(written.occurred_at)}
    return {
        "redacted": entry.redacted,
        "pinned": entry.id in said.pinned,
        "original": original if said.corrected(entry.id) and not entry.redacted else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "occurred_at": moment(entry.occurred_at),
        "recorded_at": moment(entry.recorded_at),
        "actor": entry.actor,
        "kind": entry.kind,
        "text": entry.text,
        "data": entry.data,
    }
