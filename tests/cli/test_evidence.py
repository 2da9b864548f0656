"""`leeward evidence`: where the archive is, on stdout alone; how it went and what is missing, on stderr."""

import asyncio
import json
import tarfile
from pathlib import Path

from tests.support.commands import leeward, served
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal

INCIDENT = "inc-20261123-1503-7f3a"
# Nobody outside is asked: the two public servers are refused at once.
NOBODY = {"LEEWARD_MISTRAL_BASE_URL": "http://127.0.0.1:9", "LEEWARD_STATUS_PAGE_URL": "http://127.0.0.1:9"}


def declared(home: Path) -> str:
    """An incident on record; its id."""

    async def record() -> None:
        clock = SystemClock()
        async with await Journal.create(home / "leeward", INCIDENT, clock, Redactor()) as journal:
            await journal.append(Draft(Kind.DECLARED, "declared", clock.now(), "ana", {"title": "limited"}))

    asyncio.run(record())
    return INCIDENT


def test_it_prints_where_the_archive_is_and_writes_an_entry(tmp_path: Path) -> None:
    found = declared(tmp_path)
    with served("rate-limited", tmp_path) as world:
        done = leeward("--config", world["config"], "evidence", found, "--output", "out", state=tmp_path)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path.parent == tmp_path / "out"
    with tarfile.open(path) as tar:
        names = tar.getnames()
    assert "manifest.json" in names
    assert [name for name in names if name.endswith("/mistral-service.log")]
    assert "sha256" in done.stderr
    shown = json.loads(leeward("show", found, "--json", state=tmp_path).stdout)
    (kept,) = [entry["data"] for entry in shown["entries"] if entry["kind"] == "evidence"]
    assert kept["files"] == len(names) - 1
    assert kept["path"] == str(path)


def test_a_shells_folder_is_no_secret_and_the_journal_stays_byte_for_byte(tmp_path: Path) -> None:
    found = declared(tmp_path)
    here = {**NOBODY, "PWD": str(tmp_path)}
    assert leeward("note", found, f"kept in {tmp_path}/x", state=tmp_path, env=here).returncode == 0
    done = leeward("evidence", found, state=tmp_path, env=here)
    journal = (tmp_path / "leeward" / "incidents" / found / "journal.jsonl").read_bytes()
    with tarfile.open(done.stdout.strip()) as tar:
        kept = tar.extractfile("journal/journal.jsonl")
        assert kept is not None
        assert journal.startswith(kept.read())
    assert str(tmp_path).encode() in journal


def test_without_settings_it_keeps_the_record_and_says_what_is_missing(tmp_path: Path) -> None:
    found = declared(tmp_path)
    done = leeward("evidence", found, state=tmp_path, env=NOBODY)
    assert done.returncode == 0, done.stderr
    with tarfile.open(done.stdout.strip()) as tar:
        assert "journal/journal.jsonl" in tar.getnames()
    assert "Missing: everything of the cluster. No deployment is set." in done.stderr


def test_an_incident_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = leeward("evidence", "inc-20261123-1503-7f3a", state=tmp_path)
    assert done.returncode == 2
    assert "There is no incident" in done.stderr
    assert done.stdout == ""


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    found = declared(tmp_path)
    (tmp_path / "file").write_text("")
    done = leeward("evidence", found, "--output", "file/x", state=tmp_path, env=NOBODY)
    assert done.returncode == 3
    assert "cannot be made" in done.stderr
    assert "Traceback" not in done.stderr
