"""The https server: credentials, permissions, paths and verbs, on an aiohttp application.

Only loopback; a certificate authority is made at each start, and the kubeconfig carries it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
from typing import Any

import trustme
from aiohttp import web

from tui.drill.kubernetes import (
    deletes,
    discovery,
    kubeconfig,
    logs,
    objects,
    openapi,
    protobuf,
    rbac,
    reviews,
    status,
    tables,
)
from tui.drill.kubernetes.cluster import Cluster
from tui.drill.kubernetes.definitions import Catalogue
from tui.drill.kubernetes.encoding import decoded, encoded
from tui.drill.kubernetes.grants import ServiceTokens
from tui.drill.kubernetes.history import watch_line
from tui.drill.kubernetes.paths import Target, parse, verb_of
from tui.drill.kubernetes.queries import ReadQuery
from tui.drill.kubernetes.rbac import User
from tui.drill.kubernetes.reads import BOOKMARK_S, Form, Reads
from tui.drill.kubernetes.resources import (
    ACCESS_REVIEWS,
    DEPLOYMENTS,
    PODS,
    SUBJECT_REVIEWS,
    Resource,
)
from tui.drill.kubernetes.scale import Scales
from tui.drill.kubernetes.store import stamp
from tui.drill.kubernetes.writes import Options, Writes, Written

Obj = dict[str, Any]
_LIMIT = 3 * 1024 * 1024
_FOLLOW_S = 0.2


class KubeApi:
    """Serves a cluster.

    Args:
        cluster: what is served; its `faults` say what goes wrong.
        host: a loopback address.
        port: 0 takes any free one.
        controllers: whether the cluster's controllers run with the server (else the caller runs them).
        bookmark_s: how often watches that ask for bookmarks are sent one.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        controllers: bool = True,
        bookmark_s: float = BOOKMARK_S,
    ) -> None:
        self.cluster = cluster
        self.address = ""
        self._host, self._port, self._controllers = host, port, controllers
        self._authority = trustme.CA()
        self._tokens = {name: secrets.token_urlsafe(24) for name in self._users()}
        self._reads = Reads(cluster.store, bookmark_s)
        self._writes = Writes(cluster.store)
        self._scales = Scales(cluster.store, self._writes)
        self._accounts = ServiceTokens(cluster.store)
        self._catalogue = Catalogue(cluster.store)
        self._runner: web.AppRunner | None = None
        self._stack = contextlib.AsyncExitStack()

    def _users(self) -> dict[str, User]:
        cluster, forbidden = self.cluster, self.cluster.faults.forbid
        return rbac.users(
            cluster.namespace, secret=objects.SECRET_NAME, shared=cluster.shared, forbidden=forbidden
        )

    async def start(self) -> str:
        """Listens and returns the address, `https://127.0.0.1:PORT`."""
        app = web.Application(client_max_size=_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(self._host, "localhost").configure_cert(context)
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=context)
        await site.start()
        if self._controllers:
            await self._stack.enter_async_context(self.cluster.running())
        self.address = f"https://{self._host}:{self._runner.addresses[0][1]}"
        return self.address

    async def stop(self) -> None:
        """Stops listening and ends open watches; safe to call twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await self._stack.aclose()

    def kubeconfig(self, user: str = "responder") -> str:
        """A kubeconfig of one of `rbac.users`; any other name gets a token that has expired."""
        token = self._tokens.get(user, "expired-" + secrets.token_urlsafe(16))
        return kubeconfig.text(self.address, self.authority, user, token, self.cluster.namespace)

    @property
    def authority(self) -> bytes:
        """The certificate authority, PEM."""
        return self._authority.cert_pem.bytes()

    def token(self, user: str = "responder") -> str:
        """The token of a user."""
        return self._tokens[user]

    def expire(self, user: str = "responder") -> str:
        """Ends the user's token, and returns the next one: what logging in again gives."""
        self._tokens[user] = secrets.token_urlsafe(24)
        return self._tokens[user]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        faults = self.cluster.faults
        while faults.hang:  # noqa: ASYNC110 - a plain switch, which nothing announces
            await asyncio.sleep(0.05)
        if faults.latency_s:
            await asyncio.sleep(faults.latency_s)
        try:
            if faults.fail_status:
                raise status.Refusal(faults.fail_status, "InternalError", "Internal error occurred")
            return await self._answer(request, self._user(request))
        except status.Refusal as refusal:
            return _json(refusal.body, refusal.code)

    def _user(self, request: web.Request) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and not self.cluster.faults.login_expired:
            users = self._users()
            for name, known in self._tokens.items():
                if secrets.compare_digest(known.encode(), token.strip().encode()):
                    return users[name]
            account = self._accounts.user(token.strip())
            if account is not None:
                return account
        raise status.unauthorized()

    async def _answer(self, request: web.Request, user: User) -> web.StreamResponse:
        parts = [part for part in request.path.split("/") if part]
        fixed = self._fixed(parts)
        if fixed is not None:
            return fixed
        target = parse(parts, self._catalogue)
        verb = verb_of(request.method, request.query, target)
        ask = target.ask(verb)
        if not user.may(ask):
            raise status.forbidden(target.resource, target.name, rbac.refusal(user.name, ask))
        if target.subresource:
            return await self._below(request, target, verb)
        if target.resource in (ACCESS_REVIEWS, SUBJECT_REVIEWS):
            return await self._review(request, user, target.resource)
        if verb not in target.resource.verbs:
            raise status.method_not_allowed()
        if verb in ("get", "list", "watch"):
            return await self._read(request, target, verb)
        return await self._write(request, target, verb)

    def _fixed(self, parts: list[str]) -> web.Response | None:
        """Discovery and health, or None for a path of objects."""
        body: Obj | None = None
        if parts == ["version"]:
            body = discovery.VERSION
        elif parts == ["api"]:
            body = discovery.versions(self.address.removeprefix("https://"))
        elif parts == ["apis"]:
            body = discovery.groups(self._catalogue.served())
        elif parts[:1] == ["apis"] and len(parts) == 2:
            body = discovery.group(self._catalogue.served(), parts[1])
        elif parts[:1] == ["api"] and len(parts) == 2:
            body = discovery.resources(self._catalogue.served(), "", parts[1])
        elif parts[:1] == ["apis"] and len(parts) == 3:
            body = discovery.resources(self._catalogue.served(), parts[1], parts[2])
        elif parts == ["openapi", "v2"]:
            document = openapi.document(self._catalogue.served())
            return web.Response(body=document, headers={"Content-Type": openapi.MEDIA_TYPE})
        elif parts in (["healthz"], ["livez"], ["readyz"]):
            return web.Response(text="ok")
        return None if body is None else _json(body)

    async def _read(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        form = Form(
            tables.wanted(request.headers.get("Accept", "")), request.query.get("includeObject", "Metadata")
        )
        if verb == "get":
            return _json(self._reads.one(target.resource, target.namespace, target.name, form))
        query = ReadQuery.read(request.query, target.resource)
        if verb == "list":
            return _json(self._reads.many(target.resource, target.namespace, query, form))
        return await self._watch(request, target, query, form)

    async def _watch(
        self, request: web.Request, target: Target, query: ReadQuery, form: Form
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        clock = asyncio.get_running_loop().time
        try:
            async for lines in self._reads.watch(target.resource, target.namespace, query, form, clock):
                await response.write(lines)
        except status.Refusal as refusal:
            await response.write(watch_line("ERROR", refusal.body))
        except ConnectionResetError:
            return response
        await response.write_eof()
        return response

    async def _write(self, request: web.Request, target: Target, verb: str) -> web.Response:
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        resource, namespace = target.resource, target.namespace
        body = await request.read()
        self._within_quota(target, verb, body)
        if verb == "patch":
            written = self._writes.patch(
                resource, namespace, target.name, body, request.content_type, options
            )
        elif verb == "update":
            written = self._writes.update(resource, namespace, target.name, _body(request, body), options)
        elif verb == "delete":
            return _json(deletes.delete(self.cluster.store, resource, namespace, target.name, body))
        else:
            written = self._writes.create(resource, namespace, _body(request, body), options)
        if options.dry_run and resource == DEPLOYMENTS and namespace == self.cluster.namespace:
            self.cluster.on_preview()
        return _written(written)

    def _within_quota(self, target: Target, verb: str, body: bytes) -> None:
        resource = target.resource
        if resource.name not in self.cluster.faults.quota or verb != "create":
            return
        used = self.cluster.store.count(resource, target.namespace)
        name = _name(body)
        asked, have, most = (f"{word}: {resource.name}={count}" for word, count in _counts(used))
        why = f"exceeded quota: tight, {asked}, {have}, {most}"
        raise status.forbidden(resource, name, why)

    async def _review(self, request: web.Request, user: User, resource: Resource) -> web.Response:
        now = stamp(self.cluster.now())
        if resource == SUBJECT_REVIEWS:
            return _json(reviews.subject(user, "JTI=" + user.name, now), 201)
        raw = await request.read()
        body = _body(request, raw)
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        review = reviews.access(user, body, options.manager, now)
        accept = request.headers.get("Accept", "")
        if protobuf.MEDIA_TYPE in accept and "json" not in accept:
            return web.Response(
                body=protobuf.encoded_review(review), status=201, content_type=protobuf.MEDIA_TYPE
            )
        return _json(review, 201)

    async def _below(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        """What is asked of a subresource: a pod's log, a deployment's scale, an account's token."""
        found = target.resource.subresource(target.subresource)
        if found is None or verb not in found.verbs:
            raise status.method_not_allowed()
        if target.subresource == "log":
            return await self._log(request, target)
        raw, place = await request.read(), (target.namespace, target.name)
        if target.subresource == "token":
            return _json(self._accounts.issue(*place, _body(request, raw)), 201)
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        if verb == "get":
            return _json(self._scales.read(*place))
        if verb == "update":
            return _written(self._scales.update(*place, _body(request, raw), options))
        return _written(self._scales.patch(*place, raw, request.content_type, options))

    async def _log(self, request: web.Request, target: Target) -> web.StreamResponse:
        pod = self.cluster.store.get(PODS, target.namespace, target.name)
        query = logs.LogQuery.read(request.query, self.cluster.now())
        logs.check(pod, query)
        lines = self.cluster.log_source(target.name, query.since)
        data = logs.render(lines, query)
        if not query.follow:
            return web.Response(body=data, content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(data)
        await self._follow(response, target, query, lines)
        return response

    async def _follow(
        self, response: web.StreamResponse, target: Target, query: logs.LogQuery, lines: list[logs.Line]
    ) -> None:
        """Writes what is logged from here on, until the pod is gone or the client is."""
        last = lines[-1][0] if lines else self.cluster.now()
        plain = logs.LogQuery(timestamps=query.timestamps)
        while self.cluster.store.find(PODS, target.namespace, target.name) is not None:
            await asyncio.sleep(_FOLLOW_S)
            fresh = [line for line in self.cluster.log_source(target.name, last) if line[0] > last]
            if fresh:
                last = fresh[-1][0]
                try:
                    await response.write(logs.render(fresh, plain))
                except ConnectionResetError:
                    return


def _counts(used: int) -> tuple[tuple[str, int], ...]:
    return (("requested", 1), ("used", used), ("limited", 1))


def _body(request: web.Request, raw: bytes) -> Obj:
    """The posted object: JSON, or protobuf for the few kinds that are read in it."""
    media = request.content_type
    try:
        if media == protobuf.MEDIA_TYPE:
            read = protobuf.posted(raw)
            if read is None:
                raise status.unsupported_media_type(["application/json", "application/yaml"])
            return read
        if media not in ("application/json", "application/octet-stream", "application/yaml"):
            raise status.unsupported_media_type(["application/json", "application/yaml", protobuf.MEDIA_TYPE])
        found = decoded(raw or b"{}")
    except ValueError as error:
        raise status.bad_request(f"the object provided is unrecognized: {error}") from error
    if not isinstance(found, dict):
        raise status.bad_request("the object provided is unrecognized (must be of type object)")
    return found


def _name(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"]["name"])
    except (ValueError, KeyError, TypeError):
        return ""


def _written(written: Written) -> web.Response:
    response = _json(written.obj, written.code)
    for warning in written.warnings:
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def _json(body: Obj | bytes, code: int = 200) -> web.Response:
    text = body if isinstance(body, bytes) else encoded(body)
    return web.Response(body=text + b"\n", status=code, content_type="application/json")
