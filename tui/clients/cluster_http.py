"""One request to a Kubernetes API at a time: sent, read within bounds, refused in words."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.clients import server_clocks
from tui.clients.cluster_errors import (
    Asked,
    ClusterError,
    answer_too_large,
    not_the_api,
    refused,
    unanswered,
)

if TYPE_CHECKING:
    from tui.clients.cluster_login import Login

MANAGER = "leeward"
LARGEST = 32 << 20
_CHUNK = 1 << 16
_LONGEST = 6 * 3600.0  # seconds that one log may take: a gigabyte over a slow link
Query = Sequence[tuple[str, str]]


async def ask(
    login: "Login",
    method: str,
    path: str,
    asked: Asked,
    deadline: float,
    *,
    query: Query = (),
    body: object = None,
    content_type: str = "application/json",
    largest: int = LARGEST,
) -> bytes:
    """The whole answer's body. Raises ClusterError for every refusal, silence and broken answer.

    AnswerTooLarge is raised where it has more than `largest` bytes.
    The deadline covers the whole exchange, a trickling body included.
    """
    failure: BaseException
    try:
        async with asyncio.timeout(deadline):
            response = await _send(login, method, path, deadline, query, body, content_type)
            try:
                content = await _bounded(response, asked, largest)
            finally:
                response.close()
            if 200 <= response.status <= 299:
                return content
            problem = refused(response.status, content, asked)
        raise problem
    except ClusterError:
        raise
    except Exception as error:  # noqa: BLE001  # the library raises what aiohttp, ssl and json raise
        failure = error
    # Outside the handler, so that nothing of the library's exception (headers!) hangs on to ours.
    raise unanswered(failure, asked, deadline)


def an_answer(content: bytes, asked: Asked) -> dict[str, Any]:
    """The answer's body, if it is a JSON object. Raises ClusterError."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise not_the_api(asked)
    return answer


def an_object(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """The answer, if it is an object of the API at all: everything else rests on these fields."""
    if isinstance(at(answer, "metadata", "uid"), str) and isinstance(answer.get("spec"), dict):
        return answer
    raise not_the_api(asked)


def at(parent: Mapping[str, Any], *path: str) -> Any:
    """What stands at the end of a path of keys; None where the path breaks off."""
    here: Any = parent
    for step in path:
        here = here.get(step) if isinstance(here, Mapping) else None
    return here


async def opened(login: "Login", path: str, asked: Asked, seconds: float, query: Query, total: float) -> Any:
    """A response whose body is still to be read: in how many seconds it begins, and ends at the latest.

    Raises ClusterError.
    """
    failure: BaseException
    try:
        async with asyncio.timeout(seconds):
            response = await _send(login, "get", path, total, query, None, "application/json")
            if response.status == 200:
                return response
            try:
                problem = refused(response.status, await _bounded(response, asked), asked)
            finally:
                response.close()
        raise problem
    except ClusterError:
        raise
    except Exception as error:  # noqa: BLE001  # as in `ask`
        failure = error
    raise unanswered(failure, asked, seconds)


async def _send(
    login: "Login",
    method: str,
    path: str,
    deadline: float,
    query: Query,
    body: object,
    content_type: str,
) -> Any:
    """The response, its body unread, whatever its status."""
    client = login.client
    request = await client.param_serialize(
        method.upper(),
        path,
        query_params=list(query),
        header_params={"Accept": "application/json, */*", "Content-Type": content_type},
        body=body,
        auth_settings=["BearerToken"],
    )
    began = time.monotonic()
    try:
        response = (await client.call_api(*request, _request_timeout=deadline)).response
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # The library cancels who waits for a connection of a session that is closed, as for a new login.
        raise ConnectionAbortedError("the connection was closed while it was being made") from None
    headers = {name.lower(): value for name, value in response.headers.items()}
    server_clocks.hear(urlsplit(str(response.url)).netloc, headers, time.monotonic() - began)
    return response


async def _bounded(response: Any, asked: Asked, largest: int = LARGEST) -> bytes:
    """The body, refused where it is larger than any list that a console needs."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > largest:
            raise answer_too_large(asked, largest)
        parts.append(part)
    return b"".join(parts)


async def stream(
    login: "Login", path: str, asked: Asked, silence: float, query: Query
) -> AsyncIterator[bytes]:
    """What is answered, in parts as they come, however much it is.

    Args:
        silence: the most seconds that the server may say nothing.
    """
    response = await opened(login, path, asked, silence, query, _LONGEST)
    try:
        while part := await _part(response, asked, silence):
            yield part
    finally:
        response.close()


async def _part(response: Any, asked: Asked, silence: float) -> bytes:
    failure: BaseException
    try:
        async with asyncio.timeout(silence):
            part: bytes = await response.content.readany()
            return part
    except Exception as error:  # noqa: BLE001  # as in `ask`
        failure = error
    raise unanswered(failure, asked, silence)
