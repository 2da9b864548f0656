"""Milestones: how a time is typed, which order they lie in, and that what a person says of them stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.folding import advance, fold
from tui.model.incident import Entry, Incident, Kind, Status
from tui.model.milestones import FIELDS, ORDER, Milestone, Typed, WrongTime, placed, times, told, typed
from tui.model.times import rfc3339

NOW = datetime(2026, 11, 23, 15, 22, 30, tzinfo=UTC)
START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MOMENTS = st.integers(0, 10 * 365 * 86400).map(
    lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def entry(minutes: float, kind: str, **data: Any) -> Entry:
    data = {key.rstrip("_"): value for key, value in data.items()}
    return Entry(f"{round(minutes * 1000):09}", at(minutes), at(minutes), "ana", kind, kind, data)


def said(minutes: float, milestone: Milestone, when: datetime | None) -> Entry:
    return entry(
        minutes, Kind.MILESTONE, name=milestone.value, at=rfc3339(when) if when else None, before=None
    )


STORY = (
    entry(0, Kind.STATE, check="mistral_api", from_="ok", to="fail"),
    entry(2, Kind.DECLARED, title="t", severity="P2"),
    entry(3, Kind.ACKNOWLEDGED),
    entry(4, Kind.COMMANDER, name="ana"),
    entry(5, Kind.DIAGNOSIS, id="rate-limited", title="Rate limited"),
    entry(6, Kind.STATUS, to="monitoring"),
    entry(10, Kind.RESOLVED),
)


@pytest.mark.parametrize(
    ("text", "meant", "minute"),
    [
        ("15:03", "2026-11-23 15:03:00", True),
        (" 15:03 UTC ", "2026-11-23 15:03:00", True),
        ("15:03z", "2026-11-23 15:03:00", True),
        ("15:03:11", "2026-11-23 15:03:11", False),
        ("2026-11-22 15:03", "2026-11-22 15:03:00", True),
        ("2026-11-22T15:03:11Z", "2026-11-22 15:03:11", False),
        ("20 min ago", "2026-11-23 15:02:30", False),
        ("1 h 20 min ago", "2026-11-23 14:02:30", False),
        ("90s ago", "2026-11-23 15:21:00", False),
        ("2 days ago", "2026-11-21 15:22:30", False),
        ("now", "2026-11-23 15:22:30", False),
        # A time that today has not had yet was yesterday's.
        ("15:23", "2026-11-22 15:23:00", True),
        ("23:59:59", "2026-11-22 23:59:59", False),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, meant: str, minute: bool) -> None:
    assert typed(text, NOW) == Typed(datetime.fromisoformat(f"{meant}+00:00"), minute)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No time was typed."),
        ("soon", "'soon' is no time."),
        ("25:00", "'25:00' is no time of day."),
        ("15:61", "'15:61' is no time of day."),
        ("2026-11-23", "has a day and no time"),
        ("2026-02-30 10:00", "no day of the calendar"),
        ("2026-11-23 tomorrow", "no time of day that can be read"),
        ("20 weeks ago", "'weeks' is no unit of time"),
        ("999999 days ago", "too long ago"),
        ("15:03 CET", "is no time"),
        ("１５:０３", "is no time"),
    ],
)
def test_what_is_no_time_is_said_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(WrongTime) as wrong:
        typed(text, NOW)
    assert said in wrong.value.said
    assert wrong.value.remedy.startswith("Write")


@given(st.text(), MOMENTS)
def test_anything_that_is_typed_is_a_past_time_of_utc_or_refused_in_words(text: str, now: datetime) -> None:
    try:
        found = typed(text, now)
    except WrongTime as wrong:
        assert wrong.said.endswith(".")
        assert wrong.remedy.endswith(".")
    else:
        assert found.at.tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_what_is_told_is_read_back(moment: datetime, now: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert typed(told(moment), now).at == moment


@given(st.times(), MOMENTS)
def test_a_time_without_a_day_is_the_nearest_past_one(clock: Any, now: datetime) -> None:
    found = typed(f"{clock:%H:%M:%S}", now).at
    assert found <= now < found + timedelta(days=1)
    assert f"{found:%H:%M:%S}" == f"{clock:%H:%M:%S}"


@given(st.integers(0, 10_000), st.sampled_from([("s", 1), ("min", 60), ("h", 3600), ("d", 86400)]), MOMENTS)
def test_so_long_ago_is_so_long_before_now(count: int, unit: tuple[str, int], now: datetime) -> None:
    assert typed(f"{count} {unit[0]} ago", now).at == now - timedelta(seconds=count * unit[1])


def test_what_a_person_says_stands_over_what_the_entries_tell_also_after_later_ones() -> None:
    story = list(STORY[:3])
    told = said(3.5, Milestone.IMPACT_STARTED, at(-20))
    later = entry(4, Kind.ALERT, fingerprint="f1", starts_at=rfc3339(at(-5)))
    incident = fold("inc-1", [*story, told, later])
    assert (incident.started_at, incident.alert_at) == (at(-20), at(-5))
    assert incident.detected_at == at(-5)
    again = fold("inc-1", [*story, told, later, said(5, Milestone.IMPACT_STARTED, at(-30))])
    assert again.started_at == at(-30)
    without = fold("inc-1", [*story, told, later, said(5, Milestone.IMPACT_STARTED, None)])
    assert without.started_at == at(-5)
    assert without.corrected == ()


def test_mitigated_said_by_a_person_outlives_a_verdict_and_ends_where_it_did_not_hold() -> None:
    told = said(5.5, Milestone.MITIGATED, at(5.2))
    assert fold("inc-1", [*STORY[:5], told, STORY[5]]).mitigated_at == at(5.2)
    back = entry(8, Kind.STATUS, to="investigating")
    assert fold("inc-1", [*STORY[:5], told, STORY[5], back]).mitigated_at is None


def test_a_cause_found_after_it_was_mitigated_by_a_persons_word_is_no_other_cause() -> None:
    other = entry(7, Kind.DIAGNOSIS, id="app-fault", title="Our own service")
    incident = fold("inc-1", [*STORY[:5], said(5.5, Milestone.MITIGATED, at(5.2)), other])
    assert incident.root_cause == "rate-limited"


def test_opened_again_it_is_not_resolved_and_keeps_its_other_milestones() -> None:
    resolved = replace_reason(STORY[6])
    story = [*STORY[:6], resolved, said(11, Milestone.RESOLVED, at(9)), said(12, Milestone.DETECTED, at(1))]
    assert fold("inc-1", story).resolved_at == at(9)
    again = fold("inc-1", [*story, entry(20, Kind.STATUS, from_="resolved", to="investigating")])
    assert (again.status, again.resolved_at, again.open) == (Status.INVESTIGATING, None, True)
    assert (again.reason, again.failed_requests, again.coverage) == ("", None, None)
    assert (again.acknowledged_at, again.commander_at, again.detected_at) == (at(3), at(4), at(1))
    over = fold("inc-1", [*story, entry(20, Kind.STATUS, to="investigating"), entry(30, Kind.RESOLVED)])
    assert over.resolved_at == at(30)


def replace_reason(resolved: Entry) -> Entry:
    data = {"reason": "over now", "failed_requests": 3, "coverage": 1}
    return Entry(resolved.id, resolved.occurred_at, resolved.recorded_at, "ana", resolved.kind, "", data)


@pytest.mark.parametrize(
    "data", [{}, {"name": "nonsense"}, {"name": 3, "at": 4}, {"name": "mitigated", "at": "x"}]
)
def test_a_milestone_that_cannot_be_read_changes_nothing(data: dict[str, Any]) -> None:
    assert fold("inc-1", [*STORY, entry(12, Kind.MILESTONE, **data)]) == fold("inc-1", STORY)


def test_out_of_order_is_refused_with_a_sentence_that_names_the_two() -> None:
    incident = fold("inc-1", STORY)
    with pytest.raises(WrongTime) as wrong:
        placed(incident, Milestone.ACKNOWLEDGED, Typed(at(1)), NOW)
    assert str(wrong.value) == (
        "Acknowledged at 2026-11-23 15:01 UTC would be before detected at 2026-11-23 15:02 UTC. "
        "Give another time, or correct detected first."
    )
    with pytest.raises(WrongTime, match=r"Mitigated .* would be after resolved at"):
        placed(incident, Milestone.MITIGATED, Typed(at(11)), NOW)
    with pytest.raises(WrongTime, match="in the future"):
        placed(incident, Milestone.RESOLVED, Typed(NOW + timedelta(minutes=1)), NOW)


def test_what_may_come_in_either_order_does() -> None:
    incident = fold("inc-1", STORY[:6])
    assert placed(incident, Milestone.ROOT_CAUSE_IDENTIFIED, Typed(at(9)), NOW) == at(9)
    assert placed(incident, Milestone.ALERT_FIRED, Typed(at(12)), NOW) == at(12)


def test_a_time_without_seconds_in_the_minute_of_the_one_before_is_its_moment() -> None:
    incident = fold("inc-1", [entry(2.5, Kind.DECLARED, title="t")])
    assert placed(incident, Milestone.ACKNOWLEDGED, Typed(at(2), minute=True), NOW) == at(2.5)
    with pytest.raises(WrongTime):
        placed(incident, Milestone.ACKNOWLEDGED, Typed(at(2)), NOW)


@given(st.lists(st.tuples(st.sampled_from(Milestone), st.integers(-600, 22), st.booleans()), max_size=12))
def test_whatever_is_set_the_milestones_stay_in_order(changes: list[tuple[Milestone, int, bool]]) -> None:
    incident = fold("inc-1", STORY)
    for number, (milestone, minutes, minute) in enumerate(changes):
        try:
            when = placed(incident, milestone, Typed(at(minutes), minute), NOW)
        except WrongTime:
            continue
        incident = advance(incident, said(100 + number, milestone, when))
        assert times(incident)[milestone] == when
        known = times(incident)
        for earlier, later in ORDER:
            one, other = known[earlier], known[later]
            assert one is None or other is None or one <= other, (earlier, later)


def test_every_milestone_has_its_field() -> None:
    assert set(FIELDS) == set(Milestone)
    assert all(hasattr(Incident("inc-1"), field) for field in FIELDS.values())
