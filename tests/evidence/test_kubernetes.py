"""What is kept of a cluster: every container's log, objects without secrets, and reasons for the rest."""

import json
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support.api_stub import FORBIDDEN, KEY, ApiStub
from tui.clients.cluster import ClusterDoor
from tui.clients.cluster_raw import containers, mounted_secrets
from tui.evidence import kubernetes
from tui.evidence.bundle import Collected, collect
from tui.model.clock import SystemClock
from tui.model.redaction import Redactor

PODS = "/api/v1/namespaces/prod/pods"


def pod(name: str, restarts: int = 0) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": name},
        "spec": {"initContainers": [{"name": "setup"}], "containers": [{"name": "app"}]},
        "status": {"containerStatuses": [{"name": "app", "restartCount": restarts}]},
    }


async def gathered(stub: ApiStub, folder: Path) -> tuple[Collected, dict[str, bytes]]:
    redact = Redactor()
    door = ClusterDoor(stub.settings(folder), 2.0, redact)
    out = folder / "out"
    out.mkdir()
    try:
        pieces = [piece async for piece in kubernetes.pieces(door, timedelta(hours=2))]
        found = await collect(pieces, out / "e.tar.gz", redact, SystemClock(), {}, lambda _: None)
    finally:
        await door.close()
    with tarfile.open(found.path) as tar:
        return found, {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


async def logs(request: web.Request) -> web.Response:
    which = "the one before" if request.query.get("previous") else f"since {request.query['sinceSeconds']}"
    return web.Response(text=f"{request.query['container']}: {which}, key {KEY}\n")


def answer_logs(stub: ApiStub, name: str, times: int) -> None:
    stub.script("GET", f"{PODS}/{name}/log", *[logs] * times)


async def test_every_container_of_every_pod_and_the_one_before_it(stub: ApiStub, tmp_path: Path) -> None:
    stub.lists["pods"] = [pod("a"), pod("b", restarts=2)]
    answer_logs(stub, "a", 2)
    answer_logs(stub, "b", 3)
    found, files = await gathered(stub, tmp_path)
    assert files["logs/a/app.log"] == b"app: since 7200, key ***\n"
    assert files["logs/b/app.previous.log"] == b"app: the one before, key ***\n"
    assert {name for name in files if name.startswith("logs/")} == {
        "logs/a/setup.log",
        "logs/a/app.log",
        "logs/b/setup.log",
        "logs/b/app.log",
        "logs/b/app.previous.log",
    }
    assert found.redacted >= 5


async def test_events_are_sorted_by_time(stub: ApiStub, tmp_path: Path) -> None:
    stub.lists["events"] = [
        {"reason": "third", "series": {"lastObservedTime": "2026-11-23T15:00:03Z"}},
        {"reason": "first", "lastTimestamp": "2026-11-23T15:00:01Z"},
        {"reason": "second", "eventTime": "2026-11-23T15:00:02Z"},
    ]
    _, files = await gathered(stub, tmp_path)
    assert [event["reason"] for event in json.loads(files["kubernetes/events.json"])] == [
        "first",
        "second",
        "third",
    ]


async def test_lists_are_read_page_after_page(stub: ApiStub, tmp_path: Path) -> None:
    page = [
        (200, {"items": [{"reason": "one", "lastTimestamp": "1"}], "metadata": {"continue": "next"}}),
        (200, {"items": [{"reason": "two", "lastTimestamp": "2"}], "metadata": {}}),
    ]
    stub.script("GET", "/api/v1/namespaces/prod/events", *page)
    _, files = await gathered(stub, tmp_path)
    assert [event["reason"] for event in json.loads(files["kubernetes/events.json"])] == ["one", "two"]
    asked = [path for _, path, _ in stub.requests if path.startswith("/api/v1/namespaces/prod/events")]
    assert asked[1].endswith("continue=next")


async def test_the_deployment_is_kept_without_what_its_secret_variables_say(
    stub: ApiStub, tmp_path: Path
) -> None:
    container = stub.deployment["spec"]["template"]["spec"]["containers"][0]
    container["env"].append({"name": "DB_PASSWORD", "value": "correct-horse-battery"})
    stub.deployment["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = (
        '{"env":[{"name":"DB_PASSWORD","value":"correct-horse-battery"}]}'
    )
    stub.lists["pods"] = [pod("a")]

    async def log(_: web.Request) -> web.Response:
        return web.Response(text="connecting with correct-horse-battery\n")

    stub.script("GET", f"{PODS}/a/log", log, log)
    _, files = await gathered(stub, tmp_path)
    assert b"DB_PASSWORD" in files["kubernetes/deployment.yaml"]
    assert not any(b"correct-horse-battery" in content for content in files.values())
    assert files["logs/a/app.log"] == b"connecting with ***\n"


async def test_a_secret_that_may_not_be_read_is_said_and_the_rest_is_kept(
    stub: ApiStub, tmp_path: Path
) -> None:
    stub.script("GET", "/api/v1/namespaces/prod/secrets/mistral", FORBIDDEN)
    found, files = await gathered(stub, tmp_path)
    assert found.missing[0].name == "secrets/mistral"
    assert "What looks like a secret is taken out" in found.missing[0].reason
    assert "kubernetes/deployment.yaml" in files


async def test_a_list_that_is_refused_is_one_line_of_what_is_missing(stub: ApiStub, tmp_path: Path) -> None:
    stub.script("GET", "/apis/apps/v1/namespaces/prod/replicasets", FORBIDDEN)
    found, files = await gathered(stub, tmp_path)
    assert "kubernetes/replicasets.json" in [row.name for row in found.missing]
    assert "kubernetes/events.json" in files


async def test_without_a_cluster_the_reason_is_all_that_there_is(stub: ApiStub, tmp_path: Path) -> None:
    await stub.stop()
    found, files = await gathered(stub, tmp_path)
    assert [row.name for row in found.missing] == ["kubernetes/"]
    assert set(files) == {"manifest.json"}


async def test_a_log_that_breaks_off_is_kept_as_far_as_it_came(stub: ApiStub, tmp_path: Path) -> None:
    stub.lists["pods"] = [pod("a")]

    async def breaks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"as far as this\n")
        assert request.transport is not None
        request.transport.close()
        return response

    stub.script("GET", f"{PODS}/a/log", logs, breaks)
    found, files = await gathered(stub, tmp_path)
    assert files["logs/a/app.log"] == b"as far as this\n"
    assert [(row.name, row.partial) for row in found.missing if row.name.startswith("logs")] == [
        ("logs/a/app.log", True)
    ]


async def test_a_hostile_name_stays_inside_the_archive(stub: ApiStub, tmp_path: Path) -> None:
    stub.lists["pods"] = [pod("../../etc/passwd"), pod("..")]
    _, files = await gathered(stub, tmp_path)
    assert not any(".." in name.split("/") or name.startswith("/") for name in files)


def test_secrets_are_found_wherever_a_pod_gets_them() -> None:
    template = {
        "containers": [
            {
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}}],
                "envFrom": [{"secretRef": {"name": "two"}}],
            }
        ],
        "volumes": [
            {"name": "v", "secret": {"secretName": "three"}},
            {"name": "p", "projected": {"sources": [{"secret": {"name": "four"}}]}},
        ],
        "imagePullSecrets": [{"name": "registry"}],
    }
    deployment = {"spec": {"template": {"spec": template}}}
    assert mounted_secrets(deployment) == ("one", "two", "three", "four")


def test_a_pod_without_statuses_has_containers_that_never_ran() -> None:
    assert containers({"spec": {"containers": [{"name": "app"}]}}) == (("app", False),)
