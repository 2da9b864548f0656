"""Keys that come in a burst do what they do when each waits for what the one before it opened."""

import asyncio

import pytest
from textual.events import Paste

from tests.app.conftest import Open
from tests.support import sights

SCRIPTS = {
    "a note": ("n", *"slight", "enter"),
    "a note in the middle of others": ("n", *"one", "enter", "n", *"two", "enter", "n", *"three", "enter"),
    "a list, a list and a text": ("i", "v", "1", *"all of it fails", "enter"),
    "a page, left, and a note": ("question_mark", "escape", "n", *"read it", "enter"),
    "a preview, left, and a note": ("m", "1", "escape", "n", *"not yet", "enter"),
    "a filter and a note": ("slash", *"retry", "enter", "n", *"seen", "enter"),
    "a dialog given up and a note": ("n", *"no", "escape", "i", "escape", "n", "enter"),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_a_burst_does_what_the_same_keys_do_one_by_one(console: Open, script: tuple[str, ...]) -> None:
    async with console() as slowly:
        for key in script:
            await slowly.press("space" if key == " " else key)
        wanted, screen = slowly.session.acts, slowly.screen
    async with console() as desk:
        desk.burst(*script)
        async with asyncio.timeout(60):
            while desk.session.acts != wanted or desk.screen != screen:
                await desk.settle()
    assert wanted


async def test_all_of_a_long_text_arrives_in_its_order(console: Open) -> None:
    text = "".join(chr(ord("a") + at % 26) for at in range(2000))
    async with console() as desk:
        desk.burst("n", *text, "enter")
        async with asyncio.timeout(60):
            while not desk.session.did("note"):
                await desk.settle()
        assert desk.session.did("note") == [("note", text)]


async def test_a_paste_right_behind_the_key_goes_into_what_the_key_opened(console: Open) -> None:
    async with console() as desk:
        desk.burst("n")
        desk.app.post_message(Paste("m q y z"))
        desk.burst("enter")
        async with asyncio.timeout(60):
            while not desk.session.acts:
                await desk.settle()
        assert desk.session.acts == [("note", "m q y z")]


async def test_nobody_approves_by_a_burst(console: Open) -> None:
    async with console(sights.armed()) as desk:
        desk.burst("m", "1", "y", "y")
        await desk.until("MAX_CONCURRENT_MISTRAL 10 → 3")
        await desk.settle()
        assert desk.screen == "PreviewScreen"
        assert not desk.session.did("approve")


async def test_a_flow_that_takes_its_time_does_not_keep_the_keys(console: Open) -> None:
    async with console() as desk:
        desk.session.gate = asyncio.Event()
        desk.burst("e", "y", "question_mark")
        await desk.until("Help")
        desk.session.gate.set()


async def test_what_a_fault_keeps_is_pressed_after_some_seconds(console: Open) -> None:
    """A screen that is never painted, or whose messages are stuck, does not make the console deaf."""
    async with console() as desk:
        typeahead = desk.app._typeahead
        desk.app.screen_change_signal.publish(desk.app.screen)
        typeahead._opening = desk.app.screen
        typeahead._under_way = True
        desk.burst("question_mark")
        await desk.settle()
        assert "Help" not in desk.seen()
        for _ in range(3):
            typeahead.mind()
        await desk.until("Help")
