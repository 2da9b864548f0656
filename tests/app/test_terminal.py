"""The console in a real terminal, tmux's: it starts, leaves cleanly, and ends with its terminal."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.real import require

pytestmark = pytest.mark.real


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.socket = folder / "tmux"
        self.folder = folder
        self.size = size

    def run(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    def open(self) -> None:
        """Start the console in it, with no settings at all; its process id is kept in a file."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "LANG": "C.UTF-8",
            # No name is looked up outside this machine: the two public servers are refused at once.
            "LEEWARD_MISTRAL_BASE_URL": "http://127.0.0.1:9",
            "LEEWARD_STATUS_PAGE_URL": "http://127.0.0.1:9",
        }
        words = [f"{name}={value}" for name, value in (kept | own).items()]
        console = shlex.join(["env", "-i", *words, "TERM=screen-256color", sys.executable, "-m", "tui"])
        script = self.folder / "window.sh"
        script.write_text(
            f"sh -c 'echo $$ > {self.folder}/pid; exec sh {self.folder}/console.sh'\n"
            "echo EXIT $?; stty -a; sleep 60\n"
        )
        (self.folder / "console.sh").write_text(f"exec {console}\n")
        width, height = self.size
        self.run("new-session", "-d", "-x", str(width), "-y", str(height), f"sh {script}")

    def seen(self) -> str:
        return self.run("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())


def wait_for(what: Callable[[], bool], seconds: float = 15) -> None:
    """Until it holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    require("tmux")
    # A socket's path has room for a hundred characters: pytest's own folders are too deep.
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="lw-"))
    server = Tmux(folder, (80, 24))
    server.open()
    wait_for(lambda: "Nothing is set up yet." in server.seen())
    yield server
    if alive(server.pid):
        os.kill(server.pid, signal.SIGKILL)
    subprocess.run(["tmux", "-S", str(server.socket), "kill-server"], capture_output=True, timeout=20)
    shutil.rmtree(folder, ignore_errors=True)


def test_without_settings_it_opens_and_q_leaves_a_clean_terminal(tmux: Tmux) -> None:
    assert "leeward drill" in tmux.seen()
    pid = tmux.pid
    tmux.press("q")
    wait_for(lambda: "EXIT 0" in tmux.seen())
    assert not alive(pid)
    seen = tmux.seen()
    assert "Nothing is set up" not in seen
    assert " echo " in seen.replace("\n", " ")
    assert " icanon " in seen.replace("\n", " ").replace(";", " ")
    assert tmux.run("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").split() == [
        "0",
        "1",
        "0",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_clean_terminal(tmux: Tmux, number: signal.Signals) -> None:
    pid = tmux.pid
    os.kill(pid, number)
    wait_for(lambda: f"EXIT {128 + number}" in tmux.seen())
    assert not alive(pid)
    assert tmux.run("display-message", "-p", "#{alternate_on}").strip() == "0"


def test_when_the_terminal_is_taken_away_no_orphan_stays(tmux: Tmux) -> None:
    pid = tmux.pid
    server = int(tmux.run("display-message", "-p", "#{pid}"))
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not alive(pid))


def test_a_note_written_before_the_terminal_was_taken_away_is_on_disk(tmux: Tmux) -> None:
    pid = tmux.pid
    tmux.press("n")
    wait_for(lambda: "opens an incident" in tmux.seen())
    tmux.press("kept after all", "Enter")
    wait_for(lambda: "Noted." in tmux.seen())
    os.kill(int(tmux.run("display-message", "-p", "#{pid}")), signal.SIGKILL)
    wait_for(lambda: not alive(pid))
    journals = list((tmux.folder / "state" / "leeward" / "incidents").glob("*/journal.jsonl"))
    assert len(journals) == 1
    assert "kept after all" in journals[0].read_text()
