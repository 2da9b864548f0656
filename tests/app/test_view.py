"""The mapping from the model to what the widgets show."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from tests.support import sights
from tests.support.sights import NOW, ago
from tui.model.incident import Applied, Entry, Kind, Status
from tui.model.mitigation import Lease
from tui.model.reading import Check, Held, State
from tui.model.runbook import Diagnosis
from tui.model.severity import Severity
from tui.screens import branches, page, pages, view
from tui.screens.view import Places
from tui.session.snapshot import Arming, OpenIncident, Snapshot

PLACES = Places("~/.config/leeward/config.toml", "~/.local/state/leeward")


def row(snapshot, check: Check):
    return view.checks(snapshot, NOW)[list(Check).index(check)]


class TestBanner:
    def test_names_incident_place_and_what_is_allowed(self) -> None:
        shown = view.banner(sights.limited(), NOW)
        assert (shown.incident, shown.severity, shown.status) == (sights.ID, "P2", "INVESTIGATING")
        assert (shown.response, shown.open_for) == ("acknowledged in 4 min", "open 18 min")
        assert (shown.arming, shown.armed) == ("READ-ONLY", False)

    def test_the_response_clock_runs_until_somebody_responded_and_then_says_it_is_late(self) -> None:
        waiting = replace(sights.INCIDENT, acknowledged_at=None)
        shown = view.banner(sights.limited(incident=waiting, respond_by=NOW + timedelta(minutes=9)), NOW)
        assert shown.response == "respond in 9 min"
        shown = view.banner(sights.limited(incident=waiting, respond_by=ago(minutes=3)), NOW)
        assert (shown.response, shown.severity_role) == ("response overdue 3 min", "fail")

    def test_a_resolved_incident_no_longer_runs(self) -> None:
        over = replace(sights.INCIDENT, status=Status.RESOLVED, resolved_at=NOW)
        shown = view.banner(sights.limited(incident=over), NOW + timedelta(hours=9))
        assert shown.open_for == "lasted 18 min"

    def test_minutes_left_of_the_arming(self) -> None:
        assert view.arming(sights.armed(), NOW) == "ARMED 14 min"
        held = sights.armed(arming=Arming("prodeu", ago(seconds=1)))
        assert view.arming(held, NOW) == "ARMED"

    def test_open_incidents_are_counted_and_the_oldest_is_aged(self) -> None:
        two = (OpenIncident("a", "x", ago(hours=2)), OpenIncident("b", "y", ago(minutes=5)))
        assert view.offer(sights.empty(open_incidents=two), NOW) == "2 open incidents, 2 h: i resumes"
        held = tuple(replace(i, held_by_other=True) for i in two)
        assert view.offer(sights.empty(open_incidents=held[:1]), NOW) == "1 open incident, 2 h: i follows"
        assert view.offer(sights.empty(open_incidents=(held[0], two[1])), NOW).endswith("i resumes")
        assert view.banner(sights.empty(), NOW).title == "no incident: looking"

    def test_with_no_action_the_steps_by_hand_come_before_the_evidence(self) -> None:
        ours = replace(
            sights.RUNBOOK.diagnoses["app-fault"], do=("Read the logs.", "Look at the last change.")
        )
        shown = view.do_here(sights.limited(diagnosis=ours, actions=()), NOW, PLACES, trail=False)
        assert shown.prose[:2] == ("To do: Read the logs.", "To do: Look at the last change.")
        assert len(shown.prose) > 2
        offered = view.do_here(sights.limited(diagnosis=ours), NOW, PLACES, trail=False)
        assert offered.prose[-2:] == ours.do

    def test_the_headline_has_the_severity_that_is_proposed(self) -> None:
        shown = view.do_here(sights.limited(proposed=Severity.P1), NOW, PLACES, trail=False)
        assert "(P1)" in shown.headline

    def test_a_lease_says_what_it_holds_that_it_is_over_or_whose_it_is_now(self) -> None:
        assert view.lease(Lease(sights.LEASE), NOW) == "held: MAX_CONCURRENT_MISTRAL=3 until 17:22"
        assert "was to end 17:22" in view.lease(Lease(sights.LEASE), NOW + timedelta(hours=3))
        other = Lease(replace(sights.LEASE, live="10"), "argocd")
        assert view.lease(other, NOW) == "OVERWRITTEN by argocd: MAX_CONCURRENT_MISTRAL"


class TestChecks:
    def test_one_that_has_not_answered_is_unknown_and_never_well(self) -> None:
        assert {r.state for r in view.checks(sights.empty(), NOW)} == {"unknown"}

    def test_an_unset_one_says_what_to_set(self) -> None:
        shown = row(sights.nothing_set(), Check.WORKLOAD)
        assert (shown.state, shown.summary) == ("unset", "set kubernetes.deployment")

    def test_one_that_went_away_keeps_its_last_answer_with_age_and_reason(self) -> None:
        shown = row(sights.away(), Check.MISTRAL_API)
        assert (shown.state, shown.summary) == ("unknown", "429, our rate limit (1300)")
        assert (shown.stale, shown.note) == ("stale 57s", "no answer: connection refused")

    def test_an_answer_that_grew_old_is_stale_though_nothing_failed(self) -> None:
        old = sights.reading(Check.SERVICE, State.OK, "healthy", at=ago(minutes=5))
        shown = row(
            sights.limited(checks={Check.SERVICE: Held(old, old, timedelta(seconds=45))}), Check.SERVICE
        )
        assert (shown.state, shown.stale) == ("unknown", "stale 5 min")

    def test_one_that_never_answered_says_why_and_what_to_do(self) -> None:
        lost = sights.reading(Check.WORKLOAD, State.UNKNOWN, "login expired", remedy="log in again")
        shown = row(sights.limited(checks=sights.held(lost)), Check.WORKLOAD)
        assert (shown.state, shown.summary, shown.note) == ("unknown", "login expired", "log in again")

    @pytest.mark.parametrize(
        ("check", "brief"),
        [(Check.MISTRAL_API, "429, our rate limit"), (Check.ERROR_RATE, "11.8 %"), (Check.NETWORK, "")],
    )
    def test_the_strip_says_less(self, check: Check, brief: str) -> None:
        assert row(sights.limited(), check).brief == brief


class TestChart:
    def test_shows_the_last_half_hour_the_worst_line_first(self) -> None:
        shown = view.chart(sights.limited(), NOW)
        assert [s.label for s in shown.series] == ["large", "small"]
        assert shown.end - shown.start == 1800
        assert [words for _, words in shown.ticks] == ["15:00", "15:10", "15:20"]

    def test_does_not_change_with_the_clock_alone(self) -> None:
        snapshot = sights.limited()
        assert view.chart(snapshot, NOW) == view.chart(snapshot, NOW + timedelta(seconds=5))

    def test_without_prometheus_it_says_what_to_set(self) -> None:
        assert view.chart(sights.nothing_set(), NOW).empty == "set prometheus.url, to see the errors"

    def test_what_to_set_is_said_without_where_for_which_a_row_has_no_room(self) -> None:
        remedy = "Set prometheus.url in the settings."
        unset = sights.held(sights.reading(Check.ERROR_RATE, State.UNSET, "not set", remedy=remedy))
        snapshot = sights.limited(checks=unset)
        assert view.chart(snapshot, NOW).empty == "Set prometheus.url, to see the errors"
        row = next(r for r in view.checks(snapshot, NOW) if r.name == "Error rate")
        assert row.summary == "Set prometheus.url"

    def test_counted_from_logs_there_is_nothing_to_draw(self) -> None:
        counted = sights.reading(Check.ERROR_RATE, State.WARN, "12 errors in the logs")
        assert "12 errors in the logs" in view.chart(sights.limited(checks=sights.held(counted)), NOW).empty

    def test_ticks_in_another_zone(self) -> None:
        shown = view.chart(sights.limited(), NOW, timezone(timedelta(hours=1), "CET"))
        assert shown.zone == "CET"
        assert shown.ticks[0][1] == "16:00"


class TestDoHere:
    def told(self, snapshot, **more):
        return view.do_here(snapshot, NOW, PLACES, trail=False, **more)

    def test_the_diagnosis_its_evidence_and_the_actions(self) -> None:
        shown = self.told(sights.limited())
        assert shown.headline == "Rate limited (P2)"
        assert shown.prose[0].startswith("From here: 429")
        assert [a.id for a in shown.actions] == ["reduce-concurrency", "limits"]

    def test_the_trail_where_the_tree_is_not_seen(self) -> None:
        assert view.do_here(sights.limited(), NOW, PLACES, trail=True).trail == "429 › our limit"

    def test_nothing_set_says_drill_and_file(self) -> None:
        text = " ".join(self.told(sights.nothing_set()).prose)
        assert "leeward drill" in text
        assert PLACES.settings in text

    def test_a_tree_that_waits_says_what_would_tell(self) -> None:
        waiting = sights.limited(diagnosis=None, walk=sights.nothing_set().walk, evidence=())
        shown = self.told(waiting)
        assert shown.headline.startswith("Cannot tell yet")
        assert shown.prose == ("Would tell: mistral_api.outcome: set MISTRAL_API_KEY",)

    def test_a_healthy_path_that_a_lease_holds_is_not_resolved(self) -> None:
        healthy = sights.RUNBOOK.diagnoses["healthy"]
        shown = self.told(sights.held_by_lease(diagnosis=healthy))
        assert shown.headline == "Healthy, held by MAX_CONCURRENT_MISTRAL=3"
        assert "i sets the status to monitoring" in shown.prose[0]
        watched = replace(sights.INCIDENT, status=Status.MONITORING)
        shown = self.told(sights.held_by_lease(diagnosis=healthy, incident=watched, resolvable_at=NOW))
        assert "It has held: i resolves the incident." in shown.prose

    def test_the_monitoring_hold_is_told(self) -> None:
        until = sights.limited(resolvable_at=NOW + timedelta(minutes=5))
        assert "Monitoring: resolving is offered at 15:27 UTC." in self.told(until).prose
        assert "It has held: i resolves the incident." in self.told(sights.limited(resolvable_at=NOW)).prose

    def test_a_pinned_diagnosis_says_so(self) -> None:
        assert "pinned by hand" in self.told(sights.limited(pinned=True)).headline


class TestTimeline:
    def test_a_kind_of_a_later_version_is_shown(self) -> None:
        entry = Entry("1", NOW, NOW, "x", "teleported", "elsewhere")
        shown = view.timeline_row(entry)
        assert (shown.kind, shown.text, shown.key) == ("teleported", "elsewhere", True)

    def test_key_entries_are_told_from_the_others(self) -> None:
        shown = view.timeline(sights.ENTRIES)
        assert [r.kind for r in shown if not r.key] == ["pinned"]

    def test_an_outcome_is_of_who_approved_the_change(self) -> None:
        told = Entry("1", NOW, NOW, "leeward", Kind.OUTCOME, "applied: V 3 → 10", {"intent": "i1"})
        assert view.timeline_row(told, by={"i1": "bo"}).who == "bo"
        assert view.timeline_row(told).who == ""
        assert view.timeline_row(replace(told, kind=Kind.VERDICT), by={"i1": "bo"}).who == ""

    def test_a_lock_that_was_taken_is_no_key_entry_and_all_else_of_a_lock_is(self) -> None:
        for event, key in (("taken", False), ("taken_over", True), ("lost", True), ("without", True)):
            shown = view.timeline_row(sights.entry(NOW, Kind.LOCK, "of a lock", 9, event=event))
            assert (shown.key, shown.role) == (key, "warn" if key else ""), event

    def test_times_are_utc_unless_a_zone_is_given(self) -> None:
        assert view.timeline_row(sights.ENTRIES[0]).time == "14:58:40"
        zone = timezone(timedelta(hours=2))
        assert view.timeline_row(sights.ENTRIES[0], zone).time == "16:58:40"


class TestBell:
    def test_rings_for_a_check_that_turned_to_fail_once(self) -> None:
        before, after = sights.limited(checks={}), sights.limited()
        assert view.worsened(before, after)
        assert not view.worsened(after, sights.limited())

    def test_does_not_ring_for_the_verdicts_of_an_incident_that_is_resumed(self) -> None:
        verdict = sights.entry(NOW, Kind.VERDICT, "effective", 9)
        assert not view.worsened(
            sights.limited(incident=None, entries=()), sights.limited(entries=(*sights.ENTRIES, verdict))
        )
        assert view.worsened(sights.limited(), sights.limited(entries=(*sights.ENTRIES, verdict)))


class TestTree:
    def test_the_live_path_is_open_and_the_others_are_closed(self) -> None:
        shown = {r.id: r for r in branches.rows(sights.RUNBOOK, sights.WALK)}
        assert [i for i, r in shown.items() if r.live] == ["api", "api/429", "which-429/our limit"]
        assert shown["which-429/our limit"].here
        assert shown["service"].answer == "not asked"
        assert shown["service"].depth == 0
        assert not any(
            i.startswith("which-429")
            for i in (r.id for r in branches.rows(sights.RUNBOOK, sights.empty().walk))
        )

    def test_a_question_that_waits_is_where_we_are(self) -> None:
        root = branches.rows(sights.RUNBOOK, sights.nothing_set().walk)[0]
        assert (root.here, root.unknown, root.answer) == (True, True, "unknown")

    def test_before_there_is_a_runbook_it_is_empty(self) -> None:
        assert branches.rows(None, sights.WALK) == ()

    def test_the_shipped_runbook_has_a_row_for_every_answer(self) -> None:
        from tui import runbooks
        from tui.model.walk import Walk

        runbook = runbooks.load(None)
        shown = branches.rows(runbook, Walk())
        assert len({r.id for r in shown}) == len(shown)
        assert shown[0].id == runbook.root


class TestPages:
    def test_an_entry_shows_every_datum(self) -> None:
        text = page.text(pages.entry(sights.entry(NOW, Kind.NOTE, "x", 1, a={"b": [1]}, c=None)))
        assert 'a: {"b": [1]}' in text
        assert "c: nothing" in text
        assert "2026-11-23T15:22:00.000Z" in text

    def test_the_checks_page_has_the_last_good_answer_and_what_to_do(self) -> None:
        text = page.text(pages.checks(sights.away(), NOW))
        assert "last good: 429, our rate limit (1300), 57s ago" in text
        assert "set MISTRAL_API_KEY" in page.text(pages.checks(sights.nothing_set(), NOW))

    def test_a_branch_tells_evidence_and_ways(self) -> None:
        text = page.text(pages.branch("api/429", sights.limited(), sights.RUNBOOK))
        assert "because: From here: 429" in text
        assert "429: Which 429?, the live path" in text


def test_a_healthy_path_with_an_open_incident_says_what_comes_next() -> None:
    def first(snapshot: Snapshot) -> str:
        return view.do_here(snapshot, NOW, PLACES, trail=False).prose[0]

    well = Diagnosis("healthy", "All is well", None, "Nothing is wrong.", healthy=True)
    seen = sights.limited(diagnosis=well, proposed=None)
    assert first(seen).startswith("Next: i sets the status")
    assert seen.incident is not None
    monitoring = replace(seen.incident, status=Status.MONITORING)
    watched = replace(seen, incident=monitoring, resolvable_at=NOW + timedelta(minutes=5))
    assert first(watched).startswith("Monitoring: resolving is offered")
    assert first(replace(watched, resolvable_at=NOW)) == "It has held: i resolves the incident."
    assert not first(replace(seen, incident=None)).startswith("Next")


def test_a_proven_rotation_leaves_the_old_key_to_be_revoked_and_one_that_is_not_does_not() -> None:
    well = Diagnosis("healthy", "All is well", None, "Nothing is wrong.", healthy=True)
    rotated = Applied(
        "e1", "rotate-key", "Store a new API key", "secret mistral/api-key", "key 7f3a", "key 91bc", NOW,
        outcome="applied", verdict="effective", kind="rotate-key",
    )  # fmt: skip

    def told(change: Applied) -> str:
        incident = replace(sights.INCIDENT, mitigations=(change,))
        seen = sights.limited(diagnosis=well, incident=incident)
        return " ".join(view.do_here(seen, NOW, PLACES, trail=False).prose)

    assert "revoke key 7f3a: the pods authenticate with key 91bc." in told(rotated)
    for other in (
        replace(rotated, verdict="unknown"),
        replace(rotated, undone=True),
        replace(rotated, undoes="e0"),
        replace(rotated, kind="env"),
    ):
        assert "revoke" not in told(other)
