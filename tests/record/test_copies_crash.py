"""Cut off at any call while it takes in: what was acknowledged stands, and the rest comes again."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.record.copies import folder_of, shared, take, texts, together
from tests.record.helpers import INCIDENT, draft, with_entries
from tests.record.test_union import Killed, dying
from tests.support.disks import disk
from tui.record import copied
from tui.record.head import head_file, read_head
from tui.record.incoming import Incoming
from tui.record.reading import read
from tui.record.shared import begin
from tui.record.verification import verify


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "a", tmp_path / "b"


def copy_in(state: Path) -> Path:
    (copy,) = (path for path in folder_of(state).glob("journal-*.jsonl"))
    return copy


@pytest.mark.parametrize("calls", range(15))
async def test_killed_at_any_call(machines: tuple[Path, Path], calls: int) -> None:
    here, there = machines
    await with_entries(here, 6)
    lines = shared(here)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    told = set()
    try:
        with dying(calls):
            for some in (lines[:3], lines[3:5], lines[5:]):
                told |= {entry.id for entry in incoming.take(some).entries}
                incoming.settle()
    except Killed:
        assert calls < 14
    assert told <= {entry.id for entry in read(there, INCIDENT).entries}
    assert verify(there, INCIDENT).problems == (), "its head is never ahead"
    again = take(there, lines)
    assert (again.waiting, again.problems) == (0, ())
    assert texts(there) == texts(here)
    assert verify(there, INCIDENT).notes == ()


@pytest.mark.parametrize("lost", ["some of a line", "a line", "all", "a hole", "a hole in between"])
async def test_what_the_power_took_before_it_was_settled_comes_again(
    machines: tuple[Path, Path], lost: str
) -> None:
    here, there = machines
    await with_entries(here, 9)
    lines = shared(here)
    take(there, lines[:4])
    copy = copy_in(there)
    settled = copy.read_bytes()
    incoming = Incoming(folder_of(there), INCIDENT)
    assert len(incoming.take(lines[4:]).entries) == 5
    whole = copy.read_bytes()
    head = read_head(copy)
    assert head is not None
    assert head.lines == 5, "it tells what is on disk"
    last, second = whole.rstrip(b"\n").rfind(b"\n") + 1, whole.find(b"\n", len(settled)) + 1
    left = {
        "some of a line": whole[: last + 30],
        "a line": whole[:last],
        "all": settled,
        "a hole": whole[:last] + bytes(len(whole) - last),
        "a hole in between": whole[: second + 9] + bytes(200) + whole[second + 209 :],
    }[lost]
    copy.write_bytes(left)
    assert take(there, lines).problems == ()
    assert copy.read_bytes() == whole
    report = verify(there, INCIDENT)
    assert (report.problems, report.notes) == ((), ())


async def test_what_was_acknowledged_is_not_cut_for_a_hole(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 5)
    take(there, shared(here))
    copy = copy_in(there)
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-300] + bytes(20) + whole[-280:])
    take(there, ())
    assert copy.stat().st_size == len(whole)
    assert verify(there, INCIDENT).problems


async def test_a_sync_that_fails_is_told_and_what_it_left_is_written_again(
    machines: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    await with_entries(here, 6)
    lines = shared(here)
    take(there, lines[:2])
    incoming = Incoming(folder_of(there), INCIDENT)
    incoming.take(lines[2:])
    written = []

    def refused(_: int) -> None:
        raise OSError(errno.EIO, "it is broken")

    def noted(descriptor: int, data: bytes, offset: int) -> int:
        written.append((bytes(data), offset))
        return os.pwrite(descriptor, data, offset)

    monkeypatch.setattr(copied, "os", SimpleNamespace(**{**vars(os), "fsync": refused}))
    assert "the disk reports an error" in incoming.settle()[0]
    head = read_head(copy_in(there))
    assert head is not None
    assert head.lines == 3
    monkeypatch.setattr(copied, "os", SimpleNamespace(**{**vars(os), "pwrite": noted}))
    assert incoming.settle() == ()
    offset = written[0][1]
    assert written == [(copy_in(there).read_bytes()[offset:], offset)]
    head = read_head(copy_in(there))
    assert head is not None
    assert head.lines == 7
    assert incoming.settle() == ()
    assert len(written) == 1


@pytest.mark.parametrize("left", [1, 40, -1])
async def test_a_torn_end_of_a_copy_is_cut_and_comes_again(machines: tuple[Path, Path], left: int) -> None:
    here, there = machines
    await with_entries(here, 3)
    take(there, shared(here))
    copy = copy_in(there)
    whole = copy.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    copy.write_bytes(whole + last[:left])
    assert "torn" in verify(there, INCIDENT).notes[0]
    assert take(there, ()).problems == ()
    assert copy.read_bytes() == whole
    assert verify(there, INCIDENT).notes == ()


async def test_acknowledged_lines_that_are_gone_are_told_until_they_are_back(
    machines: tuple[Path, Path],
) -> None:
    here, there = machines
    await with_entries(here, 5)
    lines = shared(here)
    take(there, lines)
    copy = copy_in(there)
    whole = copy.read_bytes()
    copy.write_bytes(b"".join(whole.splitlines(keepends=True)[:-3]))
    assert "3 acknowledged lines are missing" in verify(there, INCIDENT).problems[0]
    take(there, lines[:3])
    assert "2 acknowledged lines are missing" in verify(there, INCIDENT).problems[0]
    take(there, lines)
    assert copy.read_bytes() == whole
    assert verify(there, INCIDENT).problems == ()
    copy.write_bytes(whole.splitlines(keepends=True)[0])
    assert "5 acknowledged lines are missing" in verify(there, INCIDENT).problems[0]
    take(there, reversed(lines))
    assert copy.read_bytes() == whole
    assert verify(there, INCIDENT).problems == ()


async def test_a_head_that_lags_or_is_gone_is_written_with_the_next_line(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 2)
    lines = shared(here)
    take(there, lines[:1])
    head_file(copy_in(there)).unlink()
    take(there, lines)
    head = read_head(copy_in(there))
    assert head is not None
    assert head.lines == 3
    assert verify(there, INCIDENT).notes == ()


async def test_a_full_disk_keeps_what_came_waiting(machines: tuple[Path, Path], tmp_path: Path) -> None:
    here, _ = machines
    await with_entries(here, 1)
    async with await together(here) as journal:
        await journal.append(*(draft("x" * 3000) for _ in range(30)))
    lines = shared(here)
    with disk(tmp_path / "small") as small:
        incoming = Incoming(begin(small.path, INCIDENT), INCIDENT)
        incoming.take(lines[:2])
        small.fill(left=8192)
        taken = incoming.take(lines)
        assert "the disk is full" in taken.problems[0]
        assert taken.waiting == 29
        assert incoming.known.keys() == {line.entry for line in lines[:2]}
        assert verify(small.path, INCIDENT).problems == ()
        small.free()
        taken = incoming.take(())
        assert (len(taken.entries), taken.waiting, taken.problems) == (29, 0, ())
        assert texts(small.path) == texts(here)
        assert verify(small.path, INCIDENT).problems == ()


async def test_a_new_chain_on_a_full_disk_waits_too(machines: tuple[Path, Path], tmp_path: Path) -> None:
    here, _ = machines
    async with await together(here) as journal:
        await journal.append(*(draft("x" * 3000) for _ in range(30)))
    lines = shared(here)
    with disk(tmp_path / "small") as small:
        incoming = Incoming(begin(small.path, INCIDENT), INCIDENT)
        small.fill(left=8192)
        assert incoming.take(lines).waiting == 30
        assert [path.name for path in folder_of(small.path).glob("journal-*")] == []
        small.free()
        assert len(incoming.take(()).entries) == 30
        assert verify(small.path, INCIDENT).problems == ()


async def test_a_folder_that_is_gone_is_told_and_waited_for(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 2)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    folder_of(there).rename(there / "away")
    taken = incoming.take(shared(here))
    assert (taken.entries, taken.waiting) == ((), 2)
    assert "the folder is gone" in taken.problems[0]
    (there / "away").rename(folder_of(there))
    assert len(incoming.take(()).entries) == 2
