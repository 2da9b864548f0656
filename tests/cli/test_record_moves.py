"""`leeward export`, `import` and `redact`: data on stdout, narration on stderr, exit codes."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.test_record_commands import INCIDENT, _recorded, leeward


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one incident on record."""
    asyncio.run(_recorded(tmp_path / "one" / "state" / "leeward"))
    return tmp_path / "one"


def entries(home: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(leeward(home, "show", INCIDENT, "--json").stdout)["entries"]
    return found


def test_there_and_verified_and_said_again_for_nothing(home: Path) -> None:
    file, other = home.parent / "x.zip", home.parent / "two"
    done = leeward(home, "export", INCIDENT, str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}\n")
    assert "3 entries in 1 journal, sha256" in done.stderr
    assert [e["kind"] for e in entries(home)][-1] == "exported"
    done = leeward(other, "import", str(file))
    assert (done.returncode, done.stdout) == (0, f"{INCIDENT}\n")
    assert f"leeward --resume {INCIDENT}" in done.stderr
    assert [e["text"] for e in entries(other)][:3] == [e["text"] for e in entries(home)][:3]
    assert leeward(other, "verify", INCIDENT).returncode == 0
    done = leeward(other, "import", str(file))
    assert (done.returncode, done.stdout) == (0, f"{INCIDENT}\n")
    assert "nothing was changed" in done.stderr


def test_what_is_refused_says_why_with_its_code(home: Path) -> None:
    file, other = home.parent / "x.zip", home.parent / "two"
    assert leeward(home, "export", INCIDENT, str(file)).returncode == 0
    again = leeward(home, "export", INCIDENT, str(file))
    assert (again.returncode, again.stdout) == (2, "")
    assert "was not replaced" in again.stderr
    assert leeward(home, "export", "inc-none", str(home / "y.zip")).returncode == 2
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    bad = leeward(other, "import", str(file))
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "cannot be imported" in bad.stderr
    assert not (other / "state" / "leeward" / "incidents").exists()
    assert leeward(other, "import", str(home / "nothing")).returncode == 2


def test_a_damaged_record_is_not_exported(home: Path) -> None:
    journal = home / "state" / "leeward" / "incidents" / INCIDENT / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"odd", b"add"))
    done = leeward(home, "export", INCIDENT, str(home / "x.zip"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr


def test_redact_asks_for_yes_without_a_terminal_and_then_removes_it(home: Path) -> None:
    (note,) = [e for e in entries(home) if e["kind"] == "note"]
    asked = leeward(home, "redact", INCIDENT, str(note["id"]), "--reason", "a name")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "odd red" in asked.stderr
    assert "--yes" in asked.stderr
    done = leeward(home, "redact", INCIDENT, str(note["id"]), "--reason", "a name", "--yes")
    assert done.returncode == 0
    assert len(done.stdout.strip()) == 26
    assert "Backups" in done.stderr
    state = home / "state" / "leeward" / "incidents" / INCIDENT
    assert not any(b"odd" in path.read_bytes() for path in state.iterdir())
    told = leeward(home, "verify", INCIDENT)
    assert (told.returncode, told.stdout) == (0, f"{INCIDENT}: whole, 4 entries, 1 redacted\n")
    (stone,) = [e for e in entries(home) if e["kind"] == "note"]
    assert (stone["redacted"], stone["original"]) == (True, None)
    again = leeward(home, "redact", INCIDENT, str(note["id"]), "--reason", "a name", "--yes")
    assert again.returncode == 2
    assert "redacted already" in again.stderr


def test_redact_needs_a_reason(home: Path) -> None:
    done = leeward(home, "redact", INCIDENT, "x", "--yes")
    assert done.returncode == 2
    assert "--reason" in done.stderr
