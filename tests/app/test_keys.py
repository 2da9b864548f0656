"""Exchanging a key: Enter tests and never stores, nobody sees the key, and leaving forgets it."""

import asyncio
import gc
from dataclasses import replace

import pytest
from textual import events

from tests.app.conftest import Desk
from tests.support import sights
from tests.support.sights import DEAD_KEY, GOOD_KEY, NEW_KEY, UNTOLD_KEY
from tui.model.reading import Check
from tui.model.secret import Secret
from tui.session.errors import SessionError
from widgets.masked import Masked
from widgets.rotation import RotationPanel

SIZES = [(120, 40), (80, 24), (60, 20)]


async def paste(desk: Desk, text: str) -> None:
    """As a terminal with bracketed paste sends it."""
    desk.app.post_message(events.Paste(text))
    await desk.settle()
    await desk.settle()


async def open_screen(desk: Desk) -> None:
    """Enter on the first of "Do here"."""
    await desk.press("enter")
    assert desk.screen == "KeyScreen"


def words(desk: Desk) -> str:
    """What stands on the screen, whatever it wraps."""
    return " ".join(desk.seen().replace("┃", " ").replace("│", " ").split())


async def until(desk: Desk, text: str) -> None:
    """Wait until it stands there."""
    for _ in range(200):
        if text in words(desk):
            return
        await desk.pilot.pause(0.01)
    raise AssertionError(f"{text!r} is not on the screen:\n{desk.seen()}")


@pytest.fixture
def desk(console):
    """A console in which the key is refused."""
    return lambda size=(80, 24), **more: console(sights.refused(**more), size)


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_what_is_there_now_and_what_the_api_says_to_it(desk, size) -> None:
    async with desk(size) as desk:
        await open_screen(desk)
        await until(desk, "Hq7x…")
        for said in ("32 characters, fingerprint 7f3a", "the environment", "Key 7f3a does not work"):
            await until(desk, said)
        assert desk.session.did("test_key") == [("test_key", None)]


@pytest.mark.parametrize("size", SIZES)
async def test_what_to_do_next_and_its_keys_are_always_on_the_screen(desk, size) -> None:
    async with desk(size) as desk:
        await open_screen(desk)
        await until(desk, "Paste or type the new key, then Enter.")
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await paste(desk, NEW_KEY)
        await until(desk, "Enter tests it. It is stored nowhere.")
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        await until(desk, "Ctrl+S shows what storing it would change;")
        await until(desk, "Ctrl+S look at storing it")
        await until(desk, f"Key {Secret(NEW_KEY).fingerprint} works")


async def test_the_keys_of_the_pods_and_of_the_console_are_told_apart_by_their_fingerprints(desk) -> None:
    async with desk((120, 40)) as desk:
        await open_screen(desk)
        await until(desk, "their Secret has this key")
        assert "this console asks with another" not in words(desk)
        snapshot = desk.session.snapshot
        theirs = replace(snapshot.checks[Check.WORKLOAD].latest, facts={"key_fingerprint": "91bc"})
        ours = replace(snapshot.checks[Check.MISTRAL_API].latest, facts={"key_fingerprint": "22aa"})
        desk.session.publish(replace(snapshot, checks={**snapshot.checks, **sights.held(theirs, ours)}))
        await until(desk, "their Secret has another key, 91bc")
        await until(desk, "this console asks with another key, 22aa")


async def test_enter_tests_and_never_stores(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await desk.press(*NEW_KEY, "enter")
        await until(desk, "Key 0339 works")
        await desk.press(*(["enter"] * 6))
        assert desk.screen == "KeyScreen"
        assert desk.session.did("preview_rotation") == []
        assert desk.session.did("approve") == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "  \n\n"])
async def test_a_paste_may_end_in_a_line_break(desk, end: str) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await paste(desk, NEW_KEY + end)
        await until(desk, "Enter tests it. It is stored nowhere.")
        assert desk.session.did("test_key") == [("test_key", None)]
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        assert desk.session.did("test_key")[1:] == [("test_key", Secret(NEW_KEY))]


async def test_a_paste_of_two_lines_is_refused_whole(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await paste(desk, f"{NEW_KEY}\nA{NEW_KEY}\n")
        await until(desk, "What was pasted has 2 lines, a key has one: nothing of it was taken.")
        assert desk.app.screen.panel.typed == 0


async def test_two_lines_typed_by_a_terminal_without_brackets_are_the_first_alone(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = GOOD_KEY
        for key in (*NEW_KEY, "enter", *"smy1", "enter"):
            desk.app.screen.panel.post_message(events.Key(key, key if len(key) == 1 else "\r"))
        await until(desk, "Key 0339 works")
        assert {call[1] for call in desk.session.did("test_key")} == {None, Secret(NEW_KEY)}
        assert desk.screen == "KeyScreen"


async def test_a_second_paste_replaces_the_first(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await paste(desk, "x" * 20)
        await paste(desk, NEW_KEY)
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await desk.press("enter")
        await until(desk, "Key 0339 works")


async def test_a_key_that_is_in_use_already_is_said(desk) -> None:
    async with desk() as desk:
        desk.session.current = replace(sights.KEY_IN_USE, fingerprint="0339")
        await open_screen(desk)
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "It is the key that is in use already")


async def test_what_can_be_no_key_is_not_sent(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await paste(desk, f'MISTRAL_API_KEY="{NEW_KEY}"')
        await desk.press("enter")
        await until(desk, "characters that no key has")
        assert desk.session.did("test_key") == [("test_key", None)]
        assert desk.app.screen.panel.typed == 0


async def test_a_key_that_works_goes_to_the_preview_by_its_own_key_and_y_alone_applies(desk) -> None:
    async with desk(arming=sights.armed().arming) as desk:
        await open_screen(desk)
        desk.session.plan = replace(sights.PLAN, kind="rotate-key", says="the key 7f3a → 91bc")
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        await desk.press("ctrl+s")
        assert desk.screen == "PreviewScreen"
        await until(desk, "the key 7f3a → 91bc")
        assert desk.session.did("preview_rotation") == [("preview_rotation", Secret(NEW_KEY), "")]
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("approve") == [("approve", desk.session.plan)]
        assert desk.screen == "MainScreen"
        assert desk.session.did("forget_keys") == [], "the session needs it until it is stored"


async def test_leaving_the_preview_comes_back_to_the_tested_key(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        await desk.press("ctrl+s")
        await desk.press("escape")
        assert desk.screen == "KeyScreen"
        await until(desk, "Key 0339 works")
        await desk.press("escape")
        assert desk.screen == "MainScreen"
        assert desk.session.did("approve") == []
        assert desk.session.did("forget_keys")


async def test_nothing_is_looked_at_before_the_test_has_answered(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await desk.press("ctrl+s")
        await until(desk, "There is no new key yet")
        await paste(desk, NEW_KEY)
        await desk.press("ctrl+s")
        await until(desk, "Test it first, with Enter")
        desk.session.testing = asyncio.Event()
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await desk.press("enter", "ctrl+s")
        await until(desk, "The test is not over")
        desk.session.testing.set()
        await until(desk, "Key 0339 works")
        assert desk.session.did("preview_rotation") == []


async def test_a_key_that_failed_its_test_is_looked_at_only_with_a_reason_in_words(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = DEAD_KEY
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Ctrl+S store it in spite of its test")
        await desk.press("ctrl+s")
        assert desk.screen == "AskingScreen"
        await desk.press("enter", "escape")
        assert desk.screen == "KeyScreen"
        assert desk.session.did("preview_rotation") == []
        await desk.press("ctrl+s", *"proxy", "enter")
        assert desk.session.did("preview_rotation") == [("preview_rotation", Secret(NEW_KEY), "proxy")]


async def test_an_api_that_is_gone_leaves_it_untold_and_enter_asks_again(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = UNTOLD_KEY
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Whether key 0339 works could not be told")
        await until(desk, "Enter asks once more.")
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await desk.press("enter")
        await until(desk, "Key 0339 works")


async def test_backspace_makes_room_for_another_key_and_forgets_the_one_before(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests |= {NEW_KEY: DEAD_KEY, NEW_KEY[::-1]: GOOD_KEY}
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Backspace makes room")
        await desk.press("backspace")
        await until(desk, "Paste or type the new key")
        await desk.press("ctrl+s")
        await until(desk, "There is no new key yet")
        await paste(desk, NEW_KEY[::-1])
        await desk.press("enter")
        await until(desk, "Key 0339 works")


async def test_a_test_that_hangs_holds_nobody_up(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.testing = asyncio.Event()
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "testing it")
        await desk.press("escape")
        assert desk.screen == "MainScreen"
        assert "forgotten" in words(desk)


async def test_leaving_says_that_the_key_is_forgotten_whatever_is_painted_at_that_moment(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        await paste(desk, NEW_KEY)
        screen = desk.app.screen
        screen.panel.action_leave()
        screen.take(desk.session.snapshot)
        await desk.settle()
        assert desk.screen == "MainScreen"
        assert "The new key is forgotten; nothing was stored." in words(desk)


async def test_what_the_session_refuses_is_said_and_the_key_stays_for_another_try(desk) -> None:
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[NEW_KEY] = SessionError("No API is set.", "Set mistral.base_url.")
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "No API is set. Set mistral.base_url.")
        desk.session.tests[NEW_KEY] = GOOD_KEY
        await desk.press("enter")
        await until(desk, "Key 0339 works")


async def test_a_drill_says_where_its_new_key_is(desk) -> None:
    async with desk(drill="drill") as desk:
        await open_screen(desk)
        await until(desk, "in this drill it is in ~/.config/leeward/candidate.key")


async def test_the_menu_leads_there_too(desk) -> None:
    async with desk() as desk:
        await desk.press("m", "1")
        assert desk.screen == "KeyScreen"


async def test_the_palette_leads_there_even_where_there_is_no_deployment_to_change(desk) -> None:
    async with desk(place=sights.Place()) as desk:
        await desk.press("colon", *("space" if c == " " else c for c in "new one"), "enter")
        assert desk.screen == "KeyScreen"
        await paste(desk, NEW_KEY)
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        await until(desk, "no deployment is set")


async def test_the_key_is_nowhere_but_in_a_secret(desk) -> None:
    """Neither on the screen nor in a picture of it, a title, the clipboard, or the repr of anything."""
    async with desk((120, 40)) as desk:
        await open_screen(desk)
        for key in (*NEW_KEY[:16],):
            await desk.press(key)
        seen = [desk.seen(), desk.app.export_screenshot()]
        await paste(desk, NEW_KEY)
        seen += [desk.seen(), desk.app.export_screenshot(), repr(desk.app.screen.panel.__dict__)]
        desk.session.tests[NEW_KEY] = DEAD_KEY
        await desk.press("enter")
        await until(desk, "Key 0339 does not work")
        screen = desk.app.screen
        seen += [desk.seen(), desk.app.export_screenshot(title=desk.app.title)]
        seen += [
            repr(vars(screen)),
            repr(vars(screen.panel)),
            repr(desk.session.calls),
            repr(desk.app.drafts),
        ]
        seen += [desk.app.title, desk.app.sub_title, desk.app.clipboard, str(screen.title)]
        await desk.press("escape")
        seen += [desk.seen(), repr(vars(screen)), repr(vars(screen.panel))]
        for text in seen:
            assert NEW_KEY not in text
            assert NEW_KEY[:16] not in text
        assert screen._candidate is None


async def test_leaving_lets_go_of_every_copy_of_the_key(desk) -> None:
    typed = "".join(chr(ord("a") + i % 26) for i in range(40))
    async with desk() as desk:
        await open_screen(desk)
        desk.session.tests[typed] = GOOD_KEY
        await paste(desk, typed)
        await desk.press("enter")
        await until(desk, "Key 0339 works")
        await desk.press("escape")
        desk.session.calls.clear()
        await desk.settle()
        gc.collect()
        kept = [one for one in gc.get_objects() if isinstance(one, Secret) and one.reveal() == typed]
        assert kept == []
        assert not [one for one in gc.get_objects() if isinstance(one, Masked) and len(one)]


def test_what_is_typed_unseen_has_no_repr() -> None:
    masked = Masked()
    masked.type(NEW_KEY)
    assert NEW_KEY not in f"{masked!r} {masked} {[masked]}"
    assert (masked.take(), len(masked)) == (NEW_KEY, 0)
    with pytest.raises(TypeError):
        masked.__reduce__()


def test_no_letter_is_a_key_of_the_field() -> None:
    for binding in RotationPanel.BINDINGS:
        for key in binding.key.split(","):
            assert len(key) > 1, "a letter of a pasted key would be a command"
