"""How the shared place is asked: in its namespace, with refusals that say what is missing there.

What is refused here is mended by whoever administers the place, seldom by who runs into it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import (
    RETRY,
    AnswerTooLarge,
    Asked,
    ClusterError,
    Reason,
    expired,
    not_the_api,
)
from tui.clients.cluster_http import Query

CHECK = "`leeward share check` says what is missing there."
APPLY = "An administrator applies it once: `leeward share manifest | kubectl apply -f -`."
AGAIN = "It is tried again by itself."
_PAGE = 500
_SMALLEST_PAGE = 10
_LARGEST_PAGE = 8 << 20  # bytes; a page that has more, or takes too long, is asked for in smaller ones
_MOST_OBJECTS = 200_000
_MOST_BYTES = 256 << 20
_TIMES = 3  # that a listing is begun anew, where the server forgot how far it was
_IN_A_THREAD = 64 << 10  # bytes from which an answer is not decoded in the loop


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _Page(msgspec.Struct):
    metadata: _Meta
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Status(msgspec.Struct):
    code: int = 0


_pages = msgspec.json.Decoder(_Page)
_events = msgspec.json.Decoder(_Event)
_statuses = msgspec.json.Decoder(_Status)


@dataclass(frozen=True, slots=True)
class Found:
    """A listing, or a page of one: the objects as they were answered.

    Attributes:
        items: the objects.
        version: of the whole listing, from which a watch goes on.
        begins: whether it is the first page. Where it comes again, the server forgot how far it was: all is
            listed anew, and what came before is not to be relied on.
        more: whether there are further pages.
        cut: there are more objects than anybody could have meant, and the rest was left.
    """

    items: tuple[msgspec.Raw, ...]
    version: str
    begins: bool = True
    more: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch: its type as the server has it, and the object; None for an over-long line."""

    type: str
    object: msgspec.Raw | None


class Asking:
    """One collection of the shared namespace. Everything raises ClusterError."""

    def __init__(self, connection: Connection, root: str, group: str, resource: str) -> None:
        self._connection = connection
        self._group = group
        self._resource = resource
        self._collection = f"{root}/namespaces/{quote(connection.namespace)}/{resource}"

    def _asked(self, verb: str, what: str) -> Asked:
        return self._connection.asked(verb, self._resource, what, self._group)

    def _path(self, name: str) -> str:
        return f"{self._collection}/{quote(name, safe='')}"

    async def get(self, name: str, what: str) -> bytes | None:
        """One object as it was answered; None where it is not there."""
        try:
            return await self._content("GET", self._path(name), self._asked("get", what))
        except ClusterError as error:
            if error.reason is Reason.MISSING and error.status_reason:
                return None
            raise

    async def create(self, what: str, body: Any) -> bytes:
        """Create an object; a name that is taken is CONFLICT with the status_reason `AlreadyExists`."""
        return await self._content("POST", self._collection, self._asked("create", what), body=body)

    async def replace(self, name: str, what: str, body: Any) -> bytes:
        """Put an object in the place of the one that is there."""
        return await self._content("PUT", self._path(name), self._asked("update", what), body=body)

    async def delete(self, name: str, what: str, uid: str, version: str = "") -> bool:
        """Delete this very object. False where it is gone, or another has its name."""
        conditions = {"uid": uid, "resourceVersion": version}
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {key: value for key, value in conditions.items() if value},
        }
        try:
            await self._content("DELETE", self._path(name), self._asked("delete", what), body=body)
        except ClusterError as error:
            if error.reason is Reason.CONFLICT or (error.reason is Reason.MISSING and error.status_reason):
                return False
            raise
        return True

    async def list(self, what: str, query: Query) -> Found:
        """Every object that the query chooses, of one moment."""
        items: list[msgspec.Raw] = []
        last = Found((), "")
        async with aclosing(self.pages(what, query)) as pages:
            async for last in pages:
                if last.begins:
                    items.clear()
                items += last.items
        return Found(tuple(items), last.version, cut=last.cut)

    async def pages(self, what: str, query: Query) -> AsyncGenerator[Found, None]:
        """The same page by page, so that not all need be held at once; at least one."""
        asked = self._asked("list", what)
        for _ in range(_TIMES):
            try:
                async with aclosing(self._pages(asked, query)) as pages:
                    async for page in pages:
                        yield page
                return
            except ClusterError as error:
                if error.reason is not Reason.EXPIRED:
                    raise
        raise expired(asked)

    async def _pages(self, asked: Asked, query: Query) -> AsyncGenerator[Found, None]:
        size, count, limit, more, version = 0, 0, _PAGE, "", ""
        while True:
            how = [("limit", str(limit)), *query, *([("continue", more)] if more else [])]
            try:
                content = await self._content(
                    "GET", self._collection, asked, query=how, largest=_LARGEST_PAGE
                )
            except ClusterError as error:
                # On a slow link a page may take longer than is waited for an answer.
                too_much = isinstance(error, AnswerTooLarge) or error.reason is Reason.TIMEOUT
                if limit <= _SMALLEST_PAGE or not too_much:
                    raise
                limit = max(limit // 4, _SMALLEST_PAGE)
                continue
            page = await self._decoded(content, asked)
            items = tuple(page.items or ())
            size, count, begins = size + len(content), count + len(items), not more
            # All pages are of one version. Where they were not, a watch from the first would tell the rest.
            version, more = version or page.metadata.resource_version, page.metadata.continue_
            enough = size > _MOST_BYTES or count > _MOST_OBJECTS
            yield Found(items, version, begins, bool(more) and not enough, bool(more) and enough)
            if not more or enough:
                return

    async def _decoded(self, content: bytes, asked: Asked) -> _Page:
        try:
            if len(content) < _IN_A_THREAD:
                return _pages.decode(content)
            return await asyncio.to_thread(_pages.decode, content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        raise not_the_api(asked)

    async def watch(
        self, what: str, version: str, seconds: float, query: Query
    ) -> AsyncGenerator[Event, None]:
        """What happens after that version, for so many seconds at most.

        It ends without an error where the server ends it, or where it says nothing more in its time.
        Raises ClusterError: EXPIRED where the server does not keep what happened since.
        """
        asked = self._asked("watch", what)
        how = [("resourceVersion", version), ("allowWatchBookmarks", "true"), *query]
        try:
            async with aclosing(self._connection.watch(self._collection, asked, seconds, how)) as lines:
                async for line in lines:
                    yield _event(line, asked)
        except ClusterError as error:
            raise _worded(error, asked) from None

    async def _content(self, method: str, path: str, asked: Asked, **how: Any) -> bytes:
        try:
            return await self._connection.content(method, path, asked, **how)
        except AnswerTooLarge:
            raise
        except ClusterError as error:
            raise _worded(error, asked) from None


def _event(line: bytes, asked: Asked) -> Event:
    """The event of a line. Raises ClusterError for one that tells of an error, and where it is none."""
    if not line:
        return Event("", None)
    try:
        found = _events.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = None
    if found is None:
        raise not_the_api(asked)
    if found.type != "ERROR":
        return Event(found.type, found.object)
    code = _code(found.object)
    if code == 410:
        raise expired(asked)
    raise ClusterError(
        Reason.SERVER,
        f"The API server of {asked.context} broke off to watch {asked.what}.",
        AGAIN,
        code or None,
    )


def _code(status: msgspec.Raw) -> int:
    try:
        return _statuses.decode(status).code
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return 0


def _worded(error: ClusterError, asked: Asked) -> ClusterError:
    """The refusal as it is to be told of the shared place."""
    place, resource = asked.place, f"{asked.resource}.{asked.group}"
    if error.reason is Reason.FORBIDDEN and " for a Role with " in error.remedy:
        return error.told(error.said, f"{error.remedy} {CHECK} {APPLY}")
    if error.reason is Reason.MISSING and not error.status_reason:
        said = f"{asked.context} does not serve {resource}, which shared incidents are made of."
        return error.told(said, f"{APPLY} {CHECK}")
    if error.reason is Reason.MISSING and (asked.verb == "create" or error.details_kind == "namespaces"):
        deed = f"{asked.verb} {asked.what}"
        said = f"There is no namespace {asked.namespace} in {asked.context}; could not {deed}."
        return error.told(said, f"{APPLY} Or correct sharing.namespace and sharing.context in the settings.")
    if error.reason is Reason.MISSING:
        return error.told(f"There is no {asked.what} in {place}; nothing was changed.", AGAIN)
    if error.reason is Reason.CONFLICT and error.status_reason == "AlreadyExists":
        return error.told(f"There is {asked.what} in {place} already; nothing was changed.", AGAIN)
    if error.reason is Reason.CONFLICT:
        return error.told(error.said, "It is read again before anything is decided.")
    if error.reason is Reason.INVALID:
        return error.told(error.said, f"The definition of {resource} there may be another one. {CHECK}")
    return error.told(error.said, error.remedy.replace(RETRY, AGAIN))
