"""The cluster's client: what it asks, and that every refusal is a sentence that leaks nothing."""

import asyncio
import json
import logging
import socket
import ssl
import subprocess
import sys
import traceback
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from tests.support import api_stub
from tests.support.api_stub import KEY, PATH, TOKEN, ApiStub, kubeconfig
from tui.clients.cluster import Cluster, ClusterDoor, ClusterError, Reason, contexts
from tui.settings import Kubernetes


async def refusal(awaitable: Any) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await awaitable
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert TOKEN not in told
    assert KEY not in told
    assert "Authorization" not in told
    assert error.__context__ is None or isinstance(
        error.__context__, ClusterError | TimeoutError | FileNotFoundError
    )
    for text in (error.said, error.remedy):
        assert text.endswith(".")
        assert "\n" not in text
    return error


# -- what it reads


async def test_the_pinned_place_is_known_without_asking(cluster: Cluster) -> None:
    assert (cluster.context, cluster.namespace, cluster.deployment_name) == (
        "prod-eu",
        "prod",
        "mistral-service",
    )


async def test_the_server_tells_who_we_are(cluster: Cluster) -> None:
    assert await cluster.whoami() == "responder"
    assert cluster.user == "responder"


async def test_a_server_that_cannot_tell_leaves_the_kubeconfigs_name(stub: ApiStub, cluster: Cluster) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    stub.script("POST", path, (404, api_stub.MISSING[1]))
    assert await cluster.whoami() == "u"


async def test_an_access_review_asks_about_exactly_that_object(stub: ApiStub, cluster: Cluster) -> None:
    assert await cluster.may("patch", "apps", "deployments", "mistral-service") is True
    _, _, body = stub.requests[-1]
    assert body["spec"]["resourceAttributes"] == {
        "namespace": "prod",
        "verb": "patch",
        "group": "apps",
        "resource": "deployments",
        "name": "mistral-service",
    }
    stub.allowed = False
    assert await cluster.may("patch", "apps", "deployments") is False


async def test_a_dry_run_says_so_and_a_change_carries_our_manager(stub: ApiStub, cluster: Cluster) -> None:
    body = [{"op": "replace", "path": "/spec/replicas", "value": 4}]
    await cluster.patch_deployment(body, "application/json-patch+json", dry_run=True)
    assert stub.requests[-1][1] == f"{PATH}?fieldManager=leeward&dryRun=All"
    assert stub.deployment["spec"]["replicas"] == 3
    await cluster.patch_deployment(body, "application/json-patch+json", dry_run=False)
    assert stub.requests[-1][1] == f"{PATH}?fieldManager=leeward"
    assert stub.deployment["spec"]["replicas"] == 4


async def test_pods_are_asked_by_the_deployments_own_selector(stub: ApiStub, cluster: Cluster) -> None:
    stub.lists["pods"] = [{"metadata": {"name": "mistral-service-1"}}]
    assert [pod["metadata"]["name"] for pod in await cluster.pods()] == ["mistral-service-1"]
    assert stub.requests[-1][1].endswith("/pods?labelSelector=app%3Dmistral-service")


async def test_replica_sets_of_others_are_left_out_and_the_newest_comes_first(
    stub: ApiStub, cluster: Cluster
) -> None:
    def replica_set(name: str, revision: str, owner: str) -> dict[str, Any]:
        return {
            "metadata": {
                "name": name,
                "annotations": {"deployment.kubernetes.io/revision": revision},
                "ownerReferences": [{"kind": "Deployment", "name": owner}],
            }
        }

    stub.lists["replicasets"] = [
        replica_set("old", "9", "mistral-service"),
        replica_set("new", "10", "mistral-service"),
        replica_set("alien", "11", "other"),
    ]
    assert [rs["metadata"]["name"] for rs in await cluster.replica_sets()] == ["new", "old"]


async def test_no_autoscaling_group_is_no_autoscaler(stub: ApiStub, cluster: Cluster) -> None:
    assert await cluster.autoscalers() == ()
    stub.lists["horizontalpodautoscalers"] = [
        {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "mistral-service"}, "maxReplicas": 12}},
        {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "other"}, "maxReplicas": 40}},
    ]
    assert [a["spec"]["maxReplicas"] for a in await cluster.autoscalers()] == [12]


async def test_policies_of_every_namespace_or_of_ours_alone(stub: ApiStub, cluster: Cluster) -> None:
    everywhere = "/apis/networking.k8s.io/v1/networkpolicies"
    one = {"metadata": {"name": "closed", "namespace": "prod"}, "spec": {"policyTypes": ["Egress"]}}
    stub.script("GET", everywhere, (200, {"kind": "NetworkPolicyList", "items": [one]}))
    assert [p["metadata"]["name"] for p in await cluster.network_policies()] == ["closed"]
    stub.script("GET", everywhere, api_stub.FORBIDDEN)
    stub.lists["networkpolicies"] = [one, one]
    assert len(await cluster.network_policies()) == 2


async def test_the_groups_that_are_served_are_named(stub: ApiStub, cluster: Cluster) -> None:
    stub.script("GET", "/apis", (200, {"groups": [{"name": "apps"}, {"name": "cilium.io"}, None]}))
    assert await cluster.api_groups() == ("apps", "cilium.io")
    stub.script("GET", "/apis", (200, {"groups": None}))
    assert await cluster.api_groups() == ()


async def test_a_secret_is_read_masked_and_a_refused_one_is_none(stub: ApiStub, cluster: Cluster) -> None:
    secret = await cluster.secret_value("mistral", "api-key")
    assert secret is not None
    assert secret.reveal() == KEY
    path = "/api/v1/namespaces/prod/secrets/mistral"
    stub.script("GET", path, (403, api_stub.status(403, "Forbidden", 'User "responder" cannot get resource')))
    assert await cluster.secret_value("mistral", "api-key") is None
    assert await cluster.secret_value("mistral", "absent") is None


async def test_a_log_keeps_no_control_characters_and_no_secret_we_read(
    stub: ApiStub, cluster: Cluster
) -> None:
    async def log(_: web.Request) -> web.Response:
        return web.Response(body=b"one \x1b[31mred\xff\nkey " + KEY.encode() + b"\n")

    stub.script("GET", "/api/v1/namespaces/prod/pods/p/log", log)
    await cluster.secret_value("mistral", "api-key")
    text = await cluster.pod_log("p", "mistral-service", 600, 100, 10_000)
    assert text == "one red\ufffd\nkey ***\n"
    assert "container=mistral-service&sinceSeconds=600&tailLines=100&limitBytes=10000" in stub.requests[-1][1]


async def test_a_watch_tells_each_change_and_ends_by_itself(stub: ApiStub, cluster: Cluster) -> None:
    seen = []
    began = asyncio.get_running_loop().time()
    async with aclosing(cluster.watch_deployment("512", 1.0)) as changes:  # type: ignore[type-var]
        stub.changed()
        async for change in changes:
            seen.append(change["metadata"]["resourceVersion"])
            if len(seen) < 2:
                stub.changed()
    assert seen == ["513", "514"]
    assert asyncio.get_running_loop().time() - began < 30


# -- refusals


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (
            api_stub.UNAUTHORIZED,
            Reason.LOGIN_EXPIRED,
            ("login to prod-eu has expired", "nothing was changed"),
        ),
        (
            api_stub.FORBIDDEN,
            Reason.FORBIDDEN,
            ("responder may not patch deployments.apps", "namespace prod"),
        ),
        (api_stub.MISSING, Reason.MISSING, ("no deployment mistral-service", "namespace prod of prod-eu")),
        (api_stub.CONFLICT, Reason.CONFLICT, ("Somebody changed deployment mistral-service", "nothing was")),
        (api_stub.INVALID, Reason.INVALID, ("env[0].name", "a valid environment variable name")),
        (api_stub.TEST_FAILED, Reason.INVALID, ("does not hold", "nothing was applied")),
        ((429, {}), Reason.SERVER, ("too busy",)),
        ((503, {"x": KEY}), Reason.SERVER, ("answered 503",)),
        ((302, {}), Reason.SERVER, ("answered 302",)),
    ],
)
async def test_each_refusal_is_a_sentence(
    stub: ApiStub, cluster: Cluster, answer: Any, reason: Reason, words: tuple[str, ...]
) -> None:
    stub.script("PATCH", PATH, answer, answer)
    error = await refusal(cluster.patch_deployment([], "application/json-patch+json", dry_run=False))
    assert error.reason is reason
    assert error.status == answer[0]
    for word in words:
        assert word in error.said
    assert error.sent is (answer[0] >= 500)


async def test_a_missing_permission_names_whom_to_ask(stub: ApiStub, cluster: Cluster) -> None:
    stub.script("PATCH", PATH, api_stub.FORBIDDEN)
    error = await refusal(cluster.patch_deployment([], "application/json-patch+json", dry_run=False))
    assert (
        error.remedy == "Ask an administrator of prod-eu for a Role with patch on deployments.apps in prod."
    )


async def test_the_settings_say_whom_to_ask(stub: ApiStub, tmp_path: Path) -> None:
    stub.script("PATCH", PATH, api_stub.FORBIDDEN)
    connected = await Cluster.connect(stub.settings(tmp_path, administrators="#platform-oncall"), 30.0)
    error = await refusal(connected.patch_deployment([], "application/json-patch+json", dry_run=False))
    await connected.close()
    assert error.remedy == "Ask #platform-oncall for a Role with patch on deployments.apps in prod."


async def test_an_anonymous_403_is_an_expired_login(stub: ApiStub, cluster: Cluster) -> None:
    message = 'deployments.apps is forbidden: User "system:anonymous" cannot get resource "deployments"'
    stub.script("GET", PATH, *[(403, api_stub.status(403, "Forbidden", message))] * 2)
    assert (await refusal(cluster.deployment())).reason is Reason.LOGIN_EXPIRED


async def test_a_policys_refusal_is_told_as_one(stub: ApiStub, cluster: Cluster) -> None:
    message = 'admission webhook "quota.example" denied the request: no changes on Mondays'
    stub.script("PATCH", PATH, (403, api_stub.status(403, "Forbidden", message)))
    error = await refusal(cluster.patch_deployment([], "application/json-patch+json", dry_run=False))
    assert "A policy of prod-eu refused" in error.said
    assert "no changes on Mondays" in error.said


async def test_a_login_page_is_no_api_server(stub: ApiStub, cluster: Cluster) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>please log in</html>", content_type="text/html")

    stub.script("GET", PATH, page)
    error = await refusal(cluster.deployment())
    assert error.reason is Reason.SERVER
    assert "no Kubernetes API server" in error.said


async def test_a_trickling_answer_ends_at_the_deadline(stub: ApiStub, tmp_path: Path) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    stub.script("GET", PATH, trickle)
    cluster = await Cluster.connect(stub.settings(tmp_path), 2.0)
    error = await refusal(cluster.deployment())
    await cluster.close()
    assert error.reason is Reason.TIMEOUT
    assert error.sent


async def test_a_broken_connection_may_have_reached_the_server(stub: ApiStub, cluster: Cluster) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    stub.script("PATCH", PATH, cut)
    error = await refusal(cluster.patch_deployment([], "application/json-patch+json", dry_run=False))
    assert error.reason is Reason.UNREACHABLE
    assert error.sent


async def test_a_refused_connection_changed_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = write(tmp_path, kubeconfig(f"http://127.0.0.1:{port}", {"token": TOKEN}))
    cluster = await Cluster.connect(settings, 30.0)
    error = await refusal(cluster.deployment())
    await cluster.close()
    assert error.reason is Reason.UNREACHABLE
    assert not error.sent


async def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    ca, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    other.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    given = kubeconfig(f"https://127.0.0.1:{port}", {"token": TOKEN}, **{"certificate-authority": "ca.pem"})
    cluster = await Cluster.connect(write(tmp_path, given), 30.0)
    error = await refusal(cluster.deployment())
    await cluster.close()
    server.close()
    await server.wait_closed()
    assert "certificate of prod-eu" in error.said


# -- the kubeconfig


def write(folder: Path, config: dict[str, Any], **given: Any) -> Kubernetes:
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return Kubernetes(**{"kubeconfig": str(path), "deployment": "mistral-service", **given})


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda c: c.update(users=[]), "names user 'u', which has no credentials"),
        (lambda c: c.update(clusters=[]), "names cluster 'c', which has no server address"),
        (lambda c: c.update({"current-context": "gone"}), "has no context 'gone'"),
        (lambda c: c.pop("current-context"), "has no current context"),
        (lambda c: c.update(contexts="x"), "contexts in"),
    ],
)
async def test_mistakes_of_the_kubeconfig_are_told_in_words(
    tmp_path: Path, break_it: Any, words: str
) -> None:
    config = kubeconfig("https://192.0.2.1", {"token": TOKEN})
    break_it(config)
    error = await refusal(Cluster.connect(write(tmp_path, config)))
    assert error.reason is Reason.CONFIG
    assert words in error.said


async def test_a_kubeconfig_that_is_not_there_or_no_yaml_is_told(tmp_path: Path) -> None:
    missing = Kubernetes(kubeconfig=str(tmp_path / "none"), deployment="d")
    assert "There is no kubeconfig at" in (await refusal(Cluster.connect(missing))).said
    (tmp_path / "bad").write_text(f"a: [1\nb: {TOKEN}")
    bad = Kubernetes(kubeconfig=str(tmp_path / "bad"), deployment="d")
    assert "is no YAML" in (await refusal(Cluster.connect(bad))).said
    assert contexts(bad) == ()


async def test_without_a_deployment_the_setting_is_named(tmp_path: Path) -> None:
    settings = write(tmp_path, kubeconfig("https://192.0.2.1", {"token": TOKEN}), deployment="")
    assert "kubernetes.deployment" in (await refusal(Cluster.connect(settings))).remedy


def test_the_contexts_are_named_without_importing_kubernetes(tmp_path: Path) -> None:
    write(tmp_path, kubeconfig("https://192.0.2.1", {"token": TOKEN}))
    program = (
        "import sys; from tui.clients.cluster import contexts; from tui.settings import Kubernetes; "
        f"settings = Kubernetes(kubeconfig={str(tmp_path / 'kubeconfig')!r}); "
        "print(contexts(settings), 'kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('prod-eu',) False"


async def test_the_environments_kubeconfig_is_read_when_asked(
    stub: ApiStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stub.settings(tmp_path)
    monkeypatch.setenv("KUBECONFIG", settings.kubeconfig)
    cluster = await Cluster.connect(Kubernetes(deployment="mistral-service"), 30.0)
    assert (await cluster.deployment())["metadata"]["name"] == "mistral-service"
    await cluster.close()


async def test_a_netrc_does_not_stand_in_for_our_token(
    stub: ApiStub, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert (await cluster.deployment())["kind"] == "Deployment"


# -- login plugins


def plugin(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "plugin.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh"}}


def credential(token: str, **more: str) -> str:
    given = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    return json.dumps({**given, "status": {"token": token, **more}})


async def test_a_plugin_gives_the_token_and_gets_no_input(stub: ApiStub, tmp_path: Path) -> None:
    script = f"""cat > {tmp_path}/stdin
        echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info
        echo '{credential(TOKEN)}'"""
    cluster = await Cluster.connect(write(tmp_path, kubeconfig(stub.address, plugin(tmp_path, script))), 30.0)
    assert (await cluster.deployment())["kind"] == "Deployment"
    await cluster.close()
    assert (tmp_path / "stdin").read_text() == ""
    assert json.loads((tmp_path / "info").read_text())["spec"] == {"interactive": False}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"echo {TOKEN} >&2; exit 3", "failed with status 3"),
        ("echo nonsense", "printed no credentials"),
        (
            f"echo '{credential(TOKEN, expirationTimestamp='2020-01-01T00:00:00Z')}'",
            "credentials that ended at",
        ),
        ("echo '" + credential("") + "'", "neither token nor certificate"),
    ],
)
async def test_a_plugin_that_fails_is_an_expired_login(
    tmp_path: Path, script: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = write(tmp_path, kubeconfig("http://127.0.0.1:9", plugin(tmp_path, script)))
    error = await refusal(Cluster.connect(settings))
    assert error.reason is Reason.LOGIN_EXPIRED
    assert words in error.said
    assert TOKEN not in caplog.text


async def test_a_plugin_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.clients.cluster_connection._PLUGIN_DEADLINE", 0.3)
    settings = write(tmp_path, kubeconfig("http://127.0.0.1:9", plugin(tmp_path, "sleep 60")))
    error = await refusal(Cluster.connect(settings))
    assert "gave no credentials within 0.3 s" in error.said


async def test_a_plugin_that_is_not_installed_is_told(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}
    error = await refusal(Cluster.connect(write(tmp_path, kubeconfig("http://127.0.0.1:9", user))))
    assert error.reason is Reason.CONFIG
    assert "no-such-plugin" in error.said


# -- logging in anew


async def test_a_renewed_login_is_picked_up(
    stub: ApiStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.clients.cluster_connection._AGAIN", 0.0)
    cluster = await Cluster.connect(stub.settings(tmp_path), 30.0)
    stub.token = "another-token-entirely"
    assert (await refusal(cluster.deployment())).reason is Reason.LOGIN_EXPIRED
    write(tmp_path, kubeconfig(stub.address, {"token": stub.token}))
    assert (await cluster.deployment())["kind"] == "Deployment"
    await cluster.close()


async def test_a_context_that_moved_to_another_server_is_not_followed(
    stub: ApiStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.clients.cluster_connection._AGAIN", 0.0)
    cluster = await Cluster.connect(stub.settings(tmp_path), 30.0)
    stub.token = "another-token-entirely"
    write(tmp_path, kubeconfig("http://127.0.0.1:9", {"token": stub.token}))
    error = await refusal(cluster.deployment())
    await cluster.close()
    assert "now names another server" in error.said


async def test_the_door_keeps_one_connection_and_tries_again_after_a_failure(
    stub: ApiStub, tmp_path: Path
) -> None:
    door = ClusterDoor(Kubernetes(kubeconfig=str(tmp_path / "kubeconfig"), deployment="d"))
    with pytest.raises(ClusterError):
        await door.open()
    stub.settings(tmp_path)
    first, second = await asyncio.gather(door.open(), door.open())
    assert first is second
    await door.close()


async def test_a_slow_login_goes_on_when_the_first_who_asked_gave_up(stub: ApiStub, tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f"echo x >> {count}; sleep 0.4; echo '{credential(TOKEN)}'"
    door = ClusterDoor(write(tmp_path, kubeconfig(stub.address, plugin(tmp_path, script))))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await door.open()
    cluster = await door.open()
    assert (await cluster.deployment())["kind"] == "Deployment"
    assert count.read_text() == "x\n"
    await door.close()


async def test_a_login_that_failed_while_nobody_waited_is_told_to_the_next(tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f"echo x >> {count}; sleep 0.2; exit 7"
    door = ClusterDoor(write(tmp_path, kubeconfig("http://127.0.0.1:9", plugin(tmp_path, script))))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await door.open()
    await asyncio.sleep(0.4)
    assert "failed with status 7" in (await refusal(door.open())).said
    assert count.read_text() == "x\n"
    await door.close()


async def test_a_name_with_escapes_never_reaches_the_screen(tmp_path: Path) -> None:
    config = kubeconfig("http://127.0.0.1:9", {"token": TOKEN})
    config["contexts"][0]["name"] = config["current-context"] = "prod\x1b[31m\u202e"
    cluster = await Cluster.connect(write(tmp_path, config), 1.0)
    error = await refusal(cluster.deployment())
    await cluster.close()
    assert "\x1b" not in error.said + error.remedy + str(error)
    assert "\u202e" not in error.said


async def test_nothing_that_is_logged_holds_the_token(
    stub: ApiStub, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await cluster.deployment()
    stub.script("GET", PATH, (500, {"message": TOKEN}))
    await refusal(cluster.deployment())
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(cluster.__dict__)
