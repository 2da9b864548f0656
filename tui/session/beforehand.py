"""What waits for an incident: looking needs none, and what is seen meanwhile is part of the next one."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from tui.model.incident import KEPT_ID, Draft, Entry, Kind

# Enough for a night of looking; older changes of state fall off the front.
KEPT = 2000


class Beforehand:
    """The drafts that wait, and which alerts were told, so that each is told once.

    Attributes:
        shown: what waits as entries, for the timeline; only it has no id yet.
    """

    def __init__(self) -> None:
        self._kept: deque[Draft] = deque(maxlen=KEPT)
        self._alerts: set[tuple[str, str]] = set()
        self.shown: tuple[Entry, ...] = ()

    def news(self, drafts: Iterable[Draft]) -> list[Draft]:
        """All but the alerts that were told before."""
        return [draft for draft in drafts if self._is_news(draft)]

    def know(self, entries: Iterable[Entry]) -> None:
        """These are recorded: the alerts among them are told."""
        self._alerts.update(_alert_key(entry.data) for entry in entries if entry.kind == Kind.ALERT)

    def keep(self, drafts: Iterable[Draft]) -> None:
        """Let these wait."""
        self._kept.extend(drafts)

    def show(self) -> None:
        """Show what waits as it is now, in the order in which it happened."""
        waiting = sorted(self._kept, key=lambda draft: draft.occurred_at)
        self.shown = tuple(
            Entry(f"{KEPT_ID}{n}", d.occurred_at, d.occurred_at, d.actor, d.kind, d.text, d.data)
            for n, d in enumerate(waiting)
        )

    def for_new(self, alerts: Iterable[Draft], elsewhere: frozenset[str]) -> list[Draft]:
        """What a new incident begins with: these alerts, each once, and what waits but for others' alerts."""
        kept = [
            draft
            for draft in self._kept
            if draft.kind is not Kind.ALERT or draft.data.get("fingerprint") not in elsewhere
        ]
        known = {_alert_key(draft.data) for draft in kept if draft.kind is Kind.ALERT}
        return [*(draft for draft in alerts if _alert_key(draft.data) not in known), *kept]

    def for_resumed(self) -> list[Draft]:
        """What may concern an incident that exists: the alerts that wait. Nothing waits any more."""
        alerts = [draft for draft in self._kept if draft.kind is Kind.ALERT]
        self.clear()
        self._alerts = set()
        return alerts

    def clear(self) -> None:
        """Nothing waits any more."""
        self._kept.clear()
        self.shown = ()

    def _is_news(self, draft: Draft) -> bool:
        if draft.kind is not Kind.ALERT:
            return True
        key = _alert_key(draft.data)
        if key in self._alerts:
            return False
        self._alerts.add(key)
        return True


def _alert_key(data: Any) -> tuple[str, str]:
    return (str(data.get("fingerprint", "")), str(data.get("starts_at", "")))
