"""What was is kept for watches and pages, as far back as a real server keeps it, and no further."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK, Client
from tests.drill_kubernetes.test_recordings import Make
from tests.drill_kubernetes.test_shared import ENTRIES, entry
from tui.drill.kubernetes import Cluster, KubeApi
from tui.drill.kubernetes.encoding import Obj, Stored, copied, encoded

ONE = {"fieldSelector": "spec.incident=INC-1"}


@pytest.fixture
async def served() -> AsyncIterator[KubeApi]:
    """A place where consoles meet, whose bookmarks come every tenth of a second."""
    made = KubeApi(Cluster(KEY, pace=QUICK, shared="leeward"), bookmark_s=0.1)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def keeper(served: KubeApi, client: Make) -> Client:
    return client(served, "keeper")


async def add(client: Client, *names: str, **spec: Any) -> None:
    for name in names:
        assert (await client.http.post(ENTRIES, json=entry(name, **spec))).status_code == 201


async def version(client: Client) -> str:
    return str((await client.get(f"{ENTRIES}?limit=1"))["metadata"]["resourceVersion"])


async def watch(client: Client, enough: int, **query: str) -> list[tuple[str, str]]:
    """The first lines of a watch, as (type, name or, for a bookmark, version)."""
    seen: list[tuple[str, str]] = []
    params = {"watch": "true", "timeoutSeconds": "30", **query}
    async with client.http.stream("GET", ENTRIES, params=params) as response:
        async for line in response.aiter_lines():
            told = json.loads(line)
            meta = told["object"]["metadata"]
            seen.append((told["type"], meta.get("name", meta.get("resourceVersion", ""))))
            if len(seen) >= enough:
                break
    return seen


async def test_a_watch_resumes_behind_the_version_that_it_names(keeper: Client) -> None:
    await add(keeper, "e-1")
    since = await version(keeper)
    await add(keeper, "e-2", "e-3")
    await keeper.http.delete(f"{ENTRIES}/e-1")
    seen = await watch(keeper, 3, resourceVersion=since)
    assert seen == [("ADDED", "e-2"), ("ADDED", "e-3"), ("DELETED", "e-1")]


async def test_a_watch_with_a_field_selector_tells_of_what_it_selects_alone(keeper: Client) -> None:
    since = await version(keeper)
    await add(keeper, "e-1")
    await add(keeper, "e-2", incident="INC-2")
    await keeper.http.delete(f"{ENTRIES}/e-2")
    await add(keeper, "e-3")
    assert await watch(keeper, 2, resourceVersion=since, **ONE) == [("ADDED", "e-1"), ("ADDED", "e-3")]


async def test_a_watch_with_a_label_selector_tells_of_what_it_selects_alone(keeper: Client) -> None:
    since = await version(keeper)
    await add(keeper, "e-1")
    body = entry("e-2")
    body["metadata"]["labels"]["leeward.dev/overview"] = "true"
    assert (await keeper.http.post(ENTRIES, json=body)).status_code == 201
    selected = {"labelSelector": "leeward.dev/overview=true"}
    assert await watch(keeper, 1, resourceVersion=since, **selected) == [("ADDED", "e-2")]
    assert [
        item["metadata"]["name"] for item in (await keeper.get(f"{ENTRIES}?{query(selected)}"))["items"]
    ] == ["e-2"]


def query(params: dict[str, str]) -> str:
    return "&".join(f"{name}={value.replace('=', '%3D')}" for name, value in params.items())


async def test_bookmarks_come_to_those_who_ask_and_carry_the_version_up_to_which_all_is_told(
    keeper: Client,
) -> None:
    since = await version(keeper)
    await add(keeper, "e-1", incident="INC-2")
    now = await version(keeper)
    seen = await watch(keeper, 2, resourceVersion=since, allowWatchBookmarks="true", **ONE)
    assert seen == [("BOOKMARK", now)] * 2


async def test_a_watch_ends_with_a_bookmark_before_its_time_is_up(served: KubeApi, client: Make) -> None:
    rare = KubeApi(served.cluster, controllers=False)
    await rare.start()
    try:
        asking = client(rare, "viewer")
        params = {"watch": "true", "timeoutSeconds": "2.2", "allowWatchBookmarks": "true"}
        lines = (await asking.http.get(ENTRIES, params=params)).text.splitlines()
    finally:
        await rare.stop()
    assert [json.loads(line)["type"] for line in lines] == ["BOOKMARK"]


async def test_without_asking_there_are_no_bookmarks(keeper: Client) -> None:
    await add(keeper, "e-1")
    answer = await keeper.http.get(ENTRIES, params={"watch": "true", "timeoutSeconds": "0.5"})
    assert [json.loads(line)["type"] for line in answer.text.splitlines()] == ["ADDED"]


async def test_a_watch_from_a_compacted_version_is_an_error_in_the_stream(keeper: Client) -> None:
    since = await version(keeper)
    await add(keeper, "e-1")
    keeper.api.cluster.store.compact()
    floor = keeper.api.cluster.store.oldest("entries.leeward.dev")
    answer = await keeper.http.get(ENTRIES, params={"watch": "true", "resourceVersion": since})
    (line,) = [json.loads(text) for text in answer.text.splitlines()]
    assert (answer.status_code, line["type"]) == (200, "ERROR")
    assert {name: line["object"][name] for name in ("kind", "code", "reason", "message")} == {
        "kind": "Status",
        "code": 410,
        "reason": "Expired",
        "message": f"too old resource version: {since} ({floor})",
    }
    assert await watch(keeper, 1, resourceVersion=str(floor), allowWatchBookmarks="true")


async def test_the_history_is_bounded_and_old_versions_are_gone(
    keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.drill.kubernetes.history.HISTORY", 5)
    since = await version(keeper)
    await add(keeper, *(f"e-{n:02d}" for n in range(10)))
    assert (await watch(keeper, 1, resourceVersion=since))[0][0] == "ERROR"
    late = str(int(await version(keeper)) - 5)
    assert [name for _, name in await watch(keeper, 5, resourceVersion=late)] == [
        f"e-{n:02d}" for n in range(5, 10)
    ]


async def page(client: Client, **params: str) -> tuple[list[str], dict[str, Any]]:
    found = (await client.http.get(ENTRIES, params=params)).json()
    return [item["metadata"]["name"] for item in found["items"]], found["metadata"]


async def test_pages_are_of_one_moment_whatever_changes_between_them(keeper: Client) -> None:
    await add(keeper, "e-1", "e-2", "e-3", "e-4")
    names, first = await page(keeper, limit="2")
    assert (names, first["remainingItemCount"]) == (["e-1", "e-2"], 2)
    await add(keeper, "e-0", "e-22")
    await keeper.http.delete(f"{ENTRIES}/e-4")
    names, second = await page(keeper, limit="2", **{"continue": first["continue"]})
    assert names == ["e-3", "e-4"]
    assert (second["resourceVersion"], "continue" in second) == (first["resourceVersion"], False)
    assert (await page(keeper))[0] == ["e-0", "e-1", "e-2", "e-22", "e-3"]


async def test_pages_of_what_a_selector_takes_are_not_counted(keeper: Client) -> None:
    await add(keeper, "e-1", "e-3", "e-5")
    await add(keeper, "e-2", "e-4", incident="INC-2")
    names, meta = await page(keeper, limit="2", **ONE)
    assert (names, "remainingItemCount" in meta) == (["e-1", "e-3"], False)
    assert (await page(keeper, limit="2", **ONE, **{"continue": meta["continue"]}))[0] == ["e-5"]


async def test_a_further_page_of_a_compacted_list_is_gone_and_says_how_to_go_on(keeper: Client) -> None:
    await add(keeper, "e-1", "e-2", "e-3")
    _, meta = await page(keeper, limit="1")
    await add(keeper, "e-4")
    keeper.api.cluster.store.compact()
    answer = await keeper.http.get(ENTRIES, params={"limit": "9", "continue": meta["continue"]})
    gone = answer.json()
    assert (answer.status_code, gone["reason"]) == (410, "Expired")
    assert gone["message"].startswith("The provided continue parameter is too old")
    assert (await page(keeper, limit="9", **{"continue": gone["metadata"]["continue"]}))[0] == [
        "e-2",
        "e-3",
        "e-4",
    ]


async def test_a_list_at_a_version_is_as_it_was_or_gone(keeper: Client) -> None:
    await add(keeper, "e-1")
    before = await version(keeper)
    await add(keeper, "e-2")
    exact = {"resourceVersion": before, "resourceVersionMatch": "Exact"}
    assert (await page(keeper, **exact))[0] == ["e-1"]
    for fresh in ({"resourceVersion": "0"}, {"resourceVersion": before}):
        assert (await page(keeper, **fresh))[0] == ["e-1", "e-2"]
    keeper.api.cluster.store.compact()
    answer = await keeper.http.get(ENTRIES, params=exact)
    assert (answer.status_code, answer.json()["message"]) == (
        410,
        "The resourceVersion for the provided list is too old.",
    )


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"resourceVersion": "999999999"}, 504, "Too large resource version: 999999999"),
        ({"resourceVersion": "abc"}, 400, 'parsing "abc": invalid syntax'),
        ({"resourceVersionMatch": "Exact"}, 422, "forbidden unless resourceVersion is provided"),
        ({"resourceVersion": "0", "resourceVersionMatch": "Exact"}, 422, 'forbidden for resourceVersion "0"'),
        ({"resourceVersion": "1", "resourceVersionMatch": "Newest"}, 422, 'Unsupported value: "Newest"'),
        ({"sendInitialEvents": "true"}, 422, "sendInitialEvents is forbidden for list"),
        (
            {"watch": "true", "resourceVersionMatch": "NotOlderThan"},
            422,
            "unless sendInitialEvents is provided",
        ),
        ({"watch": "true", "sendInitialEvents": "true"}, 422, "requires setting resourceVersionMatch"),
    ],
)
async def test_options_that_do_not_go_together_are_refused(
    params: dict[str, str], code: int, words: str, keeper: Client
) -> None:
    answer = await keeper.http.get(ENTRIES, params=params)
    assert (answer.status_code, words in answer.json()["message"]) == (code, True), answer.text


async def test_entries_in_a_list_name_their_kind_and_leases_do_not(keeper: Client) -> None:
    await add(keeper, "e-1")
    (item,) = (await keeper.get(ENTRIES))["items"]
    assert (item["kind"], item["apiVersion"]) == ("Entry", "leeward.dev/v1")
    pods = (await keeper.get("/api/v1/namespaces/prod/pods"))["items"]
    assert not any("kind" in pod for pod in pods)


@pytest.mark.parametrize("copy_of", [copied, copy.deepcopy])
def test_a_copy_of_what_is_stored_may_be_changed_and_its_json_says_so(copy_of: Callable[[Obj], Obj]) -> None:
    stored = Stored({"metadata": {"name": "a"}})
    assert encoded(stored) == b'{"metadata":{"name":"a"}}'
    made = copy_of(stored)
    made["metadata"]["name"] = "b"
    assert encoded(made) == b'{"metadata":{"name":"b"}}'
    assert encoded(stored) == b'{"metadata":{"name":"a"}}'
