"""The two messages: the runbook's words, filled, escaped for each target, counted and never cut."""

import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.notify.messages import NOW, facts
from tui.model.incident import Status
from tui.notify import rendering
from tui.notify.templates import external, internal, promised, title_and_body

WE_ARE = (
    "We are experiencing issues with our AI-powered features. Some users may see slower responses"
    " or temporary unavailability."
)
ANYTHING = st.text(max_size=200)
PINGS = st.sampled_from(
    ["<!channel>", "<!here>", "<!everyone>", "<@U012AB3CD>", "<!subteam^S1>", "&lt;!channel&gt;", "@everyone"]
)
HOSTILE = st.lists(PINGS | ANYTHING, max_size=6).map("".join)


def test_the_internal_message_has_the_runbooks_words() -> None:
    assert internal(facts()).splitlines() == [
        ":red_circle: P2 INCIDENT: Mistral AI Integration",
        "**Status**: INVESTIGATING",
        "**Impact**: 12 % of calls fail",
        "**Action**: reducing concurrency",
        "**Next update**: 15:26 UTC",
        "**IC**: @ana",
    ]


def test_the_external_message_has_the_runbooks_words() -> None:
    assert external(facts()).splitlines() == [
        "AI Feature Degradation",
        WE_ARE,
        "Our team is investigating with our AI provider.",
        "Affected: AI answers, AI search",
        "Workaround: Search without AI works.",
        "Updated: 2026-11-23 15:08 UTC",
    ]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_word(status: Status) -> None:
    assert f"**Status**: {status.value.upper()}" in internal(facts(status=status))


def test_what_is_not_known_is_said_and_not_left_empty() -> None:
    bare = facts(severity=None, commander=" ", next_update=None, features=(), workaround="")
    assert "P? INCIDENT" in internal(bare)
    assert "**IC**: nobody yet" in internal(bare)
    assert "**Next update**: when we know more" in internal(bare)
    assert "Affected: AI-powered features" in external(bare)
    assert "Workaround: none known yet" in external(bare)
    over = facts(status=Status.RESOLVED, next_update=None)
    assert "**Next update**: none, it is resolved" in internal(over)


@given(HOSTILE, HOSTILE)
def test_no_value_adds_a_line_or_a_control_code(impact: str, commander: str) -> None:
    text = internal(facts(impact=impact, commander=commander))
    assert len(text.split("\n")) == 6
    assert all(char == "\n" or char.isprintable() or char == "\ufffd" for char in text if ord(char) < 0xA0)


@given(HOSTILE)
@example("<!channel> & <@U1> **bold** <https://x|y>")
def test_nothing_in_a_message_to_slack_can_ping(text: str) -> None:
    sent = rendering.slack_message(text)
    words = sent["text"]
    assert "<" not in words and ">" not in words
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", words, re.S)
    assert sent["blocks"][0]["text"] == {"type": "mrkdwn", "text": words, "verbatim": True}
    assert (sent["parse"], sent["unfurl_links"], sent["unfurl_media"]) == ("none", False, False)
    assert "link_names" not in sent


@given(st.text(alphabet="ab&<>;ltgamp ", max_size=80))
def test_escaping_for_slack_loses_nothing(text: str) -> None:
    back = rendering.mrkdwn(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert back == rendering.plain(text)


def test_bold_is_one_asterisk_at_slack_and_only_there() -> None:
    text = internal(facts(impact="2 ** 3 ** 4"))
    assert "*Status*: INVESTIGATING" in rendering.mrkdwn(text).splitlines()
    assert "**Status**" not in rendering.mrkdwn(text)
    assert "*Impact*: 2 ** 3 ** 4" in rendering.mrkdwn(text)
    assert rendering.plain(text) == text


def test_a_text_that_is_too_long_is_said_and_never_cut() -> None:
    assert rendering.slack_fit("x" * 3000).problem == ""
    over = rendering.slack_fit("x" * 3001)
    assert (over.count, over.limit) == (3001, 3000)
    assert "1 characters too long" in over.problem
    # Escapes count as they are sent.
    assert rendering.slack_fit("<" * 751).count == 3004
    assert rendering.slack_message("x" * 3001)["text"] == "x" * 3001
    assert "empty" in rendering.slack_fit(" \n ").problem
    assert rendering.page_fit("t\n" + "x" * 25_001).problem
    assert "title" in rendering.page_fit("t" * 256 + "\nbody").problem
    assert "no text" in rendering.page_fit("title alone").problem


def test_the_first_line_is_the_pages_title() -> None:
    assert title_and_body("\n AI down \n\nWe look.\nSoon.") == ("AI down", "We look.\nSoon.")


def test_an_edited_promise_is_the_one_that_counts() -> None:
    proposed = NOW + timedelta(minutes=18)
    assert promised(internal(facts()), NOW, proposed) == (proposed, "")
    edited = internal(facts()).replace("15:26", "15:40")
    assert promised(edited, NOW, proposed) == (NOW.replace(hour=15, minute=40), "")
    tomorrow = internal(facts()).replace("15:26", "02:00")
    assert promised(tomorrow, NOW, proposed)[0] == NOW.replace(hour=2, minute=0) + timedelta(days=1)
    gone = promised(internal(facts()).replace("15:26", "15:05"), NOW, proposed)
    assert gone == (None, "the next update is promised for 15:05 UTC, which is over")
    assert promised("no word of it", NOW, proposed) == (proposed, "")


def test_a_promise_of_last_night_is_over_after_midnight() -> None:
    night = NOW.replace(hour=0, minute=2)
    gone = promised("Next update: 23:32", night, None)
    assert gone == (None, "the next update is promised for 23:32 UTC, which is over")
    assert promised("Next update: 13:00", night, None) == (night.replace(hour=13, minute=0), "")


@given(ANYTHING)
def test_a_promise_is_read_from_any_text_without_failing(text: str) -> None:
    at, problem = promised(f"Next update: {text}", NOW, None)
    assert at is None or at > NOW
    assert not (at and problem)
