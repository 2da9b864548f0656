"""A served cluster, and clients of it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.drill_kubernetes import recordings
from tui.drill.kubernetes import Cluster, KubeApi, Pace
from tui.drill.kubernetes.resources import NAMESPACES
from tui.drill.kubernetes.writes import Options

KEY = "drillkeydrillkeydrillkeydrillkey"
QUICK = Pace(ready_s=0.12, stop_s=0.04, react_s=0.005)


class SteppedClock:
    """Time that moves only when told; `play` moves it in steps and lets the controllers act."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def play(self, cluster: Cluster, seconds: float, step: float = 0.02) -> None:
        """Lets that many seconds pass."""
        for _ in range(round(seconds / step)):
            self.moment += timedelta(seconds=step)
            cluster.step()


class Client:
    """An https client of one user, which replays recordings."""

    def __init__(self, http: httpx.AsyncClient, api: KubeApi) -> None:
        self.http, self.api = http, api

    async def replay(self, name: str, **changes: Any) -> httpx.Response:
        """Sends a recorded request; `path` and `body` may be replaced."""
        request = {**recordings.load(name)["request"], **changes}
        headers = {"Content-Type": request["content_type"]} if "content_type" in request else {}
        return await self.http.request(
            request["method"], request["path"], json=request.get("body"), headers=headers
        )

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON of a path."""
        return (await self.http.get(path, headers=headers)).json()

    async def patch(self, path: str, body: Any, kind: str = "strategic-merge-patch+json") -> httpx.Response:
        """A patch of the given kind."""
        headers = {"Content-Type": f"application/{kind}"}
        return await self.http.patch(path, json=body, headers=headers)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def api() -> AsyncIterator[KubeApi]:
    """The drill's cluster as users meet it, with quick pods."""
    served = KubeApi(Cluster(KEY, pace=QUICK))
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def elsewhere() -> AsyncIterator[KubeApi]:
    """A server whose own deployment is in another namespace: `prod` is free for the recorded one.

    Controllers stand still: each test says when they act.
    """
    cluster = Cluster(KEY, namespace="staging", pace=QUICK)
    cluster.writes.create(NAMESPACES, "", {"metadata": {"name": "prod"}}, Options("kubectl-create"))
    served = KubeApi(cluster, controllers=False)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., Client]]:
    """Makes clients: `client(api, "responder")`."""
    opened: list[httpx.AsyncClient] = []

    def make(api: KubeApi, user: str = "responder") -> Client:
        context = ssl.create_default_context(cadata=api.authority.decode())
        headers = {"User-Agent": "python-httpx/0.28.1"}
        if user != "nobody":
            token = "no-longer-good" if user == "expired" else api.token(user)
            headers["Authorization"] = f"Bearer {token}"
        opened.append(
            httpx.AsyncClient(
                base_url=api.address, verify=context, headers=headers, trust_env=False, timeout=60
            )
        )
        return Client(opened[-1], api)

    yield make
    for http in opened:
        await http.aclose()
