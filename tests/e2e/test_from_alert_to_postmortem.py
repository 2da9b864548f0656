"""A drill from the alert to the postmortem by keys alone, on a pseudo-terminal, recorded.

The recording lies in LEEWARD_ARTEFACTS where that is set: `asciinema play` shows it.
"""

import json
import tarfile
from pathlib import Path

import pytest

from tests.support.commands import leeward
from tests.support.recorded import Recorded, recorded

pytestmark = pytest.mark.real
NOTE = "traffic rose after the newsletter"


@pytest.mark.thorough
def test_a_drill_from_alert_to_postmortem_by_keys_alone(tmp_path: Path) -> None:
    with recorded(tmp_path, "from-alert-to-postmortem", "drill", "rate-limited", "--speed", "20") as console:
        console.shows("Rate limited: our own limit (P2)", "10 → 3 per pod")
        for step in (declare, acknowledge, note, tell, mitigate, collect, resolve, write_up):
            console.marked(step.__name__)
            step(console)
        console.press("q")
        assert console.ends() == 0
    assert_kept(tmp_path)


def declare(console: Recorded) -> None:
    """From the alert that fires, with the severity that is proposed."""
    console.press("i")
    console.shows("Declare an incident", "Declare from the alert")
    console.press("2")
    console.shows("Severity; if unsure", "proposed")
    console.press("enter")
    console.shows("Declared from", "INVESTIGATING", "DRILL")


def acknowledge(console: Recorded) -> None:
    """Who declares has responded: the response clock has stopped by itself."""
    console.shows("acknowledged in", "next update in")


def note(console: Recorded) -> None:
    console.press("n")
    console.shows("Note")
    console.press(*NOTE, "enter")
    console.shows("Noted.", NOTE)


def tell(console: Recorded) -> None:
    """Four keys from looking to sent, where nothing is edited: `u`, who, and that it is so."""
    keys = 0
    for key, words in (
        ("u", ("Internal update", "External update")),
        ("1", ("y sends e edits",)),
        ("y", ("Sent to Slack #incidents.",)),
    ):
        console.press(key)
        keys += 1
        console.shows(*words)
    assert keys <= 4


def mitigate(console: Recorded) -> None:
    """`m`, the first one, the word, and `y` once the preview listens."""
    console.press("m")
    console.shows("nothing is changed by looking")
    console.press("1")
    console.shows("type prodeu to arm")
    console.press("tab", *"prodeu", "enter")
    console.shows("y applies")
    console.shows_no("in a moment")
    console.press("y")
    console.shows("MITIGATING")
    console.shows("effective:", "held: MAX_CONCURRENT_MISTRAL=3 until")


def collect(console: Recorded) -> None:
    console.press("e")
    console.shows("y collects", "secrets taken out")
    console.press("y")
    console.shows("Evidence:", "files,")


def resolve(console: Recorded) -> None:
    """Monitoring, until it has held; then resolved, and the change that is live is kept as it is."""
    console.press("i")
    console.shows("Resolve", "Status")
    console.press("s")
    console.shows("3 monitoring")
    console.press("3")
    console.shows("MONITORING")
    console.shows("It has held")
    console.press("i")
    console.shows("Resolve")
    console.press("x")
    console.shows("Keep it open")
    console.press("y")
    console.shows("is still live")
    console.press("k")
    console.shows("RESOLVED")


def write_up(console: Recorded) -> None:
    for key, name in (("1", "postmortem.md"), ("2", "postmortem.html"), ("3", "postmortem.json")):
        console.press("x")
        console.shows("Markdown", "HTML", "JSON")
        console.press(key)
        console.writes(name)
        console.shows("Postmortem written to")
        console.shows_no("Writing the postmortem")


def assert_kept(state: Path) -> None:
    """What is on disk tells the same story, in each of its forms."""
    (journal,) = state.rglob("journal.jsonl")
    incident = journal.parent.name
    kinds = [entry["kind"] for entry in shown(incident, state)["entries"]]
    for kind in ("alert", "declared", "acknowledged", "note", "update", "intent", "outcome", "verdict"):
        assert kind in kinds
    assert kinds[-1] == "exported" and "resolved" in kinds
    for name in ("postmortem.md", "postmortem.html", "postmortem.json"):
        text = (journal.parent / name).read_text()
        assert NOTE in text and "ffective" in text, name
    json.loads((journal.parent / "postmortem.json").read_text())
    (archive,) = state.rglob("*-evidence-*.tar.gz")
    with tarfile.open(archive) as files:
        assert "manifest.json" in " ".join(files.getnames())
    assert leeward("verify", incident, state=state).returncode == 0


def shown(incident: str, state: Path) -> dict[str, list[dict[str, str]]]:
    told: dict[str, list[dict[str, str]]] = json.loads(
        leeward("show", incident, "--json", state=state).stdout
    )
    return told
