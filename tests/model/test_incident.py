"""An incident is what its entries add up to, whatever their order and whatever is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui.model.folding import fold
from tui.model.incident import Entry, Incident, Kind, Status
from tui.model.severity import Severity

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def entry(minutes: float, kind: str, actor: str = "ana", text: str = "", **data: Any) -> Entry:
    data = {key.rstrip("_"): value for key, value in data.items()}
    return Entry(f"{round(minutes * 1000):09}", at(minutes), at(minutes), actor, kind, text or kind, data)


def folded(*entries: Entry) -> Incident:
    return fold("inc-1", entries)


INTENT = entry(
    10,
    Kind.INTENT,
    mitigation="reduce-concurrency",
    title="Reduce concurrency",
    variable="MAX_CONCURRENT_MISTRAL",
    before=None,
    after="3",
    undoes="",
)
STORY = (
    entry(1, Kind.ALERT, fingerprint="f1", name="A", starts_at="2026-11-23T14:58:40Z"),
    entry(2, Kind.STATE, check="mistral_api", from_="ok", to="fail"),
    entry(3, Kind.DIAGNOSIS, id="rate-limited", title="Rate limited", severity="P2"),
    entry(4, Kind.DECLARED, title="", severity="P2", diagnosis="rate-limited", drill=True),
    entry(5, Kind.ACKNOWLEDGED),
    entry(6, Kind.COMMANDER, name="bo"),
    entry(7, Kind.STATUS, from_="investigating", to="mitigating"),
    INTENT,
    entry(11, Kind.OUTCOME, intent=INTENT.id, outcome="applied"),
    entry(12, Kind.LEASE, intent=INTENT.id, event="taken", until="2026-11-23T17:00:00Z", by="ana"),
    entry(14, Kind.VERDICT, text="effective: it fell", intent=INTENT.id, verdict="effective"),
    entry(15, Kind.STATUS, to="monitoring"),
    entry(16, Kind.DIAGNOSIS, id="healthy", title="All well", healthy=True),
    entry(20, Kind.RESOLVED, reason="", failed_requests=12, coverage=0.5),
)


def test_a_whole_story_has_its_milestones() -> None:
    incident = folded(*STORY)
    assert incident.started_at == incident.alert_at == datetime(2026, 11, 23, 14, 58, 40, tzinfo=UTC)
    assert incident.root_cause_at == at(3)
    assert incident.declared_at == at(4)
    assert incident.acknowledged_at == at(5)
    assert (incident.commander, incident.commander_at) == ("bo", at(6))
    assert incident.mitigated_at == at(14)
    assert incident.resolved_at == at(20)
    assert (incident.status, incident.open) == (Status.RESOLVED, False)
    assert (incident.severity, incident.drill, incident.title) == (Severity.P2, True, "Rate limited")
    assert (incident.diagnosis, incident.root_cause) == ("healthy", "rate-limited")
    assert (incident.failed_requests, incident.coverage) == (12, 0.5)
    assert incident.alerts == {"f1"}
    (applied,) = incident.mitigations
    assert (applied.outcome, applied.verdict, applied.verdict_text) == (
        "applied",
        "effective",
        "effective: it fell",
    )
    assert (applied.before, applied.after, applied.lease) == (None, "3", "taken")
    assert applied.lease_until == datetime(2026, 11, 23, 17, tzinfo=UTC)


@given(st.integers())
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    shuffled = list(STORY)
    Random(seed).shuffle(shuffled)
    assert fold("inc-1", shuffled) == folded(*STORY)


def test_without_entries_nothing_is_known() -> None:
    assert folded() == Incident("inc-1")


def test_the_impact_began_with_the_first_failing_check_where_no_alert_fired() -> None:
    incident = folded(
        entry(1, Kind.STATE, to="warn"), entry(2, Kind.STATE, to="fail"), entry(5, Kind.DECLARED)
    )
    assert incident.started_at == at(2)
    assert incident.alert_at is None


def test_the_impact_began_with_the_declaration_where_nothing_else_is_known() -> None:
    assert folded(entry(5, Kind.DECLARED)).started_at == at(5)
    assert folded(entry(5, Kind.DECLARED, started_at="2026-11-23T15:01:00Z")).started_at == at(1)


def test_an_alert_that_ended_fires_nothing() -> None:
    assert folded(entry(1, Kind.ALERT, event="ended", fingerprint="f")).alert_at is None


def test_the_root_cause_was_identified_when_it_was_seen_and_not_when_the_incident_was_declared() -> None:
    """What was seen before is written after the declaration, with the time at which it occurred."""
    declared = entry(4, Kind.DECLARED, diagnosis="rate-limited")
    seen = replace(entry(5, Kind.DIAGNOSIS, id="rate-limited", title="Rate limited"), occurred_at=at(3))
    incident = folded(declared, seen)
    assert (incident.root_cause_title, incident.root_cause_at) == ("Rate limited", at(3))


def test_the_root_cause_is_the_last_thing_that_was_wrong() -> None:
    incident = folded(
        entry(1, Kind.DIAGNOSIS, id="network", title="Network"),
        entry(2, Kind.DIAGNOSIS, id="unknown"),
        entry(3, Kind.DIAGNOSIS, id="rate-limited", title="Rate limited"),
        entry(4, Kind.DIAGNOSIS, id="healthy"),
        entry(5, Kind.DIAGNOSIS, id="rate-limited", title="Rate limited"),
    )
    assert (incident.root_cause, incident.root_cause_title) == ("rate-limited", "Rate limited")
    assert incident.root_cause_at == at(3)


def test_what_is_diagnosed_after_the_end_is_another_incident() -> None:
    incident = folded(
        entry(1, Kind.DIAGNOSIS, id="network"),
        entry(2, Kind.RESOLVED),
        entry(3, Kind.DIAGNOSIS, id="bad-key"),
    )
    assert incident.root_cause == "network"


def test_taking_command_is_a_response_and_a_handover_keeps_the_first_time() -> None:
    incident = folded(entry(1, Kind.COMMANDER, name=""), entry(9, Kind.HANDOVER, to="bo"))
    assert incident.acknowledged_at == incident.commander_at == at(1)
    assert incident.commander == "bo"


def test_an_incident_that_is_opened_again_is_not_mitigated() -> None:
    incident = folded(
        entry(1, Kind.STATUS, to="monitoring"),
        entry(2, Kind.STATUS, to="resolved"),
        entry(3, Kind.STATUS, to="investigating"),
    )
    assert incident.open
    assert incident.mitigated_at is None
    assert incident.resolved_at is None


def test_an_intent_without_outcome_is_unsettled_until_it_is_settled() -> None:
    assert [applied.intent for applied in folded(INTENT).unsettled] == [INTENT.id]
    settled = folded(INTENT, entry(30, Kind.SETTLED, intent=INTENT.id, outcome="applied"))
    assert settled.unsettled == ()


def test_a_lost_answer_is_unsettled_until_it_is_settled() -> None:
    lost = folded(INTENT, entry(21, Kind.OUTCOME, intent=INTENT.id, outcome="unknown"))
    assert [applied.intent for applied in lost.unsettled] == [INTENT.id]


def test_a_reset_counts_the_changes_that_it_forgives() -> None:
    incident = folded(INTENT, entry(22, Kind.RESET, mitigation="reduce-concurrency"), entry(23, Kind.RESET))
    assert incident.resets == (("reduce-concurrency", 1),)


def test_an_intent_tells_what_the_change_is_known_by() -> None:
    made = entry(
        5,
        Kind.INTENT,
        mitigation="back",
        change="rollback",
        reversible=False,
        target={"context": "c", "namespace": "n", "deployment": "d", "uid": "u"},
        mark={"known_by": "x"},
    )
    stalled = entry(7, Kind.VERDICT, intent=made.id, verdict="unknown", stalled=True)
    (change,) = folded(made, entry(6, Kind.ROLLOUT, intent=made.id, complete=True), stalled).mitigations
    assert (change.kind, change.reversible, change.uid, change.mark["known_by"]) == (
        "rollback",
        False,
        "u",
        "x",
    )
    assert change.place == ("c", "n", "d")
    assert (change.rolled_out_at, change.stalled) == (at(6), True)


def test_an_undo_marks_what_it_takes_back_once_it_is_applied() -> None:
    undo = entry(20, Kind.INTENT, mitigation="reduce-concurrency", undoes=INTENT.id)
    assert not folded(INTENT, undo).mitigations[0].undone
    incident = folded(
        INTENT,
        undo,
        entry(21, Kind.OUTCOME, intent=undo.id, outcome="applied"),
        entry(22, Kind.VERDICT, intent=undo.id, verdict="effective"),
    )
    assert incident.mitigations[0].undone
    assert incident.mitigated_at is None


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
keys = ["id", "to", "from", "name", "title", "severity", "intent", "outcome", "verdict"]
keys += ["starts_at", "started_at", "until", "undoes", "coverage"]
keys += ["change", "mark", "target", "stalled", "complete", "mitigation", "reversible"]


@given(
    st.lists(
        st.tuples(st.sampled_from([*Kind, "later-kind"]), st.dictionaries(st.sampled_from(keys), junk)),
        max_size=12,
    )
)
def test_no_data_whatsoever_breaks_the_fold(made: list[tuple[str, dict[str, Any]]]) -> None:
    entries = [Entry(str(n), at(n), at(n), "x", kind, "", data) for n, (kind, data) in enumerate(made)]
    assert fold("inc-1", entries).id == "inc-1"
