"""Whether a key works: what each answer of the API means, and that the key is in no word of it."""

import json

import pytest

from tests.probes.support import KEY, clock, redactor
from tests.support import hostile
from tui.model.keys import KeyTest
from tui.probes.key_test import try_key
from tui.settings import Mistral

MODELS = hostile.says(json.dumps({"object": "list", "data": [{"id": "large"}, {"id": "small"}]}).encode())
TOKEN = hostile.says(json.dumps({"object": "chat.completion", "choices": [{"index": 0}]}).encode())
NAME = f"key {KEY.fingerprint}"


def refuses(status: str, body: bytes = b'{"detail":"Unauthorized"}') -> hostile.Talk:
    return hostile.says(body, status)


async def asked(models: hostile.Talk, token: hostile.Talk = TOKEN, model: str = "large") -> KeyTest:
    async def talk(head: bytes, writer: hostile.Writer) -> None:
        await (models if head.startswith(b"GET /v1/models ") else token)(head, writer)

    async with hostile.serving(talk) as url:
        found = await try_key(Mistral(base_url=url, model=model), KEY, "typed", {}, clock(), redactor())
    assert KEY.reveal() not in repr(found)
    assert found.said.startswith((NAME, f"Whether {NAME}"))
    assert found.said.endswith(".")
    assert bool(found.remedy) is (found.works is not True)
    return found


async def test_a_key_that_lists_the_models_and_gets_a_token_works() -> None:
    found = await asked(MODELS)
    assert (found.works, found.models, found.completion) == (True, "200, 2 models", "one token came")
    assert found.said == f"{NAME} works: it lists the models, and one token of large came."


async def test_without_a_model_no_token_is_asked_for() -> None:
    found = await asked(MODELS, hostile.garbles, model="")
    assert (found.works, found.completion) == (True, None)
    assert "no model is set" in found.said


@pytest.mark.parametrize(
    ("status", "said", "dead"),
    [
        ("401 Unauthorized", "Mistral knows no such key (401)", True),
        ("402 Payment Required", "Mistral asks for payment (402)", False),
        ("403 Forbidden", "Mistral refuses it (403)", False),
    ],
)
async def test_a_refusal_says_that_it_does_not_work(status: str, said: str, dead: bool) -> None:
    for found in (await asked(refuses(status)), await asked(MODELS, refuses(status))):
        assert (found.works, found.dead) == (False, dead)
        assert said in found.said


async def test_a_model_that_the_key_may_not_use_is_told() -> None:
    body = json.dumps({"object": "error", "message": "Invalid model", "code": "1500"}).encode()
    found = await asked(MODELS, refuses("400 Bad Request", body))
    assert (found.works, found.dead) == (False, False)
    assert "does not work for large: one token of it was refused (400, code 1500)" in found.said


@pytest.mark.parametrize(
    "talk",
    [
        refuses("503 Unavailable"),
        refuses("429 Too Many Requests", b'{"object":"error","type":"rate_limited","code":"1300"}'),
        hostile.says(b"<html>log in</html>", kind="text/html"),
        hostile.garbles,
        hostile.resets,
    ],
    ids=["503", "429", "a portal", "garbage", "reset"],
)
async def test_what_says_nothing_of_the_key_is_told_as_unknown(talk: hostile.Talk) -> None:
    for found in (await asked(talk), await asked(MODELS, talk)):
        assert (found.works, found.dead) == (None, False)
        assert "could not be told" in found.said


async def test_an_api_that_echoes_the_key_puts_it_into_no_word() -> None:
    assert (await asked(hostile.echoes)).works is not True
