"""Mistral's API answers and refuses as the real one does."""

import time

import httpx
import pytest

from tests.drill.bench import KEYS

HELLO = {"model": "mistral-large-latest", "messages": [{"role": "user", "content": "."}], "max_tokens": 1}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def complete(client, servers, key: str = KEYS.ours, **changed: object) -> httpx.Response:
    body = {**HELLO, **changed}
    return await client.post(f"{servers.mistral.address}/v1/chat/completions", json=body, headers=bearer(key))


async def models(client, servers, key: str = KEYS.ours) -> httpx.Response:
    return await client.get(f"{servers.mistral.address}/v1/models", headers=bearer(key))


async def test_a_key_that_is_no_text_is_just_a_wrong_one(serve, client) -> None:
    servers = await serve("healthy")
    headers = {"Authorization": b"Bearer \xff\xfe"}
    assert (await client.get(f"{servers.mistral.address}/v1/models", headers=headers)).status_code == 401
    answer = await client.get(f"{servers.prometheus.address}/-/ready", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic x"}])
async def test_no_key_or_a_wrong_one_gets_no_answer(serve, client, headers) -> None:
    servers = await serve("healthy")
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat/completions")):
        answer = await client.request(method, servers.mistral.address + path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
        assert answer.headers["mistral-correlation-id"]


async def test_a_revoked_key_is_refused_and_the_candidate_is_not(serve, client) -> None:
    servers = await serve("bad-key")
    assert (await models(client, servers)).status_code == 401
    assert (await models(client, servers, KEYS.candidate)).status_code == 200
    assert (await complete(client, servers, KEYS.candidate)).status_code == 200


async def test_models_are_listed_with_ids_aliases_and_capabilities(serve, client) -> None:
    servers = await serve("healthy")
    answer = await models(client, servers)
    assert answer.status_code == 200
    assert answer.headers["server"] == "cloudflare"
    cards = {card["id"]: card for card in answer.json()["data"]}
    assert cards["mistral-large-latest"]["capabilities"]["completion_chat"] is True
    assert cards["mistral-small-latest"]["aliases"] == ["mistral-small-2603"]
    assert "x-ratelimit-limit-req-minute" not in answer.headers


async def test_a_completion_tells_what_is_left_of_the_limit(serve, client) -> None:
    servers = await serve("healthy")
    answer = await complete(client, servers)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert answer.headers["x-ratelimit-limit-req-minute"] == "1200"
    assert 0 < int(answer.headers["x-ratelimit-remaining-req-minute"]) <= 1200
    assert answer.headers["mistral-correlation-id"] == answer.headers["x-kong-request-id"]


@pytest.mark.parametrize(
    ("scenario", "status", "kind", "code", "limit"),
    [
        ("rate-limited", 429, "rate_limited", "1300", "600"),
        ("provider-capacity", 429, "service_tier_capacity_exceeded", "3505", "1200"),
        ("no-allowance", 429, "rate_limited", "1300", "0"),
        ("provider-outage", 503, "unreachable_backend", "1100", None),
    ],
)
async def test_each_refusal_has_its_body_and_its_headers(
    serve, client, scenario, status, kind, code, limit
) -> None:
    servers = await serve(scenario)
    answer = await complete(client, servers)
    body = answer.json()
    assert (answer.status_code, body["type"], body["code"]) == (status, kind, code)
    assert body["object"] == "error"
    assert answer.headers.get("x-ratelimit-limit-req-minute") == limit
    if scenario in ("rate-limited", "no-allowance"):
        assert answer.headers["x-ratelimit-remaining-req-minute"] == "0"


@pytest.mark.parametrize(
    ("scenario", "status"),
    [("rate-limited", 429), ("provider-capacity", 200), ("no-allowance", 200), ("provider-outage", 503)],
)
async def test_what_the_list_of_models_says_meanwhile(serve, client, scenario, status) -> None:
    assert (await models(client, await serve(scenario))).status_code == status


async def test_the_rate_limit_is_over_here_when_it_is_over_there(serve, client) -> None:
    servers = await serve("rate-limited", fresh=True)
    assert (await complete(client, servers)).status_code == 429
    servers.bench.roll_out(MAX_CONCURRENT_MISTRAL="3")
    assert (await complete(client, servers)).status_code == 200


async def test_a_slow_api_connects_and_does_not_answer_within_five_seconds(serve, client) -> None:
    servers = await serve("network-timeout")
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        await client.get(
            f"{servers.mistral.address}/v1/models", headers=bearer(KEYS.ours), timeout=httpx.Timeout(0.5)
        )
    assert time.monotonic() - began < 8
    assert servers.mistral._delay(False, None) >= 8
    assert servers.mistral._delay(True, None) >= 20


async def test_a_refused_key_is_refused_at_once_even_when_the_api_is_slow(serve, client) -> None:
    assert (await models(client, await serve("network-timeout"), "wrong")).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"max_completion_tokens": 1}, 422, ["body", "max_completion_tokens"]),
        ({"store": True}, 422, ["body", "store"]),
        ({"messages": "hello"}, 422, ["body", "messages"]),
    ],
)
async def test_a_request_that_does_not_fit_is_refused_with_the_place(
    serve, client, changed, status, where
) -> None:
    answer = await complete(client, await serve("healthy"), **changed)
    assert answer.status_code == status
    assert answer.json()["detail"][0]["loc"] == where


async def test_an_unknown_model_is_invalid(serve, client) -> None:
    answer = await complete(client, await serve("healthy"), model="gpt-4")
    assert (answer.status_code, answer.json()["code"]) == (400, "1500")


async def test_no_json_and_no_body_are_refused(serve, client) -> None:
    servers = await serve("healthy")
    url = f"{servers.mistral.address}/v1/chat/completions"
    assert (await client.post(url, content=b"{", headers=bearer(KEYS.ours))).status_code == 422
    answer = await client.post(url, json={}, headers=bearer(KEYS.ours))
    assert {tuple(one["loc"]) for one in answer.json()["detail"]} == {("body", "model"), ("body", "messages")}


async def test_an_unknown_path_has_no_route(serve, client) -> None:
    servers = await serve("healthy")
    answer = await client.get(f"{servers.mistral.address}/nowhere", headers=bearer(KEYS.ours))
    assert answer.status_code == 404
    assert answer.json() == {"message": "no Route matched with those values"}
