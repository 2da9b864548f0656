"""One token of production's model: what counts as good, and that nothing is raised or leaked."""

import json

import pytest

from tests.probes.support import KEY, clock, redactor
from tests.support import hostile
from tui.probes.completion import Completion, Sample
from tui.settings import Mistral

DONE = json.dumps({"object": "chat.completion", "choices": [{"index": 0}]}).encode()
BUSY = json.dumps({"object": "error", "message": "x", "type": "unreachable_backend", "code": "1100"}).encode()


async def ask(talk: hostile.Talk, deadline: float = 1.0) -> Sample:
    async with hostile.serving(talk) as url:
        settings = Mistral(base_url=url, model="large-latest")
        return await Completion(settings, KEY, {}, clock(), redactor(), deadline).ask()


async def test_one_token_is_asked_of_the_model_and_is_good() -> None:
    heads: list[bytes] = []

    async def talk(head: bytes, writer: hostile.Writer) -> None:
        heads.append(head)
        await hostile.says(DONE)(head, writer)

    sample = await ask(talk)
    assert sample.good
    assert heads[0].startswith(b"POST /v1/chat/completions ")


async def test_an_error_is_told_with_its_code_and_id() -> None:
    talk = hostile.says(BUSY, "503 Unavailable", "application/json", "mistral-correlation-id: 0199-a")
    sample = await ask(talk)
    assert (sample.good, sample.said, sample.status) == (False, "503, code 1100", 503)
    assert (sample.code, sample.type, sample.correlation_id) == ("1100", "unreachable_backend", "0199-a")


@pytest.mark.parametrize(
    "talk",
    [
        hostile.says(b"<html>welcome</html>", kind="text/html"),
        hostile.says(b'{"choices": 3}'),
        hostile.hangs,
        hostile.garbles,
        hostile.resets,
        hostile.trickles,
    ],
)
async def test_whatever_else_comes_is_not_good(talk: hostile.Talk) -> None:
    sample = await ask(talk, 0.4)
    assert not sample.good
    assert sample.said.isprintable()


async def test_an_echoed_key_is_in_no_sample() -> None:
    assert KEY.reveal() not in repr(await ask(hostile.echoes))
