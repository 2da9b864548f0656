"""Alertmanager's API, version 2: alerts, filters, silences, behind credentials."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.drill.conftest import TOKEN, run
from tests.support.real import require

BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def alerts(client, servers, **params: object) -> list[dict[str, object]]:
    url = f"{servers.alertmanager.address}/api/v2/alerts"
    answer = await client.get(url, params=params, headers=BEARER)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: list[dict[str, object]]) -> set[str]:
    return {one["labels"]["alertname"] for one in found}


def silence(name: str, **changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "responder",
        "comment": "known",
        **changed,
    }


async def test_no_token_no_answer(serve, client) -> None:
    servers = await serve("provider-outage")
    for path in ("/api/v2/alerts", "/api/v2/status", "/-/ready"):
        assert (await client.get(servers.alertmanager.address + path)).status_code == 401


async def test_a_firing_alert_says_since_when_and_keeps_its_fingerprint(serve, client) -> None:
    servers = await serve("rate-limited")
    first, second = await alerts(client, servers), await alerts(client, servers)
    assert names(first) == {"MistralRateLimitWarning", "MistralHighErrorRate"}
    assert [one["fingerprint"] for one in first] == [one["fingerprint"] for one in second]
    warning = next(one for one in first if one["labels"]["alertname"] == "MistralRateLimitWarning")
    age = servers.bench.now - datetime.fromisoformat(warning["startsAt"]).timestamp()
    assert 18 * 60 < age < 26 * 60
    assert warning["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    assert warning["annotations"]["summary"] == "rate limiting detected"


async def test_a_healthy_world_has_no_alert(serve, client) -> None:
    assert await alerts(client, await serve("healthy")) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('alertname="MistralUnavailable"', {"MistralUnavailable"}),
        ("alertname=MistralUnavailable", {"MistralUnavailable"}),
        ('severity!="critical"', {"MistralHighErrorRate"}),
        ('alertname=~"Mistral(Un|Rate).*"', {"MistralUnavailable"}),
        ('alertname!~".*"', set()),
    ],
)
async def test_alerts_are_filtered_by_matchers(serve, client, given, expected) -> None:
    assert names(await alerts(client, await serve("provider-outage"), filter=given)) == expected


@pytest.mark.parametrize(
    "params", [{"filter": "no matcher"}, {"filter": 'a=~"("'}, {"active": "perhaps"}, {"receiver": "("}]
)
async def test_a_filter_that_is_none_is_refused_with_a_bare_string(serve, client, params) -> None:
    servers = await serve("provider-outage")
    url = f"{servers.alertmanager.address}/api/v2/alerts"
    answer = await client.get(url, params=params, headers=BEARER)
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


async def test_a_silence_suppresses_until_it_is_expired(serve, client) -> None:
    servers = await serve("provider-outage", fresh=True)
    url = f"{servers.alertmanager.address}/api/v2/silences"
    made = await client.post(url, json=silence("MistralUnavailable"), headers=BEARER)
    assert made.status_code == 200
    silence_id = made.json()["silenceID"]
    found = {one["labels"]["alertname"]: one["status"] for one in await alerts(client, servers)}
    assert found["MistralUnavailable"]["state"] == "suppressed"
    assert found["MistralUnavailable"]["silencedBy"] == [silence_id]
    assert names(await alerts(client, servers, silenced="false")) == {"MistralHighErrorRate"}
    assert names(await alerts(client, servers, active="false")) == {"MistralUnavailable"}
    one = f"{servers.alertmanager.address}/api/v2/silence/{silence_id}"
    assert (await client.get(one, headers=BEARER)).json()["status"]["state"] == "active"
    assert (await client.delete(one, headers=BEARER)).status_code == 200
    servers.bench.now += 1
    assert names(await alerts(client, servers, silenced="false")) >= {"MistralUnavailable"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"endsAt": "2020-01-01T00:00:00Z"}, 400),
        ({"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-02T00:00:00Z"}, 400),
        ({"startsAt": "soon"}, 400),
        ({"matchers": []}, 400),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400),
        ({"matchers": [{"name": "a"}]}, 422),
        ({"id": "nobody"}, 404),
    ],
)
async def test_a_silence_that_does_not_fit_is_refused(serve, client, changed, status) -> None:
    servers = await serve("provider-outage")
    url = f"{servers.alertmanager.address}/api/v2/silences"
    answer = await client.post(url, json=silence("x", **changed), headers=BEARER)
    assert answer.status_code == status


async def test_status_and_receivers(serve, client) -> None:
    servers = await serve("healthy")
    url = servers.alertmanager.address
    status = (await client.get(f"{url}/api/v2/status", headers=BEARER)).json()
    assert status["cluster"]["status"] == "disabled" and status["versionInfo"]["version"]
    assert (await client.get(f"{url}/api/v2/receivers", headers=BEARER)).json() == [
        {"name": "mistral-oncall"}
    ]


@pytest.mark.real
async def test_amtool_lists_alerts_and_makes_silences_with_credentials_in_the_address(serve) -> None:
    amtool = require("amtool")
    servers = await serve("provider-outage", fresh=True)
    address = "--alertmanager.url=" + servers.alertmanager.address.replace(
        "http://", f"http://drill:{TOKEN}@"
    )
    code, out, err = await run(amtool, "alert", address)
    assert code == 0, err
    assert "MistralUnavailable" in out and "Mistral answers 503" in out
    code, out, err = await run(amtool, "alert", "query", "severity=warning", address, "-o", "simple")
    assert "MistralHighErrorRate" in out and "MistralUnavailable" not in out
    code, out, err = await run(
        amtool, "silence", "add", "alertname=MistralUnavailable", "-c", "known", "-a", "me", address
    )
    assert code == 0, err
    code, listed, _ = await run(amtool, "silence", "query", address)
    assert out.strip()[:8] in listed
    code, out, _ = await run(amtool, "alert", address)
    assert "MistralUnavailable" not in out
    code, _, err = await run(amtool, "alert", f"--alertmanager.url={servers.alertmanager.address}")
    assert code != 0
