"""The door to the shared place: where it is by the settings, who we are there, and what it refuses."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.clients.shared.stub import ENTRIES, LEASES, SharedStub, no_namespace, not_served, streaming
from tests.clients.shared.support import ENTRY, INCIDENT, RECORDINGS, SECONDS, line_of, refusal
from tests.support.api_stub import TOKEN, Answer, kubeconfig, status
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.leases import LeaseObject
from tui.clients.shared_place import Opened, SharedPlace
from tui.model.redaction import Redactor
from tui.settings import Kubernetes, Settings, Sharing

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
NOWHERE = "http://127.0.0.1:1"
LEASE = LeaseObject("leeward-command-x", "ada@here:1", 30)


def two_contexts(path: Path, server: str, current: str = "prod-eu") -> Path:
    """`prod-eu` is another cluster; `home`, with a namespace of its own, is the server."""
    made = kubeconfig(NOWHERE, {"token": TOKEN})
    made["clusters"].append({"name": "h", "cluster": {"server": server}})
    home = {"cluster": "h", "user": "u", "namespace": "not-this-one"}
    made["contexts"].append({"name": "home", "context": home})
    made["current-context"] = current
    path.write_text(json.dumps(made))
    return path


def recorded(name: str) -> tuple[Any, tuple[int, Any]]:
    found = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found["request"]["body"], (found["response"]["status"], found["response"]["body"])


# -- where it is


@pytest.mark.parametrize(
    ("kubernetes", "sharing", "current"),
    [
        ({"kubeconfig": "both", "context": "home"}, {}, "prod-eu"),
        ({"kubeconfig": "both"}, {}, "home"),
        ({"kubeconfig": "both", "context": "prod-eu"}, {"context": "home"}, "prod-eu"),
        ({"kubeconfig": "none", "context": "home"}, {"kubeconfig": "both"}, "prod-eu"),
        ({"kubeconfig": "none", "context": "prod-eu"}, {"kubeconfig": "both", "context": "home"}, "prod-eu"),
    ],
    ids=["all of kubernetes", "the current context", "own context", "own kubeconfig", "all its own"],
)
async def test_what_sharing_leaves_out_is_as_kubernetes_says(
    stub: SharedStub, tmp_path: Path, kubernetes: dict[str, str], sharing: dict[str, str], current: str
) -> None:
    two_contexts(tmp_path / "both", stub.address, current)
    paths = {name: str(tmp_path / name) for name in ("both", "none")}
    named: list[dict[str, Any]] = [
        {key: paths.get(value, value) if key == "kubeconfig" else value for key, value in given.items()}
        for given in (kubernetes, sharing)
    ]
    settings = Settings(
        kubernetes=Kubernetes(namespace="prod", administrators="#mending", **named[0]),
        sharing=Sharing(namespace="leeward", **named[1]),
    )
    assert settings.kubernetes.deployment == ""  # the place needs none
    place = SharedPlace(settings, Redactor(), 30.0)
    opened = await place.open()
    assert (opened.connection.context, opened.connection.namespace) == ("home", "leeward")
    # Whom to ask for the cluster that is mended need not be whom to ask here.
    assert opened.connection.administrators == "an administrator of home"
    await opened.leases.create(LEASE)
    assert list(stub.objects) == [f"{LEASES}/{LEASE.name}"]
    await place.close()


async def test_its_own_administrators_are_asked(stub: SharedStub, tmp_path: Path) -> None:
    place = SharedPlace(stub.shared(tmp_path, administrators="#platform"), Redactor(), 30.0)
    assert place.administrators == "#platform"
    assert (await place.open()).connection.administrators == "#platform"
    await place.close()


async def test_its_words_name_the_context_as_soon_as_it_is_known(stub: SharedStub, tmp_path: Path) -> None:
    path = two_contexts(tmp_path / "config", stub.address, "home")
    place = SharedPlace(Settings(sharing=Sharing(kubeconfig=str(path), namespace="leeward")))
    assert (place.words, place.context, place.namespace) == ("namespace leeward", "", "leeward")
    await place.open()
    assert (place.words, place.context) == ("leeward in home", "home")
    await place.close()
    assert SharedPlace(stub.shared(tmp_path)).words == "leeward in prod-eu"


def test_its_words_are_safe_to_show() -> None:
    words = SharedPlace(Settings(sharing=Sharing(namespace="n" * 300, context="\x1b[31mhome\n"))).words
    assert words.isprintable()
    assert len(words) <= 120


async def test_where_nothing_is_shared_nothing_is_opened(stub: SharedStub, tmp_path: Path) -> None:
    place = SharedPlace(stub.shared(tmp_path, namespace=""))
    assert not place.enabled
    error = await refusal(place.open())
    assert (error.reason, error.remedy) == (Reason.CONFIG, "Set sharing.namespace in the settings.")
    assert stub.requests == []
    await place.close()


async def test_it_is_opened_once_and_again_after_it_was_closed(place: SharedPlace) -> None:
    assert place.enabled
    first, second = await asyncio.gather(place.open(), place.open())
    assert first is second
    await place.close()
    await place.close()
    again = await place.open()
    assert again is not first
    assert (await again.entries.list(INCIDENT)).found == ()


# -- the kubeconfig


@pytest.mark.parametrize(
    ("sharing", "section"),
    [
        ({}, "kubernetes"),
        ({"kubeconfig": "config"}, "sharing"),
        ({"context": "elsewhere"}, "sharing"),
        ({"kubeconfig": "config", "context": "elsewhere"}, "sharing"),
    ],
)
async def test_a_mistake_in_the_kubeconfig_names_the_section_that_chose_it(
    stub: SharedStub, tmp_path: Path, sharing: dict[str, str], section: str
) -> None:
    path = tmp_path / "config"
    if "kubeconfig" in sharing:
        sharing = {**sharing, "kubeconfig": str(path)}
    settings = Settings(
        kubernetes=Kubernetes(kubeconfig=str(path), context="elsewhere"),
        sharing=Sharing(namespace="leeward", **sharing),
    )
    place = SharedPlace(settings)
    error = await refusal(place.open())
    assert error.said == f"There is no kubeconfig at {path}."
    assert error.remedy.startswith(f"Set {section}.kubeconfig in the settings")

    path.write_text("- 1")
    assert (await refusal(place.open())).remedy.startswith(f"Set {section}.kubeconfig in the settings")

    made = kubeconfig(stub.address, {"token": TOKEN})
    path.write_text(json.dumps(made))
    error = await refusal(place.open())
    assert error.said == f"{path} has no context 'elsewhere'."
    assert error.remedy == f"Set {section}.context to one of: prod-eu."

    made["contexts"].append({"name": "elsewhere", "context": {"cluster": "gone", "user": "u"}})
    path.write_text(json.dumps(made))
    assert (await refusal(place.open())).remedy.endswith(f"or choose another {section}.context.")

    made["contexts"][-1]["context"]["cluster"] = "c"
    path.write_text(json.dumps(made))
    assert (await place.open()).connection.context == "elsewhere"
    await place.close()


async def test_a_kubeconfig_without_a_context_names_the_section(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps({**kubeconfig(NOWHERE, {"token": TOKEN}), "current-context": ""}))
    place = SharedPlace(Settings(sharing=Sharing(kubeconfig=str(path), namespace="leeward")))
    error = await refusal(place.open())
    assert error.said == f"{path} has no current context."
    assert error.remedy == "Set sharing.context in the settings."


async def test_also_a_login_that_is_renewed_names_the_section(
    stub: SharedStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.clients.cluster_connection._AGAIN", 0.0)
    settings = stub.shared(tmp_path)
    place = SharedPlace(settings, Redactor(), 30.0)
    opened = await place.open()
    stub.token = "another-token-entirely"
    Path(settings.sharing.kubeconfig).unlink()
    error = await refusal(opened.entries.list(INCIDENT))
    assert error.remedy.startswith("Set sharing.kubeconfig in the settings")
    await place.close()


# -- who we are, and what we may


async def test_the_server_says_who_we_are(stub: SharedStub, place: SharedPlace) -> None:
    wanted, answer = recorded("self-subject-review")
    stub.script("POST", REVIEWS, answer)
    assert await place.whoami() == "responder"
    assert stub.requests[-1] == ("POST", REVIEWS, wanted)


@pytest.mark.parametrize(
    "answer",
    [
        not_served(),
        (403, status(403, "Forbidden", 'User "x" cannot create resource "selfsubjectreviews"')),
        (201, {"status": {"userInfo": {"username": ""}}}),
        (201, {"status": 7}),
    ],
)  # fmt: skip
async def test_a_server_that_does_not_say_leaves_the_kubeconfigs_name(
    stub: SharedStub, place: SharedPlace, answer: Any
) -> None:
    stub.script("POST", REVIEWS, answer)
    assert await place.whoami() == "u"


async def test_a_name_of_the_servers_is_safe_to_show(stub: SharedStub, place: SharedPlace) -> None:
    name = "oidc:ada\x1b[31m\u202e\n" + "x" * 500
    stub.script("POST", REVIEWS, (201, {"status": {"userInfo": {"username": name}}}))
    told = await place.whoami()
    assert told.startswith("oidc:ada")
    assert told.isprintable()
    assert len(told) <= 120


@pytest.mark.parametrize(("name", "allowed"), [("allowed", True), ("denied", False)])
async def test_what_we_may_is_the_servers_own_review(
    stub: SharedStub, place: SharedPlace, name: str, allowed: bool
) -> None:
    wanted, answer = recorded(f"access-review-{name}")
    stub.script("POST", ACCESS, answer)
    assert await place.may("patch", "apps", "deployments") is allowed
    attributes = wanted["spec"]["resourceAttributes"]
    del attributes["name"]
    attributes["namespace"] = "leeward"
    assert stub.requests[-1] == ("POST", ACCESS, wanted)


@pytest.mark.parametrize("told", [{}, {"allowed": "true"}, {"allowed": 1}, 7])
async def test_no_review_is_a_permission_unless_it_says_so(
    stub: SharedStub, place: SharedPlace, told: object
) -> None:
    stub.script("POST", ACCESS, (201, {"status": told}))
    assert await place.may("create", "leeward.dev", "entries") is False


# -- what it refuses


async def _watched(events: Any) -> None:
    async with aclosing(events):
        async for _ in events:
            pass


Asks = Callable[[Opened], Awaitable[Any]]
STORED = replace(LEASE, version="1", uid="uid-1")
OF_ONE = f"{LEASES}/{LEASE.name}"
ASKED: list[tuple[str, str, str, Asks]] = [
    ("POST", ENTRIES, "create entries.leeward.dev", lambda it: it.entries.create(line_of("{}"))),
    ("GET", ENTRIES, "list entries.leeward.dev", lambda it: it.entries.list(INCIDENT)),
    ("GET", ENTRIES, "list entries.leeward.dev", lambda it: it.entries.overview()),
    ("GET", ENTRIES, "watch entries.leeward.dev", lambda it: _watched(it.entries.watch(INCIDENT, "1", 9))),
    ("GET", f"{ENTRIES}/{ENTRY}", "get entries.leeward.dev", lambda it: it.entries.get(ENTRY)),
    ("POST", LEASES, "create leases.coordination.k8s.io", lambda it: it.leases.create(LEASE)),
    ("GET", LEASES, "list leases.coordination.k8s.io", lambda it: it.leases.list()),
    ("GET", LEASES, "watch leases.coordination.k8s.io", lambda it: _watched(it.leases.watch("1", 9))),
    ("GET", OF_ONE, "get leases.coordination.k8s.io", lambda it: it.leases.get(LEASE.name)),
    ("PUT", OF_ONE, "update leases.coordination.k8s.io", lambda it: it.leases.replace(STORED)),
    ("DELETE", OF_ONE, "delete leases.coordination.k8s.io", lambda it: it.leases.delete(STORED)),
]  # fmt: skip
NAMES = [f"{method} {right}" for method, _, right, _ in ASKED]


@pytest.mark.parametrize(("method", "path", "right", "ask"), ASKED, ids=NAMES)
async def test_a_refusal_names_who_may_not_what_where_and_who_mends_it(
    stub: SharedStub, place: SharedPlace, method: str, path: str, right: str, ask: Asks
) -> None:
    verb, resource = right.split(" ")
    message = f'{resource} is forbidden: User "ada" cannot {verb} resource in the namespace "leeward"'
    stub.script(method, path, (403, status(403, "Forbidden", message)))
    error = await refusal(ask(await place.open()))
    assert error.reason is Reason.FORBIDDEN
    assert error.said == f"ada may not {right} in namespace leeward of prod-eu; nothing was changed."
    assert error.remedy == (
        f"Ask an administrator of prod-eu for a Role with {verb} on {resource} in leeward. "
        "`leeward share check` says what is missing there. "
        "An administrator applies it once: `leeward share manifest | kubectl apply -f -`."
    )


@pytest.mark.parametrize(("method", "path", "right", "ask"), ASKED, ids=NAMES)
async def test_a_collection_that_is_not_there_is_a_definition_that_is_missing(
    stub: SharedStub, place: SharedPlace, method: str, path: str, right: str, ask: Asks
) -> None:
    stub.script(method, path, not_served())
    error = await refusal(ask(await place.open()))
    resource = right.split(" ")[1]
    assert error.reason is Reason.MISSING
    assert error.said == f"prod-eu does not serve {resource}, which shared incidents are made of."
    assert "`leeward share manifest | kubectl apply -f -`" in error.remedy


@pytest.mark.parametrize(
    ("path", "what", "ask"),
    [
        (ENTRIES, f"entry {ENTRY}", ASKED[0][3]),
        (LEASES, f"lease {LEASE.name}", ASKED[5][3]),
    ],
)
async def test_a_namespace_that_is_not_there_is_told_as_such(
    stub: SharedStub, place: SharedPlace, path: str, what: str, ask: Asks
) -> None:
    stub.script("POST", path, no_namespace())
    error = await refusal(ask(await place.open()))
    assert error.said == f"There is no namespace leeward in prod-eu; could not create {what}."
    assert "`leeward share manifest | kubectl apply -f -`" in error.remedy
    assert "correct sharing.namespace and sharing.context" in error.remedy


async def test_a_place_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    path = two_contexts(tmp_path / "config", "http://127.0.0.1:1", "home")
    place = SharedPlace(Settings(sharing=Sharing(kubeconfig=str(path), namespace="leeward")))
    error = await refusal((await place.open()).leases.list())
    await place.close()
    assert error.reason is Reason.UNREACHABLE
    assert error.said == "The API server of home does not accept connections; could not list leases."
    assert error.remedy.endswith("It is tried again by itself.")


# -- closing


async def test_closing_ends_what_is_under_way_as_an_error_that_is_told(
    stub: SharedStub, place: SharedPlace
) -> None:
    arrived = asyncio.Semaphore(0)

    async def hangs(request: web.Request) -> Answer:
        arrived.release()
        await asyncio.sleep(3600)
        return web.Response()

    async def begins(request: web.Request) -> Answer:
        arrived.release()
        return await streaming(hang=True)(request)

    opened = await place.open()
    stub.script("POST", ENTRIES, hangs)
    stub.script("GET", ENTRIES, hangs)
    stub.script("GET", LEASES, begins)
    asked = [
        opened.entries.create(line_of("{}")),
        opened.entries.list(INCIDENT),
        _watched(opened.leases.watch("1", 3600)),
    ]
    tasks = [asyncio.ensure_future(one) for one in asked]
    async with asyncio.timeout(SECONDS):
        for _ in tasks:
            await arrived.acquire()
        await place.close()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    for error in found[:2]:
        assert isinstance(error, ClusterError)
        assert (error.reason, error.sent) == (Reason.UNREACHABLE, True)
    assert found[2] is None or isinstance(found[2], ClusterError)


async def test_closing_during_the_login_leaves_no_plugin_behind(stub: SharedStub, tmp_path: Path) -> None:
    written = tmp_path / "pid"
    script = f'echo $$ > "{written}.new" && mv "{written}.new" "{written}" && exec sleep 3600'
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig(stub.address, {"exec": plugin})))
    place = SharedPlace(Settings(sharing=Sharing(kubeconfig=str(path), namespace="leeward")))
    opening = asyncio.create_task(place.open())
    async with asyncio.timeout(SECONDS):
        while not written.exists():  # noqa: ASYNC110 - nothing here says when
            await asyncio.sleep(0.01)
        await place.close()
        await asyncio.gather(opening, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(written.read_text()), 0)
    assert stub.requests == []
