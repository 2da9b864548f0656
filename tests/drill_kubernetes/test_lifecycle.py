"""Scales, deletes, namespaces, and the tokens of service accounts: as a real server has them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import Client
from tests.drill_kubernetes.recordings import load
from tests.drill_kubernetes.test_recordings import DEPLOYMENT, Make, created
from tests.support.real import require
from tui.drill.kubernetes import KubeApi
from tui.drill.kubernetes.resources import EVENTS, PODS, REPLICA_SETS

SCALE = f"{DEPLOYMENT}/scale"


@pytest.fixture
async def admin(elsewhere: KubeApi, client: Make) -> Client:
    found = client(elsewhere, "admin")
    await created(found)
    return found


async def test_a_scale_tells_how_many_there_are(admin: Client) -> None:
    scale = await admin.get(SCALE)
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 3, "selector": "app=mistral-service"}
    live = (await admin.get(DEPLOYMENT))["metadata"]
    assert {key: live[key] for key in scale["metadata"]} == scale["metadata"]


async def test_a_scale_is_patched_and_the_writer_owns_it_by_the_subresource(admin: Client) -> None:
    answer = await admin.patch(SCALE, {"spec": {"replicas": 5}}, "merge-patch+json")
    assert (answer.status_code, answer.json()["spec"]) == (200, {"replicas": 5})
    admin.api.cluster.settle()
    live = await admin.get(DEPLOYMENT)
    assert (live["spec"]["replicas"], live["status"]["readyReplicas"]) == (5, 5)
    (entry,) = [e for e in live["metadata"]["managedFields"] if e.get("subresource") == "scale"]
    assert entry["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


async def test_a_scale_with_a_stale_version_is_refused(admin: Client) -> None:
    scale = await admin.get(SCALE)
    await admin.patch(SCALE, {"spec": {"replicas": 4}}, "merge-patch+json")
    answer = await admin.http.put(SCALE, json={**scale, "spec": {"replicas": 1}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert (await admin.get(SCALE))["spec"] == {"replicas": 4}


async def test_a_dry_run_of_a_scale_changes_nothing(admin: Client) -> None:
    path = f"{SCALE}?dryRun=All"
    answer = await admin.patch(path, {"spec": {"replicas": 9}}, "merge-patch+json")
    assert answer.json()["spec"] == {"replicas": 9}
    assert (await admin.get(SCALE))["spec"] == {"replicas": 3}


@pytest.mark.parametrize("replicas", [-1, "two", True])
async def test_a_scale_that_is_no_number_is_refused(replicas: Any, admin: Client) -> None:
    answer = await admin.patch(SCALE, {"spec": {"replicas": replicas}}, "merge-patch+json")
    assert answer.status_code == 422


async def test_scaling_asks_for_a_permission_of_its_own(admin: Client, client: Make) -> None:
    answer = await client(admin.api, "viewer").patch(SCALE, {"spec": {"replicas": 1}}, "merge-patch+json")
    assert answer.status_code == 403
    assert 'cannot patch resource "deployments/scale"' in answer.json()["message"]


async def kubectl(api: KubeApi, folder: Path, *words: str) -> str:
    """What kubectl says as the administrator."""
    config = folder / "kubeconfig"
    config.write_text(api.kubeconfig("admin"))
    running = await asyncio.create_subprocess_exec(
        require("kubectl"),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"KUBECONFIG": str(config), "HOME": str(folder), "PATH": os.environ["PATH"]},
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.real
@pytest.mark.parametrize("extra", [(), ("--current-replicas=3",)])
async def test_kubectl_scales(extra: tuple[str, ...], api: KubeApi, tmp_path: Path) -> None:
    """With and without a precondition, which are a PUT and a PATCH."""
    words = ("scale", "deployment/mistral-service", "--replicas=2", *extra)
    assert "scaled" in await kubectl(api, tmp_path, *words)
    assert api.cluster.deployment["spec"]["replicas"] == 2


@pytest.mark.real
async def test_kubectl_makes_and_deletes_a_namespace(api: KubeApi, tmp_path: Path) -> None:
    """It posts one as protobuf, and waits for its end by a watch."""
    assert "created" in await kubectl(api, tmp_path, "create", "namespace", "trial")
    assert "trial" in await kubectl(api, tmp_path, "get", "namespaces")
    assert "deleted" in await kubectl(api, tmp_path, "delete", "namespace", "trial")
    assert "trial" not in await kubectl(api, tmp_path, "get", "namespaces")


async def test_with_a_deployment_go_its_replica_sets_and_pods(admin: Client) -> None:
    answer = await admin.http.delete(DEPLOYMENT)
    assert answer.json()["status"] == "Success"
    admin.api.cluster.settle()
    store = admin.api.cluster.store
    assert (store.all(REPLICA_SETS, "prod"), store.all(PODS, "prod")) == ([], [])
    assert len(store.all(PODS, "staging")) == 3, "another namespace's stay"


async def test_a_delete_of_what_was_replaced_is_refused(admin: Client) -> None:
    options = {"preconditions": {"uid": "another"}}
    answer = await admin.http.request("DELETE", DEPLOYMENT, json=options)
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert (await admin.http.get(DEPLOYMENT)).status_code == 200


async def test_a_namespace_ends_with_all_that_is_in_it(admin: Client) -> None:
    gone = (await admin.http.delete("/api/v1/namespaces/prod")).json()
    assert gone["status"]["phase"] == "Terminating"
    late = await admin.replay("lease-create")
    assert (late.status_code, late.json()["reason"]) == (403, "Forbidden")
    assert "because it is being terminated" in late.json()["message"]
    admin.api.cluster.settle()
    assert (await admin.http.get("/api/v1/namespaces/prod")).status_code == 404
    store = admin.api.cluster.store
    assert not any(store.all(resource, "prod") for resource in (PODS, EVENTS, REPLICA_SETS))


async def test_nothing_is_created_in_a_namespace_that_is_not_there(admin: Client) -> None:
    body = load("lease-create")["request"]["body"]
    body["metadata"].pop("namespace", None)
    answer = await admin.http.post("/apis/coordination.k8s.io/v1/namespaces/nope/leases", json=body)
    assert (answer.status_code, answer.json()["message"]) == (404, 'namespaces "nope" not found')


async def test_a_service_account_may_what_is_bound_to_it(admin: Client, client: Make) -> None:
    """Its token says who it is; the role binding what it may; taking that away takes effect at once."""
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/prod"
    await admin.http.post("/api/v1/namespaces/prod/serviceaccounts", json={"metadata": {"name": "robot"}})
    rule = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
    await admin.http.post(f"{bindings}/roles", json={"metadata": {"name": "reader"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "robot"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot"}],
    }
    await admin.http.post(f"{bindings}/rolebindings", json=binding)
    path = "/api/v1/namespaces/prod/serviceaccounts/robot/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = (await admin.http.post(path, json=asked)).json()["status"]["token"]
    robot = {"Authorization": f"Bearer {token}"}
    assert (await admin.http.get(DEPLOYMENT, headers=robot)).status_code == 200
    other = await admin.http.get("/api/v1/namespaces/prod/pods", headers=robot)
    assert 'User "system:serviceaccount:prod:robot" cannot list' in other.json()["message"]
    elsewhere = DEPLOYMENT.replace("prod", "staging")
    assert (await admin.http.get(elsewhere, headers=robot)).status_code == 403
    await admin.http.delete(f"{bindings}/rolebindings/robot")
    assert (await admin.http.get(DEPLOYMENT, headers=robot)).status_code == 403
