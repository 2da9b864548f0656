"""Telling people by keys: looked at, edited, confirmed and sent; nothing goes by accident."""

from datetime import timedelta

import pytest

from tests.support import sights
from tests.support.fake_updates import EXTERNAL, INTERNAL, How, Sent
from tui.model.update import Audience
from tui.session.errors import SessionError
from tui.session.snapshot import Unsent
from tui.settings import Console

LOST = Unsent("m7", "Slack #incidents", "internal", "unknown", sights.NOW, "Slack: no answer.", "Look there.")


async def test_from_u_to_sent_in_four_keys_at_most(console) -> None:
    async with console() as desk:
        await desk.press("u", "1")
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("send_update") == [("send_update", Audience.INTERNAL, INTERNAL, True)]
        assert desk.screen == "MainScreen"
        assert "Sent to Slack #incidents." in desk.seen()


async def test_nothing_is_sent_by_enter_by_escape_or_by_typing_ahead(console) -> None:
    async with console() as desk:
        await desk.press("u", "1", "y", "y")
        assert desk.screen == "UpdateScreen"
        assert "sends in a moment" in desk.seen()
        await desk.advance(1.1)
        await desk.press("enter")
        assert desk.screen == "MainScreen"
        await desk.press("u", "enter")
        assert desk.screen == "UpdateScreen"
        await desk.press("escape")
        assert desk.session.did("send_update") == []


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
async def test_places_message_length_and_keys_are_all_seen(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("u", "1")
        await desk.advance(1.1)
        seen = desk.seen()
        for words in (
            "Internal update",
            "Slack #incidents",
            f"{len(INTERNAL) - 10} of 3000",
            "Status: INVESTIGATING",
            "IC: @ana",
            "[ Cancel ]",
            "y sends",
            "e edits",
            "c copies",
        ):
            assert words in seen, words
        assert "**" not in seen


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_an_edit_is_kept_with_every_key_and_looked_at_before_it_goes(console, size) -> None:
    async with console(size=size) as desk:
        await desk.press("u", "1", "e")
        assert desk.screen == "EditingScreen"
        await desk.press("!", "ctrl+j", "x")
        assert desk.session.left == INTERNAL + "!\nx"
        assert f"{len(INTERNAL) - 7} of 3000" in desk.seen()
        await desk.press("enter")
        assert desk.screen == "UpdateScreen"
        assert "Internal update, edited" in desk.seen()
        await desk.press("y")
        assert not desk.session.did("send_update"), "an edited message is looked at again"
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("send_update")[0][2] == INTERNAL + "!\nx"


async def test_an_edit_survives_escape_and_can_be_written_anew(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("u", "1", "e", "Z", "escape", "escape")
        assert desk.screen == "MainScreen"
        await desk.press("u", "1")
        assert "As you left it at 15:22 UTC" in desk.seen()
        assert "@anaZ" in desk.seen()
        await desk.press("w")
        assert "@anaZ" not in desk.seen()
        assert "Written anew from the record." in desk.seen()


async def test_a_message_that_is_too_long_says_so_and_cannot_be_sent(console) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.left = "x" * 3001
        await desk.press("u", "1")
        await desk.advance(1.1)
        assert "3001 of 3000" in desk.seen()
        assert "1 characters too long" in desk.seen()
        assert "y sends" not in desk.seen()
        await desk.press("y")
        assert not desk.session.did("send_update")


async def test_whether_subscribers_are_notified_is_shown_and_can_be_changed(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("u", "2")
        assert "subscribers are notified" in desk.seen()
        await desk.press("t")
        assert "subscribers are not notified" in desk.seen()
        await desk.advance(1.1)
        await desk.press("y")
        assert desk.session.did("send_update") == [("send_update", Audience.EXTERNAL, EXTERNAL, False)]


async def test_without_a_place_it_is_copied_and_what_to_set_is_said(console, tmp_path) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.targets = {Audience.INTERNAL: (), Audience.EXTERNAL: ()}
        await desk.press("u")
        assert "to copy: no place is set" in desk.seen()
        await desk.press("1")
        await desk.advance(1.1)
        assert "Set updates.slack.webhook in the settings." in desk.seen()
        assert "y sends" not in desk.seen()
        await desk.press("c")
        assert (tmp_path / "state" / "copied.txt").read_text() == INTERNAL
        assert desk.session.did("update_copied") == [("update_copied", INTERNAL)]
        assert "sent to the terminal" in desk.seen()


async def test_a_refusal_stays_on_the_screen_with_the_message(console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("u", "1")
        await desk.advance(1.1)
        desk.session.refuse = SessionError("Nothing was sent: the disk is full.", "Free some space.")
        await desk.press("y")
        assert desk.screen == "UpdateScreen"
        assert "Nothing was sent: the disk is full. Free some space." in desk.seen()


async def test_what_failed_is_said_and_shown(console) -> None:
    async with console(sights.limited(unsent=(LOST,))) as desk:
        desk.session.sent = (Sent("Slack #incidents", How("unknown"), "Slack: no answer.", "Look there."),)
        assert "1 update may not be sent (u)" in desk.seen()
        await desk.press("u", "1")
        await desk.advance(1.1)
        await desk.press("y")
        assert "Slack: no answer. Look there. u shows it." in desk.seen()


@pytest.mark.parametrize(("key", "call"), [("y", "send_again"), ("a", "arrived"), ("g", "give_up")])
async def test_a_lost_message_waits_for_a_persons_word(console, key: str, call: str) -> None:
    async with console(sights.limited(unsent=(LOST,)), size=(80, 24)) as desk:
        await desk.press("u")
        assert "may have arrived" in desk.seen()
        await desk.press("3")
        assert "it may then be there twice" in desk.seen()
        await desk.press(key)
        assert desk.session.did(call) == [(call, "m7")]


async def test_enter_on_a_lost_message_leaves_it(console) -> None:
    async with console(sights.limited(unsent=(LOST,))) as desk:
        await desk.press("u", "3", "enter")
        assert not desk.session.did("send_again") + desk.session.did("arrived") + desk.session.did("give_up")


async def test_the_next_update_is_put_off_from_the_menu(console) -> None:
    snapshot = sights.limited(update_due=sights.NOW + timedelta(minutes=4))
    async with console(snapshot, size=(80, 24)) as desk:
        await desk.press("u")
        assert "due in 4 min" in desk.seen()
        await desk.press("s", "2")
        assert desk.session.did("snooze") == [("snooze", timedelta(minutes=30))]
        assert "The next update is due at 15:52 UTC." in desk.seen()


async def test_pagerduty_asks_once_more(console) -> None:
    async with console() as desk:
        await desk.press("u", "a", "enter")
        assert not desk.session.did("page")
        await desk.press("u", "r", "y")
        assert desk.session.did("page") == [("page", "resolve")]
        assert "Sent to PagerDuty." in desk.seen()


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((120, 40), "next update in 4 min (u)"),
        ((80, 24), "update in 4 min (u)"),
        ((60, 20), "update in 4 min"),
    ],
)
async def test_the_banner_says_when_the_next_is_due(console, size, words) -> None:
    async with console(sights.limited(update_due=sights.NOW + timedelta(minutes=4)), size=size) as desk:
        assert words in desk.seen()


async def test_an_overdue_update_is_said_and_rings_once(console, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    snapshot = sights.limited(update_due=sights.NOW + timedelta(seconds=30))
    async with console(snapshot, console=Console()) as desk:
        monkeypatch.setattr(desk.app, "bell", lambda: rung.append(1))
        await desk.advance(10)
        desk.app._tick()
        assert rung == []
        await desk.advance(21)
        desk.app._tick()
        desk.app._tick()
        assert rung == [1]
        await desk.settle()
        assert "update overdue 1 s (u)" in desk.seen()


async def test_who_only_follows_cannot_send(console) -> None:
    async with console(sights.limited(following=True)) as desk:
        await desk.press("u", "1")
        await desk.advance(1.1)
        assert "read-only here" in desk.seen()
        await desk.press("y")
        assert not desk.session.did("send_update")
