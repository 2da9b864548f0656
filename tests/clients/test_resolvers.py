"""Each name server asked by itself: what it answers, refuses, garbles or keeps to itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import dns.message
import dns.rcode
import dns.rrset
import pytest

from tui.clients import resolvers
from tui.model.network_look import Resolved

HOST = "api.mistral.ai"
Answer = Callable[[bytes], bytes | None]


@contextlib.asynccontextmanager
async def name_server(answer: Answer) -> AsyncIterator[int]:
    """A name server on loopback; `answer` None keeps silent."""

    class Serving(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            said = answer(data)
            if said is not None:
                self.transport.sendto(said, addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Serving, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def says(*addresses: str, code: str = "NOERROR") -> Answer:
    def answer(data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.from_text(code))
        question = query.question[0]
        kind = "AAAA" if question.rdtype == 28 else "A"
        fitting = [a for a in addresses if (":" in a) is (kind == "AAAA")]
        if fitting:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *fitting))
        return reply.to_wire()

    return answer


async def ask(answer: Answer, deadline: float = 0.5) -> Resolved:
    async with name_server(answer) as port:
        (found,) = await resolvers.ask_each(HOST, ["127.0.0.1"], deadline, port)
    return found


async def test_addresses_of_both_kinds_with_the_time_it_took() -> None:
    found = await ask(says("104.18.2.1", "104.18.3.1", "2606:4700::6812:201"), 5.0)
    assert found.addresses == ("104.18.2.1", "104.18.3.1", "2606:4700::6812:201")
    assert found.error == ""
    assert found.ms is not None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(code="NXDOMAIN"), "the name does not exist"),
        (says(code="SERVFAIL"), "the server failed (SERVFAIL)"),
        (says(code="REFUSED"), "the server refuses to answer (REFUSED)"),
        (says(), "the name has no address"),
        (lambda _data: None, "no answer within 0.5 s"),
    ],
)
async def test_what_a_server_refuses_is_told(answer: Answer, error: str) -> None:
    assert (await ask(answer)).error == error


async def test_garbage_is_no_answer_and_raises_nothing() -> None:
    found = await ask(lambda _data: b"\x00\xff" * 40)
    assert found.addresses == ()
    assert found.error


async def test_silent_servers_are_waited_for_together_and_given_up_at_once() -> None:
    async with name_server(lambda _data: None) as port:
        began = time.monotonic()
        found = await resolvers.ask_each(HOST, ["127.0.0.1"] * 6, 0.4, port)
        assert time.monotonic() - began < 20
        assert len(found) == 6
        asking = asyncio.create_task(resolvers.ask_each(HOST, ["127.0.0.1"], 60.0, port))
        await asyncio.sleep(0.05)
        asking.cancel()
        began = time.monotonic()
        await asyncio.gather(asking, return_exceptions=True)
        assert time.monotonic() - began < 20


async def test_the_machines_own_servers_are_read() -> None:
    found = await resolvers.name_servers()
    assert all(isinstance(server, str) and server for server in found)
