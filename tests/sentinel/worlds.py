"""Worlds in which storing a key fares badly, whatever the store, and what answers tell every value."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.clients.secrets.benches import Bench
from tests.support.vault_server import TOKEN
from tui.drill.kubernetes.rbac import User
from tui.drill.serve import Drill
from tui.settings import KeyStore

Real = Callable[[], Awaitable[web.StreamResponse]]
Answer = Callable[[web.Request, Real], Awaitable[web.StreamResponse]]


def once(world: Drill, part: str, answer: Answer) -> None:
    """The next PATCH of this path in the cluster that is no dry run is answered so; the others as ever."""
    api, real = world.kubernetes, world.kubernetes._answer
    waiting = [answer]

    async def answered(request: web.Request, user: User) -> web.StreamResponse:
        meant = request.method == "PATCH" and part in request.path and "dryRun" not in request.query
        if meant and waiting:
            return await waiting.pop()(request, lambda: real(request, user))
        return await real(request, user)

    api._answer = answered  # type: ignore[method-assign]


def echo(values: tuple[str, ...]) -> bytes:
    """A refusal that tells every value, in the form of every server at once."""
    told = f"Secret in version v1 cannot be handled: {' '.join(values)} {json.dumps(values)}"
    return json.dumps(
        {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Invalid", "code": 422,
            "message": told, "details": {"causes": [{"message": told, "field": values[0]}]},
            "__type": "InvalidRequestException", "Message": told, "errors": [told],
            "error": {"code": 400, "message": told, "status": "INVALID_ARGUMENT", "errors": [told]},
        }
    ).encode()  # fmt: skip


def echoing(values: tuple[str, ...]) -> Answer:
    """The cluster's refusal of a Secret, which holds all of it (422)."""

    async def answer(_request: web.Request, _real: Real) -> web.StreamResponse:
        return web.Response(status=422, body=echo(values), content_type="application/json")

    return answer


class Held:
    """An answer that never comes. `came` is set once it is waited for."""

    def __init__(self, *, done: bool) -> None:
        self.came = asyncio.Event()
        self._done = done

    async def __call__(self, _request: web.Request, real: Real) -> web.StreamResponse:
        if self._done:
            await real()
        self.came.set()
        await asyncio.Event().wait()
        raise AssertionError("it is ended from outside")


def beside(world: Drill, named: KeyStore, folder: Path) -> Path:
    """The world's settings, with another store for the key, in a file of its own."""
    lines = [Path(world.addresses["config"]).read_text(), "[key_store]", f'kind = "{named.kind}"']
    lines.append(f"[key_store.{named.kind}]")
    where: dict[str, Any] = msgspec.to_builtins(getattr(named, named.kind))
    lines += [
        f"{name} = {json.dumps(value)}" for name, value in where.items() if isinstance(value, str) and value
    ]
    if named.kind == "vault":
        (folder / "vault.token").write_text(TOKEN)
        lines.append(f'token = {{ file = "{folder}/vault.token" }}')
    path = folder / "with-store.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


async def operate(world: Drill, bench: Bench) -> None:
    """As an operator does: what the store has is brought into the cluster's Secret, for ever."""
    while True:
        key = await asyncio.to_thread(lambda: bench.values()[-1])
        if key != world.cluster.key():
            world.cluster.set_key(key, manager="external-secrets")
        await asyncio.sleep(0.2)
