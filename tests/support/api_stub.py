"""A tiny Kubernetes API server for tests of the client: one deployment, answers that can be scripted.

Its refusals are recordings of a real v1.36 API server, cut to what matters.
"""

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tui.drill.kubernetes.patch import PatchRefused, json_patch
from tui.settings import Kubernetes

TOKEN = "sentinel-token-5f0c1d7a9b"
KEY = "sentinelSecretKey0123456789abcde"
DEPLOYMENTS = "/apis/apps/v1/namespaces/prod/deployments"
PATH = f"{DEPLOYMENTS}/mistral-service"

Answer = web.StreamResponse
Handler = Callable[[web.Request], Awaitable[Answer]]


def status(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """A `Status` object as the API server sends it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }


UNAUTHORIZED = (401, status(401, "Unauthorized", "Unauthorized"))
FORBIDDEN = (
    403,
    status(
        403,
        "Forbidden",
        'deployments.apps "mistral-service" is forbidden: User "responder" cannot patch resource '
        '"deployments" in API group "apps" in the namespace "prod"',
        name="mistral-service",
        group="apps",
        kind="deployments",
    ),
)
MISSING = (
    404,
    status(404, "NotFound", 'deployments.apps "mistral-service" not found', name="mistral-service"),
)
CONFLICT = (
    409,
    status(
        409,
        "Conflict",
        'Operation cannot be fulfilled on deployments.apps "mistral-service": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ),
)
INVALID = (
    422,
    status(
        422,
        "Invalid",
        'Deployment.apps "mistral-service" is invalid: spec.template.spec.containers[0].env[0].name: '
        f'Invalid value: "{KEY}": a valid environment variable name must consist of printable characters',
        causes=[
            {
                "reason": "FieldValueInvalid",
                "message": f'Invalid value: "{KEY}": a valid environment variable name must consist of '
                "printable characters",
                "field": "spec.template.spec.containers[0].env[0].name",
            }
        ],
    ),
)
TEST_FAILED = (
    422,
    status(422, "Invalid", "the server rejected our request due to an error in our request"),
)


def deployment(**env: str) -> dict[str, Any]:
    """A deployment of three pods at rest, as `deployment-get.json` has it."""
    variables = env or {"MISTRAL_FALLBACK": "false", "MAX_CONCURRENT_MISTRAL": "10"}
    entries: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in variables.items()]
    entries.append(
        {"name": "MISTRAL_API_KEY", "valueFrom": {"secretKeyRef": {"name": "mistral", "key": "api-key"}}}
    )
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": "mistral-service",
            "namespace": "prod",
            "uid": "757bba20-2ebc-487c-b023-d42478ac4584",
            "resourceVersion": "512",
            "generation": 1,
            "labels": {"app": "mistral-service"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "managedFields": [],
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "mistral-service"}},
            "template": {
                "metadata": {"labels": {"app": "mistral-service"}},
                "spec": {"containers": [{"name": "mistral-service", "image": "x:1", "env": entries}]},
            },
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        },
    }


class ApiStub:
    """The server. `scripted` answers go before its own, by method and path, one for each request."""

    def __init__(self) -> None:
        self.deployment = deployment()
        self.user = "responder"
        self.allowed = True
        self.token = TOKEN
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.scripted: dict[tuple[str, str], list[Any]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.after_patch: Callable[[], None] = lambda: None
        self.address = ""
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Event()

    def script(self, method: str, path: str, *answers: Any) -> None:
        """Answer these once each: `(status, body)` or an async handler."""
        self.scripted.setdefault((method, path), []).extend(answers)

    def changed(self) -> None:
        """The deployment was changed by hand: wake the watches."""
        version = int(self.deployment["metadata"]["resourceVersion"]) + 1
        self.deployment["metadata"]["resourceVersion"] = str(version)
        self._changed.set()
        self._changed = asyncio.Event()

    def finish(self) -> None:
        """The rollout of the current generation is complete."""
        self.deployment["status"].update(
            observedGeneration=self.deployment["metadata"]["generation"],
            replicas=3,
            updatedReplicas=3,
            readyReplicas=3,
            availableReplicas=3,
        )
        self.deployment["status"].pop("unavailableReplicas", None)
        self.changed()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def settings(self, folder: Path, **given: Any) -> Kubernetes:
        """A kubeconfig for this server, and settings that name it."""
        path = folder / "kubeconfig"
        path.write_text(json.dumps(kubeconfig(self.address, {"token": TOKEN})))
        return Kubernetes(
            **{"kubeconfig": str(path), "namespace": "prod", "deployment": "mistral-service", **given}
        )

    async def _handle(self, request: web.Request) -> Answer:
        text = await request.text()
        self.requests.append((request.method, request.path_qs, json.loads(text) if text else None))
        waiting = self.scripted.get((request.method, request.path))
        if waiting:
            answer = waiting.pop(0)
            return (
                await answer(request) if callable(answer) else web.json_response(answer[1], status=answer[0])
            )
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response(UNAUTHORIZED[1], status=401)
        return await self._own(request, text)

    async def _own(self, request: web.Request, text: str) -> Answer:
        if request.path == PATH:
            return (
                self._patch(request, text)
                if request.method == "PATCH"
                else web.json_response(self.deployment)
            )
        if request.path.endswith("/selfsubjectreviews"):
            return web.json_response({"status": {"userInfo": {"username": self.user}}}, status=201)
        if request.path.endswith("/selfsubjectaccessreviews"):
            return web.json_response({"status": {"allowed": self.allowed}}, status=201)
        if request.path == DEPLOYMENTS and request.query.get("watch"):
            return await self._watch(request)
        if request.path.endswith("/secrets/mistral"):
            import base64

            return web.json_response({"data": {"api-key": base64.b64encode(KEY.encode()).decode()}})
        name = request.path.rsplit("/", 1)[-1]
        if name in ("pods", "events", "replicasets") or name in self.lists:
            return web.json_response({"items": self.lists.get(name, [])})
        return web.Response(status=404, text="404 page not found")

    def _patch(self, request: web.Request, text: str) -> Answer:
        try:
            new = json_patch(self.deployment, json.loads(text))
        except PatchRefused:
            return web.json_response(TEST_FAILED[1], status=422)
        if new["spec"] != self.deployment["spec"]:
            new["metadata"]["generation"] += 1
        if request.query.get("dryRun") == "All":
            return web.json_response(new)
        self.deployment = copy.deepcopy(new)
        self.after_patch()
        self.changed()
        return web.json_response(self.deployment)

    async def _watch(self, request: web.Request) -> Answer:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        seen = int(request.query["resourceVersion"])
        try:
            async with asyncio.timeout(float(request.query["timeoutSeconds"])):
                while True:
                    changed = self._changed
                    if int(self.deployment["metadata"]["resourceVersion"]) > seen:
                        seen = int(self.deployment["metadata"]["resourceVersion"])
                        line = {"type": "MODIFIED", "object": self.deployment}
                        await response.write(json.dumps(line).encode() + b"\n")
                        continue
                    await changed.wait()
        except (TimeoutError, ConnectionError):
            return response


def kubeconfig(server: str, user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    """One context `prod-eu` of one server and one user."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod-eu",
        "contexts": [{"name": "prod-eu", "context": {"cluster": "c", "user": "u", "namespace": "prod"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
