"""The health page, the provider's status page, the webhook and our own status page."""

import time

import pytest

from tests.drill.conftest import TOKEN
from tui.drill.servers.base import Fault, Misbehaviour

OAUTH = {"Authorization": f"OAuth {TOKEN}"}


@pytest.mark.parametrize(
    ("scenario", "overall", "mistral"),
    [
        ("healthy", "ok", "ok"),
        ("rate-limited", "degraded", "degraded"),
        ("provider-outage", "degraded", "unavailable"),
        ("dns-failure", "degraded", "unavailable"),
        ("app-fault", "degraded", "ok"),
    ],
)
async def test_health_tells_the_service_and_mistral_apart(serve, client, scenario, overall, mistral) -> None:
    servers = await serve(scenario)
    answer = await client.get(f"{servers.service.address}/health")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["services"]["mistral"]) == (overall, mistral)


async def test_with_fallback_the_service_is_well_and_mistral_is_not(serve, client) -> None:
    servers = await serve("provider-outage", fresh=True)
    servers.bench.roll_out(MISTRAL_FALLBACK="true")
    body = (await client.get(f"{servers.service.address}/health")).json()
    assert (body["status"], body["services"]["mistral"]) == ("ok", "unavailable")


async def test_without_a_ready_pod_nobody_answers_for_the_service(serve, client) -> None:
    servers = await serve("healthy", fresh=True)
    servers.bench.pods = ()
    servers.bench.pass_time(2)
    assert (await client.get(f"{servers.service.address}/health")).status_code == 503


@pytest.mark.parametrize(
    ("scenario", "indicator", "incidents"),
    [("healthy", "none", 0), ("rate-limited", "none", 0), ("provider-outage", "major", 1)],
)
async def test_the_status_page_is_public_and_has_the_form_of_rootly(
    serve, client, scenario, indicator, incidents
) -> None:
    servers = await serve(scenario)
    answer = await client.get(f"{servers.status_page.address}/api/v1/status.json")
    body = answer.json()
    assert body["status"]["indicator"] == indicator
    assert set(body["page"]) == {"id", "name", "time_zone", "updated_at"}
    assert len(body["incidents"]) == incidents
    for one in body["incidents"]:
        assert set(one) == {"id", "name", "impact", "status", "created_at", "resolved_at", "shortlink"}
    assert (await client.get(f"{servers.status_page.address}/api/v2/summary.json")).status_code == 404


async def test_the_webhook_takes_a_message_and_remembers_it(serve, client) -> None:
    servers = await serve("healthy")
    message = {
        "text": "fallback",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}],
    }
    answer = await client.post(servers.slack.webhook, json=message)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert (await client.get(f"{servers.slack.webhook}/received")).json() == [message]


async def test_the_webhooks_path_is_its_secret(serve, client) -> None:
    servers = await serve("healthy")
    answer = await client.post(f"{servers.slack.address}/services/T/B/wrong", json={"text": "x"})
    assert (answer.status_code, answer.text) == (403, "invalid_token")
    assert (await client.get(f"{servers.slack.address}/services/T/B/wrong/received")).status_code == 403


def section(text: str, **more: object) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ([], "invalid_payload"),
        ({"text": 5}, "invalid_payload"),
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section("x", block_id="b" * 256)]}, "invalid_blocks"),
        (
            {"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}]},
            "invalid_blocks",
        ),
        (
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [{}] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "markdown", "text": "x" * 12001}]}, "invalid_blocks"),
        ({"blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ({"blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
    ],
)
async def test_a_message_beyond_slacks_limits_is_refused(serve, client, message, said) -> None:
    servers = await serve("healthy")
    answer = await client.post(servers.slack.webhook, json=message)
    assert (answer.status_code, answer.text) == (400, said)
    assert not servers.slack.received


async def test_too_many_messages_are_told_to_wait(serve, client) -> None:
    servers = await serve("healthy")
    answers = [await client.post(servers.slack.webhook, json={"text": "x"}) for _ in range(8)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"


async def test_an_incident_on_our_page_is_made_updated_and_resolved(serve, client) -> None:
    servers = await serve("healthy")
    base = f"{servers.statuspage.address}/v1/pages/leewarddrill"
    first = {
        "name": "AI Feature Degradation",
        "body": "We are on it.",
        "components": {"cmpaianswers": "degraded_performance"},
        "component_ids": ["cmpaianswers"],
    }
    made = await client.post(f"{base}/incidents", json={"incident": first}, headers=OAUTH)
    assert made.status_code == 201
    incident = made.json()
    assert incident["status"] == "investigating"
    assert incident["incident_updates"][0]["deliver_notifications"] is True
    open_ones = (await client.get(f"{base}/incidents/unresolved", headers=OAUTH)).json()
    assert [one["id"] for one in open_ones] == [incident["id"]]
    last = {"status": "resolved", "body": "Over.", "components": {"cmpaianswers": "operational"}}
    url = f"{base}/incidents/{incident['id']}"
    done = (await client.patch(url, json={"incident": last}, headers=OAUTH)).json()
    assert [update["status"] for update in done["incident_updates"]] == ["resolved", "investigating"]
    assert done["resolved_at"] and done["components"][0]["status"] == "operational"
    assert (await client.get(f"{base}/incidents/unresolved", headers=OAUTH)).json() == []


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        ({}, "Name can't be blank"),
        ({"name": "x" * 256}, "Name is too long"),
        ({"name": "x", "body": "x" * 25_001}, "Body is too long"),
        ({"name": "x", "status": "fine"}, "Status must be"),
        ({"name": "x", "impact_override": "huge"}, "Impact override"),
        ({"name": "x", "components": {"cmpaianswers": "sad"}}, "Component status"),
        ({"name": "x", "component_ids": ["nope"]}, "does not exist"),
        ({"name": "x", "components": []}, "components is invalid"),
    ],
)
async def test_an_incident_that_does_not_fit_is_refused(serve, client, incident, said) -> None:
    servers = await serve("healthy")
    url = f"{servers.statuspage.address}/v1/pages/leewarddrill/incidents"
    answer = await client.post(url, json={"incident": incident}, headers=OAUTH)
    assert answer.status_code == 422
    assert said in answer.json()["error"][0]


async def test_our_page_wants_its_key_and_patience(serve, client) -> None:
    servers = await serve("healthy")
    url = f"{servers.statuspage.address}/v1/pages/leewarddrill/incidents"
    assert (await client.get(url)).status_code == 401
    assert (await client.get(url, headers={"Authorization": "OAuth wrong"})).status_code == 401
    assert (await client.get(url.replace("leewarddrill", "other"), headers=OAUTH)).status_code == 404
    statuses = [(await client.get(url, headers=OAUTH)).status_code for _ in range(8)]
    assert statuses[0] == 200 and statuses[-1] == 429


async def test_a_server_can_be_made_to_misbehave_and_to_behave_again(serve, client) -> None:
    servers = await serve("healthy")
    server, url = servers.status_page, f"{servers.status_page.address}/api/v1/status.json"
    server.fault = Fault(Misbehaviour.GARBAGE)
    with pytest.raises(ValueError):
        (await client.get(url)).json()
    server.fault = Fault(Misbehaviour.HTML)
    assert (await client.get(url)).headers["cf-mitigated"] == "challenge"
    server.fault = Fault(Misbehaviour.HUGE)
    assert len((await client.get(url)).content) > 10_000_000
    server.fault = Fault(Misbehaviour.ERROR)
    assert (await client.get(url)).status_code == 500
    server.fault = Fault(Misbehaviour.SLOW, 0.2)
    began = time.monotonic()
    assert (await client.get(url)).status_code == 200
    assert time.monotonic() - began >= 0.2
    server.fault = Fault()
    assert (await client.get(url)).status_code == 200


BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def test_a_bot_posts_and_answers_in_a_thread(serve, client) -> None:
    servers = await serve("healthy")
    url = f"{servers.slack.address}/api/chat.postMessage"
    first = (await client.post(url, json={"channel": "#incidents", "text": "one"}, headers=BEARER)).json()
    assert first["ok"] is True
    answer = {"channel": first["channel"], "text": "two", "thread_ts": first["ts"]}
    second = (await client.post(url, json=answer, headers=BEARER)).json()
    assert second["ok"] is True and second["ts"] != first["ts"]
    assert [one.get("thread_ts") for one in servers.slack.received] == [None, first["ts"]]


@pytest.mark.parametrize(
    ("message", "headers", "error"),
    [
        ({"channel": "#incidents", "text": "x"}, {}, "invalid_auth"),
        ({"channel": "#nowhere", "text": "x"}, BEARER, "channel_not_found"),
        ({"channel": "#incidents"}, BEARER, "no_text"),
        ({"channel": "#incidents", "text": "x", "thread_ts": "1.1"}, BEARER, "thread_not_found"),
        ({"channel": "#incidents", "blocks": [section("x" * 3001)]}, BEARER, "invalid_blocks"),
    ],
)
async def test_a_bot_is_refused_with_200_and_a_word(serve, client, message, headers, error) -> None:
    servers = await serve("healthy")
    url = f"{servers.slack.address}/api/chat.postMessage"
    answer = await client.post(url, json=message, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})
    assert not servers.slack.received


async def test_pagerduty_takes_events_and_shows_no_key(serve, client) -> None:
    servers = await serve("healthy")
    event = {"routing_key": "a" * 32, "event_action": "resolve", "dedup_key": "f1"}
    answer = await client.post(servers.pagerduty.enqueue, json=event)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "f1")
    url = f"{servers.pagerduty.address}/v2/received"
    assert (await client.get(url, params={"routing_key": "a" * 32})).json() == [
        {"event_action": "resolve", "dedup_key": "f1"}
    ]
    assert (await client.get(url, params={"routing_key": "b" * 32})).status_code == 403


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ([], "event is no object"),
        ({"routing_key": "a"}, "routing_key"),
        ({"routing_key": "b" * 32, "event_action": "resolve", "dedup_key": "x"}, "invalid routing key"),
        ({"routing_key": "a" * 32, "event_action": "shout"}, "event_action"),
        ({"routing_key": "a" * 32, "event_action": "resolve"}, "dedup_key"),
        ({"routing_key": "a" * 32, "event_action": "resolve", "dedup_key": "x" * 256}, "dedup_key"),
        ({"routing_key": "a" * 32, "event_action": "trigger"}, "payload"),
        (
            {
                "routing_key": "a" * 32,
                "event_action": "trigger",
                "payload": {"summary": "x" * 1025, "source": "s", "severity": "error"},
            },
            "payload.summary",
        ),
    ],
)
async def test_pagerduty_refuses_what_does_not_fit(serve, client, event, said) -> None:
    servers = await serve("healthy")
    answer = await client.post(servers.pagerduty.enqueue, json=event)
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]
