"""The tree: Kleene's logic, the walk, and the Mistral runbook on every world that it tells apart."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.worlds import (
    FEW,
    MAX_AGE,
    NETWORK_OK,
    NOW,
    OK,
    SCENARIOS,
    SERVICE_DEGRADED,
    SERVICE_OK,
    SILENT,
    errors,
    held,
    pods,
    refused,
)
from tui import runbooks
from tui.model.reading import Check, Fact, Held, Reading, State
from tui.model.runbook import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Equals,
    FactName,
    Not,
    OneOf,
    SameAs,
)
from tui.model.severity import Severity
from tui.model.tree import Truth, evidence, facts_of, filled, fitting, holds, severity, walk

RUNBOOK = runbooks.load()
STATUS = FactName(Check.MISTRAL_API, "http_status")
KEY = FactName(Check.MISTRAL_API, "key_fingerprint")
PODS_KEY = FactName(Check.WORKLOAD, "key_fingerprint")
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
Worlds = Mapping[str, Mapping[str, Fact] | State]


def diagnosed(world: Worlds) -> str | None:
    return walk(RUNBOOK, held(world), NOW).diagnosis


def one(value: Fact) -> dict[Check, Held]:
    return held({"mistral_api": {"http_status": value}})


class TestConditions:
    @pytest.mark.parametrize(
        ("fact", "condition", "truth"),
        [
            (429, Equals(STATUS, 429), YES),
            (200, Equals(STATUS, 429), NO),
            (None, Equals(STATUS, 429), NO),
            (None, Equals(STATUS, None), YES),
            (True, Equals(STATUS, 1), NO),
            (1.0, Equals(STATUS, 1), YES),
            ("1", Equals(STATUS, 1), NO),
            (503, OneOf(STATUS, (500, 503)), YES),
            (None, OneOf(STATUS, (500, None)), YES),
            (429, OneOf(STATUS, ()), NO),
            (500, Between(STATUS, 500, 599), YES),
            (599, Between(STATUS, 500, 599), YES),
            (600, Between(STATUS, 500, 599), NO),
            (600, Between(STATUS, 500, None), YES),
            (None, Between(STATUS, None, 5), NO),
            ("7", Between(STATUS, 0, 9), NO),
            (True, Between(STATUS, 0, 9), NO),
            (float("nan"), Between(STATUS, 0, 9), UNKNOWN),
            (float("nan"), Equals(STATUS, 0), UNKNOWN),
        ],
    )
    def test_a_fact_that_is_there_answers(self, fact: Fact, condition: Condition, truth: Truth) -> None:
        assert holds(condition, one(fact), NOW) is truth

    def test_none_is_known_and_absent_is_not(self) -> None:
        assert holds(Equals(STATUS, 200), one(None), NOW) is NO
        assert holds(Equals(STATUS, 200), held({"mistral_api": {}}), NOW) is UNKNOWN
        assert holds(Equals(STATUS, 200), {}, NOW) is UNKNOWN

    def test_two_facts_are_the_same_only_where_both_are_something(self) -> None:
        same = SameAs(KEY, PODS_KEY)

        def told(here: Fact, there: Fact) -> Truth:
            world: Worlds = {"mistral_api": {"key_fingerprint": here}, "workload": {"key_fingerprint": there}}
            return holds(same, held(world), NOW)

        assert told("7f3a", "7f3a") is YES
        assert told("7f3a", "0000") is NO
        assert told(None, None) is NO
        assert holds(same, held({"mistral_api": {"key_fingerprint": "7f3a"}}), NOW) is UNKNOWN

    @pytest.mark.parametrize(
        ("parts", "every", "some"),
        [
            ((YES, YES), YES, YES),
            ((YES, UNKNOWN), UNKNOWN, YES),
            ((NO, UNKNOWN), NO, UNKNOWN),
            ((UNKNOWN, UNKNOWN), UNKNOWN, UNKNOWN),
            ((NO, YES), NO, YES),
            ((NO, NO), NO, NO),
            ((), YES, NO),
        ],
    )
    def test_all_and_any_follow_kleene(self, parts: tuple[Truth, ...], every: Truth, some: Truth) -> None:
        made = {
            YES: Equals(STATUS, 429),
            NO: Equals(STATUS, 200),
            UNKNOWN: Equals(FactName(Check.SERVICE, "mistral"), "ok"),
        }
        conditions = tuple(made[part] for part in parts)
        assert holds(AllOf(conditions), one(429), NOW) is every
        assert holds(AnyOf(conditions), one(429), NOW) is some
        flipped = {YES: NO, NO: YES, UNKNOWN: UNKNOWN}
        assert holds(Not(AllOf(conditions)), one(429), NOW) is flipped[every]

    def test_configured_is_known_even_of_what_does_not_answer(self) -> None:
        configured = Equals(FactName(Check.ERROR_RATE, "configured"), True)
        assert holds(configured, held({"error_rate": State.UNSET}), NOW) is NO
        assert holds(configured, held({"error_rate": State.UNKNOWN}), NOW) is YES
        assert holds(configured, held({"error_rate": FEW}, age=500), NOW) is YES
        assert holds(configured, {}, NOW) is UNKNOWN

    def test_facts_of_names_each_fact_once_in_order(self) -> None:
        condition = AllOf((Equals(STATUS, 1), Not(AnyOf((SameAs(KEY, PODS_KEY), Between(STATUS, 0, 1))))))
        assert facts_of(condition) == (STATUS, KEY, PODS_KEY)


class TestScenarios:
    @pytest.mark.parametrize("scenario", SCENARIOS)
    def test_each_scenario_of_the_drill_is_told_apart(self, scenario: str) -> None:
        expected = "network" if scenario in ("network-timeout", "dns-failure") else scenario
        assert diagnosed(SCENARIOS[scenario]) == expected

    @pytest.mark.parametrize("scenario", SCENARIOS)
    def test_a_stale_world_is_diagnosed_as_nothing(self, scenario: str) -> None:
        found = walk(RUNBOOK, held(SCENARIOS[scenario], age=31), NOW)
        assert found.diagnosis is None
        assert "Mistral API: no answer for 31 s" in found.missing

    @pytest.mark.parametrize(
        ("api", "expected"),
        [
            (refused(401), "bad-key"),
            (refused(403), "bad-key"),
            (refused(429, "1300", "our_limit"), "rate-limited"),
            (refused(429, "3505", "provider_capacity"), "provider-capacity"),
            (refused(429, "1300", "no_allowance", limit_requests_minute=0), "no-allowance"),
            (refused(429, None, "unclear"), "rate-limited"),
            (refused(402), "no-allowance"),
            (refused(500), "provider-outage"),
            (refused(529), "provider-outage"),
            (SILENT, "network"),
            ({**SILENT, "outcome": "not_mistral", "http_status": 403}, "network"),
            ({**SILENT, "outcome": "not_mistral", "http_status": 502}, "network"),
            (refused(400, "1500"), "app-fault"),
            (refused(422), "app-fault"),
        ],
    )
    def test_the_api_alone_is_enough_where_its_answer_is_clear(
        self, api: Mapping[str, Fact], expected: str
    ) -> None:
        unset = dict.fromkeys(("service", "error_rate", "workload", "alerts"), State.UNSET)
        assert diagnosed({"mistral_api": api, **unset}) == expected

    def test_with_the_key_alone_a_good_answer_waits_for_our_own_service(self) -> None:
        unset = dict.fromkeys(("service", "error_rate", "workload", "alerts"), State.UNSET)
        found = walk(RUNBOOK, held({"mistral_api": OK, **unset}), NOW)
        assert found.diagnosis is None
        assert [(s.text, s.answer) for s in found.steps] == [
            ("Is the Mistral API returning errors?", "no"),
            ("Is our own service returning errors?", "unknown"),
        ]
        assert "Error rate: not set. Set it in the settings." in found.missing
        assert "Service: not set. Set it in the settings." in found.missing

    @pytest.mark.parametrize(
        ("service", "rate", "expected"),
        [
            (SERVICE_OK, FEW, "healthy"),
            (State.UNSET, FEW, "healthy"),
            (SERVICE_OK, State.UNSET, "healthy"),
            (SERVICE_OK, State.UNKNOWN, None),
            (State.UNKNOWN, FEW, None),
            (State.UNSET, State.UNKNOWN, None),
            (SERVICE_OK, {**FEW, "partial": True}, None),
            (SERVICE_OK, {"source": "logs", "has_errors": False, "ratio": None}, "healthy"),
            ({**SERVICE_OK, "mistral": None, "overall": None}, FEW, "healthy"),
            (SERVICE_DEGRADED, FEW, "app-fault"),
            ({**SERVICE_OK, "outcome": "refused", "mistral": None}, FEW, "app-fault"),
            (SERVICE_OK, errors("400"), "app-fault"),
            (SERVICE_OK, errors("", kind=""), "app-fault"),
            (State.UNSET, {**FEW, "user_error_ratio": 0.4}, "app-fault"),
        ],
    )
    def test_healthy_needs_each_of_the_two_that_is_set_to_say_so(
        self, service: Mapping[str, Fact] | State, rate: Mapping[str, Fact] | State, expected: str | None
    ) -> None:
        assert diagnosed({"mistral_api": OK, "service": service, "error_rate": rate}) == expected

    def test_losing_the_figures_never_turns_an_incident_into_health(self) -> None:
        world = SCENARIOS["rate-limited"] | {"service": SERVICE_OK}
        assert diagnosed(world) == "rate-limited"
        assert diagnosed(world | {"error_rate": State.UNKNOWN}) is None

    @pytest.mark.parametrize("pod_facts", [pods(ready=0), pods(crashlooping=2)])
    def test_pods_that_do_not_run_are_our_own_fault(self, pod_facts: Mapping[str, Fact]) -> None:
        world = {"mistral_api": OK, "service": SERVICE_OK, "error_rate": FEW, "workload": pod_facts}
        assert diagnosed(world) == "app-fault"

    def test_partial_figures_without_errors_wait_and_say_so(self) -> None:
        world: Worlds = {
            "mistral_api": OK,
            "service": SERVICE_OK,
            "error_rate": {**FEW, "partial": True, "user_error_ratio": 0.0},
            "workload": pods(),
        }
        found = walk(RUNBOOK, held(world), NOW)
        assert found.diagnosis is None
        assert found.missing == ("what is known fits none of its branches",)
        assert found.steps[-1].evidence


class TestHereAndThePods:
    """The same fact from two places: disagreement is a branch of its own."""

    OTHER = pods(key_fingerprint="0a1b")

    @pytest.mark.parametrize(
        ("api", "rate", "workload", "expected"),
        [
            # Refused here, and the pods' calls are answered: another key.
            (refused(401), FEW, OTHER, "key-mismatch"),
            (refused(401), errors("429"), OTHER, "key-mismatch"),
            (refused(401), FEW, State.UNKNOWN, "key-mismatch"),
            # Refused in both places, whatever the fingerprints.
            (refused(401), errors("401"), OTHER, "bad-key"),
            (refused(401), errors("401"), pods(), "bad-key"),
            # The same key: the pods started before it was refused.
            (refused(401), FEW, pods(), "bad-key"),
            # Nothing known of the pods.
            (refused(401), State.UNKNOWN, State.UNKNOWN, "bad-key"),
            (refused(401), State.UNKNOWN, OTHER, "bad-key"),
            # Refused in the pods alone, be it for a Secret that the pods have not read.
            (OK, errors("401"), OTHER, "key-mismatch"),
            (OK, errors("401"), pods(), "key-mismatch"),
            (refused(429, "1300", "our_limit"), errors("401"), OTHER, "key-mismatch"),
            # No answer here proves nothing of our key.
            (SILENT, errors("401"), OTHER, "bad-key"),
            (State.UNSET, errors("401"), pods(), "bad-key"),
        ],
    )
    def test_of_the_key(
        self,
        api: Mapping[str, Fact] | State,
        rate: Mapping[str, Fact] | State,
        workload: Mapping[str, Fact] | State,
        expected: str,
    ) -> None:
        assert diagnosed({"mistral_api": api, "error_rate": rate, "workload": workload}) == expected

    @pytest.mark.parametrize(
        ("api", "rate", "expected"),
        [
            (SILENT, FEW, "egress-mismatch"),
            (OK, errors("0", kind="timeout"), "egress-mismatch"),
            (OK, errors("0", kind="connection"), "egress-mismatch"),
            (OK, errors("", kind="connection"), "egress-mismatch"),
            (SILENT, errors("0", kind="timeout"), "network"),
            (SILENT, State.UNKNOWN, "network"),
            (SILENT, {**FEW, "requests_per_s": 0.0}, "network"),
            # The pods reach Mistral and are told 429: that is what users feel.
            (SILENT, errors("429"), "rate-limited"),
        ],
    )
    def test_of_the_way_out(
        self, api: Mapping[str, Fact], rate: Mapping[str, Fact] | State, expected: str
    ) -> None:
        assert diagnosed({"mistral_api": api, "error_rate": rate, "network": NETWORK_OK}) == expected

    @pytest.mark.parametrize(
        ("api", "p95", "service", "expected"),
        [
            (SILENT, 39.0, SERVICE_OK, "healthy"),
            (SILENT, 39.0, SERVICE_DEGRADED, "app-fault"),
            (SILENT, 39.0, State.UNKNOWN, None),
            (SILENT, 1.2, SERVICE_OK, "egress-mismatch"),
            ({**SILENT, "phase": "connect"}, 39.0, SERVICE_OK, "egress-mismatch"),
        ],
    )
    def test_slowness_that_the_pods_wait_out_is_no_mismatch(
        self,
        api: Mapping[str, Fact],
        p95: float,
        service: Mapping[str, Fact] | State,
        expected: str | None,
    ) -> None:
        world: Worlds = {"mistral_api": api, "error_rate": {**FEW, "p95_s": p95}, "service": service}
        assert diagnosed(world) == expected

    @pytest.mark.parametrize(
        ("code", "kind", "expected"),
        [
            ("3505", None, "provider-capacity"),
            ("3810", "engine_max_pending_tokens", "provider-capacity"),
            (None, "backend_out_of_capacity", "provider-capacity"),
            ("1300", None, "rate-limited"),
            (None, None, "rate-limited"),
        ],
    )
    def test_of_the_429(self, code: str | None, kind: str | None, expected: str) -> None:
        workload = pods(pods_error_code=code, pods_error_type=kind)
        assert diagnosed({"mistral_api": OK, "error_rate": errors("429"), "workload": workload}) == expected

    def test_an_old_capacity_code_does_not_count_once_the_pods_stopped_failing(self) -> None:
        world: Worlds = {
            "mistral_api": refused(429, "1300", "our_limit"),
            "error_rate": FEW,
            "workload": pods(pods_error_code="3505"),
        }
        assert diagnosed(world) == "rate-limited"

    def test_the_pods_answer_where_the_api_cannot_be_asked_from_here(self) -> None:
        world = {"mistral_api": State.UNSET, "error_rate": errors("503"), "service": SERVICE_OK}
        assert diagnosed(world) == "provider-outage"


class TestSeverity:
    @pytest.mark.parametrize(
        ("world", "expected"),
        [
            (SCENARIOS["healthy"], None),
            (SCENARIOS["bad-key"], Severity.P1),
            (SCENARIOS["rate-limited"], Severity.P2),
            (SCENARIOS["provider-outage"], Severity.P1),
            ({"mistral_api": refused(503)}, Severity.P2),
            ({"mistral_api": refused(503), "error_rate": errors("503", 0.2)}, Severity.P2),
            (SCENARIOS["network-timeout"], Severity.P2),
            ({"mistral_api": OK, "error_rate": errors("401")}, Severity.P1),
            ({"mistral_api": refused(401), "error_rate": FEW}, Severity.P4),
            ({"mistral_api": SILENT, "error_rate": FEW}, Severity.P4),
        ],
    )
    def test_is_proposed_by_the_diagnosis_and_by_how_much_fails(
        self, world: Worlds, expected: Severity | None
    ) -> None:
        known = held(world)
        found = walk(RUNBOOK, known, NOW).diagnosis
        assert found
        assert severity(RUNBOOK.diagnoses[found], known, NOW) is expected


class TestMitigations:
    def offered(self, world: Worlds) -> list[str]:
        known = held(world)
        found = walk(RUNBOOK, known, NOW).diagnosis
        assert found
        return [rule.id for rule in fitting(RUNBOOK, RUNBOOK.diagnoses[found], known, NOW)]

    def test_the_best_stands_first(self) -> None:
        assert self.offered(SCENARIOS["rate-limited"]) == ["reduce-concurrency", "enable-fallback"]
        assert self.offered(SCENARIOS["provider-outage"]) == ["enable-fallback"]
        assert self.offered(SCENARIOS["network-timeout"]) == ["raise-timeout", "enable-fallback"]

    def test_fewer_calls_at_once_are_offered_for_our_own_limit_alone(self) -> None:
        """No concurrency makes capacity at the provider, or an allowance for a key that has none."""
        offered = {name: self.offered(SCENARIOS[name]) for name in SCENARIOS}
        assert [name for name, ids in offered.items() if "reduce-concurrency" in ids] == ["rate-limited"]
        assert offered["provider-capacity"] == offered["no-allowance"] == ["enable-fallback"]

    def test_a_longer_timeout_is_not_offered_where_names_do_not_resolve(self) -> None:
        assert self.offered(SCENARIOS["dns-failure"]) == ["enable-fallback"]

    def test_a_fallback_that_is_on_is_not_offered_again(self) -> None:
        world = SCENARIOS["provider-outage"] | {"workload": pods(fallback="true")}
        assert self.offered(world) == []
        assert self.offered(SCENARIOS["healthy"] | {"workload": pods(fallback="true")}) == [
            "disable-fallback"
        ]
        assert self.offered(SCENARIOS["healthy"]) == []

    def test_what_is_not_known_takes_nothing_away(self) -> None:
        assert self.offered({"mistral_api": SILENT}) == ["raise-timeout", "enable-fallback"]


class TestWalk:
    def test_the_trail_says_how_it_came_there(self) -> None:
        world: Worlds = {"mistral_api": refused(429, "1300", "our_limit")}
        assert walk(RUNBOOK, held(world), NOW).trail == "API errors › 429 › our limit"

    def test_a_step_rests_on_the_checks_that_decided_it(self) -> None:
        known = held(SCENARIOS["rate-limited"])
        spoken = replace(known[Check.ERROR_RATE].latest, evidence=("97 % of errors are 429.", "and more"))
        known[Check.ERROR_RATE] = Held(spoken, spoken, MAX_AGE)
        first, second = walk(RUNBOOK, known, NOW).steps
        assert first.evidence == ("97 % of errors are 429.",)
        assert second.evidence == ("97 % of errors are 429.", "Workload: workload as it is")

    def test_the_sentence_that_names_what_decided_is_the_evidence(self) -> None:
        known = held(SCENARIOS["rate-limited"])
        spoken = replace(
            known[Check.WORKLOAD].latest,
            evidence=("Last change 2 days ago.", "In the pods' logs: code 1300."),
        )
        known[Check.WORKLOAD] = Held(spoken, spoken, MAX_AGE)
        assert "In the pods' logs: code 1300." in walk(RUNBOOK, known, NOW).steps[-1].evidence

    def test_a_branch_that_says_why_is_believed_about_itself(self) -> None:
        found = walk(RUNBOOK, held(SCENARIOS["bad-key"]), NOW)
        assert found.steps[-1].evidence == ("The pods' Secret has the key that is refused here (7f3a).",)

    def test_a_person_who_overrules_wins_over_the_evidence(self) -> None:
        known = held(SCENARIOS["rate-limited"])
        found = walk(RUNBOOK, known, NOW, {"which-429": "the provider's capacity"})
        assert found.diagnosis == "provider-capacity"
        assert [step.overruled for step in found.steps] == [False, True]

    def test_overruling_what_waits_lets_the_tree_go_on(self) -> None:
        found = walk(RUNBOOK, {}, NOW, {"api": "API ok", "service": "our service"})
        assert found.diagnosis == "app-fault"
        assert found.missing == ()

    def test_an_overruling_that_fits_no_branch_any_more_is_passed_over(self) -> None:
        known = held(SCENARIOS["rate-limited"])
        assert walk(RUNBOOK, known, NOW, {"api": "gone", "nowhere": "429"}) == walk(RUNBOOK, known, NOW)

    def test_before_anything_answered_it_says_what_it_waits_for(self) -> None:
        found = walk(RUNBOOK, {}, NOW)
        assert found.diagnosis is None
        assert found.missing == ("Mistral API: not asked yet", "Error rate: not asked yet")

    def test_an_answer_that_lacks_a_fact_is_named(self) -> None:
        found = walk(RUNBOOK, held({"mistral_api": OK, "service": {"outcome": "ok"}}), NOW)
        assert "Service: its answer does not tell mistral" in found.missing


class TestEvidence:
    def test_sayings_are_filled_once_and_what_is_filled_in_is_not_looked_at(self) -> None:
        known = held({"mistral_api": {"key_fingerprint": "{workload.image}", "http_status": None}})
        said = "key {mistral_api.key_fingerprint}, status {mistral_api.http_status}, {workload.image}"
        assert filled(said, known, NOW) == "key {workload.image}, status none, unknown"

    def test_it_says_whose_key_was_tried(self) -> None:
        said = evidence(RUNBOOK.diagnoses["rate-limited"], held(SCENARIOS["rate-limited"]), NOW)
        assert "Same key here and in the pods (7f3a)." in said
        assert "Traffic 9.8 → 11.3/s in 30 min." in said

    def test_what_is_not_known_is_said_and_never_left_out(self) -> None:
        world: Worlds = {"mistral_api": refused(503), "error_rate": State.UNKNOWN, "status_page": State.UNSET}
        said = evidence(RUNBOOK.diagnoses["provider-outage"], held(world), NOW)
        assert said == (
            "Mistral API: mistral_api as it is",
            "Not known: Error rate: Prometheus is down",
            "Not set: status page.",
        )


# Random worlds: any facts at all, of any age.

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 600),
    st.floats(),
    st.sampled_from(["ok", "timeout", "http_error", "429", "0", "", "7f3a", "our_limit"]),
)
NAMES = sorted(set(facts_of(AllOf(tuple(RUNBOOK.conditions.values())))), key=str)
READINGS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=30)
STATES = st.dictionaries(st.sampled_from(list(Check)), st.sampled_from(list(State)))
LABELS = {q.id: [b.label for b in q.branches] for q in RUNBOOK.questions.values()}
OVERRULED = st.dictionaries(
    st.sampled_from(sorted(LABELS)),
    st.sampled_from(sorted({label for ls in LABELS.values() for label in ls})),
)


def world_of(
    facts: Mapping[FactName, Fact], states: Mapping[Check, State], age: int = 0
) -> dict[Check, Held]:
    known = {}
    for check in {name.check for name in facts} | set(states):
        mine = {name.fact: value for name, value in facts.items() if name.check is check}
        at = NOW - timedelta(seconds=age)
        reading = Reading(check, states.get(check, State.OK), "as it is", at, mine)
        known[check] = Held(reading, reading, MAX_AGE)
    return known


class TestAnyWorld:
    @given(READINGS, STATES, OVERRULED)
    def test_the_walk_ends_at_a_diagnosis_or_says_what_it_waits_for(
        self, facts: dict[FactName, Fact], states: dict[Check, State], overruled: dict[str, str]
    ) -> None:
        found = walk(RUNBOOK, world_of(facts, states), NOW, overruled)
        assert 1 <= len(found.steps) <= len(RUNBOOK.questions)
        assert (found.diagnosis in RUNBOOK.diagnoses) != bool(found.missing)
        assert all(step.evidence or step.missing for step in found.steps)

    @given(READINGS, STATES)
    def test_a_stale_world_never_picks_a_branch(
        self, facts: dict[FactName, Fact], states: dict[Check, State]
    ) -> None:
        found = walk(RUNBOOK, world_of(facts, states, age=31), NOW)
        assert [step.branch for step in found.steps] == [""]

    @given(READINGS, st.sampled_from([State.UNKNOWN, State.UNSET]))
    def test_a_world_that_is_unknown_never_picks_a_branch_whatever_facts_it_carries(
        self, facts: dict[FactName, Fact], state: State
    ) -> None:
        found = walk(RUNBOOK, world_of(facts, dict.fromkeys(Check, state)), NOW)
        assert [step.branch for step in found.steps] == [""]

    @given(READINGS, STATES, OVERRULED)
    def test_overruling_wins_wherever_it_names_a_branch(
        self, facts: dict[FactName, Fact], states: dict[Check, State], overruled: dict[str, str]
    ) -> None:
        for step in walk(RUNBOOK, world_of(facts, states), NOW, overruled).steps:
            wanted = overruled.get(step.question)
            assert step.overruled == (wanted in LABELS[step.question])
            assert not step.overruled or step.branch == wanted

    @given(READINGS, READINGS)
    def test_learning_more_never_turns_a_known_answer_around(
        self, facts: dict[FactName, Fact], more: dict[FactName, Fact]
    ) -> None:
        before, after = world_of(facts, {}), world_of({**more, **facts}, {})
        for condition in RUNBOOK.conditions.values():
            was = holds(condition, before, NOW)
            assert was in (UNKNOWN, holds(condition, after, NOW))

    @given(READINGS, STATES)
    def test_evidence_and_severity_are_told_of_any_world(
        self, facts: dict[FactName, Fact], states: dict[Check, State]
    ) -> None:
        known = world_of(facts, states)
        for diagnosis in RUNBOOK.diagnoses.values():
            said = evidence(diagnosis, known, NOW)
            assert said and all(isinstance(sentence, str) and sentence for sentence in said)
            assert severity(diagnosis, known, NOW) in (None, *Severity)
