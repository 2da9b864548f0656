"""What is asked of one cluster: by our login, renewed where it has expired, and told without secrets."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from tui.clients import cluster_config, cluster_http, cluster_watch
from tui.clients.cluster_config import Access
from tui.clients.cluster_errors import Asked, ClusterError, Reason
from tui.clients.cluster_http import Query
from tui.clients.cluster_once import Once
from tui.clients.imports import imported
from tui.model.redaction import Redactor
from tui.settings import Kubernetes

if TYPE_CHECKING:
    from tui.clients.cluster_login import Login

T = TypeVar("T")

_PLUGIN_DEADLINE = 20.0  # a plugin asks an identity provider of its own
_AGAIN = 5.0  # seconds between two attempts to log in anew


class Connection:
    """One context's server, pinned when the connection is made.

    Attributes:
        context, namespace: what is pinned.
        server: host and port, as the clocks of servers are told apart.
        user: who we are, as far as is known.
        administrators: whom to ask for a permission that is missing.
        redact: learns the credentials; what is told of a refusal goes through it.
    """

    def __init__(
        self,
        settings: Kubernetes,
        access: Access,
        login: "Login",
        deadline: float,
        redact: Redactor,
        section: str = cluster_config.SECTION,
    ) -> None:
        self._settings = settings
        self._section = section
        self._access = access
        self._login = login
        self._deadline = deadline
        self._logged_in = time.monotonic()
        self._logging_in = Once(self._renew)
        self.redact = redact
        self._learn(login)
        self.context = access.context
        self.namespace = access.namespace
        self.server = urlsplit(access.server).netloc
        self.user = access.user
        self.administrators = settings.administrators or f"an administrator of {access.context}"

    @classmethod
    async def open(
        cls, settings: Kubernetes, deadline: float, redact: Redactor, section: str = cluster_config.SECTION
    ) -> "Connection":
        """Read the kubeconfig and log in. Raises ClusterError.

        `section` is the section of the settings from which they are, for remedies.
        """
        access = await asyncio.to_thread(cluster_config.access, settings, section=section)
        return cls(settings, access, await _log_in(access, redact), deadline, redact, section)

    async def close(self) -> None:
        """Close it; a login under way is given up."""
        await self._logging_in.stop()
        await self._login.close()

    def asked(self, verb: str, resource: str, what: str, group: str = "") -> Asked:
        """What is asked, as a refusal will tell it."""
        return Asked(
            verb=verb,
            resource=resource,
            what=what,
            context=self.context,
            namespace=self.namespace,
            user=self.user,
            login=self._access.login,
            group=group,
            whom=self.administrators,
        )

    async def items(self, root: str, group: str, resource: str, query: Query) -> tuple[dict[str, Any], ...]:
        """The objects of a list in the namespace."""
        asked = self.asked("list", resource, resource, group)
        path = f"{root}/namespaces/{quote(self.namespace)}/{resource}"
        return items_of(await self.json("GET", path, asked, query=query))

    async def watch(
        self, path: str, asked: Asked, seconds: float, query: Query
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a watch, for so many seconds at most; b"" for one that is longer than any event.

        Raises ClusterError, also in the middle. Where the login has expired, it is renewed first.
        """
        how = [("watch", "true"), ("timeoutSeconds", str(max(int(seconds), 1))), *query]
        response = await self._again(
            lambda: cluster_watch.opened(self._login, path, asked, self._deadline, seconds, how)
        )
        try:
            async with aclosing(cluster_watch.lines(response, asked, seconds)) as found:
                async for line in found:
                    yield line
        except ClusterError as error:
            raise self._told(error) from None

    async def stream(self, path: str, asked: Asked, silence: float, query: Query) -> AsyncIterator[bytes]:
        """What is answered, in parts as they come. Raises ClusterError, also in the middle."""
        parts = cluster_http.stream(self._login, path, asked, silence, query)
        try:
            async for part in parts:
                yield part
        except ClusterError as error:
            raise self._told(error) from None

    async def json(self, method: str, path: str, asked: Asked, **how: Any) -> dict[str, Any]:
        """The object that is answered. Raises ClusterError."""
        return cluster_http.an_answer(await self.content(method, path, asked, **how), asked)

    async def content(self, method: str, path: str, asked: Asked, **how: Any) -> bytes:
        """What is answered, as it is. Raises ClusterError."""
        return await self._again(
            lambda: cluster_http.ask(self._login, method, path, asked, self._deadline, **how)
        )

    async def _again(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call; where the login has expired, log in anew and make it once more.

        A call that was answered 401 did nothing, so that even a patch may be sent again.
        """
        login = self._login
        try:
            return await self._without_secrets(call)
        except ClusterError as error:
            if error.reason is not Reason.LOGIN_EXPIRED or not await self._log_in_anew(login):
                raise
        return await self._without_secrets(call)

    async def _without_secrets(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call; a refusal that quotes what we sent is told without it."""
        try:
            return await call()
        except ClusterError as error:
            raise self._told(error) from None

    def _told(self, error: ClusterError) -> ClusterError:
        return error.told(self.redact.text(error.said), self.redact.text(error.remedy))

    async def _log_in_anew(self, refused: "Login") -> bool:
        """Whether there are other credentials now: the kubeconfig is read, the plugin run again."""
        if self._login is refused:
            if time.monotonic() - self._logged_in < _AGAIN:
                return False
            await self._logging_in.get()
        return self._login is not refused

    def _learn(self, login: "Login") -> None:
        for secret in login.secrets:
            self.redact.add(secret)

    async def _renew(self) -> None:
        access = await asyncio.to_thread(
            cluster_config.access, self._settings, self.context, section=self._section
        )
        if access.server != self._access.server:
            raise ClusterError(
                Reason.CONFIG,
                f"Context {self.context} of the kubeconfig now names another server than at the start.",
                "Start the console again if that is meant.",
            )
        try:
            fresh = await _log_in(access, self.redact)
        finally:
            self._logged_in = time.monotonic()
        refused, self._login, self._access = self._login, fresh, access
        self._learn(fresh)
        await refused.close()


async def _log_in(access: Access, redact: Redactor) -> "Login":
    login = await asyncio.to_thread(imported, "tui.clients.cluster_login")
    asked = Asked(
        verb="reach",
        resource="",
        what="the cluster",
        context=access.context,
        namespace="",
        user=access.user,
        login=access.login,
    )
    connection: Login = await login.log_in(access, asked, _PLUGIN_DEADLINE, redact)
    return connection


def items_of(answer: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The objects of a list, as it was answered."""
    items = answer.get("items")
    return tuple(item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
