"""A backup that was restored, a machine that was cloned: both ends of a chain are kept, whole."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.record.copies import folder_of, names, shared, take, texts, together
from tests.record.helpers import INCIDENT, create, draft, reopen, with_entries
from tests.support.clock import ManualClock
from tui.model.redaction import Redactor
from tui.record.errors import HeldByAnother
from tui.record.exporting import export
from tui.record.importing import take as import_
from tui.record.incoming import Incoming
from tui.record.shared import CopierLock, begin
from tui.record.verification import verify


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path, Path]:
    return tmp_path / "a", tmp_path / "b", tmp_path / "c"


async def diverged(here: Path, there: Path) -> None:
    """`there` is a clone of `here`, which had three entries; each went on alone with two."""
    await with_entries(here, 3)
    shutil.copytree(here, there)
    for state, name in ((here, "original"), (there, "clone")):
        async with await reopen(state) as journal:
            await journal.append(draft(f"{name} 1"))
            await journal.append(draft(f"{name} 2"))


async def restored(here: Path, there: Path) -> None:
    """`here` is as its backup was, with two entries; `there` has the third, which it wrote after that."""
    await with_entries(here, 2)
    old = {path.name: path.read_bytes() for path in folder_of(here).iterdir()}
    async with await reopen(here) as journal:
        await journal.append(draft("after the backup"))
    take(there, shared(here))
    for name, data in old.items():
        (folder_of(here) / name).write_bytes(data)


async def test_a_cloned_machine(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    await diverged(here, there)
    ours, theirs = shared(here), shared(there)
    own = (folder_of(here) / "journal.jsonl").read_bytes()
    told = take(here, theirs).problems
    assert len(told) == 1
    assert "A journal of this machine goes on in two ways from journal.jsonl" in told[0]
    assert (folder_of(here) / "journal.jsonl").read_bytes() == own
    take(there, ours)
    take(third, [*theirs, *ours])
    expected = {"note 0", "note 1", "note 2", *(f"{n} {i}" for n in ("original", "clone") for i in (1, 2))}
    for state in machines:
        assert set(texts(state)) == expected
        assert len(texts(state)) == 7
        assert verify(state, INCIDENT).problems == ()
        assert len(names(state)) == (3 if state == third else 2)
        assert len({one.entry for one in shared(state)}) == 7
        assert take(state, [*ours, *theirs]).entries == ()


async def test_a_branch_goes_on_and_has_branches(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    await diverged(here, there)
    take(here, shared(there))
    # The clone was restored to what it was after its first entry of its own.
    other = third
    shutil.copytree(there, other)
    path = folder_of(other) / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    path.with_suffix(".head").unlink()
    async with await reopen(other) as journal:
        await journal.append(draft("restored"))
    async with await reopen(there) as journal:
        await journal.append(draft("clone 3"))
    take(here, [*shared(other), *shared(there)])
    assert {"restored", "clone 3", "original 2"} <= set(texts(here))
    assert len(names(here)) == 3
    assert verify(here, INCIDENT).problems == ()


async def test_a_restored_backup_gets_back_what_it_lost(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    await restored(here, there)
    async with await reopen(here) as journal:
        await journal.append(draft("before it was told"))
        take(here, shared(there))
        await journal.append(draft("and on"))
    take(there, shared(here))
    for state in (here, there):
        assert set(texts(state)) == {"note 0", "note 1", "after the backup", "before it was told", "and on"}
        assert verify(state, INCIDENT).problems == ()


async def test_branches_are_carried_in_a_file_and_back(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    await diverged(here, there)
    take(here, shared(there))
    await carried(here, third)
    assert set(texts(third)) >= set(texts(here))
    assert verify(third, INCIDENT).problems == ()
    async with await reopen(there) as journal:
        await journal.append(draft("clone 3"))
    take(here, shared(there))
    # A record that knows both ends is taken by one that knows one of them,
    await carried(here, there)
    assert set(texts(there)) >= set(texts(here))
    # and continues the right one where both are known.
    await carried(here, third)
    assert "clone 3" in texts(third)
    await carried(third, here)
    for state in machines:
        assert verify(state, INCIDENT).problems == ()
    assert (await carried(here, third)) > 0, "what the last import told, alone"
    size = len(names(third))
    await carried(here, third)
    assert len(names(third)) == size


async def test_what_joined_and_wrote_nothing_is_carried(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    await with_entries(here, 2)
    take(there, shared(here))
    await carried(there, third)
    assert texts(third)[:2] == texts(here)


async def test_the_chains_of_several_consoles_are_carried(machines: tuple[Path, Path, Path]) -> None:
    here, there, _ = machines
    async with await create(here) as one, await together(here) as two:
        await one.append(draft("one"))
        await two.append(draft("two"))
        await carried(here, there)
    assert {"one", "two"} <= set(texts(there))
    async with await together(there) as one, await together(there) as two:
        await two.append(draft("there, two"))
        del one
    await carried(there, here)
    assert "there, two" in texts(here)
    for state in (here, there):
        assert verify(state, INCIDENT).problems == ()


async def carried(from_: Path, to: Path) -> int:
    file = from_.parent / "carried.zip"
    file.unlink(missing_ok=True)
    await asyncio.to_thread(export, from_, INCIDENT, file)
    return (await import_(to, file, ManualClock(), Redactor(), lambda _: "bob")).entries


async def test_an_import_disturbs_no_console_whichever_chain_it_writes(
    machines: tuple[Path, Path, Path],
) -> None:
    here, there, _ = machines
    await with_entries(here, 2)
    take(there, shared(here))
    async with await reopen(here) as journal:
        await journal.append(draft("more"))
    async with await together(there) as one, await together(there) as two:
        await one.close()
        await two.append(draft("still here"))
        with pytest.raises(HeldByAnother, match="import again"):
            await carried(here, there)
    lock = CopierLock(folder_of(there))
    assert lock.try_take()
    with pytest.raises(HeldByAnother, match="import again"):
        await carried(here, there)
    lock.release()
    assert "more" not in texts(there)
    await carried(here, there)
    assert "more" in texts(there)
    assert take(there, shared(here)).entries == ()
    assert verify(there, INCIDENT).problems == ()


async def test_what_an_import_brought_is_gone_on_with_by_who_copies(
    machines: tuple[Path, Path, Path],
) -> None:
    here, there, _ = machines
    await with_entries(here, 2)
    incoming = Incoming(begin(there, INCIDENT), INCIDENT)
    incoming.take(shared(here)[:1])
    await carried(here, there)
    async with await reopen(here) as journal:
        await journal.append(draft("more"))
    assert [entry.text for entry in incoming.take(shared(here)).entries] == ["more"]
    assert len(names(there)) == 2
    assert verify(there, INCIDENT).problems == ()


async def test_what_is_the_beginning_of_a_copy_is_carried_once(machines: tuple[Path, Path, Path]) -> None:
    here, there, third = machines
    await restored(here, there)
    take(here, shared(there))
    assert len(names(here)) == 2
    await carried(here, third)
    assert len(names(third)) == 2, "its own, and one copy"
    assert texts(third)[:3] == ["note 0", "note 1", "after the backup"]
