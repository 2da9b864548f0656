"""A full disk, a read-only one and a lost lock: said in words, and nothing acknowledged is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.notify.messages import message
from tests.record.helpers import INCIDENT, create, draft, journal_file, reopen, with_entries
from tests.support.clock import ManualClock
from tests.support.commands import leeward
from tests.support.disks import Disk, disk
from tui.model.erasing import redaction
from tui.model.incident import Entry
from tui.model.redaction import Redactor
from tui.notify.outbox import Outbox
from tui.record.errors import JournalError
from tui.record.folder import incidents_folder
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.verification import verify

FULL = "the disk is full"
LONG = "x" * 9000  # more than what is left of a page that is allocated


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "small") as made:
        yield made


async def test_a_full_disk_refuses_and_takes_what_comes_once_there_is_space(small: Disk) -> None:
    async with await create(small.path) as journal:
        known = [*await journal.append(draft("before"))]
        for _ in range(3):
            small.fill(left=4096)
            known += await fill(journal)
            with pytest.raises(JournalError, match=FULL):
                await journal.append(draft(LONG), draft("and all of its batch"))
            assert verify(small.path, INCIDENT).whole
            small.free()
            known += await journal.append(draft("after"))
    assert read(small.path, INCIDENT).entries == tuple(known)
    assert verify(small.path, INCIDENT).whole


async def fill(journal: Journal) -> list[Entry]:
    """Entries until the disk refuses one."""
    written: list[Entry] = []
    while True:
        try:
            written += await journal.append(draft("y" * 500))
        except JournalError as error:
            assert FULL in str(error)
            return written


async def test_a_redaction_on_a_full_disk_changes_nothing(small: Disk) -> None:
    async with await create(small.path) as journal:
        (entry,) = await journal.append(draft(LONG))
        small.fill()
        before = journal_file(small.path).read_bytes()
        told = redaction(entry, (entry,), "a name", "ana", ManualClock().now())
        with pytest.raises(JournalError, match=FULL):
            await journal.redact(told)
        assert journal_file(small.path).read_bytes() == before
        assert not list(journal_file(small.path).parent.glob(".*.new"))
        small.free()
        await journal.redact(told)
    report = verify(small.path, INCIDENT)
    assert (report.whole, report.redacted) == (True, 1)


async def test_a_new_incident_on_a_full_disk_is_refused_in_words_and_can_be_opened_after(small: Disk) -> None:
    incidents_folder(small.path).mkdir()
    small.fill()
    with pytest.raises(JournalError, match=FULL):
        await create(small.path)
    small.free()
    async with (
        await reopen(small.path) if journal_file(small.path).exists() else await create(small.path) as it
    ):
        await it.append(draft("after"))
    assert verify(small.path, INCIDENT).whole


async def test_the_outbox_keeps_its_messages_on_a_full_disk(small: Disk) -> None:
    await with_entries(small.path, 1)
    outbox = Outbox.open(journal_file(small.path).parent, ManualClock().now(), Redactor())
    outbox.put(message(id="m1"))
    small.fill()
    with pytest.raises(JournalError, match=FULL):
        outbox.put(message(id="m2", text=LONG))
    assert [one.id for one in outbox.messages] == ["m1"]
    small.free()
    outbox.put(message(id="m3"))
    outbox.close()
    again = Outbox.open(journal_file(small.path).parent, ManualClock().now(), Redactor())
    assert [one.id for one in again.messages] == ["m1", "m3"]
    again.close()


async def test_every_command_says_that_the_disk_is_full(small: Disk) -> None:
    await with_entries(state := small.path / "leeward", 3)
    small.fill()
    before = journal_file(state).read_bytes()
    for arguments in (
        ("note", INCIDENT, LONG),
        ("postmortem", INCIDENT, "--output", str(small.path / "p.md")),
        ("export", INCIDENT, str(small.path / "inc.leeward")),
    ):
        done = leeward(*arguments, state=small.path)
        assert done.returncode, (arguments, done.stdout, done.stderr)
        assert "full" in done.stderr or "No space left" in done.stderr
        assert str(small.path) in done.stderr
        assert "Traceback" not in done.stderr
    assert journal_file(state).read_bytes() == before
    small.free()
    assert leeward("note", INCIDENT, "after", state=small.path).returncode == 0
    assert leeward("verify", INCIDENT, state=small.path).returncode == 0
    assert read(state, INCIDENT).entries[-1].text == "after"


async def test_a_read_only_folder_is_read_and_every_command_that_writes_says_so(small: Disk) -> None:
    await with_entries(state := small.path / "leeward", 3)
    small.read_only()
    journal = await reopen(state)
    assert "the file system is read-only" in journal.read_only
    assert len(journal.found.entries) == 3
    with pytest.raises(JournalError, match="Set XDG_STATE_HOME to a folder that can be written"):
        await journal.append(draft("no"))
    await journal.close()
    for arguments in (("show", INCIDENT), ("incidents",), ("verify", INCIDENT), ("postmortem", INCIDENT)):
        done = leeward(*arguments, state=small.path)
        assert (done.returncode, done.stderr) == (0, "") or arguments[0] == "postmortem", done.stderr
        assert "Traceback" not in done.stderr
    refused = leeward("note", INCIDENT, "no", state=small.path)
    assert refused.returncode == 1
    assert "the file system is read-only" in refused.stderr
    small.read_only(False)
    assert leeward("note", INCIDENT, "yes", state=small.path).returncode == 0


@pytest.mark.parametrize("how", ["removed", "replaced", "taken"])
async def test_a_lost_lock_stops_the_writing_and_no_line_of_anybody_is_lost(tmp_path: Path, how: str) -> None:
    first = await create(tmp_path)
    (mine,) = await first.append(draft("mine"))
    lock = journal_file(tmp_path).with_suffix(".lock")
    lock.unlink()
    if how == "replaced":
        lock.write_text("")
    theirs: list[Entry] = []
    if how == "taken":
        async with await reopen(tmp_path) as second:
            theirs += await second.append(draft("theirs"))
            with pytest.raises(JournalError, match=r"journal\.lock is lost: another process may write there"):
                await first.append(draft("not mine"))
    with pytest.raises(JournalError, match="resume it"):
        await first.append(draft("not mine"))
    await first.close()
    async with await reopen(tmp_path) as again:
        last = await again.append(draft("last"))
    assert read(tmp_path, INCIDENT).entries == (mine, *theirs, *last)
    assert verify(tmp_path, INCIDENT).whole


async def test_what_something_else_wrote_at_the_end_is_not_cut_off(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft("one"))
        with journal_file(tmp_path).open("ab") as file:
            file.write(b'{"something":"else"}\n')
        with pytest.raises(JournalError, match="was written to by something else"):
            await journal.append(replace(draft("two")))
    assert journal_file(tmp_path).read_bytes().endswith(b'{"something":"else"}\n')
    async with await reopen(tmp_path) as again:
        await again.append(draft("goes on"))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["one", "goes on"]
