"""A tiny shared place for tests of its clients: entries and leases, with the refusals of a real server.

`misbehave` is asked before each watch is served; what it returns is the watch.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support.api_stub import TOKEN, Answer, ApiStub, kubeconfig, status
from tui.settings import Kubernetes, Settings, Sharing

ENTRIES = "/apis/leeward.dev/v1/namespaces/leeward/entries"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/leeward/leases"
_PLURALS = {ENTRIES: "entries.leeward.dev", LEASES: "leases.coordination.k8s.io"}


class SharedStub(ApiStub):
    """The server. `history` is what watches tell, in order; versions below `oldest` are forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[int, str, str, dict[str, Any]]] = []
        self.version = 1000
        self.oldest = 0
        self.watching = 0
        self.selectable = True
        self.misbehave: Callable[[web.Request], Awaitable[Answer]] | None = None
        self._news = asyncio.Event()

    def shared(self, folder: Path, **given: Any) -> Settings:
        """Settings that name this place, in a kubeconfig of its own."""
        path = folder / "kubeconfig-shared"
        path.write_text(json.dumps(kubeconfig(self.address, {"token": TOKEN})))
        return Settings(
            kubernetes=Kubernetes(kubeconfig=str(folder / "none"), context="another"),
            sharing=Sharing(
                **{"kubeconfig": str(path), "context": "prod-eu", "namespace": "leeward", **given}
            ),
        )

    # -- by hand

    def put(self, collection: str, made: dict[str, Any], kind: str = "") -> dict[str, Any]:
        """Store an object as it is, whoever would refuse it; watches tell of it."""
        path = f"{collection}/{made['metadata']['name']}"
        self.version += 1
        kind = kind or ("MODIFIED" if path in self.objects else "ADDED")
        made["metadata"] |= {"resourceVersion": str(self.version)}
        made["metadata"].setdefault("uid", f"uid-{self.version}")
        made["metadata"].setdefault("creationTimestamp", "2026-11-23T16:29:22Z")
        self.objects[path] = made
        self._tell(kind, path, made)
        return made

    def remove(self, path: str) -> None:
        """Delete an object; watches tell of it."""
        gone = self.objects.pop(path)
        self.version += 1
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell("DELETED", path, gone)

    def bookmark(self, collection: str) -> None:
        """Tell watches how far they are, and nothing else."""
        self.version += 1
        made = {"metadata": {"resourceVersion": str(self.version), "creationTimestamp": None}, "spec": {}}
        self._tell("BOOKMARK", f"{collection}/", made)

    def _tell(self, kind: str, path: str, made: dict[str, Any]) -> None:
        self.history.append((self.version, kind, path, json.loads(json.dumps(made))))
        self._news.set()
        self._news = asyncio.Event()

    # -- as it answers

    async def _own(self, request: web.Request, text: str) -> Answer:
        collection = next((path for path in _PLURALS if request.path.startswith(path)), "")
        if not collection:
            return await super()._own(request, text)
        body = json.loads(text) if text else {}
        if request.path == collection:
            if request.method == "POST":
                return self._create(collection, body)
            return (
                await self._watched(request, collection) if "watch" in request.query else self._list(request)
            )
        known = self.objects.get(request.path)
        name = request.path.rsplit("/", 1)[-1]
        if known is None:
            told = status(404, "NotFound", f'{_PLURALS[collection]} "{name}" not found', name=name)
            return web.json_response(told, status=404)
        if request.method == "PUT":
            return self._replace(collection, known, body)
        return (
            self._delete(request.path, known, body)
            if request.method == "DELETE"
            else web.json_response(known)
        )

    def _create(self, collection: str, body: dict[str, Any]) -> Answer:
        name = body["metadata"]["name"]
        if f"{collection}/{name}" in self.objects:
            message = f'{_PLURALS[collection]} "{name}" already exists'
            return web.json_response(status(409, "AlreadyExists", message, name=name), status=409)
        return web.json_response(self.put(collection, body), status=201)

    def _replace(self, collection: str, known: dict[str, Any], body: dict[str, Any]) -> Answer:
        given = body["metadata"]
        if (given["uid"], given["resourceVersion"]) != (
            known["metadata"]["uid"],
            known["metadata"]["resourceVersion"],
        ):
            return web.json_response(_conflict(given["name"]), status=409)
        return web.json_response(self.put(collection, body))

    def _delete(self, path: str, known: dict[str, Any], body: dict[str, Any]) -> Answer:
        for key, wanted in body.get("preconditions", {}).items():
            if known["metadata"][key] != wanted:
                return web.json_response(_conflict(known["metadata"]["name"]), status=409)
        self.remove(path)
        return web.json_response({"kind": "Status", "status": "Success"})

    def _list(self, request: web.Request) -> Answer:
        if "fieldSelector" in request.query and not self.selectable:
            told = status(400, "BadRequest", "field label not supported: spec.incident")
            return web.json_response(told, status=400)
        chosen = [made for path, made in sorted(self.objects.items()) if self._chosen(request, path, made)]
        start, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        more = str(start + limit) if start + limit < len(chosen) else ""
        metadata = {"resourceVersion": str(self.version), "continue": more}
        return web.json_response(
            {"kind": "List", "metadata": metadata, "items": chosen[start : start + limit]}
        )

    def _chosen(self, request: web.Request, path: str, made: dict[str, Any]) -> bool:
        if not path.startswith(request.path):
            return False
        field, _, value = request.query.get("fieldSelector", "").partition("=")
        if field and made.get("spec", {}).get("incident") != value:
            return False
        label, _, value = request.query.get("labelSelector", "").partition("=")
        return not label or (made["metadata"].get("labels") or {}).get(label) == value

    async def _watched(self, request: web.Request, collection: str) -> Answer:
        if self.misbehave is not None:
            return await self.misbehave(request)
        seen = int(request.query["resourceVersion"])
        if seen < self.oldest:
            message = f"too old resource version: {seen} ({self.oldest})"
            return web.json_response(status(410, "Expired", message), status=410)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self.watching += 1
        try:
            async with asyncio.timeout(float(request.query["timeoutSeconds"])):
                while True:
                    news = self._news
                    for version, kind, path, made in list(self.history):
                        told = kind == "BOOKMARK" or self._chosen(request, path, made)
                        if version > seen and path.startswith(collection) and told:
                            seen = version
                            line = json.dumps({"type": kind, "object": made}) + "\n"
                            await response.write(line.encode())
                    await news.wait()
        except (TimeoutError, ConnectionError):
            return response
        finally:
            self.watching -= 1


def _conflict(name: str) -> dict[str, Any]:
    message = f'Operation cannot be fulfilled on "{name}": the object has been modified'
    return status(409, "Conflict", message, name=name)


def forbidden(verb: str) -> tuple[int, dict[str, Any]]:
    """As `entry-forbidden.json` has it."""
    message = (
        f'entries.leeward.dev is forbidden: User "responder" cannot {verb} resource "entries" in API group '
        '"leeward.dev" in the namespace "leeward"'
    )
    return 403, status(403, "Forbidden", message, group="leeward.dev", kind="entries")


def invalid(value: str) -> tuple[int, dict[str, Any]]:
    """As `entry-invalid.json` has it, quoting what was sent."""
    causes = [
        {"reason": "FieldValueInvalid", "message": f'Invalid value: "{value}": no', "field": "spec.actor"}
    ]
    message = f'Entry.leeward.dev "e" is invalid: spec.actor: Invalid value: "{value}": no'
    return 422, status(422, "Invalid", message, causes=causes, kind="Entry")


def not_served() -> Callable[[web.Request], Awaitable[Answer]]:
    """What a server answers where the definition is missing: no Status, plain text."""

    async def answer(request: web.Request) -> Answer:
        return web.Response(status=404, text="404 page not found\n")

    return answer


def no_namespace() -> tuple[int, dict[str, Any]]:
    """What creating in a namespace that is not there is answered."""
    return 404, status(404, "NotFound", 'namespaces "leeward" not found', name="leeward", kind="namespaces")


def streaming(*chunks: bytes, hang: bool = False) -> Callable[[web.Request], Awaitable[Answer]]:
    """A watch that says this, and ends or hangs."""

    async def answer(request: web.Request) -> Answer:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if hang:
            await asyncio.sleep(3600)
        return response

    return answer
