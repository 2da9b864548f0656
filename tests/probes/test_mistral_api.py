"""The Mistral API's reading: one for each thing that can be met, in time and without the key."""

import json
import time
from typing import Any

import pytest

from tests.probes.support import KEY, LIMIT, PACE, clock, redactor, sound
from tests.support import hostile
from tui.model.key_holder import KeyHolder
from tui.model.reading import Reading, State
from tui.probes.mistral_api import MistralApi
from tui.settings import Mistral

MODELS = json.dumps({"object": "list", "data": [{"id": "large-1", "aliases": ["large-latest"]}]}).encode()
LIMITED = json.dumps(
    {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}
).encode()
CAPACITY = json.dumps({"object": "error", "type": "service_tier_capacity_exceeded", "code": 3505}).encode()
QUOTA = ("x-ratelimit-limit-req-minute: 600", "x-ratelimit-remaining-req-minute: 0")


async def reading_from(talk: hostile.Talk, **how: Any) -> Reading:
    async with hostile.serving(talk) as url:
        return await ask(url, **how)


async def ask(url: str, **how: Any) -> Reading:
    probe = MistralApi(Mistral(base_url=url, **how), KeyHolder(KEY), {}, PACE, clock(), redactor())
    return sound(await probe.ask())


async def test_a_list_of_models_is_well() -> None:
    reading = await reading_from(hostile.says(MODELS), model="large-latest")
    assert reading.state is State.OK
    assert reading.facts["outcome"] == "ok"
    assert reading.facts["http_status"] == 200
    assert reading.facts["key_fingerprint"] == KEY.fingerprint
    assert reading.facts["key_length"] == 32
    assert reading.facts["model_listed"] is True
    assert reading.facts["error_code"] is None


async def test_a_model_that_is_not_listed_is_a_warning() -> None:
    reading = await reading_from(hostile.says(MODELS), model="medium")
    assert (reading.state, reading.summary) == (State.WARN, "200, but medium is not listed")
    assert reading.facts["model_listed"] is False


async def test_without_a_model_in_the_settings_nothing_is_said_of_it() -> None:
    reading = await reading_from(hostile.says(MODELS))
    assert not {"model", "model_listed", "model_deprecated"} & set(reading.facts)


async def test_our_rate_limit_is_told_with_what_is_left() -> None:
    reading = await reading_from(
        hostile.says(LIMITED, "429 Too Many Requests", "application/json", *QUOTA, "Retry-After: 7",
                     "mistral-correlation-id: 0199-abc")
    )  # fmt: skip
    assert reading.state is State.FAIL
    assert reading.summary == "429, our rate limit (1300)"
    assert reading.note == "requests 0 of 600 left this minute"
    assert reading.evidence[0] == "From here: 429, code 1300, 0 of 600 left at 15:03:11Z."
    assert reading.facts["cause_429"] == "our_limit"
    assert reading.facts["retry_after_s"] == 7.0
    assert reading.facts["correlation_id"] == "0199-abc"
    assert reading.facts["remaining_requests_minute"] == 0


@pytest.mark.parametrize(
    ("body", "headers", "cause", "summary"),
    [
        (CAPACITY, QUOTA[:1], "provider_capacity", "429, the provider's capacity (3505)"),
        (LIMITED, ("x-ratelimit-limit-req-minute: 0",), "no_allowance", "429, no allowance at all (1300)"),
        (b"{}", (), "unclear", "429, cause not told"),
    ],
)
async def test_the_other_429s_are_told_apart(
    body: bytes, headers: tuple[str, ...], cause: str, summary: str
) -> None:
    reading = await reading_from(hostile.says(body, "429 Too Many Requests", "application/json", *headers))
    assert (reading.facts["cause_429"], reading.summary) == (cause, summary)


@pytest.mark.parametrize(
    ("status", "body", "summary"),
    [
        ("401 Unauthorized", b'{"detail":"Unauthorized"}', "401, the key is refused"),
        ("503 Unavailable", b'{"type":"unreachable_backend","code":"1100"}', "503, provider error (1100)"),
        ("400 Bad Request", b'{"code":"1500","type":"invalid_model"}', "400, refused (1500)"),
    ],
)
async def test_an_error_is_told_by_status_and_code(status: str, body: bytes, summary: str) -> None:
    reading = await reading_from(hostile.says(body, status))
    assert (reading.state, reading.summary) == (State.FAIL, summary)
    assert reading.facts["outcome"] == "http_error"
    assert reading.facts["cause_429"] is None


@pytest.mark.parametrize(
    ("talk", "summary"),
    [
        (hostile.says(b"<html>denied</html>", "403 Forbidden", "text/html"), "403, not Mistral: a web page"),
        (hostile.says(b"{}"), "200, not Mistral: something else"),
        (hostile.says(b"<html>sign in", "200 OK", "text/html"), "200, not Mistral: a web page"),
        (hostile.says(b"[" * 90_000), "200, not Mistral: something else"),
        (hostile.floods, "200, not Mistral: something else"),
        (hostile.garbles, "what answers is no HTTP"),
    ],
)
async def test_what_stands_in_between_is_named(talk: hostile.Talk, summary: str) -> None:
    reading = await reading_from(talk)
    assert (reading.state, reading.summary) == (State.FAIL, summary)
    assert reading.facts["outcome"] == "not_mistral"


@pytest.mark.parametrize(
    ("talk", "outcome", "phase"),
    [
        (hostile.hangs, "timeout", "headers"),
        (hostile.trickles, "timeout", "body"),
        (hostile.trickles_headers, "timeout", "headers"),
        (hostile.resets, "reset", "headers"),
        (hostile.leaves, "reset", "headers"),
    ],
)
async def test_no_answer_is_told_by_kind_and_phase_in_time(
    talk: hostile.Talk, outcome: str, phase: str
) -> None:
    began = time.monotonic()
    reading = await reading_from(talk)
    assert (reading.facts["outcome"], reading.facts["phase"]) == (outcome, phase)
    assert reading.facts["http_status"] is None
    assert reading.state is State.FAIL
    assert time.monotonic() - began < LIMIT + 10


async def test_the_worse_of_models_and_completion_speaks() -> None:
    async def talk(head: bytes, writer: hostile.Writer) -> None:
        if head.startswith(b"POST /v1/chat/completions"):
            writer.write(hostile.answer(LIMITED, "429 Too Many Requests", "application/json", *QUOTA))
        else:
            writer.write(hostile.answer(MODELS))

    reading = await reading_from(talk, model="large-1", completion_probe=True)
    assert reading.summary == "completion 429, our rate limit (1300)"
    assert reading.facts["http_status"] == 429
    assert reading.facts["completion_status"] == 429
    assert reading.facts["model_listed"] is True


async def test_one_token_is_asked_of_the_model_of_production() -> None:
    asked: list[bytes] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        asked.append(head)
        writer.write(hostile.answer(b'{"choices":[]}' if head.startswith(b"POST") else MODELS))

    reading = await reading_from(talk, model="large-1", completion_probe=True)
    assert (reading.state, reading.summary) == (State.OK, "200, one token came")
    assert {head.split(b" ")[1] for head in asked} == {b"/v1/models", b"/v1/chat/completions"}


@pytest.mark.parametrize(
    "talk",
    [
        hostile.echoes, hostile.hangs, hostile.trickles, hostile.trickles_headers, hostile.garbles,
        hostile.floods, hostile.resets, hostile.leaves,
    ],
    ids=lambda talk: talk.__name__,
)  # fmt: skip
async def test_the_key_is_in_no_reading_and_no_log(
    talk: hostile.Talk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reading = await reading_from(talk, model="m", completion_probe=True)  # `sound` looks for the key
    assert KEY.reveal() not in caplog.text
    assert KEY.reveal()[:16] not in repr(reading)


async def test_a_key_that_cannot_be_sent_is_not_a_finding_about_mistral() -> None:
    from tui.model.secret import Secret

    probe = MistralApi(Mistral(), KeyHolder(Secret("two words\nand a line")), {}, PACE, clock(), redactor())
    reading = await probe.ask()
    assert reading.state is State.UNKNOWN
    assert "two words" not in repr(reading)
