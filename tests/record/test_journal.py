"""The journal keeps what it acknowledged, alone writes, and says in words what it cannot do."""

import asyncio
import os
import resource
import shutil
import stat
from pathlib import Path

import pytest

from tests.record.helpers import INCIDENT, create, draft, journal_file, reopen, with_entries
from tests.support.clock import ManualClock
from tui.model.incident import Kind
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.record.errors import HeldByAnother, JournalError, NoSuchIncident
from tui.record.following import follow
from tui.record.journal import Journal
from tui.record.reading import list_incidents, read
from tui.record.verification import verify


async def test_an_acknowledged_entry_is_read_back_as_it_was_returned(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        entries = await journal.append(
            draft("first", Kind.DECLARED, title="t", nested={"a": [1, 2.5, None, True]}), draft("second")
        )
    assert read(tmp_path, INCIDENT).entries == entries
    assert [entry.text for entry in entries] == ["first", "second"]


async def test_folders_and_files_are_for_us_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        await with_entries(tmp_path / "state" / "leeward", 1)
    finally:
        os.umask(old)
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_an_id_is_given_once(tmp_path: Path) -> None:
    await with_entries(tmp_path, 1)
    with pytest.raises(JournalError, match="make the folder"):
        await create(tmp_path)
    assert len(read(tmp_path, INCIDENT).entries) == 1


@pytest.mark.parametrize("bad", ["", ".", "..", "../x", "a/b", "INC-1", "inc 1", "a\n", "-a", "a" * 65, "é"])
async def test_what_is_no_id_touches_no_file(tmp_path: Path, bad: str) -> None:
    for call in (Journal.create, Journal.open):
        with pytest.raises(NoSuchIncident, match="is no incident id"):
            await call(tmp_path, bad, ManualClock(), Redactor())
    assert not (tmp_path / "incidents").exists()


async def test_secrets_are_taken_out_before_the_disk(tmp_path: Path) -> None:
    key = "kJ3vXq8LmN2pR5tW7yZ1aB4cD6eF9gH0"
    async with await create(tmp_path, Redactor([Secret(key)])) as journal:
        (entry,) = await journal.append(draft(f"tried {key}", header=f"Bearer {key}", deep=[{"k": key}]))
    assert key.encode() not in journal_file(tmp_path).read_bytes()
    assert entry.text == "tried ***"
    assert entry.data["deep"] == [{"k": "***"}]


async def test_appends_at_once_share_a_sync_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = 0
    sync = os.fsync

    def counted(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        sync(descriptor)

    async with await create(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", counted)
        batches = await asyncio.gather(*(journal.append(draft(str(n))) for n in range(200)))
        monkeypatch.undo()
    assert syncs <= 3
    assert [batch[0].text for batch in batches] == [str(n) for n in range(200)]
    assert read(tmp_path, INCIDENT).entries == tuple(batch[0] for batch in batches)
    assert verify(tmp_path, INCIDENT).whole


async def test_the_entry_is_synced_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    sync = os.fsync

    def looking(descriptor: int) -> None:
        seen.append(journal_file(tmp_path).read_bytes())
        sync(descriptor)

    async with await create(tmp_path) as journal:
        monkeypatch.setattr(os, "fsync", looking)
        (entry,) = await journal.append(draft())
        assert entry.id.encode() in seen[-1]
        monkeypatch.undo()


async def test_one_writes_and_others_read_and_are_told_who(tmp_path: Path) -> None:
    async with await create(tmp_path) as writer:
        await writer.append(draft("one"))
        reader = await reopen(tmp_path)
        assert f"process {os.getpid()} on" in reader.read_only
        assert [entry.text for entry in reader.found.entries] == ["one"]
        with pytest.raises(HeldByAnother, match="is being written by"):
            await reader.append(draft("two"))
        await reader.close()
        (listed,) = list_incidents(tmp_path)
        assert listed.holder is not None
        assert listed.holder.pid == os.getpid()
    async with await reopen(tmp_path) as next_writer:
        assert next_writer.read_only == ""
        await next_writer.append(draft("three"))
    (listed,) = list_incidents(tmp_path)
    assert listed.holder is None
    assert verify(tmp_path, INCIDENT).whole


async def test_a_note_while_a_console_is_open_goes_beside_and_is_seen(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.create(tmp_path, INCIDENT, clock, Redactor()) as console:
        await console.append(draft("one"))
        others = follow(tmp_path, INCIDENT, clock, without="journal.jsonl")
        waiting = asyncio.ensure_future(anext(others))
        await asyncio.sleep(0.02)
        async with await Journal.beside(tmp_path, INCIDENT, clock, Redactor()) as beside:
            noted = await beside.append(draft("from another terminal"))
        while not waiting.done():
            await clock.advance(0.5)
            await asyncio.sleep(0.01)
        assert await waiting == noted
        await others.aclose()
        await console.append(draft("two"))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == [
        "one",
        "from another terminal",
        "two",
    ]
    assert verify(tmp_path, INCIDENT).whole
    async with await reopen(tmp_path) as again:
        assert len(again.found.entries) == 3


async def test_a_full_disk_records_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """The limit on a file's size fails a write in its middle, as a full disk does."""
    async with await create(tmp_path) as journal:
        await journal.append(draft("before"))
        before = journal_file(tmp_path).read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
        try:
            with pytest.raises(
                JournalError, match=r"Cannot write to .*journal\.jsonl: the file may not grow"
            ):
                await journal.append(draft("too much"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert journal_file(tmp_path).read_bytes() == before
        await journal.append(draft("after"))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["before", "after"]
    assert verify(tmp_path, INCIDENT).whole


async def test_a_sync_that_fails_is_not_acknowledged_and_the_next_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async with await create(tmp_path) as journal:
        await journal.append(draft("before"))
        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(JournalError, match="the disk reports an error"):
            await journal.append(draft("lost"))
        monkeypatch.undo()
        await journal.append(draft("after"))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["before", "after"]
    assert verify(tmp_path, INCIDENT).whole


async def test_a_folder_that_is_gone_is_said_and_never_written_into_the_void(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft())
        shutil.rmtree(tmp_path / "incidents")
        with pytest.raises(JournalError, match="the folder is gone"):
            await journal.append(draft())


async def test_a_journal_that_was_cut_or_replaced_under_us_takes_no_more(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft())
        path = journal_file(tmp_path)
        whole = path.read_bytes()
        os.truncate(path, len(whole) - 10)
        with pytest.raises(JournalError, match="was cut: 10 bytes"):
            await journal.append(draft())
        path.rename(path.with_name("old"))
        path.write_bytes(whole)
        with pytest.raises(JournalError, match="was replaced"):
            await journal.append(draft())


async def test_a_state_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="no folder"):
        await create(tmp_path / "file")


@pytest.mark.skipif(os.getuid() == 0, reason="permissions do not bind root")
async def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    await with_entries(tmp_path, 1)
    folder = journal_file(tmp_path).parent
    for path in folder.iterdir():
        path.chmod(0o400)
    folder.chmod(0o500)
    try:
        journal = await reopen(tmp_path)
        assert "permission denied" in journal.read_only
        assert len(journal.found.entries) == 1
        await journal.close()
    finally:
        folder.chmod(0o700)


async def test_what_is_no_json_fails_alone(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        results = await asyncio.gather(
            journal.append(draft("good")),
            journal.append(draft("bad", thing=object())),
            journal.append(draft("odd \udcff bytes", path="x\udcff")),
            return_exceptions=True,
        )
        assert isinstance(results[1], JournalError)
    entries = read(tmp_path, INCIDENT).entries
    assert [entry.text for entry in entries] == ["good", "odd \ufffd bytes"]
    assert entries[1].data == {"path": "x?"}


async def test_a_caller_that_leaves_takes_nobody_with_it(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        first = asyncio.create_task(journal.append(draft("left")))
        second = asyncio.create_task(journal.append(draft("stayed")))
        await asyncio.sleep(0)
        first.cancel()
        (entry,) = await second
        assert entry.text == "stayed"
    assert "stayed" in [entry.text for entry in read(tmp_path, INCIDENT).entries]
    assert verify(tmp_path, INCIDENT).whole


async def test_closing_finishes_what_is_being_written(tmp_path: Path) -> None:
    journal = await create(tmp_path)
    task = asyncio.create_task(journal.append(draft("last words")))
    await asyncio.sleep(0)
    await journal.close()
    await task
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["last words"]
    with pytest.raises(JournalError, match="closed"):
        await journal.append(draft())


async def test_a_torn_last_line_is_set_aside_and_told(tmp_path: Path) -> None:
    await with_entries(tmp_path, 3)
    path = journal_file(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"envelope":{"prev":"12')
    assert any("torn" in problem for problem in read(tmp_path, INCIDENT).problems)
    async with await reopen(tmp_path) as journal:
        assert len(journal.found.entries) == 3
        assert journal.problems == (
            "The last line was torn (23 bytes); it is set aside in journal.jsonl.torn-1.",
        )
        await journal.append(draft("goes on"))
    assert path.with_name("journal.jsonl.torn-1").read_bytes() == b'{"envelope":{"prev":"12'
    report = verify(tmp_path, INCIDENT)
    assert report.whole
    assert report.entries == 4
    assert any("torn-1" in note for note in report.notes)


async def test_a_crash_before_the_header_leaves_an_incident_that_can_be_opened(tmp_path: Path) -> None:
    await with_entries(tmp_path, 0)
    journal_file(tmp_path).write_bytes(b'{"leew')
    journal_file(tmp_path).with_suffix(".head").unlink()
    async with await reopen(tmp_path) as journal:
        await journal.append(draft("first"))
    assert verify(tmp_path, INCIDENT).whole


async def test_a_damaged_last_line_is_named_and_recording_goes_on(tmp_path: Path) -> None:
    await with_entries(tmp_path, 3)
    path = journal_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[-3] = 0
    path.write_bytes(data)
    async with await reopen(tmp_path) as journal:
        assert any("line 4" in problem for problem in journal.problems)
        await journal.append(draft("goes on"))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["note 0", "note 1", "goes on"]
    assert not verify(tmp_path, INCIDENT).whole


async def test_lines_that_were_lost_stay_known_after_writing_on(tmp_path: Path) -> None:
    await with_entries(tmp_path, 3)
    path = journal_file(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    async with await reopen(tmp_path) as journal:
        assert any("acknowledged up to line 4" in problem for problem in journal.problems)
        await journal.append(draft("goes on"), draft("and on"))
    report = verify(tmp_path, INCIDENT)
    assert any("had been acknowledged were missing" in problem for problem in report.problems)


async def test_a_journal_of_a_later_format_is_not_written_to(tmp_path: Path) -> None:
    await with_entries(tmp_path, 1)
    path = journal_file(tmp_path)
    later = path.read_bytes().replace(b'{"leeward":1,', b'{"leeward":2,')
    path.write_bytes(later)
    journal = await reopen(tmp_path)
    assert "format 2" in journal.read_only
    await journal.close()
    assert path.read_bytes() == later


async def test_ids_rise_although_the_clock_is_set_back(tmp_path: Path) -> None:
    clock = ManualClock()
    async with await Journal.create(tmp_path, INCIDENT, clock, Redactor()) as journal:
        first = await journal.append(draft("1"), draft("2"))
    late = ManualClock(clock.now().replace(hour=3))
    async with await Journal.open(tmp_path, INCIDENT, late, Redactor()) as journal:
        second = await journal.append(draft("3"))
    ids = [entry.id for entry in (*first, *second)]
    assert ids == sorted(set(ids))
    assert [entry.text for entry in read(tmp_path, INCIDENT).entries] == ["1", "2", "3"]
