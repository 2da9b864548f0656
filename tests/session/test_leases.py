"""Which change an undo is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.model.incident import Applied, Incident
from tui.model.mitigation import Lease
from tui.model.reading import LeaseSeen
from tui.session.leases import undoable

NOW = datetime(2026, 11, 23, 15, 22, tzinfo=UTC)
FALLBACK = LeaseSeen(
    "inc-other", "enable-fallback", "MISTRAL_FALLBACK", "true", "false", "true", "a", NOW, NOW
)
OVERWRITTEN = Lease(
    LeaseSeen(
        "inc-other",
        "reduce-concurrency",
        "MAX_CONCURRENT_MISTRAL",
        "3",
        "10",
        "7",
        "a",
        NOW,
        NOW + timedelta(minutes=5),
        "kubectl-set",
    ),
    "kubectl-set",
)
OURS = Applied(
    "e1", "reduce-concurrency", "Reduce concurrency", "MAX_CONCURRENT_MISTRAL", "10", "3", NOW, "applied"
)


def test_nothing_is_live() -> None:
    assert undoable(None, ()) is None
    assert undoable(Incident("inc-a"), ()) is None


def test_the_latest_lease_on_the_object_that_is_still_ours() -> None:
    older = replace(FALLBACK, mitigation="raise-timeout", applied_at=NOW - timedelta(hours=1))
    assert undoable(None, (Lease(FALLBACK), Lease(older))) is FALLBACK


def test_an_overwritten_change_does_not_stand_before_one_that_is_live() -> None:
    assert undoable(None, (Lease(FALLBACK), OVERWRITTEN)) is FALLBACK
    assert undoable(Incident("inc-a", mitigations=(OURS,)), (Lease(FALLBACK), OVERWRITTEN)) is FALLBACK
    both = Incident("inc-a", mitigations=(replace(OURS, intent="e0", mitigation="raise-timeout"), OURS))
    found = undoable(both, (OVERWRITTEN,))
    assert isinstance(found, Applied) and found.mitigation == "raise-timeout"


def test_an_overwritten_change_alone_is_still_told_of() -> None:
    assert undoable(None, (OVERWRITTEN,)) is OVERWRITTEN.seen
    said = replace(OURS, lease="overwritten")
    assert undoable(Incident("inc-a", mitigations=(said,)), ()) is said


def test_our_own_change_comes_before_another_incidents() -> None:
    assert undoable(Incident("inc-a", mitigations=(OURS,)), (Lease(FALLBACK),)) is OURS
    undone = Incident("inc-a", mitigations=(replace(OURS, undone=True),))
    assert undoable(undone, (Lease(FALLBACK),)) is FALLBACK
