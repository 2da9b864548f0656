"""What clients rely on beyond the recordings: preconditions, apply, watches, logs, faults, protobuf."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drill_kubernetes.conftest import KEY, Client
from tui.drill.kubernetes import KubeApi, protobuf

Make = Callable[..., Client]
DEPLOYMENT = "/apis/apps/v1/namespaces/prod/deployments/mistral-service"
DEPLOYMENTS = DEPLOYMENT.rpartition("/")[0]
PODS = "/api/v1/namespaces/prod/pods"
ENV = "/spec/template/spec/containers/0/env"


def setting(name: str, value: Any, **meta: Any) -> dict[str, Any]:
    container = {"name": "mistral-service", "env": [{"name": name, "value": value}]}
    body: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [container]}}}}
    return {**body, "metadata": meta} if meta else body


def env(deployment: Any) -> dict[str, str]:
    found = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return {item["name"]: item.get("value", "") for item in found}


async def test_twenty_writers_with_one_precondition_let_one_through(api: KubeApi, client: Make) -> None:
    """As measured on a real server: 1 x 200, 19 x 422 with a test of the generation."""
    responder = client(api)
    operations = [
        {"op": "test", "path": "/metadata/generation", "value": 1},
        {"op": "replace", "path": f"{ENV}/0/value", "value": "true"},
    ]
    answers = await asyncio.gather(
        *(responder.patch(DEPLOYMENT, operations, "json-patch+json") for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 19


async def test_twenty_writers_with_one_version_let_one_through(api: KubeApi, client: Make) -> None:
    responder = client(api)
    version = (await responder.get(DEPLOYMENT))["metadata"]["resourceVersion"]
    bodies = [setting("MISTRAL_FALLBACK", f"{n}", resourceVersion=version) for n in range(20)]
    answers = await asyncio.gather(*(responder.patch(DEPLOYMENT, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_another_uid_is_refused(api: KubeApi, client: Make) -> None:
    answer = await client(api).patch(DEPLOYMENT, setting("MISTRAL_FALLBACK", "true", uid="another"))
    assert answer.status_code == 422
    assert answer.json()["details"]["causes"][0]["field"] == "metadata.uid"


async def test_a_dry_run_stores_nothing_and_rolls_nothing_out(api: KubeApi, client: Make) -> None:
    responder = client(api)
    before = await responder.get(DEPLOYMENT)
    answer = await responder.patch(f"{DEPLOYMENT}?dryRun=All", setting("MISTRAL_FALLBACK", "true"))
    assert env(answer.json())["MISTRAL_FALLBACK"] == "true"
    assert await responder.get(DEPLOYMENT) == before


async def test_a_number_as_value_of_a_variable_is_refused(api: KubeApi, client: Make) -> None:
    answer = await client(api).patch(DEPLOYMENT, setting("MAX_CONCURRENT_MISTRAL", 3))
    assert answer.status_code == 422
    assert "unrecognized type: int64" in answer.json()["message"]


async def test_a_patch_of_nothing_changes_no_version(api: KubeApi, client: Make) -> None:
    responder = client(api)
    before = await responder.get(DEPLOYMENT)
    await responder.patch(DEPLOYMENT, setting("MISTRAL_FALLBACK", "false"))
    assert await responder.get(DEPLOYMENT) == before


@pytest.mark.parametrize("kind", ["strategic-merge-patch+json", "merge-patch+json"])
async def test_an_annotation_is_added_and_removed(kind: str, api: KubeApi, client: Make) -> None:
    responder = client(api)
    for value, there in (("x", True), (None, False)):
        answer = await responder.patch(
            DEPLOYMENT, {"metadata": {"annotations": {"leeward.dev/lease": value}}}, kind
        )
        assert ("leeward.dev/lease" in answer.json()["metadata"]["annotations"]) is there


async def test_an_unknown_kind_of_patch_is_refused(api: KubeApi, client: Make) -> None:
    answer = await client(api).patch(DEPLOYMENT, {}, "json")
    assert (answer.status_code, answer.json()["reason"]) == (415, "UnsupportedMediaType")


async def test_apply_takes_what_nobody_owns_and_forces_what_somebody_does(api: KubeApi, client: Make) -> None:
    responder = client(api)
    config = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mistral-service"}}
    config |= setting("NEW_VARIABLE", "1")
    taken = await responder.patch(f"{DEPLOYMENT}?fieldManager=leeward", config, "apply-patch+yaml")
    assert taken.status_code == 200
    assert env(taken.json())["NEW_VARIABLE"] == "1"
    config |= setting("MISTRAL_FALLBACK", "true")
    refused = await responder.patch(f"{DEPLOYMENT}?fieldManager=leeward", config, "apply-patch+yaml")
    assert refused.status_code == 409
    forced = await responder.patch(
        f"{DEPLOYMENT}?fieldManager=leeward&force=true", config, "apply-patch+yaml"
    )
    assert env(forced.json())["MISTRAL_FALLBACK"] == "true"
    owners = [
        entry["manager"]
        for entry in forced.json()["metadata"]["managedFields"]
        if "MISTRAL_FALLBACK" in json.dumps(entry) and '"f:value"' in json.dumps(entry)
    ]
    assert "leeward" in owners


async def lines(http: httpx.AsyncClient, path: str, params: dict[str, str]) -> list[Any]:
    async with http.stream("GET", path, params={"watch": "true", **params}) as response:
        return [json.loads(line) async for line in response.aiter_lines() if line]


async def watched(
    http: httpx.AsyncClient, path: str, params: dict[str, str], enough: Callable[[list[Any]], bool]
) -> list[Any]:
    """What a watch tells until that is enough; half a minute at most."""
    seen: list[Any] = []
    query = {"watch": "true", "timeoutSeconds": "30", **params}
    async with http.stream("GET", path, params=query, timeout=60) as response:
        async for line in response.aiter_lines():
            seen.append(json.loads(line))
            if enough(seen):
                break
    return seen


async def test_a_watch_from_a_version_shows_only_what_came_after(api: KubeApi, client: Make) -> None:
    responder = client(api)
    version = (await responder.get(DEPLOYMENTS))["metadata"]["resourceVersion"]
    query = {"resourceVersion": version, "fieldSelector": "metadata.name=mistral-service"}
    await responder.patch(DEPLOYMENT, setting("MISTRAL_FALLBACK", "true"))
    seen = await watched(responder.http, DEPLOYMENTS, query, rolled_out)
    assert {line["type"] for line in seen} == {"MODIFIED"}
    reasons = [line["object"]["status"]["conditions"][-1]["reason"] for line in seen]
    assert reasons[0] == reasons[-1] == "NewReplicaSetAvailable"
    assert "ReplicaSetUpdated" in reasons
    versions = [int(line["object"]["metadata"]["resourceVersion"]) for line in seen]
    assert versions == sorted(set(versions))


def rolled_out(seen: list[Any]) -> bool:
    """Whether the watch told of a rollout's way and of its end."""
    reasons = [line["object"]["status"]["conditions"][-1]["reason"] for line in seen]
    return "ReplicaSetUpdated" in reasons and reasons[-1] == "NewReplicaSetAvailable"


async def test_a_watch_without_a_version_begins_with_what_is_there(api: KubeApi, client: Make) -> None:
    seen = await lines(
        client(api).http,
        PODS,
        {"timeoutSeconds": "1", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"},
    )
    assert [line["type"] for line in seen] == ["ADDED"] * 3 + ["BOOKMARK"]


async def test_an_object_that_leaves_a_selector_is_deleted_to_its_watch(api: KubeApi, client: Make) -> None:
    def labelled(seen: list[Any]) -> bool:
        if len(seen) == 1:
            api.cluster.edit({"metadata": {"labels": {"team": "ml"}}}, manager="kubectl-label")
        return len(seen) == 2

    seen = await watched(client(api).http, DEPLOYMENTS, {"labelSelector": "!team"}, labelled)
    assert [line["type"] for line in seen] == ["ADDED", "DELETED"]


async def test_a_watch_of_a_name_that_is_not_there_is_silent(api: KubeApi, client: Make) -> None:
    query = {"fieldSelector": "metadata.name=nope", "timeoutSeconds": "1"}
    assert await lines(client(api).http, DEPLOYMENTS, query) == []


async def test_a_watch_from_a_forgotten_version_says_so(api: KubeApi, client: Make) -> None:
    api.cluster.store.compact()
    seen = await lines(client(api).http, PODS, {"resourceVersion": "1", "timeoutSeconds": "1"})
    assert [(line["type"], line["object"]["code"]) for line in seen] == [("ERROR", 410)]


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("app=mistral-service", 3),
        ("app!=mistral-service", 0),
        ("app in (mistral-service, worker)", 3),
        ("app notin (worker)", 3),
        ("pod-template-hash", 3),
        ("!pod-template-hash", 0),
        ("app=mistral-service,tier=web", 0),
    ],
)
async def test_label_selectors(selector: str, count: int, api: KubeApi, client: Make) -> None:
    answer = await client(api).http.get(PODS, params={"labelSelector": selector})
    assert len(answer.json()["items"]) == count


async def test_events_are_selected_by_what_they_are_about(api: KubeApi, client: Make) -> None:
    name = api.cluster.pods()[0].name
    api.cluster.record_event("Unhealthy", "Readiness probe failed: 503", kind="Pod", name=name)
    api.cluster.record_event("Unhealthy", "Readiness probe failed: 503", kind="Pod", name=name)
    params = {"fieldSelector": f"involvedObject.name={name},involvedObject.kind=Pod"}
    found = (await client(api).http.get("/api/v1/namespaces/prod/events", params=params)).json()["items"]
    assert [(e["reason"], e["type"], e["count"]) for e in found] == [("Unhealthy", "Warning", 2)]
    new = await client(api).get("/apis/events.k8s.io/v1/namespaces/prod/events")
    assert new["items"][0]["note"] == "Readiness probe failed: 503"
    assert new["items"][0]["regarding"]["name"] == name


@pytest.mark.parametrize(
    "query", ["fieldSelector=spec.nope%3D1", "labelSelector=a%3D%3D%3Db", "limit=x", "continue=???"]
)
async def test_a_query_that_cannot_be_read_is_refused(query: str, api: KubeApi, client: Make) -> None:
    answer = await client(api).http.get(f"{PODS}?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def log(count: int) -> Callable[[str, datetime | None], list[tuple[datetime, str]]]:
    start = datetime.now(UTC) - timedelta(seconds=count)
    return lambda pod, _since: [(start + timedelta(seconds=n), f"line {n} of {pod}") for n in range(count)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 60),
        ({"tailLines": "5"}, 5),
        ({"tailLines": "0"}, 0),
        ({"sinceSeconds": "10"}, 9),
        ({"tailLines": "99"}, 60),
    ],
)
async def test_a_log_is_cut_as_asked(query: dict[str, str], count: int, api: KubeApi, client: Make) -> None:
    api.cluster.log_source = log(60)
    name = api.cluster.pods()[0].name
    answer = await client(api).http.get(f"{PODS}/{name}/log", params=query)
    assert answer.headers["content-type"].startswith("text/plain")
    found = answer.text.splitlines()
    assert len(found) == count
    assert not found or found[-1] == f"line 59 of {name}"


async def test_a_log_has_stamps_and_a_limit_of_bytes_when_asked(api: KubeApi, client: Make) -> None:
    api.cluster.log_source = lambda _pod, _since: [
        (datetime(2026, 11, 23, 16, 6, 22, 982423, tzinfo=UTC), "hello")
    ]
    path = f"{PODS}/{api.cluster.pods()[0].name}/log"
    stamped = await client(api).http.get(path, params={"timestamps": "true"})
    assert stamped.text == "2026-11-23T16:06:22.982423000Z hello\n"
    assert (await client(api).http.get(path, params={"limitBytes": "3"})).text == "hel"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"previous": "true"}, 400),
        ({"tailLines": "-1"}, 422),
        ({"sinceSeconds": "0"}, 422),
        ({"sinceSeconds": "x"}, 400),
        ({"sinceTime": "yesterday"}, 400),
        ({"sinceSeconds": "5", "sinceTime": "2026-11-23T15:00:00Z"}, 422),
    ],
)
async def test_a_log_query_that_makes_no_sense_is_refused(
    query: dict[str, str], code: int, api: KubeApi, client: Make
) -> None:
    answer = await client(api).http.get(f"{PODS}/{api.cluster.pods()[0].name}/log", params=query)
    assert answer.status_code == code


async def test_a_followed_log_brings_new_lines(api: KubeApi, client: Make) -> None:
    said = [(datetime.now(UTC), "first")]
    api.cluster.log_source = lambda _pod, _since: list(said)
    path = f"{PODS}/{api.cluster.pods()[0].name}/log"
    async with client(api).http.stream("GET", path, params={"follow": "true"}) as response:
        stream = response.aiter_lines()
        assert await anext(stream) == "first"
        said.append((datetime.now(UTC), "second"))
        assert await anext(stream) == "second"


async def test_the_secret_is_for_those_who_may(api: KubeApi, client: Make) -> None:
    path = "/api/v1/namespaces/prod/secrets/mistral"
    found = await client(api, "responder").get(path)
    assert base64.b64decode(found["data"]["api-key"]).decode() == KEY
    assert (await client(api, "viewer").http.get(path)).status_code == 403
    patch = {"stringData": {"api-key": "x"}}
    assert (await client(api, "viewer").patch(path, patch)).status_code == 403
    other = path.replace("mistral", "other")
    assert (await client(api, "responder").patch(other, patch)).status_code == 403
    assert (await client(api, "responder").patch(path, patch)).status_code == 200


async def test_a_rejected_secret_is_echoed_whole_as_by_the_real_server(api: KubeApi, client: Make) -> None:
    body = {"data": {"api-key": "not base64!"}}
    answer = await client(api, "admin").patch("/api/v1/namespaces/prod/secrets/mistral", body)
    assert answer.status_code == 422
    assert "not base64!" in answer.json()["message"]


async def test_faults_can_be_switched_while_it_runs(api: KubeApi, client: Make) -> None:
    responder, faults = client(api), api.cluster.faults
    assert (await responder.http.get(DEPLOYMENT)).status_code == 200
    faults.login_expired = True
    assert (await responder.http.get(DEPLOYMENT)).status_code == 401
    faults.login_expired = False
    faults.forbid = frozenset({("patch", "deployments")})
    assert (await responder.patch(DEPLOYMENT, setting("A", "b"))).status_code == 403
    faults.forbid = frozenset()
    faults.fail_status = 503
    assert (await responder.http.get(DEPLOYMENT)).status_code == 503
    faults.fail_status = 0
    faults.hang = True
    with pytest.raises(httpx.ReadTimeout):
        await responder.http.get(DEPLOYMENT, timeout=0.2)
    faults.hang = False
    assert (await responder.http.get(DEPLOYMENT)).status_code == 200


async def test_the_review_agrees_with_what_is_allowed(api: KubeApi, client: Make) -> None:
    responder = client(api)
    for verb, group, resource, name, allowed in (
        ("patch", "apps", "deployments", "mistral-service", True),
        ("delete", "apps", "deployments", "mistral-service", False),
        ("get", "", "secrets", "mistral", True),
        ("get", "", "secrets", "other", False),
        ("patch", "", "secrets", "mistral", True),
        ("patch", "", "secrets", "other", False),
        ("list", "", "secrets", "", False),
    ):
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": "prod", "name": name}
        answer = await responder.http.post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            json={"spec": {"resourceAttributes": asked}},
        )
        assert answer.json()["status"]["allowed"] is allowed, asked


@pytest.mark.parametrize(
    "path", ["/apis/nope/v1", "/api/v2", "/api/v1/nope", "/nope", "/apis/storage.k8s.io/v1/csinodes"]
)
async def test_what_is_not_served_is_not_found(path: str, api: KubeApi, client: Make) -> None:
    answer = await client(api).http.get(path)
    assert (answer.status_code, answer.json()["kind"]) == (404, "Status")


async def test_stopping_ends_open_watches_at_once(client: Make) -> None:
    from tui.drill.kubernetes import Cluster

    served = KubeApi(Cluster(KEY))
    await served.start()
    open_ = asyncio.Event()
    watching = asyncio.create_task(
        watched(client(served).http, PODS, {"timeoutSeconds": "600"}, lambda _: open_.set() or False)
    )
    await open_.wait()
    async with asyncio.timeout(60):
        await served.stop()
        await served.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await watching


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["namespace", "verb", "group", "version", "resource", "subresource", "name"]),
    st.text(min_size=1, max_size=200),
)


@given(ATTRIBUTES, st.booleans())
def test_a_review_survives_protobuf(attributes: dict[str, str], allowed: bool) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
        "status": {"allowed": allowed},
    }
    decoded = protobuf.posted(protobuf.encoded_review(review))
    assert decoded == {key: item for key, item in review.items() if key != "status"}


@given(st.binary(max_size=60))
def test_bytes_that_are_no_review_are_refused_and_nothing_worse(junk: bytes) -> None:
    for body in (junk, protobuf.MAGIC + junk):
        try:
            protobuf.posted(body)
        except ValueError:
            continue


async def test_a_review_in_protobuf_is_answered_in_the_form_that_is_accepted(
    api: KubeApi, client: Make
) -> None:
    asked = {"namespace": "prod", "verb": "patch", "group": "apps", "resource": "deployments"}
    body = protobuf.encoded_review(
        {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
         "spec": {"resourceAttributes": asked}, "status": {"allowed": False}}
    )  # fmt: skip
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    headers = {"Content-Type": protobuf.MEDIA_TYPE, "Accept": protobuf.MEDIA_TYPE}
    answer = await client(api).http.post(path, content=body, headers=headers)
    assert answer.status_code == 201
    _, kind, raw = protobuf.unwrap(answer.content)
    assert kind == "SelfSubjectAccessReview"
    status = dict(protobuf.fields(raw))[3]
    assert isinstance(status, bytes)
    assert dict(protobuf.fields(status))[1] == 1
    junk = await client(api).http.post(path, content=b"junk", headers=headers)
    assert junk.status_code == 400
