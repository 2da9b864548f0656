"""The background of a copy: what is recorded here is there, and what is there is here, whatever happens."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.sharing.lines import INCIDENT, line, redaction_of
from tests.sharing.support import (
    LETTERS,
    Client,
    Console,
    Disk,
    Seen,
    Server,
    SlowClient,
    Taken,
    error,
    found_of,
    passes,
    until,
)
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import Reason
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine, Link, SharedLine
from tui.record.errors import JournalError
from tui.record.lines import is_stone
from tui.record.outgoing import stone_of
from tui.sharing.copier import Copier
from tui.sharing.copying import Copy


class SlowDisk(Disk):
    """One whose first taking-in of something waits until it may go on."""

    keeps_up = False

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def take(self, found: Iterable[FoundLine]) -> Taken:
        found = tuple(found)
        if found:
            self.begun.set()
            assert self.go_on.wait(60)
        return super().take(found)


class ChainedDisk(Disk):
    """One where some entries go behind others: they wait until these are there."""

    def __init__(self, after: Mapping[str, str]) -> None:
        super().__init__()
        self._after = after
        self._waiting: dict[str, FoundLine] = {}

    def take(self, found: Iterable[FoundLine]) -> Taken:
        self._waiting |= {one.entry: one for one in found}
        here = {one.entry for one in self.written} | self._waiting.keys()
        ready = [one for name, one in self._waiting.items() if self._after.get(name, name) in here]
        for one in ready:
            del self._waiting[one.entry]
        taken = super().take(ready)
        return replace(taken, waiting=len(self._waiting), longest=next(iter(self._waiting), ""))


@asynccontextmanager
async def consoles(count: int, server: Server, clock: ManualClock) -> AsyncIterator[list[Console]]:
    made = [Console(server, clock, seed) for seed in range(count)]
    for one in made:
        one.copier.start()
    await until(clock, lambda: all(one.status.link is Link.LIVE for one in made))
    try:
        yield made
    finally:
        for one in made:
            await one.copier.stop()


async def test_what_is_recorded_on_one_console_is_on_the_other() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ana.write(line("a", "from ana"))
        ben.write(line("b", "from ben"))
        await until(clock, lambda: ana.disk.texts() == ben.disk.texts() == ["from ana", "from ben"])
        await until(clock, lambda: not ana.status.unsent and not ben.status.unsent)
        assert [entry.text for batch in ben.taken for entry in batch] == ["from ana"]


async def test_a_nudge_needs_no_look_at_the_clock() -> None:
    """Told of an entry, the copier sends it at once: no time passes at all."""
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        await passes(clock, 1)
        ana.write(line("a"))
        before = clock.monotonic()
        await until(clock, ben.disk.texts, step=0.0)
        assert clock.monotonic() == before


async def test_what_another_program_writes_is_found_without_a_nudge() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.write(line("a"), nudge=False)
        await until(clock, lambda: server.objects)


async def test_what_comes_together_is_taken_in_together() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        for letter in "abcdefgh":
            ana.write(line(letter))
        await until(clock, lambda: len(ben.disk.written) == 8)
        assert len(ben.disk.takes) <= 4


async def test_both_sides_of_a_partition_write_and_have_the_union_after_it() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ana.client.cut = True
        await server.wake()
        ana.write(line("a", "cut off"))
        ben.write(line("b", "connected"))
        await until(clock, lambda: ana.status.link is Link.AWAY)
        await passes(clock, 100)
        assert ana.status.unsent == 1
        assert ana.status.said
        ana.client.cut = False
        await until(clock, lambda: ana.disk.texts() == ben.disk.texts() == ["connected", "cut off"])
        await until(clock, lambda: ana.status.link is Link.LIVE and ana.status.unsent == 0)
        assert ana.status.said == ""


async def test_a_version_that_is_too_old_is_listed_anew_and_said_to_nobody() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.cut = True
        await server.wake()
        ana.write(line("a"))
        await until(clock, lambda: server.objects)
        server.expire()
        ben.client.cut = False
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"])
        assert not any("expired" in status.said for status in ben.statuses)


async def test_a_silent_watch_is_begun_again_after_two_minutes_and_nothing_is_missed() -> None:
    """A server sends a bookmark about once a minute: a single one that is late is no reason."""
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.silent = True
        await passes(clock, 1)
        watches = ben.client.requests.count("watch")
        ana.write(line("a"))
        await until(clock, lambda: server.objects)
        await passes(clock, 120, step=0.5)
        assert ben.client.requests.count("watch") == watches
        assert ben.disk.texts() == []
        ben.client.silent = False
        await passes(clock, 50, step=0.5)
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"])
        assert ben.client.requests.count("watch") > watches


async def test_a_watch_that_may_be_dead_is_begun_again_when_somebody_knows_better() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.silent = True
        await passes(clock, 1)
        ana.write(line("a"))
        await until(clock, lambda: server.objects)
        ben.client.silent = False
        before = clock.monotonic()
        ben.copier.rewatch()
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"])
        assert clock.monotonic() - before < 10
        assert ben.client.requests.count("list") == 1


async def test_what_a_watch_did_not_tell_is_listed_where_something_waits_for_it() -> None:
    clock, server = ManualClock(), Server()
    first, second = line("a", "first"), line("b", "second")
    async with consoles(1, server, clock) as (ana,):
        ben = Console(server, clock, 3, ChainedDisk({second.entry: first.entry}))
        ben.client.swallows.add(first.entry)
        ben.copier.start()
        await until(clock, lambda: ben.status.link is Link.LIVE)
        ana.write(first)
        ana.write(second)
        await until(clock, lambda: ben.status.awaited)
        before = clock.monotonic()
        await until(clock, lambda: ben.disk.texts() == ["first", "second"], 0.1)
        assert clock.monotonic() - before < 20
        await until(clock, lambda: not ben.status.awaited)
        await ben.copier.stop()


async def test_what_a_watch_did_not_tell_is_listed_in_any_case_and_all_the_seldomer_the_more_there_is() -> (
    None
):
    """Nothing else shows it: nobody waits for it, and whoever wrote it has left."""
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.swallows.add(line("a").entry)
        ana.write(line("a"))
        await until(clock, lambda: server.objects)
        lists = ana.client.requests.count("list")
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"], step=1.0)
        assert 150 < clock.monotonic() < 800
        await passes(clock, 1000, step=1.0)
        assert 1 <= ana.client.requests.count("list") - lists <= 9


async def test_a_watch_that_tells_one_thing_and_ends_is_not_asked_for_all_the_time() -> None:
    class Brief(Client):
        async def watch(self, incident: str, version: str, seconds: float) -> AsyncIterator[Seen]:
            self.requests.append("watch")
            await asyncio.sleep(0)
            yield Seen("bookmark", None, "", version)

    clock, server = ManualClock(), Server()
    ana = Console(server, clock)
    ana.client = Brief(server)
    ana.copier.start()
    await until(clock, lambda: ana.status.link is Link.LIVE)
    await passes(clock, 20)
    assert 10 < ana.client.requests.count("watch") < 200
    await ana.copier.stop()


async def test_a_watch_that_others_cancel_is_no_end_of_watching() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.gives_up = True
        await server.wake()
        await until(clock, lambda: not ben.client.gives_up)
        ana.write(line("a"))
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"], step=0.1)
        await until(clock, lambda: ben.status.said == "", step=0.1)


async def test_after_a_fault_of_ours_the_files_are_read_anew_and_nothing_is_missed() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        opened, ben.disk.faults = ben.disk.opened, 1
        ana.write(line("a"))
        await until(clock, lambda: "fault" in ben.status.said)
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"], step=0.1)
        assert ben.disk.opened > opened
        await until(clock, lambda: ben.status.said == "", step=0.1)


async def test_answers_that_come_too_late_end_no_watch_that_tells_what_happens() -> None:
    """Where a server is slow, everybody who begins a watch anew makes it slower."""
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.client.late = True
        for letter in "abcdefgh":
            ana.write(line(letter))
        await until(clock, lambda: len(server.objects) == 8, step=0.1)
        await passes(clock, 20)
        assert ana.client.requests.count("watch") == 1
        ana.client.late = False
        await until(clock, lambda: not ana.status.unsent and not ana.status.said, step=0.1)


async def test_what_others_know_and_is_not_here_is_listed_and_ever_more_seldom() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.silent = True
        ana.write(line("a"))
        await until(clock, lambda: server.objects)
        ben.copier.stale()
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"])
        lists = ben.client.requests.count("list")
        for _ in range(300):
            ben.copier.stale()
            await passes(clock, 1, step=0.5)
        assert ben.client.requests.count("list") - lists < 20


@pytest.mark.parametrize("told", [Copier.retry_now, Copier.rewatch])
async def test_failures_are_asked_again_ever_more_seldom_until_a_person_asks_or_the_place_is_seen(
    told: Callable[[Copier], None],
) -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.client.cut = True
        await server.wake()
        await until(clock, lambda: ana.status.link is Link.AWAY)
        await passes(clock, 200, step=0.5)
        asked = len(ana.client.requests)
        await passes(clock, 200, step=0.5)
        assert 5 < len(ana.client.requests) - asked < 40
        ana.client.cut = False
        told(ana.copier)
        before = clock.monotonic()
        await until(clock, lambda: ana.status.link is Link.LIVE)
        assert clock.monotonic() - before < 1


@pytest.mark.parametrize(
    ("reason", "link"), [(Reason.LOGIN_EXPIRED, Link.REFUSED), (Reason.SERVER, Link.AWAY)]
)
async def test_what_the_place_answers_is_told_as_it_is(reason: Reason, link: Link) -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.client.fails = reason
        ana.write(line("a"))
        await until(clock, lambda: ana.status.link is link)
        assert str(reason) in ana.status.said
        assert ana.status.remedy
        ana.client.fails = None
        ana.copier.retry_now()
        await until(clock, lambda: ana.status.link is Link.LIVE and not ana.status.unsent)


async def test_who_may_not_write_goes_on_reading_and_it_is_said_once() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.client.forbids.add("create")
        ben.write(line("b", "from ben"))
        await until(clock, lambda: ben.status.looks_on)
        said = len(ben.statuses)
        ana.write(line("a", "from ana"))
        await until(clock, lambda: "from ana" in ben.disk.texts())
        await passes(clock, 60, step=0.5)
        assert (ben.status.link, ben.status.looks_on, ben.status.unsent) == (Link.LIVE, True, 1)
        assert "forbidden" in ben.status.said
        assert len(ben.statuses) <= said + 2
        assert ben.client.requests.count("create") < 30
        ben.client.forbids.clear()
        ben.copier.retry_now()
        await until(clock, lambda: "from ben" in ana.disk.texts() and not ben.status.looks_on)


async def test_who_may_list_and_not_watch_is_told_so_all_the_time() -> None:
    """A list or an answer in between makes nothing well."""
    clock, server = ManualClock(), Server()
    ana = Console(server, clock)
    ana.client.forbids.add("watch")
    ana.copier.start()
    await until(clock, lambda: ana.status.link is Link.REFUSED)
    said = len(ana.statuses)
    await passes(clock, 120, step=0.5)
    await ana.copier.stop()
    assert len(ana.statuses) <= said + 1
    assert ana.client.requests.count("watch") < 30


async def test_one_entry_that_is_refused_stops_no_other() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        bad, good = line("a"), line("b")
        ana.client.refuses.add(bad.entry)
        ana.write(bad)
        ana.write(good)
        await until(clock, lambda: good.entry in server.objects)
        await until(clock, lambda: ana.status.problems)
        assert bad.entry in ana.status.problems[0]
        assert ana.status.link is Link.LIVE


async def test_many_are_sent_a_few_at_a_time_in_the_order_of_the_ids() -> None:
    clock, server = ManualClock(), Server()
    disk = Disk()
    disk.written = [line(letter) for letter in reversed("0123456789abcdefghjkmn")]
    ana = Console(server, clock, disk=disk)
    ana.copier.start()
    await until(clock, lambda: len(server.objects) == 22)
    await ana.copier.stop()
    assert 2 <= ana.client.most_at_once <= 10
    order = [letter[0] for letter in server.objects]
    assert all(order[n] <= order[n + 9] for n in range(len(order) - 9))


async def test_what_is_redacted_while_others_are_being_sent_leaves_without_its_content() -> None:
    clock, server = ManualClock(), Server()
    disk = Disk()
    disk.written = [line(letter) for letter in LETTERS]
    secret = disk.written[-1]
    ana = Console(server, clock, disk=disk)
    ana.client = SlowClient(server, clock)
    ana.copier.start()
    await until(clock, lambda: len(server.objects) >= 8, step=0.05)
    assert len(server.objects) < 16, "most are to be sent yet"
    ana.write(redaction_of(secret))
    ana.write(stone_of(secret))
    await until(clock, lambda: secret.entry in server.objects, step=0.05)
    await ana.copier.stop()
    assert is_stone(server.lines()[secret.entry])
    assert secret.line not in server.ever


async def test_what_is_redacted_while_a_batch_is_being_sent_leaves_without_its_content() -> None:
    """Between two looks, too: somebody else's redaction comes by the watch."""
    clock, server, disk = ManualClock(), Server(), Disk()
    disk.written = [line(letter) for letter in LETTERS]
    secret = disk.written[-1]
    copy = Copy(INCIDENT, disk, Redactor(), clock=clock)
    copy.entries = SlowClient(server, clock, 0.1)
    await copy.relist()
    sending = asyncio.create_task(copy.send())
    await until(clock, lambda: server.objects)
    redaction = redaction_of(secret)
    await copy.take([Seen("added", found_of(redaction, "u"), redaction.entry, "99")])
    await until(clock, sending.done)
    assert await sending == len(LETTERS)
    await copy.close()
    assert is_stone(server.lines()[secret.entry])
    assert secret.line not in server.ever


async def test_sending_that_gets_on_is_not_slowed_as_if_it_failed() -> None:
    class Busy(Client):
        count = 0

        async def create(self, line: SharedLine) -> str:
            self.count += 1
            number = self.count
            await asyncio.sleep(0)
            if number % 2:
                raise error(Reason.SERVER, 429)
            return await super().create(line)

    clock, server, disk = ManualClock(), Server(), Disk()
    disk.written = [line(letter) for letter in LETTERS]
    ana = Console(server, clock, disk=disk)
    ana.client = Busy(server)
    ana.copier.start()
    await until(clock, lambda: server.objects)
    before = clock.monotonic()
    await until(clock, lambda: len(server.objects) == len(LETTERS), step=0.05)
    assert clock.monotonic() - before < 6
    await ana.copier.stop()


async def test_an_answer_that_is_lost_does_no_harm() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        one = line("a")
        server.create(one)  # it was taken, and the answer never came
        ana.write(one)
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"] and not ana.status.unsent)
        assert ana.status.problems == ()
        assert server.ever == [one.line]


async def test_another_line_under_the_same_name_is_said() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.client.silent = True
        ana.write(line("a", "what was written"))
        server.create(line("a", "what somebody put there"))
        await passes(clock, 30, step=0.5)
        await until(clock, lambda: ana.status.problems)
        assert "other content" in ana.status.problems[0]


async def test_a_full_disk_is_said_and_what_came_meanwhile_is_taken_in_after_it() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ben.disk.full = True
        ana.write(line("a"))
        await until(clock, lambda: "disk is full" in ben.status.said)
        ben.disk.full, before = False, clock.monotonic()
        await until(clock, lambda: ben.disk.texts() == ["traffic rose"] and ben.status.said == "")
        assert clock.monotonic() - before < 60, "and not with the next list that comes in any case"


async def test_a_watch_that_ends_while_something_is_taken_in_goes_on_from_a_version() -> None:
    """Without one, a server tells all that is there in no order: what is missed then is missed for good."""
    clock, server, disk = ManualClock(), Server(), SlowDisk()
    copy = Copy(INCIDENT, disk, Redactor())
    copy.entries = client = Client(server)
    await copy.relist()
    server.create(line("a"))
    before = copy.version
    taking = asyncio.ensure_future(copy.take(client.told(INCIDENT, int(before))))
    await until(clock, disk.begun.is_set)
    during = copy.version
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    disk.go_on.set()
    assert during == copy.version == before, "killed or resumed here, it is told again"
    await copy.take(client.told(INCIDENT, int(copy.version)))
    assert copy.version == str(server.version)
    assert disk.texts() == ["traffic rose"]
    await copy.close()


async def test_what_comes_after_a_failure_does_not_hide_what_failed() -> None:
    server, disk = Server(), Disk()
    copy = Copy(INCIDENT, disk, Redactor())
    copy.entries = client = Client(server)
    await copy.relist()
    before = int(copy.version)
    server.create(line("a", "the disk was full"))
    disk.full = True
    with pytest.raises(JournalError):
        await copy.take(client.told(INCIDENT, before))
    disk.full = False
    server.create(line("b", "there is space again"))
    await copy.take(client.told(INCIDENT, before)[1:])
    assert copy.version == "", "to be listed anew"
    await copy.relist()
    assert disk.texts() == ["the disk was full", "there is space again"]
    await copy.close()


async def test_a_second_console_of_the_folder_takes_over_when_the_first_is_gone() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        second = Console(server, clock, disk=ana.disk)
        second.lock.others = True
        second.copier.start()
        await until(clock, lambda: second.status.elsewhere)
        assert second.client.requests == []
        second.lock.others = False
        await until(clock, lambda: second.status.link is Link.LIVE and not second.status.elsewhere)
        await second.copier.stop()
        assert not second.lock.held


async def test_what_was_shared_and_is_redacted_is_taken_out_by_who_may() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        secret = line("a", "the customer's name")
        ana.write(secret)
        await until(clock, lambda: len(ben.disk.written) == 1)
        ana.client.forbids.add("delete")
        ana.write(redaction_of(secret))
        ana.write(stone_of(secret))
        await until(clock, lambda: any("leeward share prune" in said for said in ana.status.problems))
        await until(clock, lambda: len(ben.disk.written) == 2)
        assert not is_stone(server.lines()[secret.entry])
        ben.write(stone_of(secret))  # as the journal leaves it, once it knows of the redaction
        await until(clock, lambda: is_stone(server.lines().get(secret.entry, "")))
        await until(clock, lambda: not any("prune" in said for said in ana.status.problems))


async def test_who_may_delete_by_now_takes_out_what_was_redacted_after_the_next_list() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        secret = line("c", "the customer's name")
        ana.write(secret)
        await until(clock, lambda: secret.entry in server.objects and not ana.status.unsent)
        ana.client.forbids.add("delete")
        ana.write(redaction_of(secret))
        ana.write(stone_of(secret))
        await until(clock, lambda: "may not delete" in " ".join(ana.status.problems))
        ana.client.forbids.clear()
        await passes(clock, 5)
        assert not is_stone(server.lines()[secret.entry])
        ana.copier.stale()
        await until(clock, lambda: is_stone(server.lines().get(secret.entry, "")))
        assert ana.status.problems == ()


async def test_what_holds_up_the_sending_holds_up_no_redaction() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        secret = line("c", "the customer's name")
        ana.write(secret)
        await until(clock, lambda: secret.entry in server.objects and not ana.status.unsent)
        ana.client.refuses_so["a" * 26] = error(Reason.FORBIDDEN, 403)
        ana.write(line("a"))
        await until(clock, lambda: ana.status.link is Link.LIVE and ana.status.looks_on)
        ana.write(redaction_of(secret))
        ana.write(stone_of(secret))
        await until(clock, lambda: is_stone(server.lines().get(secret.entry, "")), step=0.1)


async def test_much_that_is_to_be_sent_leaves_nothing_whole_that_is_redacted_meanwhile() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        secret = line("0", "the customer's name")
        ana.write(secret)
        await until(clock, lambda: secret.entry in server.objects and not ana.status.unsent)
        ana.client = SlowClient(server, clock)
        ana.copy.entries = ana.client
        for letter in LETTERS[1:]:
            ana.write(line(letter))
        await until(clock, lambda: len(server.objects) > 8, step=0.05)
        ana.write(redaction_of(secret))
        ana.write(stone_of(secret))
        await until(clock, lambda: is_stone(server.lines().get(secret.entry, "")), step=0.05)
        assert ana.status.unsent


async def test_what_was_deleted_by_somebody_is_put_back() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ana.write(line("a"))
        await until(clock, lambda: ben.disk.written)
        (name, there), *_ = server.objects.items()
        server.delete(name, there.uid)
        await server.wake()
        await until(clock, lambda: name in server.objects, step=0.1)


async def test_what_was_pruned_after_it_was_closed_is_not_put_back_until_it_is_opened_again() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ana.write(line("a"))
        ana.write(line("b"))
        await until(clock, lambda: len(ben.disk.written) == 2)
        ana.disk.is_closed = ben.disk.is_closed = True
        for name, there in list(server.objects.items()):
            server.delete(name, there.uid)
            await server.wake()
            await passes(clock, 8, step=0.2)
        ana.write(line("c", "written after it was pruned"))
        await passes(clock, 40, step=0.2)
        assert server.objects == {}
        assert ana.status.unsent == 0
        ana.disk.is_closed = False
        ana.write(line("d", "opened again"))
        await until(clock, lambda: len(server.objects) == 4, step=0.1)


async def test_what_nobody_else_has_is_sent_where_another_console_opens_a_pruned_incident_again() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(2, server, clock) as (ana, ben):
        ana.write(line("a"))
        await until(clock, lambda: len(ben.disk.written) == 1)
        ana.disk.is_closed = ben.disk.is_closed = True
        for name, there in list(server.objects.items()):
            server.delete(name, there.uid)
        await server.wake()
        await passes(clock, 40, step=0.2)
        ana.write(line("c", "written after it was pruned"))
        await passes(clock, 5, step=0.2)
        assert server.objects == {}
        ana.disk.is_closed = ben.disk.is_closed = False
        ben.write(line("d", "opened again"))
        await until(clock, lambda: len(server.objects) == 3, step=0.01)
        assert clock.monotonic() < 100, "that is not left to a list"


async def test_leaving_sends_what_is_here_and_does_not_wait_for_a_place_that_is_away() -> None:
    clock, server = ManualClock(), Server()
    async with consoles(1, server, clock) as (ana,):
        ana.write(line("a"))
        leaving = asyncio.ensure_future(ana.copier.finish(2.0))
        await until(clock, leaving.done)
        assert leaving.result()
        assert server.objects
        ana.client.cut = True
        await server.wake()
        ana.write(line("b"))
        leaving = asyncio.ensure_future(ana.copier.finish(2.0))
        await until(clock, leaving.done)
        assert not leaving.result()


class SlowClock(ManualClock):
    """One of a machine whose disk takes its time: what is put on it moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.took = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.took


class SettlingDisk(Disk):
    """Its syncs take so many seconds; `settled` are the moments at which they began."""

    def __init__(self, clock: SlowClock, seconds: float) -> None:
        super().__init__()
        self._clock, self._seconds = clock, seconds
        self.settled: list[float] = []

    def settle(self) -> tuple[str, ...]:
        self.settled.append(self._clock.monotonic())
        self._clock.took += self._seconds
        return super().settle()


@pytest.mark.parametrize(("seconds", "least"), [(0.0, 1.0), (0.125, 6.25), (3.0, 10.0)])
async def test_a_slow_disk_is_asked_more_seldom_to_settle_what_came(seconds: float, least: float) -> None:
    clock, server = SlowClock(), Server()
    disk = SettlingDisk(clock, seconds)
    console = Console(server, clock, disk=disk)
    other = Client(server)
    console.copier.start()
    await until(clock, lambda: console.status.link is Link.LIVE)
    for letter in "abcdefghjkmnpq":
        await other.create(line(letter))
        await until(clock, lambda: len(disk.written) == len(server.objects))
        await passes(clock, 2.0)
    await console.copier.stop()
    pauses = [later - earlier - seconds for earlier, later in pairwise(disk.settled[:-1])]
    assert pauses
    assert all(least <= pause + 1e-6 for pause in pauses)
