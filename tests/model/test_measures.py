"""The figures of an incident: each as its definition says, and unknown where nobody knows."""

from datetime import datetime, timedelta

import pytest

from tests.reports.stories import INCIDENT, START, Story
from tui.model.folding import fold
from tui.model.incident import Kind
from tui.model.measures import Measures, OnTime, measure
from tui.model.severity import Severity
from tui.model.times import rfc3339

MINUTE = 60.0


def at(minutes: float) -> str:
    return rfc3339(START + timedelta(minutes=minutes))


def measured(story: Story) -> Measures:
    return measure(fold(INCIDENT, story.entries), story.entries)


def lengths(story: Story) -> dict[str, timedelta | None]:
    return {length.id: length.value for length in measured(story).lengths}


def told(story: Story, minutes: float, *, next_in: float | None = None, **more: object) -> None:
    story.now = START + timedelta(minutes=minutes)
    data = {"outcome": "sent", "audience": "internal", "text_": f"at {minutes}"} | more
    if next_in is not None:
        data["next"] = at(minutes + next_in)
    story.tell(Kind.UPDATE, "sent", "ana", **data)


def resolved(story: Story, minutes: float) -> None:
    story.now = START + timedelta(minutes=minutes)
    story.tell(Kind.RESOLVED, "resolved", "ana")


def test_times_are_counted_from_the_beginning_and_from_the_detection() -> None:
    story = Story()
    story.tell(Kind.STATE, "fail", check="service", to="fail")
    story.tell(Kind.ALERT, "fired", after=3 * MINUTE, fingerprint="a", starts_at=at(2))
    story.tell(Kind.DECLARED, "declared", "ana", after=MINUTE, title="t", severity="P1")
    story.tell(Kind.ACKNOWLEDGED, "by ana", "ana", after=MINUTE)
    story.tell(Kind.STATUS, "monitoring", "ana", after=5 * MINUTE, to="monitoring")
    resolved(story, 20)
    assert lengths(story) == {
        "time_to_detect": timedelta(minutes=2),
        "time_to_acknowledge": timedelta(minutes=3),
        "time_to_mitigate": timedelta(minutes=10),
        "time_to_repair": timedelta(minutes=20),
        "impact_duration": timedelta(minutes=10),
    }
    assert all(length.definition.endswith(".") for length in measured(story).lengths)


def test_what_nobody_knows_is_unknown_and_never_0() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t")
    found = measured(story)
    assert {length.value for length in found.lengths} == {None}
    assert found.severities == ()
    assert found.on_time.share is None
    assert found.impact.failed_requests is None
    assert found.impact.errors is None


def test_a_beginning_that_is_known_from_the_alert_alone_gives_no_time_to_detect() -> None:
    story = Story()
    story.tell(Kind.ALERT, "fired", fingerprint="a", starts_at=at(0))
    assert lengths(story)["time_to_detect"] is None
    story.tell(Kind.MILESTONE, "impact began", "ana", name="impact_started", at=at(-4))
    assert lengths(story)["time_to_detect"] == timedelta(minutes=4)


def test_time_per_severity_adds_up_to_the_time_from_declaration_to_resolution() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t", severity="P2")
    for minutes, to in ((10, "P1"), (5, "P2"), (5, "P3")):
        story.tell(Kind.SEVERITY, to, "ana", after=minutes * MINUTE, to=to)
    resolved(story, 50)
    found = dict(measured(story).severities)
    assert found == {
        Severity.P2: timedelta(minutes=15),
        Severity.P1: timedelta(minutes=5),
        Severity.P3: timedelta(minutes=30),
    }
    assert sum(found.values(), timedelta()) == timedelta(minutes=50)


@pytest.mark.parametrize(
    ("updates", "end", "expected"),
    [
        ([], 10, OnTime(0, 0)),  # none fell due
        ([], 20, OnTime(1, 0)),  # due after 15, and nobody was told
        ([(14, 15)], 20, OnTime(1, 1)),
        ([(16, 15)], 20, OnTime(1, 0)),
        ([(14, 5), (25, 15)], 30, OnTime(2, 1)),  # promised for 19
        ([(10, None), (24, None), (45, None)], 50, OnTime(3, 2)),
        ([(5, 15)], 60, OnTime(2, 1)),  # the promised one never came
    ],
)
def test_updates_on_time(updates: list[tuple[float, float | None]], end: float, expected: OnTime) -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t", severity="P1")
    for minutes, next_in in updates:
        told(story, minutes, next_in=next_in)
    resolved(story, end)
    assert measured(story).on_time == expected


def test_one_message_to_two_places_is_one_update_and_what_failed_told_nobody() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t", severity="P1")
    told(story, 10, outcome="failed", text_="x")
    told(story, 16, text_="late", place="Slack")
    told(story, 16.2, text_="late", place="elsewhere")
    resolved(story, 20)
    assert measured(story).on_time == OnTime(1, 0)


def test_a_snooze_puts_the_next_update_off() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t", severity="P1")
    story.tell(Kind.SNOOZED, "until", "ana", after=10 * MINUTE, until=at(40))
    told(story, 35)
    resolved(story, 40)
    assert measured(story).on_time == OnTime(1, 1)


def test_the_intervals_that_were_in_use_come_with_the_measurement() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t", severity="P1")
    story.tell(Kind.IMPACT, "x", every={"P1": 3600}, failed_requests=1)
    told(story, 50)
    resolved(story, 55)
    assert measured(story).on_time == OnTime(1, 1)


def test_the_last_measurement_that_got_an_answer_stands() -> None:
    story = Story()
    errors = {"start": at(0), "step_s": 10, "values": [0, 1.5, None, True, -1, 1e400, "x"]}
    story.tell(Kind.IMPACT, "1", start=at(0), end=at(9), failed_requests=10, coverage=1.2, errors=errors)
    story.tell(Kind.IMPACT, "2", start=at(0), end=at(9), failed_requests=None)
    found = measured(story).impact
    assert (found.failed_requests, found.coverage) == (10, 1.0)
    assert found.errors is not None
    assert found.errors.values == (0, 1.5, None, None, None, None, None)
    assert found.errors.points[1] == (START + timedelta(seconds=10), 1.5)


@pytest.mark.parametrize(
    "errors",
    [None, 3, {}, {"start": "x"}, {"start": "2026-11-23T15:00:00Z", "step_s": 0, "values": []},
     {"start": "2026-11-23T15:00:00Z", "step_s": 1, "values": "abc"},
     {"start": "2026-11-23T15:00:00Z", "step_s": 1e300, "values": [1]}],
)  # fmt: skip
def test_a_course_that_cannot_be_read_is_none(errors: object) -> None:
    story = Story()
    story.tell(Kind.IMPACT, "x", errors=errors, failed_requests=1)
    assert measured(story).impact.errors is None


def test_a_record_that_knows_the_resolution_alone_gives_what_it_says() -> None:
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="t")
    story.tell(Kind.RESOLVED, "resolved", after=60, failed_requests=41.0, coverage=0.5)
    found = measured(story).impact
    assert (found.failed_requests, found.coverage) == (41.0, 0.5)
    assert found.start == START and isinstance(found.end, datetime)
