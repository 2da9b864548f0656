"""The simulated server answers what the real one answered, field by field."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import Client
from tests.drill_kubernetes.recordings import comparable, load
from tui.drill.kubernetes import Cluster, KubeApi

Make = Callable[..., Client]
DEPLOYMENT = "/apis/apps/v1/namespaces/prod/deployments/mistral-service"


async def created(admin: Client, *, settle: bool = True) -> None:
    """The recorded Secret and deployment, rolled out."""
    for name in ("secret-create", "deployment-create"):
        assert (await admin.replay(name)).status_code == 201
    if settle:
        admin.api.cluster.settle()


def agrees(response: Any, name: str) -> None:
    """The answer has the recorded status, warnings and body."""
    recorded = load(name)["response"]
    assert response.status_code == recorded["status"], response.text
    assert response.headers["content-type"].partition(";")[0] == recorded["headers"]["content-type"]
    assert response.headers.get("warning") == recorded["headers"].get("warning")
    same(response.json(), recorded["body"])


def same(mine: Any, theirs: Any) -> None:
    """Both are one after `comparable`; the difference is told line by line."""
    texts = [json.dumps(comparable(value), indent=1, sort_keys=True).splitlines() for value in (mine, theirs)]
    difference = list(difflib.unified_diff(*texts, "simulated", "recorded", n=2, lineterm=""))
    assert not difference, "\n".join(difference)


@pytest.mark.parametrize("name", ["secret-create", "deployment-create", "lease-create"])
async def test_a_create_answers_as_recorded(name: str, elsewhere: KubeApi, client: Make) -> None:
    agrees(await client(elsewhere, "admin").replay(name), name)


async def test_a_second_create_is_refused_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await admin.replay("lease-create")
    agrees(await admin.replay("lease-already-exists"), "lease-already-exists")


async def test_an_update_with_a_stale_version_is_refused_as_recorded(
    elsewhere: KubeApi, client: Make
) -> None:
    admin = client(elsewhere, "admin")
    made = (await admin.replay("lease-create")).json()
    body = load("lease-update-conflict")["request"]["body"]
    body["metadata"]["uid"], body["metadata"]["resourceVersion"] = made["metadata"]["uid"], "1"
    agrees(await admin.replay("lease-update-conflict", body=body), "lease-update-conflict")


async def test_a_deployment_reads_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    agrees(await admin.replay("deployment-get"), "deployment-get")


@pytest.mark.parametrize(
    "name",
    [
        "deployment-get-missing",
        "deployment-patch-conflict",
        "deployment-patch-dry-run",
        "deployment-patch-invalid",
        "deployment-patch-odd-env-name",
        "deployment-patch-unknown-field",
        "deployment-patch-unknown-field-warn",
        "deployment-json-patch-test-failed",
        "deployment-apply-conflict",
        "access-review-allowed",
        "pod-log-missing-pod",
    ],
)
async def test_the_administrator_is_answered_as_recorded(name: str, elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    agrees(await admin.replay(name), name)


@pytest.mark.parametrize("name", ["deployment-patch-forbidden", "secret-forbidden", "access-review-denied"])
async def test_the_responder_is_refused_as_recorded(name: str, elsewhere: KubeApi, client: Make) -> None:
    await created(client(elsewhere, "admin"))
    agrees(await client(elsewhere, "responder").replay(name), name)


async def test_who_am_i_answers_as_recorded_but_for_the_credential(elsewhere: KubeApi, client: Make) -> None:
    answer = (await client(elsewhere, "responder").replay("self-subject-review")).json()
    recorded = load("self-subject-review")["response"]["body"]
    for body in (answer, recorded):
        body["status"]["userInfo"]["extra"]["authentication.kubernetes.io/credential-id"] = ["*"]
    assert comparable(answer) == comparable(recorded)


@pytest.mark.parametrize("user", ["expired", "nobody"])
async def test_without_a_valid_token_there_is_no_answer(user: str, elsewhere: KubeApi, client: Make) -> None:
    agrees(
        await client(elsewhere, user).replay("deployment-get-expired-token"), "deployment-get-expired-token"
    )


async def test_the_change_itself_answers_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    body = load("deployment-patch-set-env")["request"]["body"]
    body["metadata"]["resourceVersion"] = (await admin.get(DEPLOYMENT))["metadata"]["resourceVersion"]
    agrees(await admin.replay("deployment-patch-set-env", body=body), "deployment-patch-set-env")


async def test_paused_and_resumed_and_restarted_answers_are_as_recorded(
    elsewhere: KubeApi, client: Make
) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    body = load("deployment-patch-set-env")["request"]["body"]
    del body["metadata"]["resourceVersion"]
    await admin.replay("deployment-patch-set-env", body=body)
    elsewhere.cluster.settle()
    await admin.patch(DEPLOYMENT, {"spec": {"paused": True}})
    paused = await admin.replay("deployment-patch-while-paused")
    agrees(paused, "deployment-patch-while-paused")
    elsewhere.cluster.settle()
    await admin.patch(DEPLOYMENT, {"spec": {"paused": None}})
    elsewhere.cluster.settle()
    restarted = await admin.replay("deployment-restart")
    recorded = load("deployment-restart")["response"]["body"]
    recorded["status"]["terminatingReplicas"] = 0  # the last old pod was on its way out when it was recorded
    same(restarted.json(), recorded)


async def test_replica_sets_list_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    body = load("deployment-patch-set-env")["request"]["body"]
    del body["metadata"]["resourceVersion"]
    await admin.replay("deployment-patch-set-env", body=body)
    elsewhere.cluster.settle()
    answer = comparable((await admin.replay("replicasets-list")).json())
    recorded = comparable(load("replicasets-list")["response"]["body"])
    by_revision = [
        sorted(
            body["items"],
            key=lambda item: item["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        )
        for body in (answer, recorded)
    ]
    assert by_revision[0] == by_revision[1]
    assert {key: part for key, part in answer.items() if key != "items"} == {
        key: part for key, part in recorded.items() if key != "items"
    }


async def test_a_secret_is_rotated_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    made = (await admin.replay("secret-create")).json()
    body = load("secret-patch")["request"]["body"]
    body["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    agrees(await admin.replay("secret-patch", body=body), "secret-patch")


async def test_an_immutable_secret_refuses_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    body = {"metadata": {"name": "sealed"}, "stringData": {"api-key": "one"}, "immutable": True}
    await admin.http.post("/api/v1/namespaces/prod/secrets", json=body)
    agrees(await admin.replay("secret-immutable"), "secret-immutable")


async def test_an_exceeded_quota_refuses_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    for name in ("first", "second"):
        await admin.http.post("/api/v1/namespaces/prod/secrets", json={"metadata": {"name": name}})
    elsewhere.cluster.faults.quota = frozenset({"secrets"})
    agrees(await admin.replay("quota-exceeded"), "quota-exceeded")


async def test_pod_logs_refuse_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    pods = (await admin.get("/api/v1/namespaces/prod/pods"))["items"]
    path = f"/api/v1/namespaces/prod/pods/{pods[0]['metadata']['name']}/log?container=nope"
    agrees(await admin.replay("pod-log-bad-container", path=path), "pod-log-bad-container")


async def test_the_log_of_a_pod_that_has_not_started_refuses_as_recorded(
    elsewhere: KubeApi, client: Make
) -> None:
    admin = client(elsewhere, "admin")
    await created(admin, settle=False)
    for _ in range(3):
        elsewhere.cluster.step()
    pods = (await admin.get("/api/v1/namespaces/prod/pods"))["items"]
    path = f"/api/v1/namespaces/prod/pods/{pods[0]['metadata']['name']}/log"
    answer = comparable((await admin.replay("pod-log-waiting", path=path)).json())
    recorded = json.dumps(load("pod-log-waiting")["response"]["body"]).replace("worker", "mistral-service")
    assert answer == comparable(json.loads(recorded))


def shape(value: Any) -> Any:
    """The structure of a value: keys and types, the first item standing for a list."""
    if isinstance(value, dict):
        return {comparable(key): shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


@pytest.mark.parametrize("name", ["pods-list", "pods-crashloop", "pods-imagepull"])
async def test_pods_have_the_recorded_status(name: str, elsewhere: KubeApi, client: Make) -> None:
    """Phase, containers and conditions; the volumes that a real admission adds are left out."""
    admin = client(elsewhere, "admin")
    fault = {"pods-crashloop": "crash", "pods-imagepull": "image"}.get(name, "")
    elsewhere.cluster.break_new_pods(fault)
    await created(admin)
    pods = (await admin.get("/api/v1/namespaces/prod/pods"))["items"]
    theirs = load(name)["response"]["body"]["items"][0]["status"]
    mine = json.loads(json.dumps(pods[0]["status"]))
    for status in (mine, theirs):
        for condition in status["conditions"]:  # the recorded stand-in left stale words on ready conditions
            if condition["status"] == "True":
                condition.pop("reason", None)
                condition.pop("message", None)
        for container in status["containerStatuses"]:
            container["name"] = container["image"] = "*"
            container["lastState"].get("terminated", {}).pop("finishedAt", None)
            container["state"].get("waiting", {}).pop("message", None)
    assert comparable(mine) == comparable(theirs)


async def test_events_have_the_recorded_shape_and_words(elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    answer = await admin.get("/api/v1/namespaces/prod/events")
    recorded = load("events-list")["response"]["body"]

    def told(body: Any) -> set[tuple[str, ...]]:
        found = comparable(body)["items"]
        return {
            (e["reason"], e["type"], e["message"].replace("fake-node", "drill-node").replace("to 2", "to 3"),
             e["source"]["component"], e["involvedObject"]["kind"]) for e in found
        }  # fmt: skip

    assert told(answer) == told(recorded)
    first = {item["reason"]: shape(item) for item in recorded["items"]}
    for item in answer["items"]:
        mine, theirs = shape(item), first[item["reason"]]
        mine["metadata"].pop("managedFields"), theirs["metadata"].pop("managedFields", None)
        assert mine == theirs


async def test_a_page_of_events_carries_where_to_go_on(elsewhere: KubeApi, client: Make) -> None:
    """As recorded: `continue` and the number that remain; pages together are the whole, once."""
    admin = client(elsewhere, "admin")
    await created(admin)
    path, names = "/api/v1/namespaces/prod/events?limit=3", []
    first = await admin.get(path)
    assert set(first["metadata"]) == set(load("events-list-page")["response"]["body"]["metadata"])
    page = first
    while True:
        names += [item["metadata"]["name"] for item in page["items"]]
        if "continue" not in page["metadata"]:
            break
        page = await admin.get(f"{path}&continue={page['metadata']['continue']}")
    whole = (await admin.get("/api/v1/namespaces/prod/events"))["items"]
    assert names == [item["metadata"]["name"] for item in whole]
    assert first["metadata"]["remainingItemCount"] == len(whole) - 3


async def test_network_policies_list_as_recorded(client: Make) -> None:
    recorded = load("networkpolicies-list")["response"]["body"]
    policies = [
        {"metadata": {"name": item["metadata"]["name"], "namespace": "prod"}, "spec": item["spec"]}
        for item in recorded["items"]
    ]
    served = KubeApi(Cluster("k", policies=policies), controllers=False)
    await served.start()
    try:
        answer = (await client(served).replay("networkpolicies-list")).json()
    finally:
        await served.stop()
    for body in (answer, recorded):
        for item in body["items"]:
            item["metadata"].pop("managedFields")
    assert comparable(answer) == comparable(recorded)


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def test_a_log_reads_as_recorded(elsewhere: KubeApi, client: Make) -> None:
    """The last lines alone, each with the time at which it was written, in nanoseconds."""
    admin = client(elsewhere, "admin")
    await created(admin)
    recorded = load("pod-log")
    lines = [line.partition(" ")[::2] for line in recorded["response"]["body"].splitlines()]
    moments = [datetime.fromisoformat(stamp[:26] + "+00:00") for stamp, _ in lines]
    earlier = (moments[0] - timedelta(seconds=1), "an earlier line")
    written = [earlier, *zip(moments, [text for _, text in lines], strict=True)]
    elsewhere.cluster.log_source = lambda _pod, _since: written
    pods = (await admin.get("/api/v1/namespaces/prod/pods"))["items"]
    name = pods[0]["metadata"]["name"]
    ago = round((datetime.now(UTC) - moments[0]).total_seconds()) + 7200
    path = re.sub(r"/pods/[^/]+/", f"/pods/{name}/", recorded["request"]["path"])
    path = path.replace("sinceSeconds=7200", f"sinceSeconds={ago}")
    answer = await admin.replay("pod-log", path=path)
    assert answer.headers["content-type"].partition(";")[0] == "text/plain"
    assert answer.text == recorded["response"]["body"]


async def test_a_table_of_policies_is_as_recorded(client: Make) -> None:
    recorded = load("table-networkpolicies")["response"]["body"]
    spec = {"podSelector": {}, "policyTypes": ["Egress"]}
    policy = {"metadata": {"name": "deny-all-egress", "namespace": "prod"}, "spec": spec}
    served = KubeApi(Cluster("k", policies=[policy]), controllers=False)
    await served.start()
    try:
        answer = await client(served).get(load("table-networkpolicies")["request"]["path"], accept=TABLE)
    finally:
        await served.stop()
    mine, theirs = (comparable(body) for body in (answer, recorded))
    for body in (mine, theirs):
        for row in body["rows"]:
            row["cells"][-1] = "*"
            row["object"]["metadata"].pop("managedFields")
    assert mine == theirs


@pytest.mark.parametrize("name", ["table-deployment", "table-deployments", "table-pods", "table-events"])
async def test_tables_have_the_recorded_columns(name: str, elsewhere: KubeApi, client: Make) -> None:
    admin = client(elsewhere, "admin")
    await created(admin)
    recorded = load(name)
    answer = await admin.get(recorded["request"]["path"], accept=TABLE)
    body = recorded["response"]["body"]
    assert comparable(answer["columnDefinitions"]) == comparable(body["columnDefinitions"])
    mine, theirs = answer["rows"][0], body["rows"][0]
    assert [type(cell) for cell in mine["cells"]] == [type(cell) for cell in theirs["cells"]]
    assert {k: mine["object"][k] for k in ("kind", "apiVersion")} == {
        k: theirs["object"][k] for k in ("kind", "apiVersion")
    }


@pytest.mark.parametrize(
    "name",
    [
        "discovery-version",
        "discovery-api",
    ],
)
async def test_discovery_begins_as_recorded(name: str, elsewhere: KubeApi, client: Make) -> None:
    answer = (await client(elsewhere).replay(name)).json()
    assert shape(answer) == shape(load(name)["response"]["body"])


@pytest.mark.parametrize(
    "name",
    [
        "discovery-api-v1",
        "discovery-apps-v1",
        "discovery-authentication-v1",
        "discovery-authorization-v1",
        "discovery-coordination-v1",
        "discovery-events-v1",
        "discovery-networking-v1",
    ],
)
async def test_resources_are_described_as_recorded(name: str, elsewhere: KubeApi, client: Make) -> None:
    """Each resource that is served has the recorded names and hash; its verbs are those that work."""
    answer = (await client(elsewhere).replay(name)).json()
    recorded = load(name)["response"]["body"]
    assert {k: v for k, v in answer.items() if k != "resources"} == {
        k: v for k, v in recorded.items() if k != "resources"
    }
    known = {item["name"]: item for item in recorded["resources"]}
    for item in answer["resources"]:
        theirs = known[item["name"]]
        assert set(item["verbs"]) <= set(theirs["verbs"])
        assert {**item, "verbs": 0} == {**theirs, "verbs": 0}


async def test_every_listed_group_is_served(elsewhere: KubeApi, client: Make) -> None:
    """kubectl complains of each group that is listed and does not answer."""
    responder = client(elsewhere)
    listed = (await responder.replay("discovery-apis")).json()
    known = {item["name"]: item for item in load("discovery-apis")["response"]["body"]["groups"]}
    for group in listed["groups"]:
        assert set(group) == set(known[group["name"]])
        for version in group["versions"]:
            found = await responder.get(f"/apis/{version['groupVersion']}")
            assert found["groupVersion"] == version["groupVersion"]
            assert found["resources"]
