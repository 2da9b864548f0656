"""This machine's clock against the servers', by the `Date` of their answers, over real HTTP."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.support.clock import START
from tui.clients import http, server_clocks
from tui.model.incident import Entry, Incident, Kind
from tui.model.skew import Heard, skew
from tui.session.clocks import ClockWatch


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    server_clocks.forget()
    yield
    server_clocks.forget()


async def answered(date: str, more: str = "") -> None:
    """Ask a server whose clock says this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nDate: {date}\r\n{more}Content-Length: 2\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await http.ask("GET", f"http://127.0.0.1:{port}/", deadline=20)
    server.close()
    await server.wait_closed()


def stamp(ahead: timedelta) -> str:
    return format_datetime(datetime.now(UTC) - ahead, usegmt=True)


async def test_a_clock_that_agrees_is_not_spoken_of() -> None:
    await answered(stamp(timedelta(0)))
    assert len(server_clocks.heard()) == 1
    assert skew(server_clocks.heard()) is None


async def test_a_clock_minutes_ahead_is_told_with_the_server() -> None:
    await answered(stamp(timedelta(minutes=3, seconds=20)))
    found = skew(server_clocks.heard())
    assert found is not None and found.misleads
    assert found.told.startswith("this machine's clock is 3 min ahead of the server's (127.0.0.1:")


async def test_an_answer_from_a_cache_and_dates_that_are_none_tell_nothing() -> None:
    await answered(stamp(timedelta(days=1)), "Age: 86400\r\n")
    for date in ("yesterday", "", "Mon, 99 Nov 2026 25:61:61 GMT", "Mon, 23 Nov 2026 15:03:11"):
        await answered(date)
    assert server_clocks.heard() == ()


def off(seconds: float, server: str = "a", give: float = 0.5) -> Heard:
    return Heard(server, timedelta(seconds=seconds), timedelta(seconds=give))


def test_two_seconds_are_the_least_and_half_a_minute_misleads() -> None:
    assert skew([off(2.4)]) is None
    soft = skew([off(-8)])
    assert soft is not None and not soft.misleads
    assert soft.told == "this machine's clock is 8 s behind the server's (a)"
    hard = skew([off(31)])
    assert hard is not None and hard.misleads


def test_a_slow_answer_tells_only_what_it_can() -> None:
    assert skew([off(9, give=8)]) is None


def test_several_servers_are_named_and_those_that_agree_are_counted() -> None:
    found = skew([off(180, "a"), off(181, "b"), off(0, "c")])
    assert found is not None
    assert found.told == "this machine's clock is 3 min ahead of the servers' (a, b); not of 1 other"


def test_it_is_kept_once_for_an_incident_and_never_without_one() -> None:
    watch = ClockWatch(lambda: (off(200),))
    incident = Incident("inc-1")
    assert watch.look(None, (), START) == ()
    (kept,) = watch.look(incident, (), START)
    assert (kept.kind, kept.actor) == (Kind.CLOCK, "leeward")
    assert watch.look(incident, (), START) == ()
    there = (Entry("1", START, START, "leeward", Kind.CLOCK, "it is"),)
    assert ClockWatch(lambda: (off(200),)).look(incident, there, START) == ()
    assert len(watch.look(Incident("inc-2"), (), START)) == 1
    # In a shared incident another machine's clock says nothing of this one's.
    elsewhere = (Entry("1", START, START, "leeward", Kind.CLOCK, "it is", {"host": "another"}),)
    assert len(ClockWatch(lambda: (off(200),)).look(incident, elsewhere, START)) == 1
    ours = (Entry("1", START, START, "leeward", Kind.CLOCK, "it is", kept.data),)
    assert ClockWatch(lambda: (off(200),)).look(incident, ours, START) == ()
