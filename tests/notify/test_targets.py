"""Each target over real HTTP on loopback: refusals, rate limits, lost answers, and what is never repeated."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.notify.messages import message
from tests.support import hostile
from tests.support.clock import ManualClock
from tui.drill.servers.base import Fault, Misbehaviour
from tui.drill.servers.pagerduty import PagerDutyServer
from tui.drill.servers.slack import SlackServer
from tui.drill.servers.statuspage import PAGE_ID, StatuspageServer
from tui.model.clock import SystemClock
from tui.model.secret import Secret
from tui.model.update import Audience
from tui.notify import exchange
from tui.notify.message import Message
from tui.notify.pagerduty import PagerDuty
from tui.notify.slack import SlackBot, SlackWebhook
from tui.notify.statuspage import Statuspage

SENTINEL = "sentinel0sentinel0sentinel0abcde"
PAGE = "AI Feature Degradation\nWe look into it."


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never answers costs a moment here."""
    monkeypatch.setattr(exchange, "DEADLINE", 1.0)


def webhook(url: str) -> SlackWebhook:
    return SlackWebhook(Secret(f"{url}/services/T/B/{SENTINEL}"), "Slack #incidents", {})


def bot(url: str, channel: str = "#incidents", token: str = SENTINEL) -> SlackBot:
    return SlackBot(Secret(token), channel, f"{url}/api", {})


def page(url: str, key: str = SENTINEL, components: tuple[str, ...] = ("cmpaianswers",)) -> Statuspage:
    return Statuspage(Secret(key), PAGE_ID, components, f"{url}/v1", True, SystemClock(), {})


def update(text: str = PAGE, **more: object) -> Message:
    return message(text, target="statuspage", audience=Audience.EXTERNAL, **more)


@asynccontextmanager
async def slack() -> AsyncIterator[SlackServer]:
    server = SlackServer(f"T/B/{SENTINEL}", SENTINEL)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def statuspage() -> AsyncIterator[StatuspageServer]:
    server = StatuspageServer(SENTINEL)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


# The same for every target


TARGETS = [webhook, bot, page]


@pytest.mark.parametrize("target", TARGETS)
async def test_a_refused_connection_is_safe_to_repeat(target) -> None:
    async with hostile.serving(hostile.hangs) as url:
        pass
    result = await target(url).send(update(), {})
    assert (result.outcome, result.remedy) == ("later", "It is tried again by itself.")
    assert SENTINEL not in repr(result)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("target", [webhook, bot])
@pytest.mark.parametrize("talk", [hostile.hangs, hostile.resets, hostile.leaves, hostile.trickles])
async def test_an_answer_that_is_lost_after_sending_is_unknown(target, talk) -> None:
    async with hostile.serving(talk) as url:
        result = await target(url).send(message(), {})
    assert result.outcome == "unknown"
    assert "It may have arrived." in result.said
    assert SENTINEL not in repr(result)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("status", "outcome"), [("429 Too Many Requests", "later"), ("503 Away", "later")])
async def test_too_many_and_not_now_are_repeated_after_what_the_server_asks(target, status, outcome) -> None:
    async with hostile.serving(hostile.says(b"no", status, "text/plain", "Retry-After: 7")) as url:
        result = await target(url).send(update(), {})
    assert (result.outcome, result.after) == (outcome, 7.0)


@pytest.mark.parametrize("target", [webhook, bot])
async def test_a_gateways_word_leaves_it_open_whether_it_arrived(target) -> None:
    async with hostile.serving(hostile.says(b"", "504 Gateway Timeout")) as url:
        assert (await target(url).send(message(), {})).outcome == "unknown"


@pytest.mark.parametrize("target", TARGETS)
async def test_a_server_that_echoes_what_it_was_sent_puts_no_secret_into_words(target) -> None:
    async def echo(head: bytes, writer: hostile.Writer) -> None:
        said = json.dumps({"ok": False, "error": head.decode()}).encode()
        writer.write(hostile.answer(said, "400 Bad Request"))
        await writer.drain()

    async with hostile.serving(echo) as url:
        made = target(url)
        result, checked = await made.send(update(), {}), await made.check()
    assert result.outcome == "refused"
    assert SENTINEL not in repr(result) + repr(checked) + repr(made)


@pytest.mark.parametrize("target", [webhook, bot])
async def test_a_success_in_other_words_than_slacks_is_not_believed(target) -> None:
    async with hostile.serving(hostile.says(b"<html>welcome</html>", "200 OK", "text/html")) as url:
        assert (await target(url).send(message(), {})).outcome == "unknown"


# Slack


async def test_a_webhook_takes_it() -> None:
    async with slack() as server:
        result = await webhook(server.address).send(message("**Status**: <!channel>"), {})
        assert result.outcome == "sent"
        assert server.received[0]["text"] == "*Status*: &lt;!channel&gt;"


async def test_a_wrong_webhook_is_told_with_what_to_do() -> None:
    async with slack() as server:
        wrong = SlackWebhook(Secret(f"{server.address}/services/T/B/{'x' * 20}"), "Slack", {})
        result = await wrong.send(message(), {})
    assert (result.outcome, result.said) == ("refused", "Slack answered 403, invalid_token.")
    assert "updates.slack.webhook" in result.remedy


async def test_a_bot_keeps_one_thread_for_an_incident() -> None:
    async with slack() as server:
        target = bot(server.address)
        first = await target.send(message("one"), {})
        second = await target.send(message("two"), first.refs)
        third = await target.send(message("three"), second.refs)
        assert [one.outcome for one in (first, second, third)] == ["sent"] * 3
        top, *answers = server.received
        assert "thread_ts" not in top
        assert [one["thread_ts"] for one in answers] == [top["ts"]] * 2
        assert {one["channel"] for one in server.received} == {"C0INCIDENTS"}


async def test_another_channel_begins_another_thread() -> None:
    async with slack() as server:
        first = await bot(server.address).send(message(), {})
        second = await bot(server.address, "C0INCIDENTS").send(message(), first.refs)
        assert second.outcome == "sent"
        assert "thread_ts" not in server.received[1]


async def test_200_with_ok_false_is_a_failure() -> None:
    async with slack() as server:
        result = await bot(server.address, "#nowhere").send(message(), {})
        assert result.outcome == "refused"
        assert result.said == "Slack #nowhere refused it: channel_not_found."
        assert "invite the bot" in result.remedy
        denied = await bot(server.address, token="x" * 20).send(message(), {})
        assert (denied.outcome, denied.said) == ("refused", "Slack #incidents refused it: invalid_auth.")
        assert not server.received


@pytest.mark.parametrize(
    ("error", "outcome"), [("internal_error", "unknown"), ("ratelimited", "later"), ("<@U1> what", "refused")]
)
async def test_slacks_own_words_are_told_apart(error: str, outcome: str) -> None:
    said = json.dumps({"ok": False, "error": error}).encode()
    async with hostile.serving(hostile.says(said)) as url:
        result = await bot(url).send(message(), {})
    assert result.outcome == outcome
    assert "<@U1>" not in result.said


async def test_a_thread_that_is_gone_is_begun_anew_when_asked() -> None:
    async with slack() as server:
        lost = await bot(server.address).send(message(), {"set": "#incidents", "thread_ts": "1.000001"})
        assert (lost.outcome, lost.refs) == ("refused", {"thread_ts": ""})


async def test_slack_is_tested_without_sending() -> None:
    async with slack() as server:
        assert (await webhook(server.address).check()).works
        assert (await bot(server.address).check()).works
        refused = await bot(server.address, token="x" * 20).check()
        assert refused.works is False and "token" in refused.remedy
        assert not server.received


# Statuspage


async def test_the_page_gets_one_incident_that_is_updated_and_resolved() -> None:
    async with statuspage() as server:
        target = page(server.address)
        first = await target.send(update(), {})
        later = update(f"{PAGE}\nStill.", status="mitigating", notify=False)
        second = await target.send(later, first.refs)
        last = await target.send(update(f"{PAGE}\nOver.", status="resolved"), second.refs)
        assert [one.outcome for one in (first, second, last)] == ["sent"] * 3
        (made,) = server.incidents.values()
        assert made["name"] == "AI Feature Degradation"
        assert [one["status"] for one in made["incident_updates"]] == [
            "resolved",
            "identified",
            "investigating",
        ]
        assert [one["deliver_notifications"] for one in made["incident_updates"]] == [True, False, True]
        assert made["components"] == [{"id": "cmpaianswers", "name": "AI answers", "status": "operational"}]
        assert made["impact_override"] == "major"


async def test_an_incident_that_is_open_on_the_page_is_not_made_twice() -> None:
    async with statuspage() as server:
        await page(server.address).send(update(), {})
        again = await page(server.address).send(update(f"{PAGE}\nMore."), {})
        assert again.outcome == "sent"
        assert len(server.incidents) == 1


async def test_an_update_whose_answer_was_lost_is_found_there_and_not_written_twice() -> None:
    async with statuspage() as server:
        await page(server.address).send(update(), {})
        again = await page(server.address).send(update(attempts=2), {})
        assert again.outcome == "sent"
        (made,) = server.incidents.values()
        assert len(made["incident_updates"]) == 1


@pytest.mark.usefixtures("hurry")
async def test_looking_that_fails_is_safe_to_repeat() -> None:
    async with statuspage() as server:
        server.fault = Fault(Misbehaviour.HANG)
        result = await page(server.address).send(update(), {})
        assert result.outcome == "later"
        server.fault = Fault(Misbehaviour.ERROR)
        assert (await page(server.address).send(update(), {})).outcome == "later"
        assert not server.incidents


async def test_the_page_says_what_does_not_fit() -> None:
    async with statuspage() as server:
        result = await page(server.address, components=("nope",)).send(update(), {})
        assert result.outcome == "refused"
        assert "Component nope does not exist" in result.said
        denied = await page(server.address, key="x" * 20).send(update(), {})
        assert denied.outcome == "refused" and "401" in denied.said


async def test_the_page_is_asked_once_a_second_at_most() -> None:
    class Notes(ManualClock):
        slept: list[float] = []  # noqa: RUF012 - one test's

        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)

    async with statuspage() as server:
        target = Statuspage(Secret(SENTINEL), PAGE_ID, (), f"{server.address}/v1", True, Notes(), {})
        await target.send(update(), {})
        await target.check()
    assert Notes.slept == [1.0, 1.0]


async def test_the_page_is_tested_without_sending() -> None:
    async with statuspage() as server:
        assert (await page(server.address).check()).works
        missing = await page(server.address, components=("nope",)).check()
        assert missing.works is False and "nope" in missing.said
        assert (await page(server.address, key="x" * 20).check()).works is False
        assert not server.incidents


# PagerDuty


@pytest.mark.usefixtures("hurry")
async def test_pagerduty_is_told_and_repeating_it_is_harmless() -> None:
    server = PagerDutyServer("a" * 32)
    await server.start()
    try:
        target = PagerDuty(Secret("a" * 32), server.enqueue, {})
        assert (await target.check()).works
        sent = message(event="acknowledge", key="f1", target="pagerduty")
        assert (await target.send(sent, {})).outcome == "sent"
        assert server.received[0] == {"event_action": "acknowledge", "dedup_key": "f1"}
        wrong = await PagerDuty(Secret("b" * 32), server.enqueue, {}).send(sent, {})
        assert wrong.outcome == "refused" and "routing_key" in wrong.remedy
        assert (await PagerDuty(Secret("short-one"), server.enqueue, {}).check()).works is False
        server.fault = Fault(Misbehaviour.HANG)
        assert (await target.send(sent, {})).outcome == "later"
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("9e9", 3600.0), ("nan", None), ("soon", None), ("", None)],
)
def test_retry_after_is_read_from_what_servers_write(header: str, seconds: float | None) -> None:
    assert exchange.retry_after({"retry-after": header}) == seconds


def test_retry_after_may_be_a_date() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 23, 15, 0, 0, tzinfo=UTC)
    assert exchange.retry_after({"retry-after": "Mon, 23 Nov 2026 15:00:30 GMT"}, now) == 30.0
