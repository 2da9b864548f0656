"""What can be read is read; what cannot is told, and stops nothing."""

import asyncio
from pathlib import Path

import pytest

from tests.record.helpers import INCIDENT, create, draft, journal_file, with_entries
from tests.support.clock import ManualClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.errors import JournalError, NoSuchIncident
from tui.record.folder import make_folder
from tui.record.journal import Journal
from tui.record.reading import list_incidents, read


def test_one_bad_line_costs_that_line(tmp_path: Path) -> None:
    asyncio.run(with_entries(tmp_path, 4))
    path = journal_file(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b"\xff{not json\n"
    path.write_bytes(b"".join(lines))
    record = read(tmp_path, INCIDENT)
    assert [entry.text for entry in record.entries] == ["note 0", "note 2", "note 3"]
    (problem,) = record.problems
    assert problem.startswith("journal.jsonl, line 3 cannot be read:")


def test_a_separator_that_only_unicode_knows_ends_no_line(tmp_path: Path) -> None:
    async def wrote() -> str:
        async with await create(tmp_path) as journal:
            (entry,) = await journal.append(draft("x", data="a\u2028b\x85c\x1dd\re\x0bf"))
        return str(entry.data["data"])

    data = asyncio.run(wrote())
    assert data == "a\u2028b\x85c\x1dd\re\x0bf"
    path = journal_file(tmp_path)
    path.write_bytes(path.read_bytes() + b"rubbish\n")
    assert [entry.data["data"] for entry in read(tmp_path, INCIDENT).entries] == [data]


def test_a_journal_that_belongs_elsewhere_is_told(tmp_path: Path) -> None:
    asyncio.run(with_entries(tmp_path, 1))
    journal_file(tmp_path).parent.rename(tmp_path / "incidents" / "inc-other")
    assert "not of inc-other" in read(tmp_path, "inc-other").problems[0]


def test_the_latest_incident_is_listed_first_and_rubbish_does_not_hide_it(tmp_path: Path) -> None:
    async def wrote() -> None:
        clock = ManualClock()
        for name in ("inc-b", "inc-a", "inc-c"):
            await clock.advance(60)
            async with await Journal.create(tmp_path, name, clock, Redactor()) as journal:
                await journal.append(Draft(Kind.DECLARED, "d", clock.now(), "ana", {"title": name}))

    asyncio.run(wrote())
    root = tmp_path / "incidents"
    (root / "empty").mkdir()
    (root / "a file").write_text("")
    (root / "BAD NAME").mkdir()
    (root / "BAD NAME" / "journal.jsonl").write_text("x")
    listed = list_incidents(tmp_path)
    assert [item.incident.id for item in listed] == ["inc-c", "inc-a", "inc-b", "BAD NAME"]
    assert [bool(item.problems) for item in listed] == [False, False, False, True]


def test_no_state_folder_is_no_incident(tmp_path: Path) -> None:
    assert list_incidents(tmp_path / "none") == ()
    with pytest.raises(NoSuchIncident):
        read(tmp_path / "none", "inc-1")
    assert not (tmp_path / "none").exists()


def test_a_folder_is_made_once_and_its_parents_as_often_as_asked(tmp_path: Path) -> None:
    make_folder(tmp_path / "state" / "incidents" / "inc-1")
    make_folder(tmp_path / "state" / "incidents" / "inc-2")
    with pytest.raises(JournalError):
        make_folder(tmp_path / "state" / "incidents" / "inc-2")


def test_the_folder_of_all_incidents_may_be_made_by_another_console_at_the_same_moment(
    tmp_path: Path,
) -> None:
    make_folder(tmp_path / "state" / "incidents", ours=False)
    make_folder(tmp_path / "state" / "incidents", ours=False)
    assert (tmp_path / "state" / "incidents").is_dir()
