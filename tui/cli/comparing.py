"""What `leeward incidents` says of several incidents at once."""

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import click

from tui.cli.output import incident_data, minute, narrate, put_json, put_table
from tui.model.amending import amended
from tui.model.comparison import Comparison, Likeness, Past, Spread, compare, similar
from tui.model.folding import fold
from tui.model.incident import Incident
from tui.model.text import clean
from tui.model.times import span
from tui.record.reading import read
from tui.settings import state_dir

UNKNOWN = "unknown"


def put_stats(incidents: Sequence[Incident], *, drills: bool, as_json: bool) -> None:
    """Print counts, medians and ranges; drills apart, where they are asked for, or not at all."""
    real = compare(_past(incident for incident in incidents if not incident.drill))
    practised = [incident for incident in incidents if incident.drill]
    apart = compare(_past(practised)) if drills else None
    if as_json:
        put_json({"incidents": _stats(real), "drills": _stats(apart) if apart else None})
        return
    _print("incident", real)
    if apart is not None:
        click.echo()
        click.echo("Drills, which count in none of the above:")
        _print("drill", apart)
    elif practised:
        many = "1 drill is" if len(practised) == 1 else f"{len(practised)} drills are"
        narrate(f"{many} not counted; --drills compares drills apart.")


def put_similar(incident_id: str, incidents: Sequence[Incident], *, drills: bool, as_json: bool) -> None:
    """Print the incidents that were like this one. Raises NoSuchIncident, JournalError."""
    (to,) = _past([_folded(incident_id)])
    others = [one for one in incidents if drills or to.incident.drill or not one.drill]
    found = similar(to, _past(others))
    if as_json:
        put_json([_like(one) for one in found])
    elif found:
        put_table(
            ("LIKE", "ID", "STARTED (UTC)", "TITLE", "WHY", "HELPED"),
            [
                (
                    f"{one.share:.0%}",
                    one.incident.id,
                    minute(one.incident.started_at),
                    one.incident.title,
                    "; ".join(one.why),
                    ", ".join(one.helped) or "-",
                )
                for one in found
            ],
        )
    else:
        narrate(f"No other incident has anything in common with {incident_id}.")


def _folded(incident_id: str) -> Incident:
    return fold(incident_id, read(state_dir(os.environ), incident_id).entries)


def _past(incidents: Iterable[Incident]) -> list[Past]:
    folder = os.environ
    return [
        Past(incident, tuple(amended(read(state_dir(folder), incident.id).entries))) for incident in incidents
    ]


def _print(what: str, compared: Comparison) -> None:
    many = what if compared.count == 1 else f"{what}s"
    click.echo(f"{compared.count} {many}, {compared.open} open")
    for by, counts in (
        ("severity", compared.severities),
        ("status", compared.statuses),
        ("diagnosis", compared.diagnoses),
    ):
        if counts:
            click.echo(f"  by {by:<10} {', '.join(f'{clean(word)} {count}' for word, count in counts)}")
    click.echo()
    put_table(("", "MEDIAN", "SHORTEST", "LONGEST", "KNOWN"), [_spread_row(one) for one in compared.spreads])


def _spread_row(one: Spread) -> tuple[str, ...]:
    lengths = (UNKNOWN if value is None else span(value) for value in (one.median, one.low, one.high))
    return (one.name, *lengths, f"{one.known} of {one.of}")


def _stats(compared: Comparison) -> dict[str, Any]:
    return {
        "count": compared.count,
        "open": compared.open,
        "severities": dict(compared.severities),
        "statuses": dict(compared.statuses),
        "diagnoses": dict(compared.diagnoses),
        "measures": [
            {
                "id": one.id,
                "name": one.name,
                "definition": one.definition,
                "known": one.known,
                "of": one.of,
                "median_s": _seconds(one.median),
                "shortest_s": _seconds(one.low),
                "longest_s": _seconds(one.high),
            }
            for one in compared.spreads
        ],
    }


def _like(one: Likeness) -> dict[str, Any]:
    return incident_data(one.incident) | {
        "likeness": one.share,
        "why": list(one.why),
        "helped": list(one.helped),
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)
