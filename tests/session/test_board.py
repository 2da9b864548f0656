"""The board: what changed becomes entries, polls do not; the path follows the evidence."""

from datetime import datetime, timedelta

from tests.support.clock import START
from tui import runbooks
from tui.model.incident import Kind
from tui.model.reading import Alert, Check, Reading, State
from tui.session.board import Board

AGE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


def board() -> Board:
    return Board(runbooks.load(None), timedelta(minutes=10), timedelta(minutes=2))


def api(state: State, at: datetime, status: int | None = 200, **facts: str | int | None) -> Reading:
    outcome = "ok" if status == 200 else "http_error"
    known = {"outcome": outcome, "http_status": status, **facts}
    return Reading(Check.MISTRAL_API, state, f"answer {status}", at, facts=known)


def limited(at: datetime) -> Reading:
    return api(State.FAIL, at, 429, cause_429="our_limit", error_code="1300")


def test_a_change_of_state_is_an_entry_and_a_poll_is_none() -> None:
    seen = board()
    assert seen.take(api(State.OK, START), AGE) == []
    assert seen.take(api(State.OK, START + SECOND), AGE) == []
    kinds = [draft.kind for draft in seen.take(limited(START + 2 * SECOND), AGE)]
    assert kinds == [Kind.STATE, Kind.DIAGNOSIS]
    assert seen.take(limited(START + 3 * SECOND), AGE) == []


def test_what_fails_at_the_first_look_is_an_entry_and_what_is_well_is_none() -> None:
    drafts = board().take(limited(START), AGE)
    assert drafts[0].text == "Mistral API fail: answer 429"
    assert drafts[0].data == {"check": "mistral_api", "from": None, "to": "fail"}


def test_the_diagnosis_carries_its_path_and_evidence() -> None:
    seen = board()
    diagnosis = seen.take(limited(START), AGE)[1]
    assert diagnosis.data["id"] == "rate-limited"
    assert diagnosis.data["severity"] == "P2"
    assert [step["answer"] for step in diagnosis.data["path"]] == ["yes, 429", "our limit"]
    assert seen.proposed(START) == "P2"


def test_an_answer_that_grew_old_leads_nowhere_but_is_kept_for_the_screen() -> None:
    seen = board()
    seen.take(limited(START), AGE)
    seen.look(START + AGE + SECOND)
    assert seen.walk.diagnosis is None
    assert any("no answer for" in line for line in seen.walk.missing)
    held = seen.checks[Check.MISTRAL_API]
    assert held.good is not None and held.stale(START + AGE + SECOND)


def test_the_last_good_answer_outlives_an_unknown_one() -> None:
    seen = board()
    seen.take(limited(START), AGE)
    seen.take(Reading(Check.MISTRAL_API, State.UNKNOWN, "no answer", START + SECOND), AGE)
    held = seen.checks[Check.MISTRAL_API]
    assert held.latest.state is State.UNKNOWN
    assert held.good is not None and held.good.summary == "answer 429"


def test_three_changes_are_one_flapping_entry_and_the_path_holds_until_two_steady_minutes() -> None:
    seen = board()
    kinds: list[Kind] = []
    for step in range(6):
        at = START + step * 10 * SECOND
        reading = api(State.OK, at) if step % 2 else limited(at)
        kinds += [draft.kind for draft in seen.take(reading, timedelta(minutes=10))]
    assert kinds.count(Kind.FLAPPING) == 1
    assert kinds.count(Kind.STATE) == 3
    path = seen.walk
    assert path.diagnosis == "rate-limited"
    steady = api(State.OK, START + timedelta(seconds=55))
    for check in set(Check) - {Check.MISTRAL_API}:
        seen.take(Reading(check, State.UNSET, "not set", steady.at), timedelta(minutes=10))
    seen.take(steady, timedelta(minutes=10))
    assert seen.walk == path
    rested = seen.look(START + timedelta(seconds=50) + timedelta(minutes=2))
    assert rested[0].kind is Kind.FLAPPING
    assert "steady again after 5 changes" in rested[0].text
    assert seen.path_changed


def test_a_pinned_diagnosis_stands_against_the_evidence_until_it_is_let_go() -> None:
    seen = board()
    seen.take(limited(START), AGE)
    seen.pin("bad-key", START)
    assert seen.diagnosis is not None and seen.diagnosis.id == "bad-key"
    seen.pin(None, START)
    assert seen.diagnosis is not None and seen.diagnosis.id == "rate-limited"


def test_an_overruled_answer_leads_until_it_is_given_back() -> None:
    seen = board()
    seen.take(limited(START), AGE)
    drafts = seen.overrule("which-429", "the provider's capacity", START)
    assert [draft.data["id"] for draft in drafts] == ["provider-capacity"]
    assert seen.walk.steps[-1].overruled
    seen.overrule("which-429", None, START)
    assert seen.walk.diagnosis == "rate-limited"


def test_a_resumed_record_is_told_only_what_differs_from_it() -> None:
    seen = board()
    seen.take(limited(START), AGE)
    assert seen.recorded({"mistral_api": "fail"}, "rate-limited", START) == []
    drafts = seen.recorded({"mistral_api": "ok"}, "", START)
    assert [draft.text for draft in drafts] == [
        "Mistral API ok → fail: answer 429",
        "Rate limited: our own limit",
    ]


def test_an_active_alert_is_an_entry_with_the_moment_it_fired() -> None:
    fired = START - timedelta(minutes=20)
    alerts = tuple(
        Alert(name, "MistralHighErrorRate", "critical", "over 5 %", fired, state)
        for name, state in (("f1", "active"), ("f2", "suppressed"))
    )
    reading = Reading(Check.ALERTS, State.WARN, "1 firing", START, details=alerts)
    found = [draft for draft in board().take(reading, AGE) if draft.kind is Kind.ALERT]
    assert [(draft.occurred_at, draft.data["fingerprint"]) for draft in found] == [(fired, "f1")]


def test_a_path_that_only_passes_through_a_diagnosis_does_not_tell_it() -> None:
    seen = Board(runbooks.load(None), timedelta(minutes=10), timedelta(minutes=2), confirm=20 * SECOND)
    seen.take(limited(START), AGE)
    refused = api(State.FAIL, START + 5 * SECOND, 503)
    kinds = [draft.kind for draft in seen.take(refused, AGE)]
    assert Kind.DIAGNOSIS not in kinds
    assert seen.walk.diagnosis == "provider-outage"
    assert seen.look(refused.at + 19 * SECOND) == []
    assert [draft.data["id"] for draft in seen.look(refused.at + 20 * SECOND)] == ["provider-outage"]
