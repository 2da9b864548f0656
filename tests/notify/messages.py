"""Messages and facts made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.model.incident import Status
from tui.model.severity import Severity
from tui.model.update import Audience
from tui.notify.message import Message
from tui.notify.templates import Facts

NOW = datetime(2026, 11, 23, 15, 8, 0, tzinfo=UTC)


def facts(**more: Any) -> Facts:
    """The facts of a rate limit."""
    known: dict[str, Any] = {
        "severity": Severity.P2,
        "status": Status.INVESTIGATING,
        "impact": "12 % of calls fail",
        "action": "reducing concurrency",
        "next_update": NOW + timedelta(minutes=18),
        "commander": "ana",
        "features": ("AI answers", "AI search"),
        "workaround": "Search without AI works.",
        "at": NOW,
    }
    return Facts(**{**known, **more})


def message(text: str = "hello", **more: Any) -> Message:
    """A message to Slack that waits."""
    known: dict[str, Any] = {
        "id": "m1",
        "incident": "inc-20261123-1503-7f3a",
        "target": "slack",
        "place": "Slack #incidents",
        "asked_at": NOW,
        "actor": "ana",
        "audience": Audience.INTERNAL,
        "status": "investigating",
        "severity": "P2",
        "text": text,
    }
    return Message(**{**known, **more})
