"""Past incidents compared: what is unknown is left out and said, and what is like another says why."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui.model.comparison import COMPARED, Past, compare, similar
from tui.model.folding import fold
from tui.model.incident import Entry, Kind
from tui.model.times import rfc3339

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def entry(minutes: float, kind: str, **data: Any) -> Entry:
    data = {key.rstrip("_"): value for key, value in data.items()}
    return Entry(f"{round(minutes * 1000):09}", at(minutes), at(minutes), "ana", kind, kind, data)


def past(
    name: str = "inc-1",
    *,
    cause: str = "rate-limited",
    acknowledged: float | None = 4,
    resolved: float | None = 30,
    checks: tuple[str, ...] = ("mistral_api",),
    alerts: tuple[str, ...] = (),
    answers: tuple[str, ...] = (),
    **declared: Any,
) -> Past:
    path = [{"question": "q", "answer": answer} for answer in answers]
    entries = [
        *(entry(0.1 * n, Kind.STATE, check=check, to="fail") for n, check in enumerate(checks)),
        *(entry(1 + 0.1 * n, Kind.ALERT, name=a, starts_at=rfc3339(at(1))) for n, a in enumerate(alerts)),
        entry(2, Kind.DECLARED, title="t", **({"severity": "P2"} | declared)),
    ]
    if cause:
        entries.append(entry(3, Kind.DIAGNOSIS, id=cause, title=cause, path=path))
    if acknowledged is not None:
        entries.append(entry(acknowledged, Kind.ACKNOWLEDGED))
    if resolved is not None:
        entries.append(entry(resolved, Kind.RESOLVED))
    return Past(fold(name, entries), tuple(entries))


def test_medians_and_ranges_are_over_what_is_known() -> None:
    told = [
        past("inc-1", acknowledged=4, resolved=20),
        past("inc-2", acknowledged=12, resolved=40),
        past("inc-3", acknowledged=None, resolved=None),
    ]
    compared = compare(told)
    assert (compared.count, compared.open) == (3, 1)
    assert compared.severities == (("P2", 3),)
    assert compared.statuses == (("resolved", 2), ("investigating", 1))
    assert compared.diagnoses == (("rate-limited", 3),)
    spreads = {one.id: one for one in compared.spreads}
    acknowledged = spreads["time_to_acknowledge"]
    assert (acknowledged.known, acknowledged.of) == (2, 3)
    assert acknowledged.median == timedelta(minutes=6)
    assert (acknowledged.low, acknowledged.high) == (timedelta(minutes=2), timedelta(minutes=10))
    repaired = spreads["time_to_repair"]
    assert (repaired.median, repaired.known) == (timedelta(minutes=30), 2)
    assert (spreads["time_to_mitigate"].median, spreads["time_to_mitigate"].known) == (None, 0)
    assert all(one.definition for one in compared.spreads)


def test_nothing_to_compare_is_unknown_and_no_error() -> None:
    compared = compare([])
    assert (compared.count, compared.severities) == (0, ())
    assert [one.id for one in compared.spreads] == [*COMPARED]
    assert all((one.median, one.low, one.high, one.of) == (None, None, None, 0) for one in compared.spreads)


@given(st.lists(st.integers(5, 500), min_size=1, max_size=9))
def test_the_middle_lies_within_the_range(minutes: list[int]) -> None:
    compared = compare([past(f"inc-{n}", resolved=m) for n, m in enumerate(minutes)])
    repaired = next(one for one in compared.spreads if one.id == "time_to_repair")
    assert repaired.low is not None and repaired.median is not None and repaired.high is not None
    assert repaired.low <= repaired.median <= repaired.high
    assert (repaired.low, repaired.high) == (timedelta(minutes=min(minutes)), timedelta(minutes=max(minutes)))


def test_the_most_like_comes_first_and_says_why() -> None:
    to = past("inc-1", checks=("mistral_api", "service"), alerts=("A",), answers=("yes, 429", "code 1300"))
    twin = past("inc-2", checks=("mistral_api", "service"), alerts=("A",), answers=("yes, 429", "code 1300"))
    cousin = past("inc-3", checks=("mistral_api",), alerts=("B",))
    same_signs = past("inc-4", cause="provider-capacity", checks=("service",), answers=("yes, 429",))
    stranger = past("inc-5", cause="app-fault", checks=("workload",))
    found = similar(to, [stranger, same_signs, cousin, to, twin])
    assert [one.incident.id for one in found] == ["inc-2", "inc-3", "inc-4"]
    assert found[0].share == 1
    assert found[0].why == (
        "same diagnosis: rate-limited",
        "failed: mistral_api, service",
        "alerts: A",
        "answers: code 1300, yes, 429",
    )
    assert found[1].why == ("same diagnosis: rate-limited", "failed: mistral_api")
    assert found[2].why == ("failed: service", "answers: yes, 429")


def test_two_of_unknown_cause_are_not_alike_for_that() -> None:
    assert similar(past("inc-1", cause="", checks=()), [past("inc-2", cause="", checks=())]) == ()


def test_what_helped_in_the_other_is_told() -> None:
    other = past("inc-2")
    change = entry(5, Kind.INTENT, mitigation="reduce-concurrency", title="Reduce concurrency")
    more = (
        change,
        entry(6, Kind.OUTCOME, intent=change.id, outcome="applied"),
        entry(7, Kind.VERDICT, intent=change.id, verdict="effective"),
    )
    entries = tuple(sorted((*other.entries, *more), key=lambda e: e.id))
    (found,) = similar(past("inc-1"), [Past(fold("inc-2", entries), entries)])
    assert found.helped == ("Reduce concurrency",)


def test_a_record_that_is_damaged_or_of_another_version_breaks_no_comparison() -> None:
    odd = (
        entry(1, Kind.STATE, check=None, to="fail"),
        entry(2, Kind.ALERT, name=7),
        entry(3, Kind.DIAGNOSIS, id="x", path=[None, "y", {"answer": None}]),
    )
    strange = Past(fold("inc-9", odd), odd)
    assert similar(strange, [past("inc-2")]) == ()
    assert compare([strange]).count == 1
