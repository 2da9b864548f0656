"""Prometheus' HTTP API: its envelope, its parameters, its errors, behind credentials."""

import json

import pytest

from tests.drill.conftest import TOKEN, run
from tests.support.real import require
from tui.drill.servers.prometheus import number

BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def get(client, servers, path: str, **params: object):
    return await client.get(f"{servers.prometheus.address}{path}", params=params, headers=BEARER)


@pytest.mark.parametrize("path", ["/api/v1/query?query=1", "/api/v1/alerts", "/-/ready", "/"])
async def test_no_token_no_answer(serve, client, path) -> None:
    servers = await serve("healthy")
    address = servers.prometheus.address
    assert (await client.get(address + path)).status_code == 401
    assert (await client.get(address + path, headers={"Authorization": "Bearer no"})).status_code == 401
    assert (await client.get(address + path, auth=("anyone", "no"))).status_code == 401
    assert (await client.get(address + path, auth=("anyone", TOKEN))).status_code == 200


async def test_an_instant_query_by_get_and_by_form(serve, client) -> None:
    servers = await serve("rate-limited")
    query = "sum by (model) (rate(mistral_errors_total[5m]))"
    got = (await get(client, servers, "/api/v1/query", query=query)).json()
    url = f"{servers.prometheus.address}/api/v1/query"
    posted = (await client.post(url, data={"query": query}, headers=BEARER)).json()
    assert got == posted
    assert got["status"] == "success"
    rates = {one["metric"]["model"]: float(one["value"][1]) for one in got["data"]["result"]}
    assert 0.8 < rates["mistral-large-latest"] < 1.4
    assert 0 < rates["mistral-small-latest"] < 0.3


async def test_a_range_query_has_a_point_each_step_and_gaps_where_nothing_is_known(serve, client) -> None:
    servers = await serve("rate-limited")
    now = servers.bench.now
    answer = await get(
        client,
        servers,
        "/api/v1/query_range",
        query="sum(rate(mistral_requests_total[1m]))",
        start=now - 3600,
        end=now,
        step="15s",
    )
    (series,) = answer.json()["data"]["result"]
    assert 158 <= len(series["values"]) <= 161
    assert all(9 < float(value) < 12 for _, value in series["values"][4:])


async def test_scalars_matrices_and_empty_vectors_are_told_apart(serve, client) -> None:
    servers = await serve("healthy")

    async def data(query: str):
        return (await get(client, servers, "/api/v1/query", query=query)).json()["data"]

    assert (await data("1"))["resultType"] == "scalar"
    assert (await data("nothing")) == {"resultType": "vector", "result": []}
    assert (await data("vector(0) / 0"))["result"][0]["value"][1] == "NaN"
    assert (await data("vector(1) / 0"))["result"][0]["value"][1] == "+Inf"
    matrix = await data('mistral_requests_total{status="success"}[5s]')
    assert matrix["resultType"] == "matrix"
    assert {len(one["values"]) for one in matrix["result"]} == {5}


@pytest.mark.parametrize(
    ("path", "params", "said"),
    [
        ("/api/v1/query", {}, "no expression found"),
        ("/api/v1/query", {"query": "topk(5, mistral_errors_total)"}, "parse error"),
        ("/api/v1/query", {"query": "rate(x[$window])"}, "parse error"),
        ("/api/v1/query", {"query": "1", "time": "yesterday"}, "valid timestamp"),
        ("/api/v1/query_range", {"query": "1", "start": 0, "end": 10}, "valid duration"),
        ("/api/v1/query_range", {"query": "1", "start": 0, "end": 10, "step": 0}, "zero or negative"),
        ("/api/v1/query_range", {"query": "1", "start": 10, "end": 0, "step": 1}, "before start"),
        ("/api/v1/query_range", {"query": "1", "start": 0, "end": 99999, "step": 1}, "11,000 points"),
        ("/api/v1/query_range", {"query": "x[5m]", "start": 0, "end": 9, "step": 1}, "range vector"),
        ("/api/v1/series", {}, "match[]"),
        ("/api/v1/series", {"match[]": "1 + 1"}, "series selector"),
        ("/api/v1/label/not-a-label/values", {}, "invalid label name"),
    ],
)
async def test_what_makes_no_sense_is_bad_data(serve, client, path, params, said) -> None:
    answer = await get(client, await serve("healthy"), path, **params)
    body = answer.json()
    assert (answer.status_code, body["status"], body["errorType"]) == (400, "error", "bad_data")
    assert said in body["error"]


async def test_a_query_that_cannot_be_matched_is_an_execution_error(serve, client) -> None:
    query = "mistral_requests_total / on(nothing) mistral_requests_total"
    answer = await get(client, await serve("healthy"), "/api/v1/query", query=query)
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")


async def test_alerts_rules_labels_series_and_build_information(serve, client) -> None:
    servers = await serve("provider-outage")
    alerts = (await get(client, servers, "/api/v1/alerts")).json()["data"]["alerts"]
    assert {(a["labels"]["alertname"], a["state"]) for a in alerts} == {
        ("MistralHighErrorRate", "firing"),
        ("MistralUnavailable", "firing"),
    }
    groups = (await get(client, servers, "/api/v1/rules")).json()["data"]["groups"]
    states = {rule["name"]: rule["state"] for rule in groups[0]["rules"]}
    assert states["MistralUnavailable"] == "firing" and states["MistralHighCost"] == "inactive"
    assert "status_code" in (await get(client, servers, "/api/v1/labels")).json()["data"]
    values = (await get(client, servers, "/api/v1/label/model/values")).json()["data"]
    assert values == ["mistral-large-latest", "mistral-small-latest"]
    series = await get(client, servers, "/api/v1/series", **{"match[]": 'http_requests_total{code="500"}'})
    assert len(series.json()["data"]) == 3
    assert (await get(client, servers, "/api/v1/status/buildinfo")).json()["data"]["version"]
    assert (await get(client, servers, "/-/ready")).status_code == 200


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.1, "0.1"), (0.00001, "0.00001"), (100.0, "100"), (1e21, "1e+21"), (0.0, "0")],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.real
async def test_promtool_asks_with_credentials_in_the_address(serve) -> None:
    promtool = require("promtool")
    servers = await serve("rate-limited", fresh=True)
    address = servers.prometheus.address.replace("http://", f"http://drill:{TOKEN}@")
    query = "sum by (status_code) (rate(mistral_errors_total[5m]))"
    code, out, err = await run(promtool, "query", "instant", address, query)
    assert code == 0, err
    assert '{status_code="429"} => 1.' in out
    code, out, _ = await run(promtool, "query", "instant", "-o", "json", address, "vector(1)")
    assert json.loads(out)[0]["value"][1] == "1"
    code, _, err = await run(promtool, "query", "instant", address, "topk(1, x)")
    assert code != 0 and "bad_data" in err
    code, _, err = await run(promtool, "query", "instant", servers.prometheus.address, query)
    assert code != 0


@pytest.mark.real
async def test_promtool_lists_a_range_labels_and_series(serve) -> None:
    promtool = require("promtool")
    servers = await serve("rate-limited", fresh=True)
    address = servers.prometheus.address.replace("http://", f"http://drill:{TOKEN}@")
    end = int(servers.bench.now)
    query = "sum(rate(mistral_requests_total[1m]))"
    options = (f"--start={end - 600}", f"--end={end}", "--step=60s")
    code, out, err = await run(promtool, "query", "range", *options, address, query)
    assert code == 0 and out.count("@[") == 11, err
    code, out, err = await run(promtool, "query", "labels", address, "model")
    assert "mistral-small-latest" in out, err
