"""Mistral's own client library works against the world, and raises what it raises against Mistral."""

import pytest
from mistralai.client import Mistral
from mistralai.client import errors as sdk_errors

from tests.drill.bench import KEYS

pytestmark = pytest.mark.real
HELLO = [{"role": "user", "content": "."}]


def mistral(servers, key: str = KEYS.ours) -> Mistral:
    return Mistral(api_key=key, server_url=servers.mistral.address)


async def test_the_sdk_lists_models_and_completes(serve) -> None:
    servers = await serve("healthy")
    async with mistral(servers) as client:
        listed = await client.models.list_async()
        assert "mistral-large-latest" in {card.id for card in listed.data or []}
        answer = await client.chat.complete_async(model="mistral-large-latest", messages=HELLO, max_tokens=1)
        assert answer.usage.total_tokens == 5


async def test_the_sdk_streams(serve) -> None:
    servers = await serve("healthy")
    async with mistral(servers) as client:
        stream = await client.chat.stream_async(model="mistral-small-latest", messages=HELLO)
        text = "".join([str(event.data.choices[0].delta.content) async for event in stream])
    assert text == "Hello."


@pytest.mark.parametrize(
    ("scenario", "key", "status"),
    [
        ("healthy", "wrong", 401),
        ("rate-limited", KEYS.ours, 429),
        ("no-allowance", KEYS.ours, 429),
        ("provider-outage", KEYS.ours, 503),
    ],
)
async def test_the_sdk_raises_with_status_body_and_headers(serve, scenario, key, status) -> None:
    servers = await serve(scenario)
    async with mistral(servers, key) as client:
        with pytest.raises(sdk_errors.SDKError) as caught:
            await client.chat.complete_async(model="mistral-large-latest", messages=HELLO, retries=None)
    assert caught.value.status_code == status
    assert caught.value.headers["mistral-correlation-id"]


async def test_the_sdk_understands_a_validation_error(serve) -> None:
    servers = await serve("healthy")
    async with mistral(servers) as client:
        with pytest.raises(sdk_errors.SDKError, match="Invalid model"):
            await client.chat.complete_async(model="nothing", messages=HELLO)
