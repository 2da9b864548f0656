"""What is offered is what can be done: where nothing can be changed, where nothing is set, what z takes."""

from dataclasses import replace

import pytest

from tests.support import sights
from tests.support.sights import NOW
from tui.model.mitigation import Lease
from tui.screens import pages, view
from tui.screens.view import Places
from tui.session.snapshot import Arming, Undoable

PLACES = Places("~/.config/leeward/config.toml", "~/.local/state/leeward")
WHYS = (
    "it was started with --read-only",
    "read_only is set in the settings",
    "prod-eu is read-only in the settings",
)
SAID = "Read-only here: it was started with --read-only."
SIZES = [(120, 40), (80, 24), (60, 20)]


def words(desk) -> str:
    """What is seen, without frames and line breaks."""
    return " ".join(desk.seen().replace("│", " ").replace("┃", " ").split())


def locked(why: str = WHYS[0], **more):
    return sights.limited(arming=Arming("prodeu", locked=why), **more)


@pytest.mark.parametrize("why", WHYS)
def test_what_to_do_here_says_that_nothing_can_be_changed_and_why(why: str) -> None:
    shown = view.do_here(locked(why), NOW, PLACES, trail=False)
    assert shown.prose[0] == f"Read-only here: {why}."
    assert [action.blocked for action in shown.actions] == ["", ""]
    assert "Read-only" not in " ".join(view.do_here(sights.limited(), NOW, PLACES, trail=False).prose)


def test_a_way_back_is_not_offered_where_it_cannot_be_gone() -> None:
    healthy = sights.RUNBOOK.diagnoses["healthy"]
    held = {"diagnosis": healthy, "leases": (Lease(sights.LEASE),)}
    assert any(
        "z takes it back" in line
        for line in view.do_here(sights.limited(**held), NOW, PLACES, trail=False).prose
    )
    prose = view.do_here(locked(**held), NOW, PLACES, trail=False).prose
    assert prose[0] == SAID
    assert not any("z takes it back" in line for line in prose)


@pytest.mark.parametrize("size", SIZES)
async def test_a_strictly_read_only_console_offers_no_key_and_looks_for_free(console, size) -> None:
    async with console(locked(), size=size) as desk:
        here = "\n".join(desk.app.main.actions.lines_now())
        assert SAID in here
        assert "m mitigate" not in here
        await desk.press("m")
        assert "Nothing can be changed from here: it was started with --read-only." in words(desk)
        assert "Reduce concurrency" in desk.seen()
        await desk.press("1")
        assert "cannot be changed from here: it was started with --read-only" in words(desk)
        await desk.advance(2)
        await desk.press("y")
        assert desk.session.did("preview") and not desk.session.did("approve")


async def test_where_it_can_be_armed_the_key_is_offered(console) -> None:
    async with console() as desk:
        assert "m mitigate" in "\n".join(desk.app.main.actions.lines_now())
        await desk.press("m")
        assert "Nothing can be changed" not in desk.seen()


async def test_without_a_deployment_m_says_what_to_set_and_lists_nothing(console) -> None:
    snapshot = sights.nothing_set()
    async with console(replace(snapshot, arming=Arming("", locked="no deployment is set"))) as desk:
        await desk.press("m")
        assert desk.screen == "MainScreen"
        assert "Set kubernetes.deployment in ~/.config/leeward/config.toml." in desk.seen()
        assert not desk.session.did("preview")


ABLE = (
    Undoable("enable-fallback", "Turn the fallback on", "MISTRAL_FALLBACK true → false"),
    Undoable("reduce-concurrency", "Reduce concurrency", "MAX_CONCURRENT_MISTRAL 3 → 10"),
)


async def test_with_one_live_change_z_looks_at_its_way_back_at_once(console) -> None:
    async with console(sights.held_by_lease(undoable=ABLE[1:])) as desk:
        await desk.press("z")
        assert desk.screen == "PreviewScreen"
        assert desk.session.did("preview_undo") == [("preview_undo", "reduce-concurrency")]


@pytest.mark.parametrize("size", SIZES)
async def test_with_two_live_changes_z_asks_which_one_and_takes_that(console, size) -> None:
    async with console(sights.held_by_lease(undoable=ABLE), size=size) as desk:
        await desk.press("z")
        assert desk.screen == "ChoosingScreen"
        for words in ("Turn the fallback on", "MISTRAL_FALLBACK true → false", "Reduce concurrency"):
            assert words in desk.seen(), words
        await desk.press("2")
        assert desk.session.did("preview_undo") == [("preview_undo", "reduce-concurrency")]
        await desk.press("escape", "z", "escape")
        assert len(desk.session.did("preview_undo")) == 1


DAMAGE = (
    "The last line was torn (35 bytes); it is set aside in journal.jsonl.torn-1.",
    "Recording goes on. See ~/.local/state/leeward/x, and check the rest: leeward verify x",
)


def test_a_damaged_record_is_a_line_of_what_to_do_here() -> None:
    shown = view.do_here(sights.limited(problems=DAMAGE), NOW, PLACES, trail=False)
    assert shown.prose[0] == f"Record: {DAMAGE[0]}"
    for snapshot in (sights.limited(problems=DAMAGE), sights.nothing_set()):
        page = pages.diagnosis(replace(snapshot, problems=DAMAGE))
        assert [row.text for row in page if row.label == "record"] == [*DAMAGE]


@pytest.mark.parametrize("size", SIZES)
async def test_a_damaged_record_is_told_without_a_dialog_and_wholly_on_its_page(console, size) -> None:
    async with console(sights.limited(problems=DAMAGE), size=size) as desk:
        assert desk.screen == "MainScreen"
        assert "Record: The last line was torn" in desk.seen()
        await desk.press("d")
        await desk.press("end")
        assert "Recording goes on." in words(desk)


async def test_what_is_wrong_with_a_record_is_said_when_it_is_resumed(console) -> None:
    async with console(sights.looking()) as desk:
        desk.session.publish(replace(desk.session.snapshot, problems=DAMAGE))
        await desk.press("i", "r")
        assert "set aside in journal.jsonl.torn-1" in desk.seen()
