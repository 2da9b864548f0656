"""A file that took another's place is told from one that grew, whatever its number is."""

import os
from pathlib import Path

import pytest

from tests.record.helpers import INCIDENT, create, draft, journal_file
from tui.model.clock import SystemClock
from tui.model.erasing import redaction
from tui.record.errors import JournalError
from tui.record.folder import incident_folder
from tui.record.growing import TAIL, goes_on, tail_of
from tui.record.outgoing import Outgoing


def test_a_file_that_grew_goes_on_and_one_that_was_changed_before_does_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\n")
    tail = tail_of(b"", path.read_bytes())
    path.write_bytes(b"one\ntwo\nthree\n")
    with path.open("rb") as file:
        assert goes_on(file, 8, tail)
        assert file.read() == b"three\n"
    path.write_bytes(b"1\ntwo\nthree\nfour\n")
    with path.open("rb") as file:
        assert not goes_on(file, 8, tail)
    assert tail_of(b"a" * TAIL, b"bc") == b"a" * (TAIL - 2) + b"bc"


async def test_two_redactions_between_two_looks_lose_nothing(tmp_path: Path) -> None:
    """The second new file may have the number of the one that was there before the first."""
    for _ in range(20):
        state_dir = tmp_path / os.urandom(4).hex()
        async with await create(state_dir) as journal:
            one, other = await journal.append(draft("first"), draft("second"))
            outgoing = Outgoing(incident_folder(state_dir, INCIDENT), INCIDENT)
            assert [line.text for line in outgoing.look()] == ["first", "second"]
            told = [
                await journal.redact(redaction(entry, (one, other), "a name", "ana", SystemClock().now()))
                for entry in (one, other)
            ]
            await journal.append(draft("third"))
            seen = {line.entry: line for line in outgoing.look()}
            assert {entry.id for entry in told} <= seen.keys()
            assert "third" in [line.text for line in seen.values()]
            assert seen[one.id].text == seen[other.id].text == "(redacted)"
        assert journal_file(state_dir).exists()


async def test_a_line_whose_writer_was_killed_before_the_head_is_told_once_nobody_writes(
    tmp_path: Path,
) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft("first"))
        head = journal_file(tmp_path).with_suffix(".head")
        lags = head.read_bytes()
        await journal.append(draft("second"))
        head.write_bytes(lags)
        outgoing = Outgoing(incident_folder(tmp_path, INCIDENT), INCIDENT)
        assert [line.text for line in outgoing.look()] == ["first"]
    head.write_bytes(lags)
    assert [line.text for line in outgoing.look()] == ["second"]


async def test_where_one_journal_cannot_be_read_the_lines_of_the_others_come_with_the_next_look(
    tmp_path: Path,
) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft("first"), draft("second"))
        folder = incident_folder(tmp_path, INCIDENT)
        outgoing = Outgoing(folder, INCIDENT)
        broken = folder / "journal-2.jsonl"
        broken.mkdir()
        with pytest.raises(JournalError):
            outgoing.look()
        await journal.append(draft("third"))
        broken.rmdir()
        assert [line.text for line in outgoing.look()] == ["first", "second", "third"]
        assert outgoing.look() == ()
