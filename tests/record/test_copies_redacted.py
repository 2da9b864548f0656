"""A redaction reaches every copy: the content goes, the chain stays, whatever came first and from whom."""

import shutil
from itertools import permutations
from pathlib import Path

import pytest

from tests.record.copies import folder_of, shared, take, together
from tests.record.helpers import INCIDENT, create, draft, reopen
from tests.support.clock import ManualClock
from tui.model.amending import GONE, amended
from tui.model.erasing import redaction
from tui.model.incident import Entry
from tui.model.redaction import Redactor
from tui.record.adding import add
from tui.record.incoming import Incoming
from tui.record.outgoing import Outgoing
from tui.record.reading import parsed, read, union
from tui.record.redaction import left_elsewhere, redact
from tui.record.shared import CopierLock, Marker, begin, write_marker
from tui.record.verification import verify

WHO = "Jane Doe"


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path, Path]:
    return tmp_path / "a", tmp_path / "b", tmp_path / "c"


def named(state: Path) -> list[str]:
    """The files in which the name still stands."""
    return [path.name for path in folder_of(state).iterdir() if WHO.encode() in path.read_bytes()]


def is_well(state: Path, entries: int) -> None:
    report = verify(state, INCIDENT)
    assert (report.problems, report.entries, report.redacted) == ((), entries, 1)
    assert not [note for note in report.notes if "no entry says by whom" in note]
    assert not any(WHO in entry.text for entry in read(state, INCIDENT).entries)


async def written(state: Path) -> Entry:
    async with await create(state) as journal:
        await journal.append(draft("before"))
        (entry,) = await journal.append(draft(f"{WHO} was here"))
        await journal.append(draft("after"))
    return entry


async def redacted(state: Path, entry: Entry) -> None:
    await redact(state, INCIDENT, entry.id, "a name", "ana", ManualClock(), Redactor())


async def test_what_was_shared_before_is_taken_out_of_the_copy(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    take(there, shared(here))
    assert named(there)
    await redacted(here, entry)
    take(there, shared(here))
    assert not named(there)
    is_well(there, 4)


async def test_a_stone_alone_takes_nothing_out(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    take(there, shared(here))
    await redacted(here, entry)
    stone = next(one for one in shared(here) if one.entry == entry.id)
    assert WHO not in stone.line
    assert take(there, (stone,)).entries == ()
    assert named(there), "nobody told who did it, and why"


async def test_a_stone_stays_one_whatever_comes_later(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    content = next(one for one in shared(here) if one.entry == entry.id)
    await redacted(here, entry)
    take(there, shared(here))
    assert take(there, (content,)).entries == ()
    assert not named(there)
    is_well(there, 4)


async def test_in_whatever_order_it_comes(machines: tuple[Path, Path, Path]) -> None:
    here, _, third = machines
    entry = await written(here)
    lines = shared(here)
    await redacted(here, entry)
    lines.append(shared(here)[-1])
    for number, order in enumerate(permutations(lines)):
        state = third / str(number)
        incoming = Incoming(begin(state, INCIDENT), INCIDENT)
        taken = [one for line in order for one in incoming.take((line,)).entries]
        assert len(taken) == 4
        assert not named(state)
        is_well(state, 4)


async def test_told_by_another_machine_of_a_third_one(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    entry = await written(here)
    for state in (there, third):
        take(state, shared(here))
    await redacted(there, entry)
    assert not named(there)
    (told,) = [one for one in shared(there) if '"kind":"redacted"' in one.line]
    take(third, (told,))
    assert not named(third)
    is_well(third, 4)
    # And at home, where the console that writes the chain has it open:
    async with await reopen(here) as journal:
        take(here, (told,))
        assert named(here) == ["journal.jsonl"]
        assert not any(WHO in one.line for one in shared(here)), "not even now it leaves the machine"
        await journal.finish_redactions()
        assert not named(here)
        (more,) = await journal.append(draft("it goes on"))
    assert more in read(here, INCIDENT).entries
    is_well(here, 5)


async def test_the_consoles_of_one_machine_each_take_it_out_of_their_own(tmp_path: Path) -> None:
    async with await create(tmp_path) as one, await together(tmp_path) as two:
        (entry,) = await two.append(draft(f"{WHO} was here"))
        now = ManualClock().now()
        await one.redact(redaction(entry, (entry,), "a name", "ana", now))
        assert named(tmp_path) == ["journal-2.jsonl"], "it has a writer, who alone may"
        await two.finish_redactions()
        assert not named(tmp_path)
        assert not any(WHO in entry.text for entry in two.found.entries), "nor in memory"
        (more,) = await two.append(draft("it goes on"))
        assert more in read(tmp_path, INCIDENT).entries
    is_well(tmp_path, 3)


async def test_what_nobody_writes_is_finished_by_who_is_there(tmp_path: Path) -> None:
    async with await create(tmp_path) as one, await together(tmp_path) as two:
        (entry,) = await two.append(draft(f"{WHO} was here"))
        await two.close()
        await one.redact(redaction(entry, (entry,), "a name", "ana", ManualClock().now()))
    assert not named(tmp_path)
    is_well(tmp_path, 2)


async def test_what_nobody_finished_is_finished_by_who_opens_next(tmp_path: Path) -> None:
    async with await create(tmp_path) as one, await together(tmp_path) as two:
        (entry,) = await two.append(draft(f"{WHO} was here"))
        await add(tmp_path, INCIDENT, draft("a note"), ManualClock(), Redactor())
        await one.redact(redaction(entry, (entry,), "a name", "ana", ManualClock().now()))
    assert named(tmp_path) == ["journal-2.jsonl"]
    await (await reopen(tmp_path)).close()
    assert not named(tmp_path)
    is_well(tmp_path, 3)


async def test_copies_are_the_copiers_business(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    folder = begin(there, INCIDENT)
    lock = CopierLock(folder)
    assert lock.try_take()
    incoming = Incoming(folder, INCIDENT)
    incoming.take(shared(here))
    async with await together(there) as journal:
        await journal.redact(redaction(entry, (entry,), "a name", "ana", ManualClock().now()))
        assert named(there), "another process may be writing there now"
        assert incoming.finish_redactions() == ()
        assert not named(there)
    assert incoming.known[entry.id]
    lock.release()
    is_well(there, 4)


async def test_an_entry_of_a_branch_is_taken_out_of_both(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    take(there, shared(here))
    lines = (folder_of(here) / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder_of(here) / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    (folder_of(here) / "journal.head").unlink()
    async with await reopen(here) as journal:
        await journal.append(draft("another after"))
    take(there, shared(here))
    assert len(named(there)) == 2
    await redacted(here, entry)
    take(there, shared(here))
    assert not named(there)
    assert verify(there, INCIDENT).whole
    take(here, shared(there))
    assert not named(here)


async def test_nothing_takes_out_what_tells_of_a_redaction(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    entry = await written(here)
    await redacted(here, entry)
    told = read(here, INCIDENT).entries[-1]
    async with await reopen(here) as journal:
        await journal.append(draft("erased", told.kind, entry=told.id, entries=[told.id], reason="x"))
        await journal.finish_redactions()
    take(there, shared(here))
    for state in (here, there):
        found = next(one for one in amended(read(state, INCIDENT).entries) if one.id == told.id)
        assert found.text == told.text
        assert verify(state, INCIDENT).redacted == 1


async def test_ids_by_the_thousand_that_there_are_not_cost_nothing(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    await written(here)
    async with await reopen(here) as journal:
        ids = [f"{n:026d}" for n in range(20_000)]
        await journal.append(draft("many", "redacted", entry="x", entries=[*ids, "\ud83d", '"', ""]))  # type: ignore[arg-type]
    take(there, shared(here))
    assert verify(there, INCIDENT).whole
    assert named(there)


async def test_a_line_that_became_a_stone_is_told_again(tmp_path: Path) -> None:
    entry = await written(tmp_path)
    outgoing = Outgoing(folder_of(tmp_path), INCIDENT)
    assert [WHO in line.line for line in outgoing.look()] == [False, True, False]
    await redacted(tmp_path, entry)
    again = outgoing.look()
    assert next(line.entry for line in again) == entry.id
    assert [line.kind for line in again] == ["note", "redacted"]
    assert not any(WHO in f"{line.line} {line.text}" for line in again)
    assert outgoing.look() == ()


async def test_a_restart_in_the_middle_is_finished_by_the_next_copier(
    machines: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, _ = machines
    entry = await written(here)
    take(there, shared(here))
    await redacted(here, entry)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr("tui.record.redacting.put", dies)
        with pytest.raises(KeyboardInterrupt):
            take(there, shared(here))
    assert named(there)
    take(there, ())
    assert not named(there)
    is_well(there, 4)


async def test_told_by_another_machine_before_the_entry_comes(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    entry = await written(here)
    lines = shared(here)
    take(there, lines)
    await redacted(there, entry)
    told = [one for one in shared(there) if one.entry not in {line.entry for line in lines}]
    incoming = Incoming(begin(third, INCIDENT), INCIDENT)
    assert [one.kind for one in incoming.take(told).entries] == ["redacted"]
    taken = incoming.take(lines).entries
    assert [(one.redacted, one.text) for one in taken if one.id == entry.id] == [(True, GONE)]
    assert not named(third)
    assert not any(WHO in one.line for one in shared(third))
    assert incoming.known[entry.id]
    is_well(third, 4)


async def test_a_branch_begins_without_what_is_redacted(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    entry = await written(here)
    shutil.copytree(here, third)
    take(there, shared(here))
    await redacted(there, entry)
    async with await reopen(third) as clone:
        await clone.append(draft("the clone goes on"))
    folder = begin(here, INCIDENT)
    async with await reopen(here):
        incoming = Incoming(folder, INCIDENT)
        assert len(incoming.take(shared(there)).entries) == 1
        assert "goes on in two ways" in incoming.take(shared(third)).problems[0]
        assert named(here) == ["journal.jsonl"], "whose writer alone may"


async def test_where_it_was_shared_is_named(tmp_path: Path) -> None:
    entry = await written(tmp_path)
    entries = read(tmp_path, INCIDENT).entries
    write_marker(folder_of(tmp_path), Marker("leeward in prod-eu"))
    assert left_elsewhere(tmp_path, INCIDENT, entry, entries) == ()
    write_marker(folder_of(tmp_path), Marker("leeward in prod-eu", "ana", ManualClock().now()))
    (named_,) = left_elsewhere(tmp_path, INCIDENT, entry, entries)
    assert named_.startswith("leeward in prod-eu, and the consoles that have a copy")


async def test_an_entry_that_is_a_stone_anywhere_is_read_as_one(machines: tuple[Path, Path, Path]) -> None:
    """As a kill leaves it between a chain and its branch; whichever is read first."""
    here = machines[0]
    entry = await written(here)
    content = parsed("content", (folder_of(here) / "journal.jsonl").read_bytes(), INCIDENT)
    await redacted(here, entry)
    stone = parsed("stone", (folder_of(here) / "journal.jsonl").read_bytes(), INCIDENT)
    for both in ((content, stone), (stone, content)):
        record = union(both)
        assert [one.redacted for one in record.entries] == [False, True, False, False]
        assert record.unfinished == {entry.id}
    assert union((stone,)).unfinished == frozenset()
