"""Who must decide about a lease before an incident ends, and what counts as a decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.incident import DECIDES, Applied, Entry, Incident, Kind
from tui.model.mitigation import Lease
from tui.model.reading import LeaseSeen
from tui.session.deciding import end_of, kept_as_it_is, owner_of, undecided, unseen
from tui.session.errors import SessionError

NOW = datetime(2026, 11, 23, 15, 3, tzinfo=UTC)
SEEN = LeaseSeen(
    incident="inc-a",
    mitigation="reduce-concurrency",
    variable="MAX_CONCURRENT_MISTRAL",
    value="3",
    previous="10",
    live="3",
    owner="alice",
    until=NOW + timedelta(hours=2),
    applied_at=NOW - timedelta(minutes=9),
)
LIVE = Lease(SEEN)
MADE = Applied(
    "e1",
    SEEN.mitigation,
    "Reduce",
    SEEN.variable,
    "10",
    "3",
    SEEN.applied_at,
    outcome="applied",
    lease="taken",
)
INCIDENT = Incident("inc-a", mitigations=(MADE,))


def kept(until: datetime) -> Incident:
    return replace(INCIDENT, mitigations=(replace(MADE, lease="kept", lease_until=until, lease_owner="bob"),))


def test_a_live_lease_of_the_incident_is_undecided_until_it_is_kept() -> None:
    assert undecided(INCIDENT, (LIVE,), NOW) == (LIVE,)
    assert undecided(kept(NOW + timedelta(hours=1)), (LIVE,), NOW) == ()


def test_a_decision_counts_until_its_end() -> None:
    assert undecided(kept(NOW), (LIVE,), NOW) == (LIVE,)


def test_another_incidents_lease_has_an_owner_until_its_end() -> None:
    other = Lease(replace(SEEN, incident="inc-b"))
    assert undecided(INCIDENT, (other,), NOW) == ()
    over = Lease(replace(other.seen, until=NOW))
    assert undecided(INCIDENT, (over,), NOW) == (over,)


def test_what_somebody_has_overwritten_is_nobodys_to_keep() -> None:
    theirs = Lease(replace(SEEN, live="10"), "argocd")
    assert undecided(INCIDENT, (theirs,), NOW) == ()
    with pytest.raises(SessionError, match="no longer the 3"):
        kept_as_it_is(INCIDENT, theirs, NOW, "bob")


def test_keeping_it_as_it_is_names_its_owner_and_its_end() -> None:
    draft = kept_as_it_is(INCIDENT, LIVE, NOW, "bob")
    assert draft.text == "kept: MAX_CONCURRENT_MISTRAL=3, held by alice until 2026-11-23 17:03 UTC"
    entry = Entry("e2", NOW, NOW, "bob", draft.kind, draft.text, draft.data)
    from tui.model.folding import advance

    (change,) = advance(INCIDENT, entry).mitigations
    assert (change.lease, change.lease_owner, change.lease_until, change.held) == (
        "kept",
        "alice",
        SEEN.until,
        True,
    )
    with pytest.raises(SessionError, match="was to be held until"):
        kept_as_it_is(INCIDENT, Lease(replace(SEEN, until=NOW)), NOW, "bob")


def test_what_should_be_live_and_was_not_seen_is_named() -> None:
    assert unseen(INCIDENT, ()) == ("MAX_CONCURRENT_MISTRAL=3",)
    assert unseen(INCIDENT, (LIVE,)) == ()
    undone = replace(INCIDENT, mitigations=(replace(MADE, undone=True),))
    assert unseen(undone, ()) == ()


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2h", NOW + timedelta(hours=2)),
        (" 1d ", NOW + timedelta(days=1)),
        ("17:30", NOW.replace(hour=17, minute=30)),
        ("9:00", NOW.replace(hour=9, minute=0) + timedelta(days=1)),
        ("2026-11-24", datetime(2026, 11, 24, 23, 59, tzinfo=UTC)),
        ("2026-11-24 9:05", datetime(2026, 11, 24, 9, 5, tzinfo=UTC)),
    ],
)
def test_the_end_is_a_duration_a_time_or_a_day(text: str, until: datetime) -> None:
    assert end_of(text, NOW) == until


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no time"),
        ("soon", "no time"),
        ("25:00", "no time"),
        ("2026-13-01", "no time"),
        ("2026-11-22", "has passed"),
        ("0s", "has passed"),
        ("91d", "not temporary"),
        ("99999999999d", "no time"),
    ],
)
def test_what_is_no_end_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(SessionError, match=said) as refused:
        end_of(text, NOW)
    assert refused.value.remedy


@given(st.text(max_size=30))
def test_an_end_is_in_the_time_to_come_or_refused(text: str) -> None:
    try:
        until = end_of(text, NOW)
    except SessionError:
        return
    assert NOW < until <= NOW + timedelta(days=90)


def test_somebody_must_be_named() -> None:
    assert owner_of(" bob\n") == "bob"
    with pytest.raises(SessionError, match="Nobody was named"):
        owner_of(" \x1b ")


def test_a_decision_in_force_is_the_changes_new_owner_and_end() -> None:
    from tui.model.folding import advance

    until = "2026-11-24T09:00:00.000Z"
    data = {
        "mitigation": SEEN.mitigation,
        "change": DECIDES,
        "mark": {"of": "e1", "owner": "bob", "until": until},
    }
    asked = advance(INCIDENT, Entry("e2", NOW, NOW, "bob", Kind.INTENT, "keep", data))
    assert undecided(asked, (LIVE,), NOW) == (LIVE,)
    applied = Entry("e3", NOW, NOW, "leeward", Kind.OUTCOME, "", {"intent": "e2", "outcome": "applied"})
    done = advance(asked, applied)
    assert done.mitigations[0].lease_owner == "bob"
    assert undecided(done, (LIVE,), NOW) == ()
    refused = Entry("e3", NOW, NOW, "leeward", Kind.OUTCOME, "", {"intent": "e2", "outcome": "refused"})
    assert undecided(advance(asked, refused), (LIVE,), NOW) == (LIVE,)
