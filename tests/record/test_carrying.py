"""An incident is carried to another machine, chain and all, goes on there, and comes back."""

import asyncio
import io
import os
import socket
import tempfile
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.helpers import INCIDENT, create, draft, journal_file, reopen, with_entries
from tests.support.clock import ManualClock
from tui.model.amending import amended
from tui.model.folding import fold
from tui.model.incident import Kind, Status
from tui.model.redaction import Redactor
from tui.record import importing, parcel
from tui.record.adding import add
from tui.record.errors import HeldByAnother, JournalError
from tui.record.exporting import AlreadyThere, Damaged, export
from tui.record.importing import Imported, take
from tui.record.merging import OtherContent
from tui.record.parcel import BadParcel, Parcel, packed, unpacked
from tui.record.reading import list_incidents, read
from tui.record.redaction import redact
from tui.record.verification import verify


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path]:
    """The state folders of two machines."""
    return tmp_path / "a", tmp_path / "b"


async def carried(here: Path, there: Path, name: str = "one.zip") -> Imported:
    file = here.parent / name
    file.unlink(missing_ok=True)
    await asyncio.to_thread(export, here, INCIDENT, file)
    return await taken(there, file)


async def taken(state: Path, file: Path) -> Imported:
    return await take(state, file, ManualClock(), Redactor(), lambda _: "bo")


def texts(state: Path) -> list[str]:
    return [e.text for e in amended(read(state, INCIDENT).entries) if e.kind != Kind.IMPORTED]


def tree(state: Path) -> dict[str, bytes]:
    """Every file there is, but for the locks."""
    found = (path for path in state.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(state)): path.read_bytes() for path in found}


async def test_the_chain_stays_whole_and_the_incident_goes_on_there(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 5)
    made = await carried(here, there)
    assert made == Imported(INCIDENT, 5, (socket.gethostname(),), began=True)
    assert texts(there) == texts(here)
    async with await reopen(there) as journal:
        assert not journal.problems
        await journal.append(draft("from the other machine"))
        await journal.append(draft("", Kind.STATUS, to="monitoring"))
    assert texts(there)[-2:] == ["from the other machine", ""]
    assert fold(INCIDENT, read(there, INCIDENT).entries).status is Status.MONITORING
    report = verify(there, INCIDENT)
    assert (report.whole, report.entries, report.notes) == (True, 8, ())
    assert [one.incident.id for one in list_incidents(there)] == [INCIDENT]


async def test_files_are_for_us_alone(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 1)
    await carried(here, there)
    for path in (there / "incidents", *(there / "incidents").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (here.parent / "one.zip").stat().st_mode & 0o077 == 0


async def test_back_and_forth_each_takes_what_is_new(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 2)
    await carried(here, there)
    async with await reopen(there) as journal:
        await journal.append(draft("there"))
    async with await reopen(here) as journal:
        await journal.append(draft("here, meanwhile"))
    back = await carried(there, here)
    assert (back.entries, back.began) == (2, False)
    await carried(here, there)
    assert sorted(texts(here)) == sorted(texts(there))
    for state in machines:
        assert verify(state, INCIDENT).whole
    before = tree(here)
    assert (await carried(there, here)).entries > 0  # what the last import told, alone
    assert (await taken(here, here.parent / "one.zip")) == Imported(INCIDENT, 0, (), began=False)
    assert tree(here) != before


async def test_notes_beside_a_journal_are_carried_too(machines: tuple[Path, Path]) -> None:
    here, there = machines
    async with await create(here) as journal:
        await journal.append(draft("one"))
        await add(here, INCIDENT, draft("beside"), ManualClock(), Redactor())
        await carried(here, there)
    assert texts(there) == ["one", "beside"]


async def test_a_restored_machine_gets_its_own_entries_back(machines: tuple[Path, Path]) -> None:
    """Its own chain was cut by a restore from an older backup; another machine has the rest."""
    here, there = machines
    await with_entries(here, 2)
    old = {path.name: path.read_bytes() for path in journal_file(here).parent.iterdir()}
    async with await reopen(here) as journal:
        await journal.append(draft("after the backup"))
    await carried(here, there)
    for name, data in old.items():
        (journal_file(here).parent / name).write_bytes(data)
    await carried(there, here)
    assert texts(here) == ["note 0", "note 1", "after the backup"]
    assert verify(here, INCIDENT).whole


async def test_what_one_machine_redacted_comes_back_to_none(machines: tuple[Path, Path]) -> None:
    here, there = machines
    async with await create(here) as journal:
        (entry,) = await journal.append(draft("names Jane Doe"))
    await carried(here, there)
    old = (here.parent / "one.zip").read_bytes()
    await redact(here, INCIDENT, entry.id, "a name", "ana", ManualClock(), Redactor())
    await carried(here, there)
    assert not any(b"Jane" in data for data in tree(there).values())
    # Neither by an old export,
    (here.parent / "old.zip").write_bytes(old)
    for state in machines:
        await taken(state, here.parent / "old.zip")
        assert not any(b"Jane" in data for data in tree(state).values())
        assert verify(state, INCIDENT).whole


async def test_the_same_record_makes_the_same_file(machines: tuple[Path, Path]) -> None:
    here, _ = machines
    await with_entries(here, 3)
    for name in ("one.zip", "two.zip"):
        export(here, INCIDENT, here.parent / name)
    assert (here.parent / "one.zip").read_bytes() == (here.parent / "two.zip").read_bytes()


async def test_a_file_that_is_there_is_not_replaced(machines: tuple[Path, Path]) -> None:
    here, _ = machines
    await with_entries(here, 1)
    (here.parent / "x.zip").write_text("mine")
    with pytest.raises(AlreadyThere):
        export(here, INCIDENT, here.parent / "x.zip")
    assert (here.parent / "x.zip").read_text() == "mine"
    assert {path.name for path in here.parent.iterdir()} == {"a", "x.zip"}


async def test_a_damaged_record_is_not_exported(machines: tuple[Path, Path]) -> None:
    here, _ = machines
    await with_entries(here, 3)
    journal_file(here).write_bytes(journal_file(here).read_bytes().replace(b"note 1", b"note 7"))
    with pytest.raises(Damaged, match="text or data of entry"):
        export(here, INCIDENT, here.parent / "x.zip")
    assert not (here.parent / "x.zip").exists()


async def test_another_history_of_the_same_journal_is_refused(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 2)
    await carried(here, there)
    copy = next(path for path in journal_file(there).parent.glob("journal-*.jsonl"))
    mine = journal_file(here).read_bytes()
    async with await reopen(here) as journal:
        await journal.append(draft("one way"))
    one = await asyncio.to_thread(export, here, INCIDENT, here.parent / "one-way.zip")
    journal_file(here).write_bytes(mine)
    journal_file(here).with_suffix(".head").unlink()
    async with await reopen(here) as journal:
        await journal.append(draft("the other way"))
    await taken(there, one.path)
    before = tree(there)
    other = await asyncio.to_thread(export, here, INCIDENT, here.parent / "other.zip")
    with pytest.raises(OtherContent, match="line 4 of it says something else"):
        await taken(there, other.path)
    assert tree(there) == before
    assert copy.exists()


async def test_a_console_that_holds_it_is_not_disturbed(machines: tuple[Path, Path]) -> None:
    here, there = machines
    await with_entries(here, 1)
    await carried(here, there)
    async with await reopen(here) as journal:
        await journal.append(draft("more"))
    async with await reopen(there):
        with pytest.raises(HeldByAnother, match="import again"):
            await carried(here, there)


async def test_cut_off_while_it_moves_files_the_next_who_opens_finishes(
    machines: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    await with_entries(here, 1)
    await carried(here, there)
    async with await reopen(here) as journal:
        await journal.append(draft("more"))
    with monkeypatch.context() as cut:
        cut.setattr(importing, "finish_moving", _dies)
        with pytest.raises(KeyboardInterrupt):
            await carried(here, there)
    assert texts(there) == ["note 0"]
    async with await reopen(there) as journal:
        assert "more" in [entry.text for entry in journal.found.entries]
    assert verify(there, INCIDENT).whole
    assert not (journal_file(there).parent / ".import").exists()


def _dies(_folder: Path) -> None:
    raise KeyboardInterrupt


async def test_a_disk_that_refuses_leaves_nothing(
    machines: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    await with_entries(here, 1)
    export(here, INCIDENT, here.parent / "one.zip")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(os, "fsync", full)
        with pytest.raises(JournalError, match="the disk is full"):
            await taken(there, here.parent / "one.zip")
    assert not tree(there)


# What may be in a file that somebody hands over


def _whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "a"
        asyncio.run(with_entries(state, 4))
        return export(state, INCIDENT, Path(folder) / "x.zip").path.read_bytes()


WHOLE = _whole()
JOURNAL = unpacked(WHOLE).journals[0]


async def refused(tmp_path: Path, data: bytes) -> str:
    """Why it is refused; nothing of it is left."""
    file = tmp_path / "bad.zip"
    file.write_bytes(data)
    with pytest.raises(BadParcel) as why:
        await taken(tmp_path / "state", file)
    assert not tree(tmp_path / "state")
    assert [path for path in tmp_path.iterdir() if path.name not in ("bad.zip", "state")] == []
    return str(why.value)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_a_flipped_byte_is_refused_or_changes_nothing(place: int, flip: int) -> None:
    broken = bytearray(WHOLE)
    broken[place] ^= flip
    try:
        found = unpacked(bytes(broken))
    except BadParcel:
        return
    # A time or a flag of the zip itself, which says nothing of the record.
    assert found == unpacked(WHOLE)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_cut_file_is_refused(size: int) -> None:
    with pytest.raises(BadParcel):
        unpacked(WHOLE[:size])


@given(st.binary(max_size=2000))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadParcel):
        unpacked(data)


@given(st.integers(0, len(JOURNAL) - 1), st.integers(1, 255))
@settings(max_examples=150)
def test_a_journal_changed_before_it_was_packed_is_refused(place: int, flip: int) -> None:
    """Its hash in the manifest fits; its chain does not."""
    broken = bytearray(JOURNAL)
    broken[place] ^= flip
    if broken[broken.rfind(b"\n", 0, -1) + 1 :].count(b'"prev"') and place > JOURNAL.rfind(b"\n", 0, -1):
        return  # the very last envelope has nobody after it that would tell
    with pytest.raises(BadParcel):
        importing._chains(Parcel(INCIDENT, (bytes(broken),)))


def _zip(members: dict[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _manifest(**more: object) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        said = msgspec.json.decode(archive.read("manifest.json"))
    return msgspec.json.encode({**said, **more})


async def test_no_name_in_it_becomes_a_path(tmp_path: Path) -> None:
    for name in ("../../evil.jsonl", "/etc/evil", "journals/../../evil"):
        row: dict[str, object] = {"name": name, "size": 4, "sha256": "0" * 64, "lines": 0}
        assert "not what its manifest says" in await refused(
            tmp_path, _zip({"manifest.json": _manifest(journals=[row]), name: b"evil"})
        )


async def test_an_incident_that_is_no_id_is_refused(tmp_path: Path) -> None:
    data = packed(Parcel("../../evil", (JOURNAL,)))
    assert "is no incident id" in await refused(tmp_path, data)


async def test_the_journal_of_another_incident_is_refused(tmp_path: Path) -> None:
    data = packed(Parcel("inc-20261123-1503-0000", (JOURNAL,)))
    assert f"this is the journal of '{INCIDENT}'" in await refused(tmp_path, data)


async def test_a_bomb_is_refused_before_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"\0" * (8 * 1024 * 1024)
    name = "journals/1.jsonl"
    row = {"name": name, "size": 1000, "sha256": "0" * 64, "lines": 0}
    said = await refused(tmp_path, _zip({"manifest.json": _manifest(journals=[row]), name: bomb}))
    assert "larger than it says" in said
    monkeypatch.setattr(parcel, "LARGEST", 1024 * 1024)
    row["size"] = len(bomb)
    said = await refused(tmp_path, _zip({"manifest.json": _manifest(journals=[row]), name: bomb}))
    assert "larger than 1 MiB" in said
    said = await refused(tmp_path, _zip({"manifest.json": bomb}))
    assert "larger than it says" in said


async def test_what_an_export_is_not_is_said(tmp_path: Path) -> None:
    whole = {"manifest.json": _manifest(), "journals/1.jsonl": JOURNAL}
    assert "no manifest" in await refused(tmp_path, _zip({"a": b"b"}))
    assert "other files than it has" in await refused(tmp_path, _zip({**whole, "more": b""}))
    assert "other files than it has" in await refused(tmp_path, _zip({"manifest.json": _manifest()}))
    assert "use a newer one" in await refused(
        tmp_path, _zip({**whole, "manifest.json": _manifest(leeward_export=2)})
    )
    assert "manifest cannot be read" in await refused(tmp_path, _zip({**whole, "manifest.json": b"[]"}))
    assert "compressed in another way" in await refused(tmp_path, _zip(whole, zipfile.ZIP_LZMA))
    assert "one twice" in await refused(tmp_path, packed(Parcel(INCIDENT, (JOURNAL, JOURNAL))))
    assert "one twice" in await refused(tmp_path, packed(Parcel(INCIDENT, ())))
    assert "has" in await refused(tmp_path, _zip({**whole, **{f"x{n}": b"" for n in range(99)}}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for data in (_manifest(), _manifest(incident="x")):
            archive.writestr("manifest.json", data)
    assert "a name twice" in await refused(tmp_path, out.getvalue())
