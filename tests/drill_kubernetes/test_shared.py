"""The place where several consoles meet: who may do what there, and what lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from tests.drill_kubernetes.conftest import KEY, QUICK, Client
from tests.drill_kubernetes.recordings import load
from tests.drill_kubernetes.test_recordings import Make
from tui.drill.kubernetes import Cluster, KubeApi
from tui.drill.kubernetes.shared import definition
from tui.sharing.manifest import manifest

ENTRIES = "/apis/leeward.dev/v1/namespaces/leeward/entries"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/leeward/leases"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MAY = {
    "responder": {"entries": "create get list watch", "leases": "create get list update watch"},
    "ada": {"entries": "create get list watch", "leases": "create get list update watch"},
    "keeper": {"entries": "create delete get list watch", "leases": "create delete get list update watch"},
    "viewer": {"entries": "get list watch", "leases": "get list watch"},
}
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@pytest.fixture
async def shared() -> AsyncIterator[KubeApi]:
    """The drill's cluster with the place where consoles meet."""
    served = KubeApi(Cluster(KEY, pace=QUICK, shared="leeward"))
    await served.start()
    yield served
    await served.stop()


def entry(name: str, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = load("entry-create")["request"]["body"]
    whole = {**body["spec"], "text": "short", "line": '{"v":1}', **spec}
    return {**body, "metadata": {"name": name, "labels": body["metadata"]["labels"]}, "spec": whole}


def lease(name: str, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = load("lease-create")["request"]["body"]
    return {**body, "metadata": {"name": name}, "spec": {**body["spec"], **spec}}


@pytest.mark.parametrize("user", MAY)
async def test_each_user_may_do_what_its_role_says_and_no_more(
    user: str, shared: KubeApi, client: Make
) -> None:
    asking = client(shared, user)
    for group, resource in (("leeward.dev", "entries"), ("coordination.k8s.io", "leases")):
        allowed = [verb for verb in VERBS if await may(asking, verb, group, resource)]
        assert " ".join(allowed) == MAY[user][resource]


async def may(asking: Client, verb: str, group: str, resource: str) -> bool:
    asked = {"namespace": "leeward", "verb": verb, "group": group, "resource": resource}
    answer = await asking.http.post(REVIEWS, json={"spec": {"resourceAttributes": asked}})
    found: bool = answer.json()["status"]["allowed"]
    return found


async def test_what_one_login_writes_another_reads_and_neither_changes(shared: KubeApi, client: Make) -> None:
    one, other = client(shared, "responder"), client(shared, "ada")
    assert (await one.http.post(ENTRIES, json=entry("e-1"))).status_code == 201
    found = await other.get(f"{ENTRIES}?fieldSelector=spec.incident%3DINC-1")
    assert [item["metadata"]["name"] for item in found["items"]] == ["e-1"]
    assert (await other.http.delete(f"{ENTRIES}/e-1")).status_code == 403
    changed = await client(shared, "admin").patch(
        f"{ENTRIES}/e-1", {"spec": {"line": "x"}}, "merge-patch+json"
    )
    assert (changed.status_code, "entries are immutable" in changed.text) == (422, True)


async def test_a_keeper_deletes_the_very_entry_that_is_meant(shared: KubeApi, client: Make) -> None:
    keeper = client(shared, "keeper")
    uid = (await keeper.http.post(ENTRIES, json=entry("e-1"))).json()["metadata"]["uid"]
    wrong = {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    refused = await keeper.http.request("DELETE", f"{ENTRIES}/e-1", json=wrong)
    assert (refused.status_code, refused.json()["reason"]) == (409, "Conflict")
    right = {"preconditions": {"uid": uid}}
    assert (await keeper.http.request("DELETE", f"{ENTRIES}/e-1", json=right)).status_code == 200
    assert (await keeper.http.get(f"{ENTRIES}/e-1")).status_code == 404


@pytest.mark.parametrize(
    ("spec", "field"),
    [({"text": "x" * 1025}, "spec.text"), ({"line": "x" * 32769}, "spec.line"), ({"part": 0}, "spec.part")],
)
async def test_an_entry_out_of_bounds_is_refused(
    spec: dict[str, Any], field: str, shared: KubeApi, client: Make
) -> None:
    answer = await client(shared, "responder").http.post(ENTRIES, json=entry("e-1", **spec))
    assert (answer.status_code, answer.json()["details"]["causes"][0]["field"]) == (422, field)


async def test_without_a_shared_namespace_there_are_no_entries(api: KubeApi, client: Make) -> None:
    assert (await client(api, "responder").http.get(ENTRIES)).status_code == 404


def test_the_definition_is_the_one_that_an_administrator_applies() -> None:
    documents = yaml.safe_load_all(manifest("leeward"))
    (applied,) = [one for one in documents if one["kind"] == "CustomResourceDefinition"]
    assert definition() == applied


def test_each_user_has_the_verbs_of_its_role() -> None:
    roles = {
        one["metadata"]["name"]: {rule["resources"][0]: sorted(rule["verbs"]) for rule in one["rules"]}
        for one in yaml.safe_load_all(manifest("leeward"))
        if one["kind"] == "Role"
    }
    named = {"responder": "responder", "ada": "responder", "keeper": "keeper", "viewer": "reader"}
    for user, role in named.items():
        assert roles[f"leeward-{role}"] == {resource: verbs.split() for resource, verbs in MAY[user].items()}
