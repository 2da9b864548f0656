"""What is there is taken in page by page: never much at once, and right whatever happens between two."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.sharing.lines import INCIDENT, line, redaction_of
from tests.sharing.support import Client, Disk, Looking, Server, Taken
from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine, SharedLine
from tui.record.lines import is_stone
from tui.sharing.copying import Copy

LETTERS = "abcdefghjk"


class Between(Disk):
    """A folder's files; something happens elsewhere after the first part was taken in."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.forgets = False
        self.deletes: SharedLine | None = None
        self.fails: Client | None = None

    def take(self, found: Iterable[FoundLine]) -> Taken:
        taken = super().take(found)
        if self.deletes is not None:
            deleted, self.deletes = self.deletes, None
            assert self._server.delete(deleted.entry, self._server.objects[deleted.entry].uid)
        if self.forgets:
            self.forgets = False
            self._server.expire()
        if self.fails is not None:
            self.fails.fails, self.fails = Reason.UNREACHABLE, None
        return taken


@asynccontextmanager
async def copied(server: Server, disk: Disk) -> AsyncIterator[tuple[Copy, Client]]:
    """A copy of the incident, of which a page has three objects."""
    copy, client = Copy(INCIDENT, disk, Redactor()), Client(server, page=3)
    copy.entries = client
    try:
        yield copy, client
    finally:
        await copy.close()


def full(letters: str = LETTERS) -> tuple[Server, list[SharedLine]]:
    server, there = Server(), [line(letter, f"text {letter}") for letter in letters]
    for one in there:
        server.create(one)
    return server, there


async def test_each_page_is_on_its_way_to_the_disk_before_the_next_is_asked_for() -> None:
    server, there = full()
    disk = Disk()
    async with copied(server, disk) as (copy, client):
        await copy.relist()
        assert disk.takes == [3, 3, 3, 1]
        assert client.requests == ["list"] * 4
        assert (copy.taken, copy.ledger.there, copy.unsent) == (len(there), len(there), 0)


async def test_what_is_here_and_there_is_not_held_and_what_is_not_there_is_looked_up() -> None:
    server, there = full()
    disk, new = Disk(), line("z", "noted without the place")
    disk.written = [*there, new]
    async with copied(server, disk) as (copy, _):
        await copy.look()
        assert copy.unsent == len(there) + 1, "nobody knows yet what is there"
        assert copy.ledger.next(99) == (), "and no line is held until somebody does"
        await copy.relist()
        assert copy.unsent == 1
        assert copy.ledger.next(99) == (new,)
        await copy.send()
    assert server.lines()[new.entry] == new.line


async def test_a_redaction_on_the_last_page_is_known_before_anything_is_sent() -> None:
    server, _ = full()
    secret = line("m", "with a name")
    server.create(redaction_of(secret))
    disk = Disk()
    disk.written = [secret]
    async with copied(server, disk) as (copy, _):
        await copy.look()
        await copy.relist()
        await copy.send()
    assert is_stone(server.lines()[secret.entry])
    assert not any("with a name" in said for said in server.ever)


async def test_a_list_that_is_begun_anew_tells_what_was_deleted_meanwhile() -> None:
    server, there = full()
    disk = Between(server)
    disk.forgets, disk.deletes = True, there[1]
    async with copied(server, disk) as (copy, client):
        await copy.relist()
        assert client.requests == ["list"] * (2 + 3), "the rest of the first list is not asked for"
        assert copy.taken == len(there)
        assert [one.entry for one in copy.ledger.next(9)] == [there[1].entry], "it came, and is put back"
        await copy.send()
    assert server.lines().keys() == {one.entry for one in there}


async def test_a_list_that_is_begun_anew_leaves_what_is_being_pruned() -> None:
    server, there = full()
    disk = Between(server)
    disk.forgets, disk.deletes, disk.is_closed = True, there[1], True
    async with copied(server, disk) as (copy, _):
        await copy.relist()
        assert copy.unsent == 0


async def test_a_list_that_breaks_off_is_taken_again_and_nothing_twice() -> None:
    server, there = full()
    disk = Between(server)
    async with copied(server, disk) as (copy, client):
        disk.fails = client
        with pytest.raises(ClusterError):
            await copy.relist()
        assert copy.version == ""
        assert disk.takes == [3]
        client.fails = None
        await copy.relist()
        assert disk.takes == [3, 3, 3, 1]
        assert sorted(disk.texts()) == sorted(one.text for one in there)


async def test_what_was_there_and_is_on_no_page_of_the_next_list_is_lost() -> None:
    server, there = full()
    disk = Disk()
    async with copied(server, disk) as (copy, _):
        await copy.relist()
        disk.is_closed = True
        server.delete(there[4].entry, server.objects[there[4].entry].uid)
        await copy.relist()
        assert (copy.ledger.there, copy.unsent) == (len(there) - 1, 0)
        disk.is_closed = False
        await copy.relist()
        assert [one.entry for one in copy.ledger.next(9)] == [there[4].entry], "open again, it is put back"


async def test_a_look_ends_well_where_the_files_are_to_be_read_anew_meanwhile() -> None:
    """A list decides so in the loop, while another look is under way in the thread."""
    server, there = full()
    disk = Disk()
    disk.written = list(there)
    async with copied(server, disk) as (copy, _):

        class Dropping(Looking):
            def look(self, passes: Callable[[str], bool]) -> Sequence[SharedLine]:
                found = super().look(passes)
                copy._outgoing = None
                return found

        disk.outgoing = lambda: Dropping(disk)  # type: ignore[method-assign]
        assert await copy.look() == len(there)
        assert copy.unsent == len(there)


async def test_what_a_list_brought_is_on_disk_before_its_version_counts() -> None:
    server, disk = Server(), Disk()
    server.create(line("a"))
    copy = Copy(INCIDENT, disk, Redactor())
    copy.entries = Client(server)
    await copy.relist()
    await copy.close()
    assert (disk.settles, disk.texts()) == (1, ["traffic rose"])
