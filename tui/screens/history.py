"""The timeline's rows, from the entries: pure functions."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from tui.model.incident import KEY_KINDS, Entry, Kind
from tui.screens.words import moment
from widgets.timeline import TimelineRow

_VERDICT_ROLES = {"effective": "ok", "ineffective": "warn", "harmful": "fail", "unknown": "unknown"}
# The column of kinds has ten cells.
_KINDS: Mapping[str, str] = {Kind.ACKNOWLEDGED: "ack"}
_LESSER: frozenset[str] = frozenset(Kind) - KEY_KINDS
_ROLES: Mapping[str, str] = {Kind.ALERT: "warn", Kind.DECLARED: "bold", Kind.RESOLVED: "ok"}


def timeline(entries: Iterable[Entry], zone: tzinfo | None = None) -> tuple[TimelineRow, ...]:
    """A row for each entry, in their order."""
    return tuple(timeline_row(entry, zone) for entry in entries)


def timeline_row(entry: Entry, zone: tzinfo | None = None) -> TimelineRow:
    """One entry. A kind that this version does not know is shown, as a key entry."""
    return TimelineRow(
        time=moment(entry.occurred_at, zone),
        kind=_KINDS.get(entry.kind, str(entry.kind)),
        text=entry.text,
        key=entry.kind not in _LESSER,
        role=_entry_role(entry),
    )


def is_overwritten(entry: Entry) -> bool:
    """Whether it tells that a change of ours stands no more: that is its verdict."""
    return entry.kind == Kind.LEASE and entry.data.get("event") == "overwritten"


def _entry_role(entry: Entry) -> str:
    if entry.kind == Kind.VERDICT:
        return _VERDICT_ROLES.get(entry.text.split(":")[0], "")
    if is_overwritten(entry):
        return "warn"
    if entry.kind == Kind.STATE and "→ fail" in entry.text:
        return "fail"
    return _ROLES.get(entry.kind, "")
