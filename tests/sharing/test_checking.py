"""What `leeward share check` finds: places that lack something, logins that may not, servers that fail."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK, client
from tests.drill_kubernetes.test_recordings import Make
from tui.clients import server_clocks
from tui.clients.shared_place import SharedPlace
from tui.drill.kubernetes import Cluster, KubeApi, discovery, shared
from tui.model.finding import Finding
from tui.model.reading import State
from tui.settings import Settings, Sharing
from tui.sharing.checking import PROBE, check

__all__ = ["client"]

Obj = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
async def api() -> AsyncIterator[KubeApi]:
    served = KubeApi(Cluster(KEY, pace=QUICK, shared="home"))
    await served.start()
    yield served
    await served.stop()


async def told(api: KubeApi, folder: Path, user: str = "responder", **sharing: str) -> dict[str, Finding]:
    """What is found, by its name."""
    kubeconfig = folder / f"kubeconfig.{user}"
    kubeconfig.write_text(api.kubeconfig(user))
    place = SharedPlace(
        Settings(sharing=Sharing(kubeconfig=str(kubeconfig), **{"namespace": "home", **sharing}))
    )
    try:
        found = await check(place)
    finally:
        await place.close()
    for one in found:
        assert "\n" not in one.summary + one.remedy
        if one.state in (State.FAIL, State.UNKNOWN, State.WARN):
            assert one.remedy, one
    return {one.name: one for one in found}


async def redefine(api: KubeApi, make: Make, change: Callable[[Obj], None]) -> None:
    """Have the definition be another one."""
    admin = make(api, "admin")
    await admin.http.delete(f"{DEFINITIONS}/entries.leeward.dev")
    body = copy.deepcopy(shared.definition())
    change(body["spec"]["versions"][0])
    answer = await admin.http.post(DEFINITIONS, json=body)
    assert answer.status_code == 201, answer.text
    api.cluster.settle()


def spec_of(version: Obj) -> Obj:
    found: Obj = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


async def test_each_login_is_told_what_it_is_and_may(api: KubeApi, tmp_path: Path) -> None:
    for user, missing in (("responder", set()), ("keeper", set()), ("viewer", {"create entries"})):
        found = await told(api, tmp_path, user)
        assert found["shared place"].summary == f"home in prod-eu, as {user}"
        assert State.FAIL not in {one.state for one in found.values()}
        warned = {name.removeprefix("permission: ") for name, one in found.items() if one.state is State.WARN}
        assert missing <= warned
        deletes = State.OK if user == "keeper" else State.UNSET
        assert found["permission: delete entries"].state is deletes


async def test_a_responder_who_lacks_one_verb_is_failed_with_whom_to_ask(
    api: KubeApi, tmp_path: Path
) -> None:
    api.cluster.faults.forbid = frozenset({("update", "leases")})
    found = await told(api, tmp_path, administrators="#platform")
    one = found["permission: update leases"]
    assert (one.state, one.remedy) == (
        State.FAIL, "Ask #platform for leeward-responder in home, for responder.",
    )  # fmt: skip


async def test_a_definition_without_the_rule_fails_for_whoever_can_see_it(
    api: KubeApi, client: Make, tmp_path: Path
) -> None:
    await redefine(api, client, lambda version: spec_of(version).pop("x-kubernetes-validations"))
    assert (await told(api, tmp_path, "admin"))["definition: immutability"].state is State.FAIL
    seen = (await told(api, tmp_path))["definition: immutability"]
    assert seen.state is State.OK
    assert "not yours to see" in seen.summary


async def test_a_definition_that_drops_a_field_fails(api: KubeApi, client: Make, tmp_path: Path) -> None:
    await redefine(api, client, lambda version: spec_of(version)["properties"].pop("header"))
    for user in ("responder", "admin"):
        found = (await told(api, tmp_path, user))["definition: fields"]
        assert found.state is State.FAIL
        assert "it drops header" in found.summary


async def test_a_definition_that_takes_no_long_line_is_not_ours(
    api: KubeApi, client: Make, tmp_path: Path
) -> None:
    def shorten(version: Obj) -> None:
        spec_of(version)["properties"]["incident"]["maxLength"] = 2

    await redefine(api, client, shorten)
    assert (await told(api, tmp_path))["definition: fields"].state is State.FAIL


async def test_a_definition_that_selects_nothing_is_warned_of(
    api: KubeApi, client: Make, tmp_path: Path
) -> None:
    await redefine(api, client, lambda version: version.pop("selectableFields"))
    found = (await told(api, tmp_path))["definition: one incident alone"]
    assert found.state is State.WARN


async def test_another_version_of_the_definition_is_none(api: KubeApi, client: Make, tmp_path: Path) -> None:
    await redefine(api, client, lambda version: version.update(name="v2"))
    found = await told(api, tmp_path, "admin")
    assert found["definition: served"].state is State.FAIL
    assert "definition: fields" not in found


async def test_the_check_leaves_nothing_behind(api: KubeApi, client: Make, tmp_path: Path) -> None:
    await told(api, tmp_path)
    admin = client(api, "admin")
    assert (await admin.get("/apis/leeward.dev/v1/namespaces/home/entries"))["items"] == []


@pytest.mark.parametrize(
    ("minor", "state"), [("24", State.WARN), ("30", State.WARN), ("31", State.OK), ("36+", State.OK)]
)
async def test_the_servers_version_is_judged(
    minor: str, state: State, api: KubeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "VERSION", {**discovery.VERSION, "minor": minor})
    assert (await told(api, tmp_path))["shared place: server"].state is state


@pytest.mark.parametrize("said", ["", "\x1b[31m", "²"])
async def test_a_version_that_is_none_is_not_guessed(
    said: str, api: KubeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "VERSION", {**discovery.VERSION, "major": said})
    assert (await told(api, tmp_path))["shared place: server"].state is State.UNKNOWN


async def test_a_namespace_that_is_not_there_is_no_place(api: KubeApi, client: Make, tmp_path: Path) -> None:
    found = await told(api, tmp_path, namespace="nowhere")
    assert found["shared place: namespace"].state is State.FAIL
    assert "leeward share manifest" in found["shared place: namespace"].remedy


async def test_an_expired_login_is_the_one_thing_that_is_told(api: KubeApi, tmp_path: Path) -> None:
    found = await told(api, tmp_path, "expired")
    assert set(found) == {"shared place"}
    assert found["shared place"].state is State.FAIL
    assert "Log in" in found["shared place"].remedy


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_server_that_fails_is_no_verdict(status: int, api: KubeApi, tmp_path: Path) -> None:
    api.cluster.faults.fail_status = status
    found = await told(api, tmp_path)
    assert {one.state for one in found.values()} == {State.UNKNOWN}


async def test_clocks_that_differ_are_told(
    api: KubeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_clocks.forget()
    behind = datetime.now(UTC).timestamp() - timedelta(minutes=7).total_seconds()
    monkeypatch.setattr(server_clocks, "wall", lambda: behind)
    try:
        found = (await told(api, tmp_path))["clock"]
    finally:
        server_clocks.forget()
    assert found.state is State.WARN
    assert "behind" in found.summary


def test_the_probe_has_every_field_that_the_definition_has() -> None:
    assert set(PROBE) == set(spec_of(shared.definition()["spec"]["versions"][0])["properties"])
