"""What is being typed outlives Escape, the console and a kill, in private files, and vanishes when sent."""

import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.record.drafts import Drafts

ROOT = Path(__file__).parents[2]


def again(folder: Path, incident: str = "") -> Drafts:
    """What the next console finds."""
    drafts = Drafts(folder)
    drafts.incident = incident
    return drafts


def test_what_was_typed_is_there_for_the_next_console(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    for end in range(1, 12):
        drafts["note"] = "hello world"[:end]
    drafts.flush()
    assert again(tmp_path).get("note") == "hello world"
    assert again(tmp_path).kept_at("note") is not None
    path = tmp_path / "drafts" / "note.draft"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_was_sent_is_gone_and_is_not_offered_meanwhile(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    drafts["note"] = "sent"
    assert drafts.pop("note") == "sent"
    assert (drafts.get("note"), drafts.kept_at("note")) == ("", None)
    drafts.flush()
    assert again(tmp_path).get("note") == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_each_incident_has_its_own_and_takes_over_what_was_begun_before(tmp_path: Path) -> None:
    folder = tmp_path / "incidents" / "inc-1"
    folder.mkdir(parents=True)
    begun = Drafts(tmp_path)
    begun["note"] = "before it was open"
    begun.flush()
    drafts = again(tmp_path, "inc-1")
    assert drafts.get("note") == "before it was open"
    drafts["note"] = "of this incident"
    drafts.flush()
    assert (folder / "note.draft").read_text() == "of this incident"
    drafts.pop("note")
    drafts.flush()
    assert again(tmp_path).get("note") == ""


def test_secrets_that_we_hold_do_not_reach_the_disk(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    drafts.hides = lambda text: text.replace("s3cr3t-value", "***")
    drafts["note"] = "it is s3cr3t-value"
    drafts.flush()
    assert again(tmp_path).get("note") == "it is ***"
    assert drafts.get("note") == "it is s3cr3t-value"


def test_a_folder_that_refuses_is_told_and_typing_goes_on(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file")
    drafts = Drafts(tmp_path)
    drafts["note"] = "typed"
    drafts.flush()
    assert drafts.get("note") == "typed"
    assert "not kept on disk" in drafts.trouble


def test_a_kill_leaves_what_was_typed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tui.record.drafts import Drafts\n"
        "drafts = Drafts(Path(sys.argv[1])); text = ''\n"
        "for n in range(10**9):\n"
        "    text = f'{text[-500:]}{n} '; drafts['note'] = text\n"
        "    if n % 50 == 0: drafts.flush(); print(n, flush=True)\n"
    )
    run = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(5):
            last = int(process.stdout.readline())
        process.kill()
    found = [int(word) for word in again(tmp_path).get("note").split()[1:]]
    assert found[-1] >= last
    assert found == list(range(found[0], found[-1] + 1))


@given(st.text(max_size=200), st.text(max_size=40))
@settings(max_examples=50)
def test_any_text_under_any_name(text: str, name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        drafts = Drafts(Path(folder))
        drafts[name] = text
        drafts.flush()
        found = again(Path(folder)).get(name)
        assert found == (text.replace("\r\n", "\n").replace("\r", "\n") if text.strip() else "")
        assert all(Path(folder) in path.parents for path in Path(folder).rglob("*"))
