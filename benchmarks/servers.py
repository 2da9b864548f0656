"""Servers whose answers never change, on loopback and in a thread: well, slow, or a black hole."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping

from tests.support.hostile import Writer, answer, serving

MODEL = "mistral-small-latest"
_MODEL = {"id": MODEL, "object": "model", "deprecation": None}
_COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5},
}
_VECTOR = {"status": "success", "data": {"resultType": "vector", "result": []}}
_MATRIX = {"status": "success", "data": {"resultType": "matrix", "result": []}}
_PAGE = {
    "page": {"updated_at": "2026-11-23T15:00:00Z"},
    "status": {"indicator": "none", "description": "all well"},
}
BODIES: Mapping[str, object] = {
    "/v1/models": {"object": "list", "data": [_MODEL]},
    "/v1/chat/completions": _COMPLETION,
    "/health": {"status": "ok", "services": {"mistral": "ok"}},
    "/api/v1/query": _VECTOR,
    "/api/v1/query_range": _MATRIX,
    "/api/v1/status.json": _PAGE,
    "/api/v2/alerts": [],
}


@contextlib.contextmanager
def slow(seconds: float) -> Iterator[str]:
    """The address of a server that takes so long for every answer, any number of them at once."""
    with _running(seconds) as address:
        yield address


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address where nothing ever answers a connection: the queue of a listener that is full."""
    with contextlib.ExitStack() as held:
        hole = held.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(3):
            filling = held.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(hole.getsockname())
        yield f"http://127.0.0.1:{hole.getsockname()[1]}"


@contextlib.contextmanager
def _running(seconds: float) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def talk(head: bytes, writer: Writer) -> None:
        path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
        await asyncio.sleep(seconds)
        body = BODIES.get(path)
        status = "404 Not Found" if body is None else "200 OK"
        writer.write(answer(json.dumps(body).encode(), status))
        await writer.drain()
        writer.close()

    async def serve() -> None:
        async with serving(talk) as address:
            addresses.append(address)
            started.set()
            await over.wait()

    addresses: list[str] = []
    started = threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
