"""The timeline's rows, from the entries: pure functions."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from tui.model.amending import NONE, Amendments
from tui.model.doers import NONE as NO_CHANGES
from tui.model.doers import Approved, doer
from tui.model.incident import NOBODY, Entry, Kind, is_lesser
from tui.screens.words import moment
from widgets.timeline import TimelineRow

_VERDICT_ROLES = {"effective": "ok", "ineffective": "warn", "harmful": "fail", "unknown": "unknown"}
_ROLES: Mapping[str, str] = {Kind.ALERT: "warn", Kind.DECLARED: "bold", Kind.RESOLVED: "ok"}
# The column of kinds has ten cells.
_KINDS: Mapping[str, str] = {Kind.ACKNOWLEDGED: "ack", Kind.CORRECTION: "corrected"}


def timeline(
    entries: Iterable[Entry],
    zone: tzinfo | None = None,
    said: Amendments = NONE,
    by: Approved = NO_CHANGES,
) -> tuple[TimelineRow, ...]:
    """A row for each entry, in their order; `said` is what later ones say of them, `by` who approved what."""
    return tuple(timeline_row(entry, zone, said, by) for entry in entries)


def timeline_row(
    entry: Entry, zone: tzinfo | None = None, said: Amendments = NONE, by: Approved = NO_CHANGES
) -> TimelineRow:
    """One entry. A kind that this version does not know is shown, as a key entry."""
    name, text, pinned = entry.kind, entry.text, False
    # A hundred thousand rows are made at once: what is said of nothing is not asked for each.
    if said is not NONE:
        pinned = entry.id in said.pinned
        text = f"(corrected) {text}" if said.corrected(entry.id) else text
    return TimelineRow(
        moment(entry.occurred_at, zone),
        _KINDS.get(name) or str(name),
        text,
        pinned or not is_lesser(entry),
        "dim" if entry.redacted else _entry_role(entry),
        entry.id,
        pinned,
        doer(entry, by),
    )


def writers(entries: Iterable[Entry]) -> set[str]:
    """The people who wrote these entries; the program itself is none."""
    return {entry.actor for entry in entries} - NOBODY


def alike(old: tuple[Entry, ...], new: tuple[Entry, ...]) -> int:
    """How many entries both begin with. Slices are compared, by identity first: that costs little."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def kind(name: str) -> str:
    """A kind as the timeline calls it."""
    return _KINDS.get(name, str(name))


def is_overwritten(entry: Entry) -> bool:
    """Whether it tells that a change of ours stands no more: that is its verdict."""
    return entry.kind == Kind.LEASE and entry.data.get("event") == "overwritten"


def _entry_role(entry: Entry) -> str:
    if entry.kind == Kind.VERDICT:
        return _VERDICT_ROLES.get(entry.text.split(":")[0], "")
    if is_overwritten(entry) or (entry.kind == Kind.LOCK and not is_lesser(entry)):
        return "warn"
    if entry.kind == Kind.STATE and "→ fail" in entry.text:
        return "fail"
    return _ROLES.get(entry.kind, "")
