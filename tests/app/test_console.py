"""The console by keys alone, over a session that is played by hand."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from textual import events

from tests.support import sights
from tui.model.incident import Status
from tui.model.severity import Severity
from tui.session.errors import SessionError
from tui.session.snapshot import Arming, OpenIncident
from tui.settings import Console


async def test_the_main_screen_shows_everything_at_120x40(console) -> None:
    async with console() as desk:
        seen = desk.seen()
        for words in (
            "rate limited",
            "READ-ONLY",
            "429, our rate limit (1300)",
            "Errors per second",
            "Decision tree",
            "you are here",
            "Do here",
            "Reduce concurrency",
            "Timeline (UTC)",
            "traffic rose after the newsletter",
            "? help",
            "15:22 UTC",
        ):
            assert words in seen, words


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_a_small_window_shows_what_to_do_and_hides_nothing_behind_more_than_tab(console, size) -> None:
    async with console(size=size) as desk:
        assert "Reduce concurrency" in desk.seen()
        assert "Timeline (UTC)" in desk.seen()
        found = set()
        for _ in range(5):
            await desk.press("tab")
            found |= {w for w in ("Decision tree", "Errors per second", "Status ") if w in desk.seen()}
        assert found == {"Decision tree", "Errors per second", "Status "}
        assert "Reduce concurrency" in desk.seen()


async def test_the_layout_follows_the_window(console) -> None:
    async with console() as desk:
        await desk.pilot.resize_terminal(80, 24)
        await desk.settle()
        assert "Decision tree" not in desk.seen()
        await desk.pilot.resize_terminal(30, 8)
        await desk.settle()
        await desk.pilot.resize_terminal(120, 40)
        await desk.settle()
        assert "Decision tree" in desk.seen()
        assert "Do here" in desk.seen()


async def test_looking_needs_no_incident_and_an_open_one_is_a_line(console) -> None:
    async with console(sights.looking()) as desk:
        assert desk.screen == "MainScreen"
        assert "1 open incident, 2 h: i resumes" in desk.seen()
        assert not desk.session.calls
        await desk.press("i", "1")
        assert desk.session.did("resume") == [("resume", sights.ID)]


async def test_with_nothing_set_it_says_how_to_begin(console) -> None:
    async with console(sights.nothing_set(), size=(80, 24)) as desk:
        seen = desk.seen()
        assert "leeward drill" in seen
        assert "~/.config/leeward/config.toml" in seen
        await desk.press("shift+tab", "shift+tab")
        assert "set kubernetes.deployment" in desk.seen()


async def test_mitigating_is_a_list_then_a_preview_and_enter_never_applies(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m")
        assert desk.screen == "ChoosingScreen"
        await desk.press("enter")
        assert desk.screen == "PreviewScreen"
        seen = desk.seen()
        for words in (
            "prod-eu / prod / deployment mistral-service",
            "10 → 3",
            "self-heal",
            "MISTRAL=10",
            "y applies",
        ):
            assert words in seen, words
        await desk.advance(5)
        await desk.press("enter")
        assert desk.screen == "MainScreen"
        assert not desk.session.did("approve")


async def test_y_is_deaf_until_the_preview_has_been_complete_for_a_second(console) -> None:
    async with console(sights.armed()) as desk:
        desk.session.gate = asyncio.Event()
        await desk.press("m", "1")
        assert "checking" in desk.seen()
        await desk.advance(30)
        await desk.press("y")
        desk.session.gate.set()
        await desk.settle()
        await desk.press("y")
        await desk.advance(0.9)
        await desk.press("y")
        assert not desk.session.did("approve")
        await desk.advance(0.2)
        await desk.press("y", "y", "y")
        assert desk.session.did("approve") == [("approve", sights.PLAN)]
        assert desk.screen == "MainScreen"


async def test_read_only_asks_for_the_word_and_typing_ahead_applies_nothing(console) -> None:
    async with console() as desk:
        await desk.press("m", "1")
        assert "type prodeu to arm for 15 minutes" in desk.seen()
        await desk.press("y", "tab", *"nonsense", "enter")
        assert "not the word" in desk.seen()
        await desk.press("ctrl+u", *"PRODEU", "enter", "y")
        assert not desk.session.did("approve")
        assert "ARMED" in desk.seen() or "y applies" in desk.seen()
        await desk.advance(1.1)
        await desk.press("y")
        assert len(desk.session.did("approve")) == 1


async def test_high_risk_asks_for_the_word_again(console) -> None:
    async with console(sights.armed()) as desk:
        desk.session.plan = sights.HIGH_PLAN
        await desk.press("m", "1")
        await desk.advance(2)
        await desk.press("y")
        assert "high risk: type prodeu to apply" in desk.seen()
        await desk.press("tab", *"prodeu", "enter")
        assert not desk.session.did("approve")
        await desk.advance(1.1)
        await desk.press("y")
        assert len(desk.session.did("approve")) == 1


async def test_what_can_never_be_armed_says_why_and_offers_no_key(console) -> None:
    locked = sights.limited(arming=Arming("prodeu", None, "it was started with --read-only"))
    async with console(locked) as desk:
        await desk.press("m", "1")
        await desk.advance(5)
        seen = desk.seen()
        assert "it was started with --read-only" in seen
        assert "y applies" not in seen
        assert "type prodeu" not in seen
        await desk.press("y")
        assert not desk.session.did("approve")


async def test_a_plan_that_cannot_be_made_says_what_and_what_to_do(console) -> None:
    async with console(sights.armed()) as desk:
        desk.session.plan = SessionError("Your login to prod-eu has expired.", "Run kubectl login, then r.")
        await desk.press("m", "1")
        await desk.advance(5)
        await desk.press("y")
        assert "Your login to prod-eu has expired." in desk.seen()
        assert "Run kubectl login, then r." in desk.seen()
        await desk.press("escape")
        assert desk.screen == "MainScreen"
        assert not desk.session.did("approve")


async def test_a_refused_approval_stays_in_the_preview(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m", "1")
        await desk.advance(1.1)
        desk.session.refuse = SessionError("It changed under us: nothing was applied.", "Look again.")
        await desk.press("y")
        assert desk.screen == "PreviewScreen"
        assert "nothing was applied" in desk.seen()


async def test_the_value_can_be_edited_and_the_second_of_deafness_begins_anew(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m", "1")
        await desk.advance(2)
        await desk.press("e", "backspace", "5", "enter", "y")
        assert "10 → 5" in desk.seen()
        assert desk.session.did("preview")[-1] == ("preview", "reduce-concurrency", "5")
        assert not desk.session.did("approve")


async def test_a_refused_value_can_be_edited_again(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m", "1")
        plan, desk.session.plan = desk.session.plan, SessionError("99 would make it worse.", "Choose less.")
        await desk.press("e", "9", "enter")
        assert "would make it worse" in desk.seen()
        assert "e to edit" in desk.seen()
        desk.session.plan = plan
        await desk.press("e", "backspace", "2", "enter")
        assert "10 → 2" in desk.seen()
        assert not desk.session.did("approve")


async def test_the_incident_of_another_console_is_followed_and_only_taken_over(console) -> None:
    held = OpenIncident(sights.ID, "rate limited", sights.NOW, held_by_other=True)
    async with console(sights.looking(open_incidents=(held,))) as desk:
        await desk.press("i")
        assert f"Follow {sights.ID}" in desk.seen()
        await desk.press("enter")
        assert desk.session.did("resume") == [("resume", sights.ID)]
        desk.session.publish(replace(desk.session.snapshot, following=True, offline="process 7 writes it"))
        assert "held by another console" in desk.seen()
        await desk.press("i")
        assert "Take over" in desk.seen()
        assert "Resolve" not in desk.seen()
        await desk.press("r")
        assert len(desk.session.did("resume")) == 2
        assert "Following, read-only: process 7 writes it" in desk.seen()


async def test_the_arming_is_held_while_the_preview_is_open(console) -> None:
    async with console(sights.armed()) as desk:
        await desk.press("m", "1")
        held = len(desk.session.did("hold_arming"))
        assert held == len(desk.session.did("release_arming")) + 1
        await desk.press("escape")
        assert len(desk.session.did("hold_arming")) == len(desk.session.did("release_arming")) == held


async def test_an_open_list_is_frozen(console) -> None:
    async with console() as desk:
        await desk.press("m")
        before = desk.seen().count("Reduce concurrency")
        desk.session.publish(sights.limited(actions=(sights.ACTIONS[1],)))
        await desk.settle()
        assert desk.seen().count("Reduce concurrency") >= before - 1
        await desk.press("1")
        assert desk.session.did("preview") == [("preview", "reduce-concurrency", None)]


async def test_a_note_is_kept_when_escape_leaves_it_and_forgotten_once_written(console) -> None:
    async with console() as desk:
        await desk.press("n", *"half", "escape")
        assert not desk.session.did("note")
        await desk.press("n")
        assert "half" in desk.seen()
        await desk.press(*"way", "enter")
        assert desk.session.did("note") == [("note", "halfway")]
        await desk.press("n")
        assert desk.session.snapshot.entries[-1].text == "halfway"
        assert not desk.app.drafts.get("note")


async def test_a_note_that_was_begun_before_the_incident_was_resolved_is_about_that_one(console) -> None:
    async with console() as desk:
        incident = desk.session.snapshot.incident
        await desk.press("n", *"half")
        over = replace(incident, status=Status.RESOLVED)
        desk.session.publish(replace(desk.session.snapshot, incident=over))
        await desk.press(*"way", "enter")
        assert desk.session.did("note") == [("note", "halfway")]
        assert desk.session.noted_in == [incident.id]
        assert f"Noted in {incident.id}, which was resolved meanwhile." in desk.seen()


async def test_a_note_says_which_incident_was_opened_for_it(console) -> None:
    incident = sights.limited().incident
    for before in (None, replace(incident, id="inc-20261122-0900-0000", status=Status.RESOLVED)):
        async with console(sights.limited(incident=before, entries=())) as desk:
            await desk.press("n")
            assert "this opens an incident" in desk.seen()
            desk.session.publish(replace(desk.session.snapshot, incident=incident))
            await desk.press(*"new", "enter")
            assert desk.session.noted_in == [""]
            assert f"Noted. {incident.id} was opened for it." in desk.seen()


async def test_a_note_that_could_not_be_written_is_still_there(console) -> None:
    async with console() as desk:
        desk.session.refuse = SessionError("The disk is full: the note was not written.", "Make room.")
        await desk.press("n", *"lost", "enter")
        assert "The disk is full" in desk.seen()
        desk.session.refuse = None
        await desk.press("n", "enter")
        assert desk.session.did("note") == [("note", "lost")]


async def test_declaring_asks_for_title_and_severity(console) -> None:
    async with console(sights.limited(incident=None, entries=())) as desk:
        await desk.press("i", "d", "enter", "1")
        assert desk.session.did("declare") == [("declare", "Rate limited", Severity.P1)]


async def test_escape_out_of_any_step_of_declaring_declares_nothing(console) -> None:
    async with console(sights.limited(incident=None, entries=())) as desk:
        await desk.press("i", "d", "enter", "escape")
        await desk.press("i", "escape")
        assert not desk.session.did("declare")


async def test_resolving_asks_first_and_then_for_a_reason_where_something_speaks_against_it(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await desk.press("i", "x", "enter")
        assert not desk.session.did("resolve")
        desk.session.refuse = SessionError("MAX_CONCURRENT_MISTRAL=3 is still live.", "Undo it, or say why.")
        await desk.press("i", "x", "y")
        assert "still live" in desk.seen()
        desk.session.refuse = None
        await desk.press(*"because", "enter")
        assert desk.session.did("resolve") == [("resolve", "because")]


async def test_acknowledging_is_offered_until_somebody_has(console) -> None:
    waiting = replace(sights.INCIDENT, acknowledged_at=None)
    late = sights.limited(incident=waiting, respond_by=sights.NOW + timedelta(minutes=41))
    async with console(late) as desk:
        assert "respond in 41 min" in desk.seen()
        await desk.press("i", "a")
        assert desk.session.did("acknowledge")
        desk.session.publish(sights.limited())
        await desk.press("i")
        assert "Acknowledge" not in desk.seen()


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (("s", "2"), ("set_status", "mitigating")),
        (("v", "1", "enter"), ("set_severity", "P1")),
        (("v", "1", *"all of it", "enter"), ("set_severity", "P1", "all of it")),
        (("c", "enter"), ("take_command", "responder")),
        (("h", *"ana", "enter"), ("hand_over", "ana")),
    ],
)
async def test_the_incident_menu_asks_and_then_does(console, keys, call) -> None:
    async with console() as desk:
        await desk.press("i", *keys)
        assert desk.session.did(call[0]) == [call]


async def test_undo_opens_its_preview(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await desk.press("z")
        assert desk.screen == "PreviewScreen"
        assert desk.session.did("preview_undo")
        assert not desk.session.did("approve")


async def test_pin_and_overrule_ask_for_what(console) -> None:
    async with console() as desk:
        await desk.press("p", "2")
        assert desk.session.did("pin") == [("pin", "rate-limited")]
        await desk.press("o", "1", "3")
        assert desk.session.did("overrule") == [("overrule", "api", "429")]


async def test_the_timeline_shows_key_entries_or_all_and_is_filtered(console) -> None:
    async with console() as desk:
        assert "pinned, and let go" not in desk.seen()
        await desk.press("f")
        assert "pinned, and let go" in desk.seen()
        await desk.press("slash", *"newsletter", "enter")
        assert "newsletter went out" in desk.seen()
        assert "pinned, and let go" not in desk.seen()
        await desk.press("escape")
        assert "pinned, and let go" in desk.seen()


async def test_enter_on_an_entry_opens_all_of_it(console) -> None:
    async with console() as desk:
        await desk.press("shift+tab", "home", "j", "enter")
        assert desk.screen == "EntryScreen"
        assert "severity" in desk.seen()
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_copying_says_where_it_went_and_the_file_is_private(console) -> None:
    async with console() as desk:
        await desk.press("2")
        kept = desk.app.opening.folder / "copied.txt"
        assert kept.read_text() == sights.ACTIONS[1].url
        assert kept.stat().st_mode & 0o777 == 0o600
        assert "sent to the terminal and to" in desk.seen()


async def test_the_palette_finds_by_name_and_runs(console) -> None:
    async with console() as desk:
        await desk.press("colon", *"ask every", "enter")
        assert desk.session.did("refresh")
        await desk.press("ctrl+p", *"light", "enter")
        assert desk.app.theme == "leeward-light"


async def test_help_shows_every_key(console) -> None:
    async with console(size=(120, 60)) as desk:
        await desk.press("question_mark")
        seen = desk.seen()
        assert all(entry.id in seen for entry in desk.app.table if entry.where == "main")


async def test_rebound_keys_work_are_shown_and_a_conflict_is_a_line(console) -> None:
    keys = Console(keys={"note": "w", "undo": "m", "nonsense": "x"})
    async with console(console=keys, size=(120, 40)) as desk:
        assert "no binding 'nonsense'" in desk.seen()
        await desk.press("w")
        assert desk.screen == "AskingScreen"
        await desk.press("escape", "n")
        assert desk.screen == "MainScreen"
        assert "w note" in desk.seen()


async def test_leaving_asks_only_while_a_mitigation_runs(console) -> None:
    async with console(sights.running()) as desk:
        await desk.press("q")
        assert desk.screen == "ChoosingScreen"
        await desk.press("enter")
        assert not desk.session.stopped
    async with console() as desk:
        await desk.press("q")
        assert desk.session.stopped
        assert desk.app.return_value == 0


async def test_keys_answer_while_the_session_is_still_being_made(tmp_path) -> None:
    from tests.app.conftest import opening
    from tests.support.clock import ManualClock
    from tui.app import LeewardApp

    async def never() -> None:
        await asyncio.Event().wait()

    app = LeewardApp(opening(never, ManualClock(sights.NOW), tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert type(app.screen).__name__ == "ReaderScreen"
        await pilot.press("escape", "z")
        await pilot.pause()
        assert "still starting" in app.main._said
        await pilot.press("q")


async def test_a_server_that_is_away_keeps_its_last_answer_with_its_age(console) -> None:
    async with console(sights.away()) as desk:
        seen = desk.seen()
        assert "stale 57s" in seen
        assert "connection refused" in seen
        await desk.advance(70)
        desk.app._tick()
        await desk.settle()
        assert "stale 2 min" in desk.seen()


async def test_the_bell_rings_for_what_turns_to_fail_a_verdict_and_a_lease_that_ends(console) -> None:
    async with console(sights.armed(checks={})) as desk:
        rung = []
        desk.app.bell = lambda: rung.append(1)  # type: ignore[method-assign]
        desk.session.publish(sights.armed())
        assert len(rung) == 1
        desk.session.publish(sights.held_by_lease())
        assert len(rung) == 2
        await desk.advance(3 * 3600)
        desk.app._tick()
        desk.app._tick()
        assert len(rung) == 3


async def test_the_bell_is_silent_when_asked(console) -> None:
    async with console(sights.armed(checks={}), console=Console(bell=False)) as desk:
        desk.app.bell = lambda: pytest.fail("it rang")  # type: ignore[method-assign]
        desk.session.publish(sights.held_by_lease())


async def test_outside_text_is_only_ever_text(console) -> None:
    async with console(sights.hostile()) as desk:
        for keys in ((), ("tab", "enter"), ("escape", "shift+tab", "enter"), ("escape", "m")):
            await desk.press(*keys)
            seen = desk.seen()
            assert "\x1b" not in seen
            assert "\u202e" not in seen
            assert "[red]" in seen


async def test_nothing_is_painted_when_nothing_changed(console) -> None:
    async with console() as desk:
        painted = []
        desk.app.main.banner.refresh = lambda *regions, **_: painted.append(regions)  # type: ignore[method-assign]
        desk.app.main.status.refresh = lambda *regions, **_: painted.append(regions)  # type: ignore[method-assign]
        desk.session.publish(replace(sights.limited()))
        for _ in range(5):
            desk.app._tick()
        assert painted == []
        await desk.advance(60)
        desk.app._tick()
        assert painted


async def test_an_unforeseen_fault_is_one_sentence_with_a_file(tmp_path, capsys) -> None:
    from tests.app.conftest import opening
    from tests.support.clock import ManualClock
    from tests.support.fake_session import FakeSession
    from tui.app import LeewardApp

    clock = ManualClock(sights.NOW)
    session = FakeSession(sights.limited(), clock)

    async def make() -> FakeSession:
        return session

    app = LeewardApp(opening(make, clock, tmp_path, keep=lambda _error: tmp_path / "crash.txt"))
    with pytest.raises(ZeroDivisionError):
        async with app.run_test() as pilot:
            app.call_later(lambda: 1 // 0)
            await pilot.pause()
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "crash.txt" in told.replace("\n", "")


async def test_a_fault_in_a_flow_leaves_the_console_open(console) -> None:
    async with console() as desk:
        desk.session.refuse = RuntimeError("nobody foresaw this")
        await desk.press("n", "x", "enter")
        assert "A fault of the console itself" in desk.seen()
        desk.session.refuse = None
        await desk.press("n", "enter")
        assert desk.session.did("note") == [("note", "x")]


async def test_armed_minutes_stand_in_the_banner(console) -> None:
    async with console(sights.armed()) as desk:
        assert "ARMED 14 min" in desk.seen()
        desk.session.publish(sights.armed(arming=Arming("prodeu", sights.NOW - timedelta(minutes=1))))
        await desk.settle()
        assert "READ-ONLY" not in desk.seen()


async def test_the_whole_diagnosis_is_one_key_away(console) -> None:
    async with console() as desk:
        await desk.press("d")
        assert "Our own limit: more requests than the workspace may send." in desk.seen()


async def test_two_dialogs_never_lie_on_each_other(console) -> None:
    async with console() as desk:
        desk.app.main.action_mitigate()
        desk.app.main.action_incident()
        await desk.settle()
        assert len(desk.app.screen_stack) == 2
        await desk.press("escape")
        assert desk.screen == "MainScreen"


async def test_ctrl_q_over_a_dialog_still_stops_the_session(console) -> None:
    async with console() as desk:
        await desk.press("m", "ctrl+q")
        assert desk.session.stopped
        assert desk.app.return_value == 0


async def test_ctrl_c_ends_nothing(console) -> None:
    async with console() as desk:
        await desk.press("ctrl+c")
        assert "q leaves the console" in desk.seen()
        assert not desk.session.stopped


async def test_an_action_that_is_blocked_says_why(console) -> None:
    blocked = replace(sights.ACTIONS[0], blocked="already live: z undoes it")
    async with console(sights.armed(actions=(blocked,))) as desk:
        await desk.press("enter")
        assert desk.screen == "MainScreen"
        assert "Reduce concurrency: already live: z undoes it" in desk.seen()


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_keys_typed_ahead_go_where_a_person_meant(console, size) -> None:
    async with console(size=size) as desk:
        for _ in range(3):
            desk.app.main.action_panel(1)
        assert desk.app.focused is desk.app.main.status
        await desk.press("enter")
        assert desk.screen == "ReaderScreen"
        assert not desk.session.did("preview")


async def test_a_burst_of_keys_is_a_note_and_not_the_keys_of_the_console(console) -> None:
    async with console() as desk:
        for letter in "nquiz":
            desk.app.post_message(events.Key(letter, letter))
        await desk.settle()
        await desk.settle()
        assert desk.screen == "AskingScreen"
        assert "quiz" in desk.seen()
        assert not desk.session.stopped


async def test_what_a_session_publishes_when_the_screens_are_gone_breaks_nothing(console) -> None:
    async with console() as desk:
        app, session = desk.app, desk.session
    assert not app.screen_stack
    session.publish(replace(session.snapshot, unsettled="1 change is not settled yet."))


@pytest.mark.parametrize(
    ("opening", "burst"),
    [
        (("n", "x"), ("enter", "enter", "enter")),
        (("n", "x"), ("enter", "escape", "enter")),
        (("n",), ("escape", "escape", "escape")),
        (("i",), ("escape", "escape")),
        (("question_mark",), ("escape", "escape")),
        (("d",), ("q", "escape", "escape")),
        (("colon",), ("escape", "escape")),
        (("m", "1"), ("escape", "escape")),
        (("m", "1", "e"), ("enter", "enter")),
        (("m", "1", "e"), ("escape", "enter", "enter")),
    ],
)
async def test_a_dialog_that_is_answered_twice_in_one_burst_closes_once(console, opening, burst) -> None:
    async with console() as desk:
        await desk.press(*opening)
        desk.burst(*burst)
        for _ in range(3):
            await desk.settle()
        assert desk.app.is_running
        assert desk.app.screen_stack[0] is desk.app.main
        assert len(desk.session.did("note")) == (burst[0] == "enter" and "n" in opening)
        assert not desk.session.did("approve")
