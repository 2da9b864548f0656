"""One copy, step by step, between real journals on a real disk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sharing.machines import Machine, Stepped
from tests.sharing.support import Server
from tui.record import redacting
from tui.record.arrival import LONGEST
from tui.record.errors import JournalError
from tui.sharing.files import FolderFiles

Opens = Callable[[str], Awaitable[Stepped]]


@pytest.fixture
async def opens(tmp_path: Path) -> AsyncIterator[Opens]:
    """Opens a machine's console; the same machine's again where it was open before."""
    server, machines = Server(), dict[str, Machine]()

    async def open_one(name: str) -> Stepped:
        if name in machines:
            await machines[name].close()
        else:
            machines[name] = Machine(name, tmp_path, server, timedelta(), True)
        return await machines[name].open()

    yield open_one
    for machine in machines.values():
        await machine.close()


async def test_what_is_redacted_of_others_leaves_this_disk_while_the_place_is_away(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await opens("a"), await opens("b")
    theirs = await ana.write("Jane Doe called")
    await ana.relist()
    await ana.send(9)
    await ben.relist()
    # Begun anew, and the place does not answer: nothing was ever taken in.
    ben = await opens("b")
    copy = ben.try_copying()
    assert copy is not None
    await copy.look()
    (left,) = ben.machine.folder.glob("journal-*.jsonl")
    assert b"Jane Doe" in left.read_bytes()
    real = redacting.take_out

    def refuses(*_: object) -> None:
        raise JournalError("Cannot write: the disk is full.", "Free some space.")

    monkeypatch.setattr(redacting, "take_out", refuses)
    await ben.redact(theirs)
    await copy.look()
    assert (
        "The content of a redacted entry is still there. Cannot write: the disk is full." in copy.problems[0]
    )
    monkeypatch.setattr(redacting, "take_out", real)
    await ben.write("more")
    await copy.take_waiting()
    assert b"Jane Doe" not in left.read_bytes()


async def test_what_comes_after_a_refused_entry_waits_for_it_nowhere(opens: Opens) -> None:
    ana, ben = await opens("a"), await opens("b")
    await ana.relist()
    refused, long, last = await ana.write("no"), await ana.write("x" * LONGEST), await ana.write("later")
    ana.machine.client.refuses_content.add(refused.id)
    await ana.send(9)
    await ben.relist()
    there = {entry.id: entry for entry in ben.machine.entries()}
    assert there[last.id].text == "later"
    assert there[refused.id].redacted
    assert there[long.id].redacted
    assert ana.copy is not None
    of_refused, of_long = sorted(ana.copy.problems)
    assert f"Entry {refused.id} was not taken by the shared place. The shared place says" in of_refused
    assert f"Entry {long.id} was not taken by the shared place. It has 4,1" in of_long
    for said in (of_refused, of_long):
        assert said.endswith(" It was shared without its content.")


async def test_what_is_refused_even_without_its_content_is_no_more_than_said(opens: Opens) -> None:
    ana = await opens("a")
    await ana.relist()
    refused = await ana.write("no")
    ana.machine.client.refuses.add(refused.id)
    await ana.send(9)
    assert ana.copy is not None
    (said,) = ana.copy.problems
    assert "was not taken by" in said
    assert "without its content" not in said


async def test_what_comes_while_something_is_lost_reads_the_whole_incident_no_more_often(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await opens("a"), await opens("b")
    lost = await ana.write("lost")
    await ana.relist()
    await ana.send(9)
    await ben.relist()
    server, asked = ana.machine.client.server, list[str]()
    monkeypatch.setattr(FolderFiles, "closed", lambda _: asked.append("closed") or False)
    server.delete(lost.id, server.objects[lost.id].uid)
    for number in range(3):
        await ben.write(f"more {number}")
        await ben.send(9)
        await ana.deliver(9)
    assert asked == []
    await ana.relist()
    assert asked == ["closed"]
    await ana.send(9)
    assert lost.id in server.objects


async def test_what_waits_is_not_tried_while_something_is_taken_in(opens: Opens) -> None:
    ana = await opens("a")
    copy = ana.try_copying()
    assert copy is not None
    async with copy._turn, asyncio.timeout(5):
        await copy.take_waiting()
