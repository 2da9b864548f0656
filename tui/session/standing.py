"""How each check stands, as an entry keeps it: what a console that comes back compares with."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tui.model.incident import Draft, Entry, Incident, Kind
from tui.model.reading import Check, Held, State
from tui.model.times import span


def joined(resumed: Draft, incident: Incident, entries: Iterable[Entry]) -> Draft:
    """What a console writes that is new to an incident, instead of that it resumed it.

    All that happened since the incident began is news there.
    """
    began = incident.started_at or incident.declared_at or resumed.occurred_at
    declared = min((entry.id for entry in entries if entry.kind == Kind.DECLARED), default="")
    age = max(resumed.occurred_at - began, timedelta(0))
    data = {**resumed.data, "away_s": round(age.total_seconds()), "last": declared}
    return replace(resumed, kind=Kind.JOINED, text=f"{span(age)} after it began", data=data)


def left_at(entries: Iterable[Entry], last: str) -> tuple[Entry, ...]:
    """The entries up to where this console left, of which `last` is its own last one; "" is all of them.

    Where several work an incident the others went on meanwhile, and that is news here.
    """
    return tuple(entry for entry in entries if not last or entry.id <= last)


def standing(checks: Mapping[Check, Held]) -> dict[str, dict[str, Any]]:
    """By check, its state and its few words; what the settings do not name is left out."""
    return {
        check.value: {"state": held.latest.state.value, "summary": held.latest.summary}
        for check, held in checks.items()
        if held.latest.state is not State.UNSET
    }
