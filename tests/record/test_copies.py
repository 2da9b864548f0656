"""What others recorded comes to lie beside one's own, whole, whatever comes first and however often."""

from pathlib import Path
from random import Random

import pytest

from tests.record.copies import folder_of, found, names, shared, take, texts, together
from tests.record.helpers import INCIDENT, create, draft, with_entries
from tests.support.clock import START
from tui.model.erasing import redaction
from tui.record.incoming import Incoming
from tui.record.outgoing import Outgoing
from tui.record.shared import begin
from tui.record.verification import verify


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "a", tmp_path / "b"


async def test_what_one_recorded_is_on_the_other(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 5)
    taken = take(there, shared(here))
    assert [entry.text for entry in taken.entries] == texts(here) == texts(there)
    assert (taken.waiting, taken.problems) == (0, ())
    report = verify(there, INCIDENT)
    assert (report.entries, report.problems) == (5, ())
    (copy,) = [name for name in names(there) if name != "journal.jsonl"]
    assert (folder_of(there) / copy).read_bytes() == (folder_of(here) / "journal.jsonl").read_bytes()


async def test_both_have_the_union(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 3)
    take(there, shared(here))
    async with await together(there) as journal:
        await journal.append(draft("theirs"), draft("theirs, too"))
    take(here, shared(there))
    assert texts(here) == texts(there)
    assert len(texts(here)) == 5
    for state in machines:
        assert verify(state, INCIDENT).whole
    assert sorted(one.entry for one in shared(here)) == sorted(one.entry for one in shared(there))


@pytest.mark.parametrize("seed", range(5))
async def test_lines_come_in_any_order_and_twice(machines: tuple[Path, Path], seed: int) -> None:
    here, there = machines
    await with_entries(here, 20)
    lines = shared(here) * 2
    Random(seed).shuffle(lines)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    entries = [entry for one in lines for entry in incoming.take((one,)).entries]
    assert len(entries) == len({entry.id for entry in entries}) == 20
    assert texts(there) == texts(here)
    assert incoming.take(()).waiting == 0
    assert verify(there, INCIDENT).whole


async def test_what_comes_before_its_chain_waits(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 3)
    first, second, third = shared(here)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    assert incoming.take((third, second)).waiting == 2
    assert texts(there) == []
    assert [entry.text for entry in incoming.take((first,)).entries] == ["note 0", "note 1", "note 2"]


async def test_only_what_is_acknowledged_is_shared_and_each_once(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        outgoing = Outgoing(folder_of(tmp_path), INCIDENT)
        assert outgoing.look() == ()
        (entry,) = await journal.append(draft("one"))
        (line,) = outgoing.look()
        assert (line.entry, line.kind, line.actor, line.text) == (entry.id, "note", "ana", "one")
        assert line.header.startswith('{"leeward":1')
        assert outgoing.look() == ()
        await journal.append(draft("two"))
        assert [(line.text, line.header) for line in outgoing.look()] == [("two", "")]
        path = folder_of(tmp_path) / "journal.jsonl"
        whole = path.read_bytes()
        with path.open("ab", buffering=0) as file:
            file.write(whole.splitlines(keepends=True)[-1])
        assert outgoing.look() == (), "on disk, and not acknowledged"
        with path.open("r+b", buffering=0) as file:
            file.truncate(len(whole))
        await journal.append(draft("three"))
        assert [line.text for line in outgoing.look()] == ["three"]


async def test_of_what_is_not_wanted_the_id_is_told_and_of_stones_and_redactions_all(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        entries = [(await journal.append(draft(text)))[0] for text in ("one", "two", "three")]
        outgoing = Outgoing(folder_of(tmp_path), INCIDENT)
        unwanted = {entries[0].id, entries[2].id}
        assert [line.text for line in outgoing.look(unwanted.__contains__)] == ["two"]
        assert outgoing.passed() == (entries[0].id, entries[2].id)
        assert outgoing.passed() == ()
        redacted = await journal.redact(redaction(entries[0], (entries[0],), "a name", "ana", START))
    again = outgoing.look(lambda _: True)
    assert [line.entry for line in again] == [entries[0].id, redacted.id]
    assert again[0].line.endswith('"salt":null,"body":null}')
    assert outgoing.passed() == ()


async def test_a_text_is_shown_in_short(tmp_path: Path) -> None:
    async with await create(tmp_path) as journal:
        await journal.append(draft("word " * 1000))
    (line,) = Outgoing(folder_of(tmp_path), INCIDENT).look()
    assert len(line.text) <= 1024
    assert found(line).line == line.line
    assert len(line.line) > 5000
