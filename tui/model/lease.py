"""A lease: a temporary change, written as an annotation on the very object that it changes.

Any console, anywhere, finds it there, shows it and can take it back. The annotation's value is
the JSON object that `lease_text` writes; what does not fit is left out by `leases_of`, since
anybody with the permission can write an annotation.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tui.model import deployment as workload
from tui.model.reading import LeaseSeen
from tui.model.text import clean
from tui.model.times import parse_rfc3339, rfc3339

PREFIX = "leeward.dev/lease-"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class LeaseNote:
    """What the annotation says; `container` is where the variable stands.

    `kind` is the kind of change (`env`, or `scale`, whose variable is `replicas`); `more` are further
    variables of the same change, each with its value and the one before.
    """

    incident: str
    mitigation: str
    container: str
    variable: str
    value: str
    previous: str | None
    owner: str
    applied_at: datetime
    until: datetime
    kind: str = "env"
    more: tuple[tuple[str, str, str | None], ...] = ()

    def seen(self, live: str | None, overwritten_by: str = "") -> LeaseSeen:
        """The lease beside what the object has now, and who set that."""
        return LeaseSeen(
            incident=self.incident,
            mitigation=self.mitigation,
            variable=self.variable,
            value=self.value,
            previous=self.previous,
            live=live,
            owner=self.owner,
            until=self.until,
            applied_at=self.applied_at,
            overwritten_by=overwritten_by,
        )


def annotation_of(mitigation: str) -> str:
    """`leeward.dev/lease-reduce-concurrency`."""
    return PREFIX + mitigation


def lease_text(note: LeaseNote) -> str:
    """The annotation's value: JSON with sorted keys; `previous` null means that it was unset."""
    kind = {"kind": note.kind} if note.kind != "env" else {}
    more = {"more": [list(row) for row in note.more]} if note.more else {}
    return json.dumps(
        {
            **kind,
            **more,
            "incident": note.incident,
            "mitigation": note.mitigation,
            "container": note.container,
            "variable": note.variable,
            "value": note.value,
            "previous": note.previous,
            "owner": note.owner,
            "applied_at": rfc3339(note.applied_at),
            "until": rfc3339(note.until),
        },
        sort_keys=True,
        ensure_ascii=False,
    )


def notes_of(deployment: Mapping[str, Any]) -> tuple[LeaseNote, ...]:
    """The leases that are written on a Deployment, oldest first; what is no lease is left out."""
    found = (
        _note(key.removeprefix(PREFIX), value)
        for key, value in workload.annotations(deployment).items()
        if key.startswith(PREFIX)
    )
    return tuple(
        sorted((note for note in found if note), key=lambda note: (note.applied_at, note.mitigation))
    )


def leases_of(deployment: Mapping[str, Any]) -> tuple[LeaseSeen, ...]:
    """The leases that are written on a Deployment, each with the live value, and who set it, beside it."""
    return tuple(_seen(deployment, note) for note in notes_of(deployment))


def overwritten(deployment: Mapping[str, Any], lease: LeaseSeen) -> str:
    """Who changed what was leased: the field manager's name, "somebody", or "" while it is ours."""
    for found in leases_of(deployment):
        if (found.mitigation, found.variable) == (lease.mitigation, lease.variable):
            return found.overwritten_by
    return "somebody" if lease.live != lease.value else ""


def live_of(deployment: Mapping[str, Any], note: LeaseNote) -> str | None:
    """What the object has now in the place of what was leased."""
    if note.kind == "scale":
        return str(workload.replicas_wanted(deployment))
    return workload.live_value(deployment, note.container, note.variable)


def _seen(deployment: Mapping[str, Any], note: LeaseNote) -> LeaseSeen:
    live = live_of(deployment, note)
    if live != note.value:
        return note.seen(live, _writer(deployment, note, note.variable))
    for variable, value, _ in note.more:
        other = workload.live_value(deployment, note.container, variable)
        if other != value:
            text = f"{live}, but {variable} is {'(unset)' if other is None else other}"
            return note.seen(text, _writer(deployment, note, variable))
    return note.seen(live)


def _writer(deployment: Mapping[str, Any], note: LeaseNote, variable: str) -> str:
    if note.kind == "scale":
        manager = workload.field_manager(deployment, "f:spec", "f:replicas")
    else:
        manager = workload.env_manager(deployment, note.container, variable)
    # An entry that was removed has no owner left.
    return clean(manager, limit=60) or "somebody"


def _note(mitigation: str, text: str) -> LeaseNote | None:
    if len(text) > _LONGEST:
        return None
    try:
        data = json.loads(text)
        previous = data["previous"]
        note = LeaseNote(
            incident=_line(data["incident"]),
            mitigation=_line(mitigation),
            container=_line(data.get("container", "")),
            variable=_line(data["variable"]),
            value=_exact(data["value"]),
            previous=None if previous is None else _exact(previous),
            owner=_line(data["owner"]),
            applied_at=parse_rfc3339(_exact(data["applied_at"])),
            until=parse_rfc3339(_exact(data["until"])),
            kind=_line(data.get("kind", "env")),
            more=tuple(
                (_line(name), _exact(value), None if was is None else _exact(was))
                for name, value, was in data.get("more", ())
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    return note


def _line(value: Any) -> str:
    return clean(_exact(value), limit=253)


def _exact(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a lease's fields are texts")
    return value
