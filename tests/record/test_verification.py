"""A journal that is not as it was written is found out, and the place is named."""

import asyncio
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.helpers import INCIDENT, create, draft, journal_file, with_entries
from tests.support.clock import ManualClock
from tui.model.erasing import redaction
from tui.model.redaction import Redactor
from tui.record.adding import add
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.verification import Report, verify

LINES = 7


def _written() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(with_entries(Path(folder), LINES - 1))
        return {path.name: path.read_bytes() for path in journal_file(Path(folder)).parent.iterdir()}


FILES = _written()
WHOLE = FILES["journal.jsonl"]


def checked(journal: bytes, name: str = "journal.jsonl", files: Mapping[str, bytes] = FILES) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        path = journal_file(Path(folder))
        path.parent.mkdir(parents=True)
        for beside, data in files.items():
            path.with_name(beside).write_bytes(data)
        path.with_name(name).write_bytes(journal)
        return verify(Path(folder), INCIDENT)


def named(report: Report) -> set[int]:
    return {int(number) for problem in report.problems for number in re.findall(r"line (\d+)", problem)}


def test_notes_that_were_begun_and_never_written_break_nothing(tmp_path: Path) -> None:
    asyncio.run(with_entries(tmp_path, 1))
    notes = journal_file(tmp_path).with_name("journal-notes.jsonl")
    notes.touch()
    report = verify(tmp_path, INCIDENT)
    assert report.whole
    assert "journal-notes.jsonl was begun, and nothing was ever acknowledged in it" in report.notes
    # One that had been acknowledged leaves its head.
    notes.with_suffix(".head").write_bytes(FILES["journal.head"])
    assert not verify(tmp_path, INCIDENT).whole


def test_what_was_written_is_whole() -> None:
    assert checked(WHOLE) == Report(entries=LINES - 1)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=400)
def test_a_flipped_byte_is_found_in_its_line(place: int, flip: int) -> None:
    broken = bytearray(WHOLE)
    broken[place] ^= flip
    report = checked(bytes(broken))
    line = WHOLE.count(b"\n", 0, place) + 1
    assert not report.whole
    if broken.count(b"\n") == LINES:
        # A change of what is hashed shows at the next line, which names this one.
        assert line in named(report)


def test_each_single_line_that_is_removed_is_found() -> None:
    lines = WHOLE.splitlines(keepends=True)
    for gone in range(LINES):
        report = checked(b"".join(lines[:gone] + lines[gone + 1 :]))
        assert not report.whole
        if 0 < gone < LINES - 1:
            assert gone + 1 in named(report)
        elif gone == LINES - 1:
            assert report.problems == ("journal.jsonl: 1 acknowledged lines are missing at the end",)


@given(st.integers(1, LINES - 1), st.integers(1, LINES - 1))
def test_a_swapped_pair_is_found(one: int, other: int) -> None:
    lines = WHOLE.splitlines(keepends=True)
    lines[one], lines[other] = lines[other], lines[one]
    report = checked(b"".join(lines))
    assert report.whole == (one == other)
    if one != other:
        assert {one + 1, other + 1} & named(report)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_was_cut_is_found(length: int) -> None:
    report = checked(WHOLE[:length])
    assert not report.whole
    missing = LINES - WHOLE[:length].count(b"\n")
    assert any(f"{missing} acknowledged lines are missing" in p for p in report.problems)


def _with_stone_and_notes() -> dict[str, bytes]:
    """A journal with a redacted entry, and the notes beside it."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_write_all_kinds(Path(folder)))
        return {path.name: path.read_bytes() for path in journal_file(Path(folder)).parent.iterdir()}


async def _write_all_kinds(folder: Path) -> None:
    async with await create(folder) as journal:
        (entry, *_) = await journal.append(draft("private"), draft("two → \u202e", n=[1, None, 2.5]))
        await add(folder, INCIDENT, draft("from a script"), ManualClock(), Redactor())
        await add(folder, INCIDENT, draft("and another"), ManualClock(), Redactor())
        await journal.redact(redaction(entry, (entry,), "a name", "ana", ManualClock().now()))
        await journal.append(draft("after"))


KINDS = _with_stone_and_notes()


@given(st.sampled_from(["journal.jsonl", "journal-notes.jsonl"]), st.data())
@settings(max_examples=600)
def test_any_single_mutation_is_found_and_its_journal_named(name: str, data: st.DataObject) -> None:
    """Bytes that are changed, cut out, put in or repeated, anywhere but behind the last line."""
    whole = KINDS[name]
    start = data.draw(st.integers(0, len(whole) - 1), "start")
    end = data.draw(st.integers(start, min(start + 400, len(whole))), "end")
    fresh = data.draw(st.binary(max_size=40) | st.just(whole[start:end] * 2), "fresh")
    broken = whole[:start] + fresh + whole[end:]
    if broken == whole:
        return
    report = checked(broken, name, KINDS)
    # What begins as the whole file does, and goes on with no whole line, is only being written.
    if broken.startswith(whole) and b"\n" not in broken[len(whole) :]:
        assert report.notes
        return
    assert any(problem.startswith(name) for problem in report.problems), report


def test_a_line_that_was_put_in_twice_is_found() -> None:
    lines = WHOLE.splitlines(keepends=True)
    assert any("twice" in problem for problem in checked(b"".join([*lines, lines[-1]])).problems)


def test_the_journal_of_another_incident_is_found() -> None:
    report = checked(WHOLE.replace(INCIDENT.encode(), b"inc-20261123-1503-ffff"))
    assert any("inc-20261123-1503-ffff" in problem for problem in report.problems)


def test_a_redaction_of_text_data_and_salt_leaves_the_chain_whole(tmp_path: Path) -> None:
    redacted, count = re.subn(
        rb'"salt":"[0-9a-f]{32}","body":\{"text":"note 2".*\}\n', b'"salt":null,"body":null}\n', WHOLE
    )
    assert count == 1
    report = checked(redacted)
    assert (report.entries, report.redacted, report.problems) == (LINES - 1, 1, ())
    assert [note for note in report.notes if "line 4" in note and "no entry says by whom" in note]
    asyncio.run(with_entries(tmp_path, 1))
    journal_file(tmp_path).write_bytes(redacted)
    entries = read(tmp_path, INCIDENT).entries
    assert [entry.text for entry in entries][1:4] == ["note 1", "(redacted)", "note 3"]
    assert entries[2].data == {}


def test_the_salt_hides_what_a_short_text_was() -> None:
    """Two entries of the same content have different digests."""
    digests = re.findall(rb'"digest":"([0-9a-f]{64})"', WHOLE)
    assert len(set(digests)) == LINES - 1


def test_a_console_that_writes_meanwhile_breaks_nothing(tmp_path: Path) -> None:
    async def checking() -> list[Report]:
        reports: list[Report] = []
        async with await create(tmp_path) as journal:
            writing = asyncio.create_task(_write_on(journal))
            while not writing.done():
                reports.append(await asyncio.to_thread(verify, tmp_path, INCIDENT))
            await writing
        return reports

    reports = asyncio.run(checking())
    assert reports
    assert [problem for report in reports for problem in report.problems] == []


async def _write_on(journal: Journal) -> None:
    for number in range(150):
        await journal.append(draft(str(number)))


def test_without_its_head_the_end_cannot_be_vouched_for(tmp_path: Path) -> None:
    asyncio.run(with_entries(tmp_path, 2))
    journal_file(tmp_path).with_suffix(".head").unlink()
    report = verify(tmp_path, INCIDENT)
    assert report.whole
    assert any("would not show" in note for note in report.notes)


@pytest.mark.parametrize("rubbish", [b"", b"\n\n\n", b"\x00" * 100, b"[]\n{}\nnull\n", b"\xff\xfe\n" * 5])
def test_rubbish_is_a_report_and_no_crash(rubbish: bytes) -> None:
    assert not checked(rubbish).whole
