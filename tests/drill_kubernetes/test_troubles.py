"""The ways in which the server, or the shared namespace of it alone, can be made to fail its clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK, Client
from tests.drill_kubernetes.test_recordings import Make
from tests.drill_kubernetes.test_shared import ENTRIES, LEASES, entry, lease
from tui.drill.kubernetes import Cluster, KubeApi, Trouble
from tui.drill.kubernetes.store import FIRST

PODS = "/api/v1/namespaces/prod/pods"


@pytest.fixture
async def served() -> AsyncIterator[KubeApi]:
    """A place where consoles meet, whose bookmarks come every tenth of a second."""
    made = KubeApi(Cluster(KEY, pace=QUICK, shared="leeward"), bookmark_s=0.1)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def ada(served: KubeApi, client: Make) -> Client:
    return client(served, "ada")


class Watching:
    """An open watch of entries, with what it was told so far."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.seen: list[str] = []
        self.opened, self.ended = asyncio.Event(), ""
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        params = {
            "watch": "true",
            "timeoutSeconds": "60",
            "resourceVersion": str(FIRST),
            "allowWatchBookmarks": "true",
        }
        try:
            async with self._client.http.stream("GET", ENTRIES, params=params) as response:
                self.opened.set()
                async for line in response.aiter_lines():
                    told = json.loads(line)
                    self.seen.append(told["object"]["metadata"].get("name", told["type"]))
        except httpx.HTTPError as error:
            self.ended = type(error).__name__

    async def until(self, wanted: Any) -> None:
        async with asyncio.timeout(60):
            while not wanted():  # noqa: ASYNC110 - what comes true has no event
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def watching(ada: Client) -> AsyncIterator[Watching]:
    opened = Watching(ada)
    await opened.opened.wait()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble(fail_status=410), 410),
        (Trouble(fail_status=429), 429),
        (Trouble(fail_status=500), 500),
        (Trouble(fail_status=503), 503),
        (Trouble(fail_status=504), 504),
        (Trouble(login_expired=True), 401),
        (Trouble(forbid=frozenset({("list", "entries")})), 403),
    ],
)
async def test_the_shared_place_alone_can_fail(trouble: Trouble, code: int, ada: Client) -> None:
    ada.api.cluster.faults.shared = trouble
    assert (await ada.http.get(ENTRIES)).status_code == code
    assert (await ada.http.get(PODS)).status_code == 200
    ada.api.cluster.faults.shared = Trouble()
    assert (await ada.http.get(ENTRIES)).status_code == 200


async def test_too_many_requests_say_when_to_come_again(ada: Client) -> None:
    ada.api.cluster.faults.fail_status = 429
    answer = await ada.http.get(PODS)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_trouble_can_be_that_of_some_requests_alone(ada: Client) -> None:
    ada.api.cluster.faults.shared = Trouble(fail_status=503, verbs=frozenset({"create"}))
    assert (await ada.http.post(ENTRIES, json=entry("e-1"))).status_code == 503
    assert (await ada.http.get(ENTRIES)).status_code == 200


async def test_what_is_forbidden_there_is_told_by_an_access_review_and_not_elsewhere(ada: Client) -> None:
    ada.api.cluster.faults.shared.forbid = frozenset({("create", "entries"), ("update", "leases")})
    asked = {"namespace": "leeward", "verb": "create", "group": "leeward.dev", "resource": "entries"}
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = await ada.http.post(reviews, json={"spec": {"resourceAttributes": asked}})
    assert answer.json()["status"]["allowed"] is False
    assert (await ada.http.post(LEASES.replace("leeward", "prod"), json=lease("one"))).status_code == 201


async def test_while_it_hangs_nothing_is_answered(ada: Client) -> None:
    ada.api.cluster.faults.shared.hang = True
    asking = asyncio.create_task(ada.http.get(ENTRIES))
    assert (await ada.http.get(PODS)).status_code == 200
    assert not asking.done()
    ada.api.cluster.faults.shared.hang = False
    assert (await asking).status_code == 200


async def test_connections_can_be_dropped_and_refused_and_come_back_at_the_same_place(
    ada: Client, watching: Watching
) -> None:
    ada.api.cluster.faults.shared.drop = True
    with pytest.raises(httpx.RemoteProtocolError):
        await ada.http.get(ENTRIES)
    ada.api.cluster.faults.shared.drop = False
    address = ada.api.address
    await ada.api.refuse()
    with pytest.raises(httpx.ConnectError):
        await ada.http.get(ENTRIES)
    await watching.until(lambda: watching.ended)
    await ada.api.accept()
    assert (ada.api.address, (await ada.http.get(ENTRIES)).status_code) == (address, 200)


async def test_an_answer_can_be_lost_after_the_write_was_done(ada: Client) -> None:
    ada.api.cluster.faults.shared.lose_answers = 1
    with pytest.raises(httpx.RemoteProtocolError):
        await ada.http.post(ENTRIES, json=entry("e-1"))
    again = await ada.http.post(ENTRIES, json=entry("e-1"))
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")
    assert ada.api.cluster.faults.shared.lose_answers == 0


async def test_a_silent_watch_is_told_nothing_whatever_happens(ada: Client, watching: Watching) -> None:
    await watching.until(lambda: "BOOKMARK" in watching.seen)
    ada.api.cluster.faults.shared.silent = True
    told = len(watching.seen)
    late = Watching(ada)
    await late.opened.wait()
    await ada.http.post(ENTRIES, json=entry("e-1"))
    await asyncio.sleep(0.5)  # five bookmarks long
    assert (len(watching.seen), late.seen) == (told, [])
    ada.api.cluster.faults.shared.silent = False
    await ada.http.post(ENTRIES, json=entry("e-2"))
    fresh = Watching(ada)
    await fresh.until(lambda: {"e-1", "e-2"} <= set(fresh.seen))
    assert (len(watching.seen), watching.ended) == (told, "")
    await asyncio.gather(late.close(), fresh.close())


async def test_watches_can_be_cut(ada: Client, watching: Watching) -> None:
    await ada.http.post(ENTRIES, json=entry("e-1"))
    await watching.until(lambda: "e-1" in watching.seen)
    assert ada.api.cut_watches() == 1
    await watching.until(lambda: watching.ended)
    assert ada.api.cut_watches() == 0


async def test_events_can_be_delayed_and_none_is_lost(ada: Client, watching: Watching) -> None:
    loop = asyncio.get_running_loop()
    ada.api.cluster.faults.shared.delay_s = 0.3
    begun = loop.time()
    for n in range(3):
        await ada.http.post(ENTRIES, json=entry(f"e-{n}"))
    await watching.until(lambda: "e-2" in watching.seen)
    assert loop.time() - begun >= 0.3
    assert [name for name in watching.seen if name != "BOOKMARK"] == ["e-0", "e-1", "e-2"]
