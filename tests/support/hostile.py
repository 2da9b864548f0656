"""Servers that behave badly, on loopback: each is an async context manager that gives its address."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import trustme

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Talk = Callable[[bytes, Writer], Awaitable[None]]
HUGE = 10 << 20


@contextlib.asynccontextmanager
async def serving(talk: Talk, *, tls: ssl.SSLContext | None = None, read: bool = True) -> AsyncIterator[str]:
    """Serve with `talk(request head, writer)`; what is still talking at the end is cut off."""
    talking: set[asyncio.Task[None]] = set()

    async def accept(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n") if read else b""
            await talk(head, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over: nobody waits for this task
        finally:
            talking.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json", *more: str) -> bytes:
    """An HTTP answer, its connection closed after it."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def says(body: bytes, status: str = "200 OK", kind: str = "application/json", *more: str) -> Talk:
    """Talks well: always this answer."""

    async def talk(head: bytes, writer: Writer) -> None:
        writer.write(answer(body, status, kind, *more))
        await writer.drain()

    return talk


async def hangs(head: bytes, writer: Writer) -> None:
    """Takes the request and never says a word."""
    await asyncio.sleep(3600)


async def trickles(head: bytes, writer: Writer) -> None:
    """Sends a byte of body every 50 ms, for ever: each read succeeds."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def trickles_headers(head: bytes, writer: Writer) -> None:
    """Sends headers without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        writer.write(f"X-Header-{number}: 1\r\n".encode())
        await writer.drain()
        number += 1
        await asyncio.sleep(0.05)


async def garbles(head: bytes, writer: Writer) -> None:
    """Answers with what is no HTTP."""
    writer.write(b"\x00\xff\x1b[31mSSH-2.0-OpenSSH_9.9\r\n\r\n" * 3)
    await writer.drain()


async def floods(head: bytes, writer: Writer) -> None:
    """Answers 200 with ten megabytes of JSON."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    writer.write(f"Content-Length: {HUGE}\r\n\r\n".encode() + b'{"data":"')
    sent = 0
    while sent < HUGE:
        writer.write(b"x" * 65536)
        sent += 65536
        await writer.drain()


async def resets(head: bytes, writer: Writer) -> None:
    """Cuts the connection with RST after the request."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def leaves(head: bytes, writer: Writer) -> None:
    """Closes the connection without a word."""
    writer.close()


async def echoes(head: bytes, writer: Writer) -> None:
    """Answers 401 and repeats everything that it was sent, in a header, in the body, cut and coloured."""
    lines = head.decode("latin-1").split("\r\n")
    key = next((line.partition(": ")[2] for line in lines if line.lower().startswith("authorization")), "")
    bare = key.removeprefix("Bearer ")
    half = len(bare) // 2
    hidden = f"{bare[:half]}\\u001b[0m{bare[half:]}"
    told = f'{{"object":"error","message":"no: {key} {hidden}","type":"{bare}","code":"{bare}"}}'
    writer.write(
        answer(told.encode(), "401 Unauthorized", "application/json", f"mistral-correlation-id: {key}",
               f"x-echo: {key}")
    )  # fmt: skip
    await writer.drain()


@contextlib.asynccontextmanager
async def refusing() -> AsyncIterator[str]:
    """An address on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@contextlib.asynccontextmanager
async def black_hole() -> AsyncIterator[str]:
    """An address whose packets are dropped: its queue of connections is full and nobody accepts."""
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket())
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        place = sock.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(place)
        yield f"http://127.0.0.1:{place[1]}"


def untrusted() -> ssl.SSLContext:
    """TLS by an authority that nobody believes, as an intercepting proxy has it."""
    return trusted_by()[0]


def trusted_by() -> tuple[ssl.SSLContext, trustme.CA]:
    """TLS for 127.0.0.1 and localhost, and the authority that makes it believable."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context, authority
