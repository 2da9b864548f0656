"""When people are told next: by the last promise, the severity, and what a person put off."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.model.folding import fold
from tui.model.incident import Entry, Kind
from tui.model.severity import Severity
from tui.model.times import rfc3339
from tui.model.update import update_due

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
EVERY = {
    Severity.P1: timedelta(minutes=15),
    Severity.P2: timedelta(minutes=30),
    Severity.P3: timedelta(hours=2),
    Severity.P4: timedelta(days=1),
}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def due(*told: tuple[float, Kind, dict[str, object]], severity: str | None = "P2") -> datetime | None:
    """When the next update is due after these entries, by their minutes."""
    declared = (0.0, Kind.DECLARED, {"severity": severity})
    entries = [
        Entry(f"{n:03}", at(when), at(when), "ana", kind, "", data)
        for n, (when, kind, data) in enumerate((declared, *told))
    ]
    return update_due(fold("inc-1", entries), EVERY)


def sent(
    minutes: float, following: float | None = None, **more: object
) -> tuple[float, Kind, dict[str, object]]:
    data = {"outcome": "sent", "audience": "internal", "next": rfc3339(at(following)) if following else None}
    return minutes, Kind.UPDATE, data | more


@pytest.mark.parametrize(("severity", "minutes"), [("P1", 15), ("P2", 30), ("P3", 120), ("P4", 1440)])
def test_the_first_is_due_by_the_severity_from_the_declaration(severity: str, minutes: int) -> None:
    assert due(severity=severity) == at(minutes)


def test_without_a_severity_or_once_resolved_nobody_waits() -> None:
    assert due(severity=None) is None
    assert due((5, Kind.RESOLVED, {})) is None
    assert update_due(None, EVERY) is None


def test_a_sent_update_counts_and_its_promise_stands() -> None:
    assert due(sent(10)) == at(40)
    assert due(sent(10, 28)) == at(28)


@pytest.mark.parametrize("outcome", ["failed", "unknown", "dropped", 7, None])
def test_what_did_not_surely_reach_anybody_does_not_count(outcome: object) -> None:
    assert due(sent(10, 28, outcome=outcome)) == at(30)


def test_a_page_to_pagerduty_tells_no_people() -> None:
    assert due(sent(10, None, audience="")) == at(30)


def test_a_higher_severity_brings_it_nearer_and_a_lower_one_breaks_no_promise() -> None:
    assert due(sent(10, 40), (12, Kind.SEVERITY, {"to": "P1"})) == at(27)
    assert due(sent(10, 40), (12, Kind.SEVERITY, {"to": "P3"})) == at(40)
    assert due((12, Kind.SEVERITY, {"to": "P1"})) == at(27)


def test_what_was_put_off_is_due_then_until_people_are_told_again() -> None:
    snoozed = (20.0, Kind.SNOOZED, {"until": rfc3339(at(90))})
    assert due(sent(10), snoozed) == at(90)
    assert due(sent(10), snoozed, sent(50)) == at(80)
    assert due(sent(10), snoozed, (55, Kind.SEVERITY, {"to": "P1"})) == at(70)
    assert due(sent(10), (20.0, Kind.SNOOZED, {"until": "soon"})) == at(40)
