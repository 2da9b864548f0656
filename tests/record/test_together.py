"""Several consoles on one machine write chains of their own beside each other."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.record.copies import folder_of, names, together
from tests.record.helpers import INCIDENT, create, draft, reopen
from tests.support.clock import START, ManualClock
from tui.record.errors import JournalError, NoSuchIncident
from tui.record.following import follow
from tui.record.ids import EntryIds
from tui.record.merging import chain
from tui.record.reading import list_incidents, read
from tui.record.shared import CopierLock, Marker, begin, change_marker, read_marker, write_marker
from tui.record.verification import verify


async def test_the_second_console_writes_a_chain_of_its_own(tmp_path: Path) -> None:
    async with (
        await create(tmp_path) as one,
        await together(tmp_path) as two,
        await together(tmp_path) as three,
    ):
        assert [journal.path_name for journal in (one, two, three)] == [
            "journal.jsonl",
            "journal-2.jsonl",
            "journal-3.jsonl",
        ]
        for journal, text in ((one, "one"), (three, "three"), (two, "two")):
            await journal.append(draft(text))
    assert {entry.text for entry in read(tmp_path, INCIDENT).entries} == {"one", "two", "three"}
    assert verify(tmp_path, INCIDENT).whole


async def test_without_being_asked_to_the_second_reads_alone(tmp_path: Path) -> None:
    async with await create(tmp_path), await reopen(tmp_path) as second:
        assert "is being written by process" in second.read_only
        assert names(tmp_path) == ["journal.jsonl"]


async def test_when_the_ninth_is_open_the_next_one_reads(tmp_path: Path) -> None:
    open_ = [await create(tmp_path), *[await together(tmp_path) for _ in range(9)]]
    assert [journal.path_name for journal in open_[:9] if journal.read_only] == []
    assert "is being written" in open_[9].read_only
    for journal in open_:
        await journal.close()


async def test_a_list_tells_who_has_it_open_whichever_chain_is_written(tmp_path: Path) -> None:
    async with await create(tmp_path) as one, await together(tmp_path) as two:
        await one.append(draft("one"))
        await one.close()
        assert list_incidents(tmp_path)[0].holder is not None
        await two.close()
        assert list_incidents(tmp_path)[0].holder is None


async def test_what_was_begun_here_is_not_removed_where_somebody_recorded_something(tmp_path: Path) -> None:
    async with await create(tmp_path) as one, await together(tmp_path) as two:
        await one.append(draft("one"))
        await two.discard()
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["one"]


async def test_what_is_free_again_is_gone_on_with(tmp_path: Path) -> None:
    async with await create(tmp_path):
        async with await together(tmp_path) as two:
            await two.append(draft("two"))
            known_by = two.chain
        async with await together(tmp_path) as two:
            assert (two.path_name, two.chain) == ("journal-2.jsonl", known_by)
    async with await together(tmp_path) as one:
        assert one.path_name == "journal.jsonl"


async def test_a_chain_is_known_by_its_first_entry(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        assert journal.chain == ""
        await journal.append(draft("first"), draft("second"))
        first = journal.chain
        await journal.append(draft("third"))
        assert journal.chain == first
    data = (folder_of(tmp_path) / "journal.jsonl").read_bytes()
    assert chain(data).identity.startswith(first)
    assert len(first) == 16


async def test_what_one_saw_comes_before_what_it_records_then(tmp_path: Path) -> None:
    ahead, behind = ManualClock(), ManualClock()
    await ahead.advance(300)
    async with await create(tmp_path) as one, await together(tmp_path, ahead) as two:
        (theirs,) = await two.append(draft("theirs"))
        (before,) = await one.append(draft("unseen"))
        one.saw(theirs.id)
        (after,) = await one.append(draft("seen"))
    assert before.id < theirs.id < after.id
    assert behind.now() == START


async def test_a_clock_that_is_far_ahead_is_not_followed(tmp_path: Path) -> None:
    far = EntryIds().next(START + timedelta(minutes=11))
    near = EntryIds().next(START + timedelta(minutes=9))
    async with await create(tmp_path) as journal:
        for one in (far, "7" + "z" * 25, "z" * 26, "", "../../etc/passwd"):
            journal.saw(one)
        (entry,) = await journal.append(draft())
        assert entry.id < near
        journal.saw(near)
        (entry,) = await journal.append(draft())
        assert near < entry.id < far


async def test_a_console_that_joins_is_an_incident_for_every_reader(tmp_path: Path) -> None:
    folder = begin(tmp_path, INCIDENT)
    assert begin(tmp_path, INCIDENT) == folder
    assert [one.incident.id for one in list_incidents(tmp_path)] == [INCIDENT]
    assert read(tmp_path, INCIDENT).entries == ()
    assert verify(tmp_path, INCIDENT).whole
    async with await together(tmp_path) as journal:
        await journal.append(draft("here"))
    assert verify(tmp_path, INCIDENT).whole


def test_one_copier_at_a_time(tmp_path: Path) -> None:
    one, other = CopierLock(tmp_path), CopierLock(tmp_path)
    assert one.try_take()
    assert one.try_take()
    assert not other.try_take()
    one.release()
    assert other.try_take()
    assert not one.try_take()
    (tmp_path / "sharing.lock").unlink()
    assert other.try_take(), "the file is another, and so is its lock"
    other.release()


def test_a_marker_is_read_back_and_rubbish_is_none(tmp_path: Path) -> None:
    assert read_marker(tmp_path) is None
    marker = Marker("leeward in prod-eu", "ada", START)
    write_marker(tmp_path, marker)
    assert read_marker(tmp_path) == marker
    for rubbish in (b"", b"{}", b"\xff", b"[" * 100_000):
        (tmp_path / "shared.json").write_bytes(rubbish)
        assert read_marker(tmp_path) is None


def test_what_two_consoles_change_of_a_marker_is_not_lost(tmp_path: Path) -> None:
    def counted(marker: Marker | None) -> Marker:
        return Marker("leeward in prod-eu", str(int(marker.name if marker else 0) + 1))

    def count(_: int) -> None:
        for _ in range(25):
            change_marker(tmp_path, counted)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    assert read_marker(tmp_path) == Marker("leeward in prod-eu", "100")
    before = (tmp_path / "shared.json").stat()
    assert change_marker(tmp_path, lambda marker: marker) == read_marker(tmp_path)
    assert (tmp_path / "shared.json").stat() == before, "what says the same is not written"


async def test_who_follows_can_be_woken(tmp_path: Path) -> None:
    clock, wake = ManualClock(), asyncio.Event()
    async with await create(tmp_path) as journal:
        news = follow(tmp_path, INCIDENT, clock, wake=wake)
        await journal.append(draft("one"))
        assert [entry.text for entry in await anext(news)] == ["one"]
        waiting = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        await journal.append(draft("two"))
        wake.set()
        assert [entry.text for entry in await waiting] == ["two"], "without the clock going on"
        await news.aclose()


async def test_a_chain_of_its_own_that_cannot_be_written_leaves_a_reader_that_says_why(
    tmp_path: Path,
) -> None:
    async with await create(tmp_path) as one:
        await one.append(draft("one"))
        (folder_of(tmp_path) / "journal-2.jsonl").write_text('{"leeward":2}\n')
        async with await together(tmp_path) as two:
            assert "format 2" in two.read_only
            assert [entry.text for entry in two.found.entries] == ["one"]


async def test_what_is_joined_and_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "incidents").write_text("in the way")
    with pytest.raises(JournalError, match="incidents"):
        begin(tmp_path, INCIDENT)
    with pytest.raises(NoSuchIncident):
        begin(tmp_path, "../../etc")
