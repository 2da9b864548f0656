"""Action items: what people wrote down, and what the record itself leaves to do."""

from collections.abc import Iterable, Iterator

from tui.model.incident import Applied, Entry, Incident, Kind
from tui.model.mitigation import told
from tui.model.times import date_and_time
from tui.model.written import ACTION, ActionItem


def proposed(incident: Incident, entries: Iterable[Entry], failed: float | None) -> Iterator[ActionItem]:
    """Notes that begin with `action:`, temporary changes that are still live, and what nobody measured.

    Each has an id of its own that stays, so that what a person makes of it is not proposed again.
    """
    for entry in sorted(entries, key=lambda entry: entry.id):
        if entry.kind == Kind.NOTE and entry.text.lower().startswith(ACTION):
            yield ActionItem(f"note-{entry.id}", entry.text[len(ACTION) :].strip(), owner=entry.actor)
    for applied in incident.mitigations:
        yield from _left(applied, incident.commander)
    if incident.alert_at is None:
        yield ActionItem("alert", "No alert fired: add one that would have", "P3")
    if failed is None:
        action = "Failed requests are unknown: see that the metrics cover the next incident"
        yield ActionItem("metrics", action, "P4")


def _left(applied: Applied, commander: str) -> Iterator[ActionItem]:
    """What a change leaves to be done."""
    if applied.lease in ("taken", "kept", "ended") and not applied.undone:
        action = f"{applied.variable} is still {told(applied.after)}: undo it, or declare it for good"
        until = date_and_time(applied.lease_until) if applied.lease_until else ""
        yield ActionItem(f"lease-{applied.intent}", action, "P2", applied.lease_owner or commander, until)
    if applied.kind == "rotate-key" and applied.stands and not (applied.undone or applied.undoes):
        action = f"Revoke {told(applied.before)} once nothing uses it, and remove the store's copy of it"
        yield ActionItem(f"key-{applied.intent}", action, "P2", commander)
    back = applied.kind == "rollback" and applied.outcome == "applied"
    if back and not (applied.undone or applied.undoes):
        action = f"{applied.title}: mend the release that was taken back, and declare what runs now"
        yield ActionItem(f"release-{applied.intent}", action, "P2", commander)
