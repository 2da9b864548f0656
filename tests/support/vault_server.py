"""What Vault's KV store, version 2, does over HTTP, as its documentation and its source say.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2; the texts are those of
vault-plugin-secrets-kv (path_data.go).
"""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "hvs.CAESIJ9o8Zxyz0123456789Vault"
NO_CHECK = "check-and-set parameter did not match the current version"
DENIED = {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}


@dataclass(repr=False)
class Vault:
    """One secret at one path of one mount.

    Attributes:
        versions: the fields of each version, from 1; None where it is destroyed.
        able: the token's capabilities on the data path.
        merges: whether this Vault knows PATCH (1.9 and later).
    """

    mount: str = "secret"
    path: str = "prod/mistral"
    versions: list[dict[str, Any] | None] = field(default_factory=list)
    able: set[str] = field(default_factory=lambda: {"read", "patch", "update"})
    merges: bool = True
    sealed: bool = False
    token: str = TOKEN
    namespace: str = ""
    writes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        if self.sealed:
            return _answer({"errors": ["Vault is sealed"]}, status=503)
        known = request.headers.get("X-Vault-Token") == self.token
        if not known or request.headers.get("X-Vault-Namespace", "") != self.namespace:
            return _answer({"errors": ["permission denied"]}, status=403)
        path = request.path.removeprefix("/v1/")
        if path == "auth/token/lookup-self":
            return _answer({"data": {"policies": ["default"], "ttl": 3600}})
        if path == "sys/capabilities-self":
            asked = (await request.json())["paths"]
            able = {one: sorted(self.able) if one == self._data else ["deny"] for one in asked}
            return _answer({"capabilities": [], "data": able, **able})
        if path != self._data:
            return _answer(DENIED, status=403)
        return await self._on_data(request)

    @property
    def _data(self) -> str:
        return f"{self.mount}/data/{self.path}"

    async def _on_data(self, request: web.Request) -> web.Response:
        needed = {"GET": "read", "PATCH": "patch"}.get(request.method, "update")
        if request.method == "PATCH" and not self.merges:
            return _answer({"errors": ["unsupported operation"]}, status=405)
        if needed not in self.able:
            return _answer(DENIED, status=403)
        if request.method == "GET":
            return self._read(request.query.get("version", "0"))
        return await self._write(request)

    def _read(self, asked: str) -> web.Response:
        number = int(asked) or len(self.versions)
        if not 1 <= number <= len(self.versions):
            return _answer({"errors": []}, status=404)
        data = self.versions[number - 1]
        body = {"data": {"data": data, "metadata": self._metadata(number, destroyed=data is None)}}
        return _answer(body, status=404 if data is None else 200)

    async def _write(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.writes.append((request.method, request.content_type, body))
        data = body["data"]
        if request.method == "PATCH":
            if request.content_type != "application/merge-patch+json":
                return _answer({"errors": ["unsupported media type"]}, status=415)
            if not self.versions or self.versions[-1] is None:
                return _answer({"errors": []}, status=404)
            data = {k: v for k, v in {**self.versions[-1], **data}.items() if v is not None}
        if body.get("options", {}).get("cas") != len(self.versions):
            return _answer({"errors": [NO_CHECK]}, status=400)
        self.versions.append(data)
        return _answer({"data": self._metadata(len(self.versions))})

    def _metadata(self, number: int, *, destroyed: bool = False) -> dict[str, Any]:
        return {
            "created_time": "2026-07-01T10:00:00.0Z",
            "custom_metadata": None,
            "deletion_time": "",
            "destroyed": destroyed,
            "version": number,
        }


def _answer(body: Any, status: int = 200) -> web.Response:
    # Exactly as Vault has it; hvac takes errors from no other type.
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"}
    )


@asynccontextmanager
async def serving(handle: Any, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address where this handler answers everything, until the block ends."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    try:
        yield "{}://{}:{}".format(scheme, *runner.addresses[0][:2])
    finally:
        await runner.cleanup()
