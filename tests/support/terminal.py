"""A real terminal, tmux's, for the console."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.real import require


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.socket = folder / "tmux"
        self.folder = folder
        self.size = size

    def run(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    def open(self, *arguments: str, **environ: str) -> None:
        """Start `leeward ARGUMENTS` in it, with nothing of this machine's user around it.

        Its process id is kept in a file, and every byte that it writes in another. Without
        settings, nobody outside is asked.
        """
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
        words = [f"{name}={value}" for name, value in (kept | own | environ).items()]
        console = shlex.join(
            ["env", "-i", *words, "TERM=screen-256color", sys.executable, "-m", "tui", *arguments]
        )
        script = self.folder / "window.sh"
        script.write_text(
            f"while [ ! -e {self.folder}/go ]; do sleep 0.02; done\n"
            f"sh -c 'echo $$ > {self.folder}/pid; exec sh {self.folder}/console.sh'\n"
            "echo EXIT $?; stty -a; sleep 60\n"
        )
        (self.folder / "console.sh").write_text(f"exec {console}\n")
        width, height = self.size
        self.run("new-session", "-d", "-x", str(width), "-y", str(height), f"sh {script}")
        self.run("pipe-pane", f"cat > {self.folder}/written")
        (self.folder / "go").touch()

    def written(self) -> bytes:
        """All that the program has written to its terminal so far."""
        return (self.folder / "written").read_bytes()

    def seen(self) -> str:
        return self.run("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
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


@contextlib.contextmanager
def terminal(width: int, height: int) -> Iterator[Tmux]:
    """A tmux server that is gone, with what ran in it, when the block ends."""
    require("tmux")
    # A socket's path has room for a hundred characters: pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="lw-"))
    server = Tmux(folder, (width, height))
    try:
        yield server
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            os.kill(server.pid, signal.SIGKILL)
        subprocess.run(["tmux", "-S", str(server.socket), "kill-server"], capture_output=True, timeout=20)
        shutil.rmtree(folder, ignore_errors=True)
