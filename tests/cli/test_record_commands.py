"""The commands that read and write the record: data on stdout, narration on stderr, exit codes."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.clock import ManualClock
from tests.support.terminal import wait_for
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal

INCIDENT = "inc-20261123-1503-7f3a"
ROOT = Path(__file__).parents[2]


def leeward(home: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    environ |= more.pop("environ", {})
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tui", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        timeout=30,
        **more,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one incident on record."""
    asyncio.run(_recorded(tmp_path / "state" / "leeward"))
    return tmp_path


async def _recorded(state_dir: Path) -> None:
    clock = ManualClock()
    async with await Journal.create(state_dir, INCIDENT, clock, Redactor()) as journal:
        for kind, text, data in (
            (Kind.DECLARED, "declared", {"title": "rate limited", "severity": "P2", "drill": True}),
            (Kind.NOTE, "odd \x1b[31mred\x1b[0m", {}),
            (Kind.RESOLVED, "resolved", {"failed_requests": 41.0, "coverage": 1.0}),
        ):
            await journal.append(Draft(kind, text, clock.now(), "ana", data))
            await clock.advance(60)


def test_incidents_as_json_has_the_promised_keys(home: Path) -> None:
    done = leeward(home, "incidents", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "id": INCIDENT,
            "title": "rate limited",
            "severity": "P2",
            "status": "resolved",
            "started_at": "2026-11-23T15:03:11.000Z",
            "drill": True,
        }
    ]


def test_incidents_for_a_person(home: Path) -> None:
    done = leeward(home, "incidents")
    assert re.search(rf"{INCIDENT}\s+2026-11-23 15:03\s+P2\s+resolved\s+rate limited \(drill\)", done.stdout)


def test_no_incidents_is_an_empty_list_and_makes_no_folder(tmp_path: Path) -> None:
    done = leeward(tmp_path, "incidents", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert not (tmp_path / "state").exists()
    assert "No incident" in leeward(tmp_path, "incidents").stderr


def test_show_as_json(home: Path) -> None:
    done = leeward(home, "show", INCIDENT, "--json")
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert shown["incident"]["id"] == INCIDENT
    assert shown["incident"]["milestones"]["resolved"] == "2026-11-23T15:05:11.000Z"
    assert shown["incident"]["milestones"]["alert_fired"] is None
    assert [entry["kind"] for entry in shown["entries"]] == ["declared", "note", "resolved"]
    promised = {"id", "occurred_at", "recorded_at", "actor", "kind", "text", "data"}
    assert set(shown["entries"][0]) == promised | {"redacted", "pinned", "original"}
    assert shown["entries"][0]["original"] is None
    assert shown["entries"][2]["data"] == {"failed_requests": 41.0, "coverage": 1.0}


def test_show_for_a_person_has_no_control_codes(home: Path) -> None:
    done = leeward(home, "show", INCIDENT)
    assert "odd red" in done.stdout
    assert "\x1b" not in done.stdout
    assert re.search(r"resolved\s+2026-11-23 15:05", done.stdout)


@pytest.mark.parametrize("bad", ["inc-nope", "../../etc", "INC"])
@pytest.mark.parametrize("command", [["show"], ["verify"], ["postmortem"], ["note"]])
def test_an_id_that_is_none_is_a_wrong_call(home: Path, command: list[str], bad: str) -> None:
    done = leeward(home, *command, bad, *(["text"] if command == ["note"] else []))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "`leeward incidents` lists" in done.stderr


def test_a_note_is_on_disk_when_its_id_is_printed(home: Path) -> None:
    done = leeward(home, "note", INCIDENT, "  traffic rose  ")
    assert (done.returncode, done.stderr) == (0, "")
    entries = json.loads(leeward(home, "show", INCIDENT, "--json").stdout)["entries"]
    (entry,) = [entry for entry in entries if entry["id"] == done.stdout.strip()]
    assert (entry["kind"], entry["text"]) == ("note", "traffic rose")
    assert leeward(home, "verify", INCIDENT).returncode == 0


def test_a_note_works_while_a_console_holds_the_journal(home: Path) -> None:
    async def noted() -> subprocess.CompletedProcess[str]:
        clock = ManualClock()
        async with await Journal.open(home / "state" / "leeward", INCIDENT, clock, Redactor()):
            return await asyncio.to_thread(leeward, home, "note", INCIDENT, "from outside")

    done = asyncio.run(noted())
    assert done.returncode == 0
    shown = json.loads(leeward(home, "show", INCIDENT, "--json").stdout)
    assert done.stdout.strip() in [entry["id"] for entry in shown["entries"]]
    assert "4 entries" in leeward(home, "verify", INCIDENT).stdout


def test_a_note_loses_its_secrets_before_the_disk(home: Path) -> None:
    key = "kJ3vXq8LmN2pR5tW7yZ1aB4cD6eF9gH0"
    done = leeward(home, "note", INCIDENT, f"tried {key}", environ={"MISTRAL_API_KEY": key})
    assert done.returncode == 0
    assert "replaced" in done.stderr
    assert key not in (home / "state/leeward/incidents" / INCIDENT / "journal.jsonl").read_text()


def test_a_note_loses_the_keys_by_which_people_are_told(home: Path) -> None:
    key = "0123456789abcdef0123456789abcdef"
    (home / "pager").write_text(key)
    config = home / "config.toml"
    config.write_text('[updates.pagerduty]\nrouting_key = { file = "pager" }\n')
    done = leeward(home, "--config", str(config), "note", INCIDENT, f"routed by {key}")
    assert done.returncode == 0, done.stderr
    assert key not in (home / "state/leeward/incidents" / INCIDENT / "journal.jsonl").read_text()


def test_a_note_may_begin_with_a_dash(home: Path) -> None:
    assert leeward(home, "note", INCIDENT, "-5 % traffic").returncode == 0
    assert "-5 % traffic" in leeward(home, "show", INCIDENT).stdout
    assert leeward(home, "note", "--bogus", INCIDENT, "text").returncode == 2


def test_an_empty_note_is_a_wrong_call(home: Path) -> None:
    assert leeward(home, "note", INCIDENT, "  ").returncode == 2


def test_a_note_that_cannot_be_written_says_so(home: Path) -> None:
    """A folder where the lock file should be stands for whatever makes writing impossible."""
    folder = home / "state/leeward/incidents" / INCIDENT
    for name in ("journal.lock", "journal-notes.lock"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()
    done = leeward(home, "note", INCIDENT, "text")
    assert (done.returncode, done.stdout) == (1, "")
    assert "The note was not recorded. Cannot lock" in done.stderr


def test_verify_tells_whole_from_broken(home: Path) -> None:
    whole = leeward(home, "verify", INCIDENT)
    assert (whole.returncode, whole.stdout) == (0, f"{INCIDENT}: whole, 3 entries\n")
    path = home / "state/leeward/incidents" / INCIDENT / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"odd", b"eve"))
    broken = leeward(home, "verify", INCIDENT)
    assert broken.returncode == 1
    assert "journal.jsonl, line 3: the text or data of entry" in broken.stdout
    assert "BROKEN" in broken.stdout


def test_a_postmortem_goes_to_stdout_or_to_a_new_file(home: Path) -> None:
    done = leeward(home, "postmortem", INCIDENT, "--format", "markdown")
    assert (done.returncode, done.stderr) == (0, "")
    assert "# Incident: Mistral AI" in done.stdout
    assert "- Failed requests: 41 (the metrics cover 100 %" in done.stdout
    file = home / "out.md"
    assert leeward(home, "postmortem", INCIDENT, "--output", str(file)).returncode == 0
    assert file.read_text() == done.stdout
    again = leeward(home, "postmortem", INCIDENT, "--output", str(file))
    assert again.returncode == 2
    assert "is there already" in again.stderr
    file.write_text("old")
    assert leeward(home, "postmortem", INCIDENT, "--output", str(file), "--force").returncode == 0
    assert file.read_text() == done.stdout
    assert sorted(path.name for path in home.iterdir()) == ["out.md", "state"]


def test_a_postmortem_comes_as_a_page_and_as_json_by_its_schema(home: Path) -> None:
    page = leeward(home, "postmortem", INCIDENT, "--format", "html")
    assert (page.returncode, page.stderr) == (0, "")
    assert page.stdout.startswith("<!doctype html>")
    assert "Failed requests: 41 (the metrics cover 100 %" in page.stdout
    file = home / "out.json"
    assert leeward(home, "postmortem", INCIDENT, "--format", "json", "--output", str(file)).returncode == 0
    read = json.loads(file.read_text())
    jsonschema.validate(read, json.loads((ROOT / "docs/schemas/postmortem-v1.json").read_text()))
    assert read["impact"]["failed_requests"] == 41
    wrong = leeward(home, "postmortem", INCIDENT, "--format", "pdf")
    assert wrong.returncode == 2 and "'html'" in wrong.stderr


def test_a_postmortem_into_a_folder_that_is_not_there(home: Path) -> None:
    done = leeward(home, "postmortem", INCIDENT, "--output", str(home / "no" / "out.md"))
    assert done.returncode == 3
    assert "Cannot write" in done.stderr


def test_help_lists_every_command_and_exits_well(tmp_path: Path) -> None:
    done = leeward(tmp_path, "--help")
    assert done.returncode == 0
    for name in ("triage", "doctor", "drill", "incidents", "show", "note", "postmortem", "verify", "runbook"):
        assert re.search(rf"^  {name} ", done.stdout, re.M)


def test_without_a_terminal_the_console_names_the_commands(tmp_path: Path) -> None:
    done = leeward(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "leeward triage" in done.stderr
    assert "drill --headless" in done.stderr


@pytest.mark.parametrize("call", [["--nonsense"], ["nonsense"], ["show"], ["show", "--nonsense", "x"]])
def test_a_wrong_call_exits_2_without_a_traceback(tmp_path: Path, call: list[str]) -> None:
    done = leeward(tmp_path, *call)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_ends_it_quietly(home: Path) -> None:
    shell = f"{sys.executable} -m tui show {INCIDENT} --json | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    asyncio.run(_long(home / "state" / "leeward"))
    done = subprocess.run(
        ["bash", "-c", shell], env=environ, capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    assert done.stderr == ""
    assert done.stdout == "141\n"


def test_a_terminal_that_cannot_show_a_character_gets_a_replacement(home: Path) -> None:
    leeward(home, "note", INCIDENT, "10 → 3")
    done = leeward(home, "show", INCIDENT, environ={"PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 ? 3" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_output_that_did_not_arrive_is_no_success(home: Path) -> None:
    shell = f"{sys.executable} -m tui show {INCIDENT} >/dev/full"
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    done = subprocess.run(["bash", "-c", shell], env=environ, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 3
    assert done.stderr == "leeward: the output could not be written: No space left on device.\n"


async def _long(state_dir: Path) -> None:
    clock = ManualClock()
    async with await Journal.open(state_dir, INCIDENT, clock, Redactor()) as journal:
        await journal.append(*(Draft(Kind.NOTE, "x" * 5000, clock.now(), "ana") for _ in range(100)))


@pytest.fixture
def crashing(home: Path) -> Iterator[dict[str, str]]:
    """A program in which reading the record fails in a way that nobody foresaw."""
    (home / "sitecustomize.py").write_text(
        "import tui.record.reading as reading\n"
        "def broken(*_):\n    raise ZeroDivisionError('Bearer abcdef123456 in /x')\n"
        "reading.read = broken\n"
    )
    yield {"PYTHONPATH": f"{home}:{ROOT}"}


def test_a_bug_is_one_line_and_a_private_file_without_secrets(home: Path, crashing: dict[str, str]) -> None:
    done = leeward(home, "show", INCIDENT, environ=crashing)
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    found = re.search(
        r"this is a bug \(ZeroDivisionError\)\. What is known of it is in (\S+)\.$", done.stderr
    )
    assert found is not None
    kept = Path(found[1])
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError: Bearer ***" in kept.read_text()


def opened_for_writing(pipe: Path, opened: list[int]) -> bool:
    """Whether somebody has the pipe open for reading; then it is open for writing, too."""
    with contextlib.suppress(OSError):
        opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    return bool(opened)


def test_an_interrupt_is_130_and_silent(home: Path) -> None:
    """Ctrl-C while the command waits: here, for a pipe into which nobody writes."""
    path = home / "state/leeward/incidents" / INCIDENT / "journal.jsonl"
    path.unlink()
    os.mkfifo(path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "show", INCIDENT],
        env=environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A test run in the background of a shell ignores the interrupt, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread here
    )
    try:
        opened: list[int] = []
        wait_for(lambda: bool(opened) or opened_for_writing(path, opened))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        os.close(opened[0])
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


@pytest.mark.parametrize("call", [["--help"], ["show", INCIDENT], ["note", INCIDENT, "x"], ["incidents"]])
def test_light_commands_load_nothing_heavy(home: Path, call: list[str]) -> None:
    script = (
        "import sys; sys.argv[0]='leeward'; from tui.__main__ import main; code = main();"
        "heavy = 'textual rich httpx kubernetes prometheus_api_client jinja2 yaml requests aiohttp'.split();"
        "print([name for name in heavy if name in sys.modules], code, file=sys.stderr)"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    done = subprocess.run(
        [sys.executable, "-c", script, *call],
        env=environ,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=30,
    )
    assert done.stderr.splitlines()[-1] == "[] 0"
