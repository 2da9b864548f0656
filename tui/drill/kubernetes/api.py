"""The https server: credentials, permissions, paths and verbs, on an aiohttp application.

Only loopback; a certificate authority is made at each start, and the kubeconfig carries it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Iterable
from typing import Any

import trustme
from aiohttp import web

from tui.drill.kubernetes import (
    answers,
    deletes,
    discovery,
    kubeconfig,
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
from tui.drill.kubernetes.faults import Trouble, kind_of
from tui.drill.kubernetes.grants import ServiceTokens
from tui.drill.kubernetes.paths import Target, parse, verb_of
from tui.drill.kubernetes.queries import ReadQuery
from tui.drill.kubernetes.rbac import User
from tui.drill.kubernetes.reads import BOOKMARK_S, Form, Reads
from tui.drill.kubernetes.resources import (
    ACCESS_REVIEWS,
    DEPLOYMENTS,
    LEASES,
    SUBJECT_REVIEWS,
    Resource,
)
from tui.drill.kubernetes.scale import Scales
from tui.drill.kubernetes.store import stamp
from tui.drill.kubernetes.streams import Streams
from tui.drill.kubernetes.writes import Options, Writes

Obj = dict[str, Any]
_LIMIT = 3 * 1024 * 1024


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
        self._streams = Streams(cluster, self._reads)
        self._runner: web.AppRunner | None = None
        self._stack = contextlib.AsyncExitStack()

    def _users(self) -> dict[str, User]:
        cluster, faults = self.cluster, self.cluster.faults
        return rbac.users(
            cluster.namespace,
            secret=objects.SECRET_NAME,
            shared=cluster.shared,
            forbidden=faults.forbid,
            forbidden_there=faults.shared.forbid,
        )

    async def start(self) -> str:
        """Listens and returns the address, `https://127.0.0.1:PORT`."""
        await self.accept()
        if self._controllers:
            await self._stack.enter_async_context(self.cluster.running())
        return self.address

    async def accept(self) -> None:
        """Listens, after `refuse` at the same port again."""
        app = web.Application(client_max_size=_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(self._host, "localhost").configure_cert(context)
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=context)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.address = f"https://{self._host}:{self._port}"

    async def refuse(self) -> None:
        """From now on connections are refused, and those that were open are gone; the world goes on."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def cut_watches(self) -> int:
        """Breaks off every open watch; how many there were."""
        return self._streams.cut_watches()

    async def stop(self) -> None:
        """Stops listening and ends open watches; safe to call twice."""
        await self.refuse()
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

    def _troubles(self, request: web.Request) -> tuple[Trouble, ...]:
        return self.cluster.faults.of(request.path, self.cluster.shared)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        kind = kind_of(request.method, request.query.get("watch") in ("true", "1"))
        troubles = self._troubles(request)
        for trouble in (trouble for trouble in troubles if trouble.concerns(kind)):
            while trouble.hang and trouble.concerns(kind):  # noqa: ASYNC110 - a switch that nothing announces
                await asyncio.sleep(0.05)
            if trouble.latency_s:
                await asyncio.sleep(trouble.latency_s)
            if trouble.drop:
                return answers.cut(request)
            if trouble.fail_status:
                return answers.failure(trouble.fail_status)
        try:
            return await self._answer(request, self._user(request, troubles))
        except web.HTTPRequestEntityTooLarge:
            return answers.refused(status.body_too_large(_LIMIT))
        except status.Refusal as refusal:
            return answers.refused(refusal)

    def _user(self, request: web.Request, troubles: Iterable[Trouble]) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and not any(trouble.login_expired for trouble in troubles):
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
        if verb == "update" and self._creates(target) and not user.may(target.ask("create")):
            raise status.forbidden(target.resource, "", rbac.refusal(user.name, target.ask("create")))
        done = await self._write(request, target, verb)
        # Each is asked, so that each counts the write.
        lost = [trouble.loses() for trouble in self._troubles(request)]
        return answers.cut(request) if any(lost) else done

    def _creates(self, target: Target) -> bool:
        """Whether a PUT creates the object: a lease that is not there."""
        there = self.cluster.store.find(target.resource, target.namespace, target.name)
        return target.resource == LEASES and not target.subresource and there is None

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
        return None if body is None else answers.answer(body)

    async def _read(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        form = Form(
            tables.wanted(request.headers.get("Accept", "")), request.query.get("includeObject", "Metadata")
        )
        if verb == "get":
            return answers.answer(self._reads.one(target.resource, target.namespace, target.name, form))
        query = ReadQuery.read(request.query, target.resource)
        if verb == "list":
            return answers.answer(self._reads.many(target.resource, target.namespace, query, form))
        return await self._streams.watch(request, target, query, form, self._troubles(request))

    async def _write(self, request: web.Request, target: Target, verb: str) -> web.Response:
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        resource, namespace, name = target.resource, target.namespace, target.name
        raw = await request.read()
        self._within_quota(target, verb, raw)
        if verb == "patch":
            written = self._writes.patch(resource, namespace, name, raw, request.content_type, options)
        elif verb == "update":
            body, write = answers.posted(request, raw), self._writes.update
            write = self._writes.put if self._creates(target) else write
            written = write(resource, namespace, name, body, options)
        elif verb == "delete":
            return answers.answer(deletes.delete(self.cluster.store, resource, namespace, name, raw))
        else:
            written = self._writes.create(resource, namespace, answers.posted(request, raw), options)
        if options.dry_run and resource == DEPLOYMENTS and namespace == self.cluster.namespace:
            self.cluster.on_preview()
        return answers.written(written)

    def _within_quota(self, target: Target, verb: str, body: bytes) -> None:
        resource = target.resource
        if resource.name not in self.cluster.faults.quota or verb != "create":
            return
        used = self.cluster.store.count(resource, target.namespace)
        name = answers.name_in(body)
        asked, have, most = (f"{word}: {resource.name}={count}" for word, count in _counts(used))
        why = f"exceeded quota: tight, {asked}, {have}, {most}"
        raise status.forbidden(resource, name, why)

    async def _review(self, request: web.Request, user: User, resource: Resource) -> web.Response:
        now = stamp(self.cluster.now())
        if resource == SUBJECT_REVIEWS:
            return answers.answer(reviews.subject(user, "JTI=" + user.name, now), 201)
        raw = await request.read()
        body = answers.posted(request, raw)
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        review = reviews.access(user, body, options.manager, now)
        accept = request.headers.get("Accept", "")
        if protobuf.MEDIA_TYPE in accept and "json" not in accept:
            return web.Response(
                body=protobuf.encoded_review(review), status=201, content_type=protobuf.MEDIA_TYPE
            )
        return answers.answer(review, 201)

    async def _below(self, request: web.Request, target: Target, verb: str) -> web.StreamResponse:
        """What is asked of a subresource: a pod's log, a deployment's scale, an account's token."""
        found = target.resource.subresource(target.subresource)
        if found is None or verb not in found.verbs:
            raise status.method_not_allowed()
        if target.subresource == "log":
            return await self._streams.log(request, target)
        raw, place = await request.read(), (target.namespace, target.name)
        if target.subresource == "token":
            return answers.answer(self._accounts.issue(*place, answers.posted(request, raw)), 201)
        options = Options.read(request.query, request.headers.get("User-Agent", ""))
        if verb == "get":
            return answers.answer(self._scales.read(*place))
        if verb == "update":
            return answers.written(self._scales.update(*place, answers.posted(request, raw), options))
        return answers.written(self._scales.patch(*place, raw, request.content_type, options))


def _counts(used: int) -> tuple[tuple[str, int], ...]:
    return (("requested", 1), ("used", used), ("limited", 1))
