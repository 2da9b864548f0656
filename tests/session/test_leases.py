"""Which change an undo is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.model.incident import Applied, Incident
from tui.model.mitigation import Lease
from tui.model.reading import LeaseSeen
from tui.session.leases import LeaseNews, told_undoable, undoable

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


def first(incident: Incident | None, found: tuple[Lease, ...]) -> Applied | LeaseSeen:
    """What an undo takes where nobody says which change is meant."""
    return undoable(incident, found)[0]


def test_nothing_is_live() -> None:
    assert undoable(None, ()) == ()
    assert undoable(Incident("inc-a"), ()) == ()


def test_of_several_live_changes_each_can_be_taken_back_the_latest_first() -> None:
    later = replace(OURS, intent="e2", mitigation="raise-timeout", variable="T", before=None, after="120")
    again = replace(OURS, intent="e3", before="3", after="2")
    able = undoable(Incident("inc-a", mitigations=(OURS, later, again)), (Lease(FALLBACK),))
    assert able == (again, later, FALLBACK)
    assert [told_undoable(one) for one in able] == [
        "MAX_CONCURRENT_MISTRAL 2 → 3",
        "T 120 → (unset)",
        "MISTRAL_FALLBACK true → false",
    ]


def test_the_latest_lease_on_the_object_that_is_still_ours() -> None:
    older = replace(FALLBACK, mitigation="raise-timeout", applied_at=NOW - timedelta(hours=1))
    assert first(None, (Lease(FALLBACK), Lease(older))) is FALLBACK


def test_an_overwritten_change_does_not_stand_before_one_that_is_live() -> None:
    assert first(None, (Lease(FALLBACK), OVERWRITTEN)) is FALLBACK
    assert first(Incident("inc-a", mitigations=(OURS,)), (Lease(FALLBACK), OVERWRITTEN)) is FALLBACK
    both = Incident("inc-a", mitigations=(replace(OURS, intent="e0", mitigation="raise-timeout"), OURS))
    found = first(both, (OVERWRITTEN,))
    assert isinstance(found, Applied) and found.mitigation == "raise-timeout"


def test_an_overwritten_change_alone_is_still_told_of() -> None:
    assert first(None, (OVERWRITTEN,)) is OVERWRITTEN.seen
    said = replace(OURS, lease="overwritten")
    assert first(Incident("inc-a", mitigations=(said,)), ()) is said


TAKEN = replace(OURS, lease="taken", lease_until=NOW + timedelta(hours=2))


def readings(change: Applied, *found: tuple[Lease, ...], read: bool = True) -> list[str]:
    """What is told of a change by readings of the deployment, one a minute, that found these leases."""
    news, incident, told = LeaseNews(), Incident("inc-a", mitigations=(change,)), []
    for minute, leases in enumerate(found, 1):
        at = NOW + timedelta(minutes=minute)
        told += news.gone(leases, incident, at if read else None, at)
        told += news.gone(leases, incident, at if read else None, at)
    return [f"{draft.data['event']}: {draft.text}" for draft in told]


def test_a_lease_that_two_readings_do_not_find_is_told_once() -> None:
    mine = Lease(replace(FALLBACK, incident="inc-a", mitigation="reduce-concurrency"))
    assert readings(TAKEN, (mine,), ()) == []
    assert readings(TAKEN, (mine,), (), (mine,), ()) == []
    (said,) = readings(TAKEN, (mine,), (), (), ())
    assert said.startswith("gone: the lease of MAX_CONCURRENT_MISTRAL=3 is no longer on the deployment")
    assert len(readings(TAKEN, (Lease(FALLBACK),), (Lease(FALLBACK),))) == 1


def test_what_was_taken_back_or_cannot_be_read_is_not_missed() -> None:
    assert readings(TAKEN, (), (), read=False) == []
    for change in (OURS, replace(TAKEN, undone=True), replace(TAKEN, lease="overwritten")):
        assert readings(change, (), ()) == []


def test_our_own_change_comes_before_another_incidents() -> None:
    assert first(Incident("inc-a", mitigations=(OURS,)), (Lease(FALLBACK),)) is OURS
    undone = Incident("inc-a", mitigations=(replace(OURS, undone=True),))
    assert first(undone, (Lease(FALLBACK),)) is FALLBACK
