"""Redaction: the content is gone from the disk, the chain is whole, and who, when and why is told."""

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.helpers import INCIDENT, create, draft, journal_file, reopen, with_entries
from tests.support.clock import ManualClock
from tests.support.nursery import Nursery, nursery
from tui.model.amending import amended, redacts
from tui.model.erasing import redaction
from tui.model.incident import Entry, Kind
from tui.model.redaction import Redactor
from tui.record import redacting
from tui.record.adding import add
from tui.record.errors import HeldByAnother, JournalError
from tui.record.following import follow
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.redaction import NotRedactable, redact
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
EACH = 20
LONGEST = 0.06
SECRET = "the customer Jane Doe called from 555-0199"


def on_disk(state_dir: Path) -> bytes:
    return b"".join(path.read_bytes() for path in journal_file(state_dir).parent.iterdir())


async def _redact(state_dir: Path, entry_id: str, reason: str = "names a customer") -> tuple[str, ...]:
    done = await redact(state_dir, INCIDENT, entry_id, reason, "bo", ManualClock(), Redactor())
    return done.copies


async def with_secret(state_dir: Path) -> Entry:
    async with await create(state_dir) as journal:
        await journal.append(draft("before"))
        (entry,) = await journal.append(draft(SECRET, caller="Jane Doe"))
        await journal.append(draft("after"))
    return entry


async def test_text_data_and_salt_are_gone_and_the_chain_is_whole(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    await _redact(tmp_path, entry.id)
    assert b"Jane" not in on_disk(tmp_path)
    report = verify(tmp_path, INCIDENT)
    assert (report.whole, report.redacted, report.entries, report.notes) == (True, 1, 4, ())
    stone = next(e for e in amended(read(tmp_path, INCIDENT).entries) if e.id == entry.id)
    assert (stone.text, dict(stone.data)) == ("(redacted by bo: names a customer)", {})
    assert (stone.occurred_at, stone.actor, stone.kind) == (entry.occurred_at, entry.actor, entry.kind)


async def test_who_when_why_and_which_is_an_entry(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    await _redact(tmp_path, entry.id)
    told = read(tmp_path, INCIDENT).entries[-1]
    assert (told.kind, told.actor, told.data["reason"]) == (Kind.REDACTED, "bo", "names a customer")
    assert redacts(told) == (entry.id,)
    assert told.text == "redacted note of 15:03 UTC by ana: names a customer"


async def test_the_reason_does_not_say_what_was_redacted(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    await _redact(tmp_path, entry.id, f"says 555-0199; it was: {SECRET}")
    assert b"555-0199" not in on_disk(tmp_path)
    assert b"Jane" not in on_disk(tmp_path)


async def test_its_corrections_go_with_it(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    async with await reopen(tmp_path) as journal:
        data = {"entry": entry.id, "text": "Jane Roe called"}
        await journal.append(replace(draft("corrected", Kind.CORRECTION), data=data))
    await _redact(tmp_path, entry.id)
    assert b"Jane" not in on_disk(tmp_path)
    assert verify(tmp_path, INCIDENT).redacted == 2


async def test_a_console_goes_on_writing_after_it(tmp_path: Path) -> None:
    """The file is another one then; the same open journal writes into it."""
    async with await create(tmp_path) as journal:
        (entry,) = await journal.append(draft(SECRET))
        told = redaction(entry, (entry,), "a name", "bo", ManualClock().now())
        made, *_ = await asyncio.gather(
            journal.redact(told), *(journal.append(draft(f"n {n}")) for n in range(9))
        )
        await journal.append(draft("and after it"))
    assert b"Jane" not in on_disk(tmp_path)
    entries = read(tmp_path, INCIDENT).entries
    assert made in entries
    assert len(entries) == 12
    assert entries[-1].text == "and after it"
    assert verify(tmp_path, INCIDENT).whole


async def test_an_entry_of_the_notes_beside_is_taken_out_there(tmp_path: Path) -> None:
    async with await create(tmp_path):
        note = await add(tmp_path, INCIDENT, draft(SECRET), ManualClock(), Redactor())
    assert journal_file(tmp_path).with_name("journal-notes.jsonl").exists()
    await _redact(tmp_path, note.id)
    assert b"Jane" not in on_disk(tmp_path)
    assert verify(tmp_path, INCIDENT).whole


async def test_what_was_begun_beside_is_finished_by_who_opens_it_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await create(tmp_path):
        note = await add(tmp_path, INCIDENT, draft(SECRET), ManualClock(), Redactor())
    with monkeypatch.context() as killed:
        killed.setattr(redacting, "take_out_beside", lambda *_: None)
        await _redact(tmp_path, note.id)
    assert SECRET.encode() in on_disk(tmp_path)
    # Until then nobody shows it.
    assert SECRET not in " ".join(e.text for e in amended(read(tmp_path, INCIDENT).entries))
    async with await reopen(tmp_path) as journal:
        assert SECRET not in " ".join(entry.text for entry in journal.found.entries)
    assert SECRET.encode() not in on_disk(tmp_path)
    assert verify(tmp_path, INCIDENT).whole


async def test_a_console_that_follows_hears_of_it_and_of_what_comes_after(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    clock = ManualClock()
    heard = follow(tmp_path, INCIDENT, clock)
    assert len(await anext(heard)) == 3
    async with await reopen(tmp_path) as journal:
        await journal.redact(redaction(entry, (entry,), "a name", "bo", clock.now()))
        (last,) = await journal.append(draft("later"))
    news = asyncio.ensure_future(anext(heard))
    while not news.done():
        await clock.advance(1)
    assert [e.kind for e in news.result()] == [Kind.REDACTED, Kind.NOTE]
    assert news.result()[-1].id == last.id


async def test_a_console_that_holds_it_is_not_written_over(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    async with await reopen(tmp_path):
        with pytest.raises(HeldByAnother):
            await _redact(tmp_path, entry.id)
    assert SECRET.encode() in on_disk(tmp_path)


async def test_what_is_not_there_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    await with_secret(tmp_path)
    before = journal_file(tmp_path).read_bytes()
    with pytest.raises(NotRedactable, match="has no entry nothing"):
        await _redact(tmp_path, "nothing")
    with pytest.raises(NotRedactable, match="needs a reason"):
        await _redact(tmp_path, read(tmp_path, INCIDENT).entries[0].id, "  ")
    assert journal_file(tmp_path).read_bytes() == before


async def test_a_change_that_is_not_settled_or_still_held_keeps_its_intent(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        (intent,) = await journal.append(
            draft("3", Kind.INTENT, mitigation="reduce", title="Reduce", after="3")
        )
    with pytest.raises(NotRedactable, match=r"not known yet what became of 'Reduce'.*settles it"):
        await _redact(tmp_path, intent.id)
    async with await reopen(tmp_path) as journal:
        await journal.append(draft("", Kind.OUTCOME, intent=intent.id, outcome="applied"))
        await journal.append(draft("", Kind.LEASE, intent=intent.id, event="taken"))
    with pytest.raises(NotRedactable, match="still held"):
        await _redact(tmp_path, intent.id)
    async with await reopen(tmp_path) as journal:
        await journal.append(draft("", Kind.LEASE, intent=intent.id, event="released"))
        await journal.append(draft("", Kind.RESOLVED))
    await _redact(tmp_path, intent.id)


async def test_copies_elsewhere_are_named(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    folder = journal_file(tmp_path).parent
    (folder / "postmortem.md").write_text("x")
    async with await reopen(tmp_path) as journal:
        await journal.append(draft("4 files", Kind.EVIDENCE, path="/e/one.tar.gz"))
        await journal.append(draft("postmortem written to /p.md", Kind.EXPORTED))
    found = await _redact(tmp_path, entry.id)
    assert found == (
        "the evidence of 15:03 UTC: /e/one.tar.gz",
        "postmortem written to /p.md at 15:03 UTC",
        str(folder / "postmortem.md"),
    )


@given(st.sets(st.integers(0, 5), min_size=1), st.data())
@settings(max_examples=25)
def test_any_entries_in_any_order(which: set[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(which)))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_in_order(Path(folder), order))


async def _in_order(state_dir: Path, order: list[int]) -> None:
    await with_entries(state_dir, 6)
    entries = read(state_dir, INCIDENT).entries
    for number in order:
        await _redact(state_dir, entries[number].id)
    after = amended(read(state_dir, INCIDENT).entries)
    for number, (was, now) in enumerate(zip(entries, after, strict=False)):
        assert was.id == now.id
        assert now.redacted == (number in order)
        assert (now.text == was.text) == (number not in order)
    report = verify(state_dir, INCIDENT)
    assert (report.whole, report.redacted, report.notes) == (True, len(order), ())


async def test_what_is_put_in_beside_a_stone_is_found(tmp_path: Path) -> None:
    entry = await with_secret(tmp_path)
    await _redact(tmp_path, entry.id)
    path = journal_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"salt":null', b'"salt":"ab","salt":null'))
    assert any("put in beside" in problem for problem in verify(tmp_path, INCIDENT).problems)


async def test_a_disk_that_refuses_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = await with_secret(tmp_path)
    before = journal_file(tmp_path).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with await reopen(tmp_path) as journal:
        with monkeypatch.context() as m:
            m.setattr(Path, "replace", full)
            with pytest.raises(JournalError, match="the disk is full"):
                await journal.redact(redaction(entry, (entry,), "a name", "bo", ManualClock().now()))
        assert journal_file(tmp_path).read_bytes() == before
        await journal.append(draft("goes on"))
    assert verify(tmp_path, INCIDENT).whole
    assert not list(journal_file(tmp_path).parent.glob(".*.new"))


def test_kill_9_redacts_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = Random(KILLS)
    done: set[str] = set()
    with nursery("tests.record.redactor", tmp_path) as children:
        for start in range(0, KILLS, EACH):
            folder = tmp_path / str(start)
            asyncio.run(with_entries(folder, 1))
            done |= _redacted_under_kills(folder, min(EACH, KILLS - start), children, rng)
    assert len(done) > KILLS / 2


def _redacted_under_kills(folder: Path, kills: int, children: Nursery, rng: Random) -> set[str]:
    done: set[str] = set()
    for _ in range(kills):
        finished, begun = _killed(children, rng, folder)
        done |= finished
        report = verify(folder, INCIDENT)
        assert report.whole, report.problems
        assert not [note for note in report.notes if "no entry says" in note]
        asyncio.run(_opened(folder))
        entries = read(folder, INCIDENT).entries
        told = {one for entry in entries for one in redacts(entry)}
        # What is told is gone, what is gone is told, and all that was acknowledged is both.
        assert {entry.id for entry in entries if entry.redacted} == told
        assert done <= told <= done | begun
        done |= told
    return done


async def _opened(state_dir: Path) -> None:
    journal: Journal = await reopen(state_dir, wait=5.0)
    await journal.close()


def _killed(children: Nursery, rng: Random, folder: Path) -> tuple[set[str], set[str]]:
    """The redactions that were done, and those that were begun, before it was killed."""
    steps = [line.split() for line in children.killed(rng, LONGEST, str(folder))]
    return {i for what, i in steps if what == "done"}, {i for what, i in steps if what == "begins"}
