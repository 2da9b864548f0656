"""What changed while nobody had the incident open; and how the severity came to be what it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.model.incident import Entry, Incident, Kind
from tui.model.returning import Stood, returned, standing
from tui.model.severity import Severity, from_label, graver
from tui.model.severity_history import SeverityChange, history, response

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def entry(minutes: float, kind: str, text: str = "", **data: Any) -> Entry:
    data = {key.rstrip("_"): value for key, value in data.items()}
    return Entry(f"{round(minutes * 1000):09}", at(minutes), at(minutes), "ana", kind, text or kind, data)


DECLARED = entry(1, Kind.DECLARED, checks={"network": {"state": "ok", "summary": "dns 3"}})
FAILED = entry(2, Kind.STATE, "Mistral API ok → fail: 429", check="mistral_api", from_="ok", to="fail")


def test_without_a_return_there_is_none() -> None:
    assert returned([DECLARED, FAILED]) is None


def test_then_is_what_was_recorded_before_and_since_is_what_came_after() -> None:
    back = entry(60, Kind.RESUMED, away_s=3480, last=FAILED.id)
    settled = entry(61, Kind.SETTLED, intent="x", outcome="applied")
    found = returned([DECLARED, FAILED, back, settled])
    assert found is not None
    assert (found.at, found.by, found.away) == (at(60), "ana", timedelta(minutes=58))
    assert found.then == {"network": Stood("ok", "dns 3"), "mistral_api": Stood("fail", "429")}
    assert found.since == (settled,)
    assert found.of(Kind.SETTLED) == (settled,)
    assert found.of(Kind.ALERT) == ()


def test_of_several_returns_the_last_counts_and_remembers_how_it_stood_at_the_one_before() -> None:
    first = entry(30, Kind.RESUMED, away_s=60, last=FAILED.id, checks={"service": {"state": "warn"}})
    second = entry(60, Kind.RESUMED, away_s=60, last=first.id, checks={"service": {"state": "ok"}})
    found = returned([DECLARED, FAILED, first, second])
    assert found is not None
    assert found.then["service"] == Stood("warn", "")
    assert standing([DECLARED, FAILED, first, second])["service"] == Stood("ok", "")


def test_a_return_of_an_earlier_version_is_told_as_far_as_it_goes() -> None:
    found = returned([FAILED, entry(60, Kind.RESUMED)])
    assert found is not None
    assert (found.away, found.since, set(found.then)) == (timedelta(0), (), {"mistral_api"})
    odd = returned([entry(1, Kind.DECLARED, checks=[3]), entry(2, Kind.RESUMED, away_s="x", last=4)])
    assert odd is not None
    assert odd.then == {}


def test_the_severitys_history_has_each_change_with_who_when_and_why() -> None:
    entries = [
        entry(1, Kind.DECLARED, "from the alert; severity P2 proposed", severity="P2", alert="f1"),
        entry(5, Kind.SEVERITY, from_="P2", to="P1", reason="all requests fail"),
        entry(9, Kind.SEVERITY, from_="P1", to="P3"),
        entry(10, Kind.SEVERITY, to=7),
    ]
    assert history(reversed(entries)) == (
        SeverityChange(at(1), "", "P2", "ana", "from the alert; severity P2 proposed"),
        SeverityChange(at(5), "P2", "P1", "ana", "all requests fail"),
        SeverityChange(at(9), "P1", "P3", "ana", ""),
    )


def test_the_response_clock_says_in_time_late_left_and_overdue() -> None:
    waiting = Incident("inc-1", severity=Severity.P1, started_at=at(0))
    quarter = timedelta(minutes=15)
    assert response(waiting, quarter, at(5)) == "respond within 15 min: 10 min left"
    assert response(waiting, quarter, at(25)) == "respond within 15 min: overdue by 10 min"
    assert "next business day" in response(waiting, None, at(5))
    responded = Incident("inc-1", severity=Severity.P1, started_at=at(0), acknowledged_at=at(4))
    assert response(responded, quarter, at(99)).endswith("acknowledged after 4 min, in time")
    late = Incident("inc-1", severity=Severity.P1, started_at=at(0), acknowledged_at=at(20))
    assert response(late, quarter, at(99)).endswith("acknowledged after 20 min, 5 min late")
    assert response(Incident("inc-1"), quarter, at(5)) == ""


def test_an_alerts_label_proposes_a_severity_where_its_word_is_known() -> None:
    assert [from_label(word) for word in ("critical", " Page ", "P2", "warning", "info", "teal", "")] == [
        Severity.P1, Severity.P1, Severity.P2, Severity.P2, Severity.P4, None, None,
    ]  # fmt: skip
    assert graver(Severity.P3, Severity.P1) is Severity.P1
    assert graver(None, Severity.P3) is Severity.P3
    assert graver(None, None) is None
