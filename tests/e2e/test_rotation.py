"""A revoked key, exchanged by keys alone in a real terminal; and where the keys are afterwards: nowhere."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_by_keys import listens, shows
from tests.support.commands import leeward
from tests.support.terminal import Tmux, terminal, wait_for
from tui.model.secret import Secret

pytestmark = pytest.mark.real
_CANDIDATE = re.compile(r"in this drill it is in (/\S+candidate\.key)")


def open_key_screen(console: Tmux) -> Path:
    """`m`, the first one; answers the file that the drill names."""
    shows(console, "The API key is refused (P1)")
    console.press("m")
    shows(console, "nothing is changed by looking")
    console.press("1")
    shows(console, "Mistral knows no such key (401)")
    found = _CANDIDATE.search(re.sub(r"[│┃\s]+", " ", console.seen()))
    assert found is not None, console.seen()
    return Path(found[1])


def paste(console: Tmux, text: str) -> None:
    """As the terminal pastes: in brackets, from a buffer that was never in any argv."""
    command = ["tmux", "-S", str(console.socket), "load-buffer", "-b", "new", "-"]
    subprocess.run(command, input=text, text=True, timeout=20, check=True)
    console.run("paste-buffer", "-p", "-d", "-b", "new")


def look(console: Tmux) -> None:
    """Ctrl+S, as soon as the last test has answered; until then it opens nothing."""

    def opened() -> bool:
        seen = console.seen()
        if "Ctrl+S shows" in seen:
            console.press("C-s")
        return "type prodeu to arm" in seen

    wait_for(opened, 60)


def type_word(console: Tmux, asks: str) -> None:
    """Tab to the field that asks for the word, the word, Enter."""
    shows(console, asks)
    console.press("Tab")
    console.press("prodeu", "Enter")


def arguments() -> Iterator[str]:
    """The argv of every process of this machine that may be looked at."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                yield (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue


def kept(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below, with what is in it."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
def test_a_revoked_key_is_exchanged_resolved_and_written_up_by_keys_alone(size: tuple[int, int]) -> None:
    with terminal(*size) as console:
        console.open("drill", "bad-key", "--speed", "20", TEXTUAL_LOG=str(console.folder / "textual.log"))
        file = open_key_screen(console)
        new, old = (path.read_text().strip() for path in (file, file.with_name("mistral.key")))
        seen = [console.seen()]
        paste(console, new + "\n")
        shows(console, "Enter tests it. It is stored nowhere.")
        seen.append(console.seen())
        console.press("Enter")
        shows(console, f"Key {Secret(new).fingerprint} works")
        seen.append(console.seen())
        # However often: it tests, and stores nothing.
        for _ in range(4):
            console.press("Enter")
        look(console)
        assert not list((console.folder / "state").rglob("journal.jsonl"))
        type_word(console, "type prodeu to arm")
        type_word(console, "type prodeu to apply")
        seen.append(console.seen())
        listens(console)
        argv = list(arguments())
        console.press("y")
        shows(console, "MITIGATING")
        argv += arguments()
        shows(console, "effective:", 90)
        seen.append(console.seen())
        resolve(console)
        console.press("x")
        shows(console, "Markdown")
        console.press("1")
        wait_for(lambda: bool(list((console.folder / "state").rglob("postmortem.md"))), 60)
        shows(console, "ostmortem")
        seen.append(console.run("capture-pane", "-p", "-S", "-"))
        console.press("q")
        shows(console, "EXIT 0")
        (report,) = (console.folder / "state").rglob("postmortem.md")
        assert "Verdict: effective" in report.read_text()
        assert leeward("verify", report.parent.name, state=console.folder / "state").returncode == 0
        for key in (new, old):
            assert not [text for text in (*seen, *argv) if key in text]
            assert not [path for path, data in kept(console.folder) if key.encode() in data]
            assert not [path for path, data in kept(console.folder) if key[:8].encode() in data]
        assert not (console.folder / "textual.log").exists()
        assert not file.parent.exists()


def resolve(console: Tmux) -> None:
    """`i`, monitoring; then, once it has held, resolved: nothing speaks against it any more."""
    console.press("i")
    shows(console, "Resolve")
    console.press("s")
    # The list, and not the advice behind it, which says monitoring too.
    shows(console, "▸ Status")
    console.press("Down", "Down", "Enter")
    shows(console, "MONITORING")
    shows(console, "It has held")
    console.press("i")
    shows(console, "Resolve")
    console.press("x")
    shows(console, "Keep it open")
    console.press("y")
    shows(console, "RESOLVED")


def test_two_lines_in_a_paste_leave_the_field_empty_and_escape_forgets() -> None:
    with terminal(80, 24) as console:
        console.open("drill", "bad-key", "--speed", "20")
        key = open_key_screen(console).read_text().strip()
        paste(console, f"{key}\n{key}\n")
        shows(console, "What was pasted has 2 lines")
        console.press("Enter")
        shows(console, "Paste or type the new key")
        # A terminal without brackets sends it as if it were typed, the line's end included.
        console.press("-l", key)
        console.press("Enter")
        shows(console, f"Key {Secret(key).fingerprint} works")
        console.press("Escape")
        shows(console, "The new key is forgotten; nothing was stored.")
        assert "no incident: looking" in console.seen()
