"""The console in a real terminal, tmux's: it starts, leaves cleanly, and ends with its terminal."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support import hostile
from tests.support.terminal import Tmux, alive, terminal, wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    with terminal(80, 24) as server:
        server.open()
        wait_for(lambda: "Nothing is set up yet." in server.seen())
        yield server


def test_without_settings_it_opens_and_q_leaves_a_clean_terminal(tmux: Tmux) -> None:
    assert "leeward drill" in tmux.seen()
    pid = tmux.pid
    tmux.press("q")
    # What `stty` says comes a moment after the exit code.
    wait_for(lambda: "EXIT 0" in tmux.seen() and " echo " in tmux.seen().replace("\n", " "))
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


HANGING = """
[mistral]
model = "mistral-large-latest"
[service]
health_url = "{0}/health"
[prometheus]
url = "{0}"
[alertmanager]
url = "{0}"
[kubernetes]
kubeconfig = "kubeconfig"
namespace = "prod"
deployment = "mistral-service"
"""
KUBECONFIG = """
current-context: prod
contexts: [{{name: prod, context: {{cluster: it, user: me}}}}]
clusters: [{{name: it, cluster: {{server: "{0}"}}}}]
users: [{{name: me, user: {{token: none}}}}]
"""


async def test_keys_answer_and_q_leaves_while_every_server_hangs() -> None:
    asked: set[bytes] = set()

    async def hangs(head: bytes, writer: hostile.Writer) -> None:
        asked.add(head.split(b" ", 2)[1].split(b"/")[1])
        await hostile.hangs(head, writer)

    async with hostile.serving(hangs) as url:
        with terminal(80, 24) as console:
            await asyncio.to_thread(_use_while_it_hangs, console, url, asked)


def _use_while_it_hangs(console: Tmux, url: str, asked: set[bytes]) -> None:
    (console.folder / "kubeconfig").write_text(KUBECONFIG.format(url))
    settings = console.folder / "hanging.toml"
    settings.write_text(HANGING.format(url))
    environ = {"LEEWARD_MISTRAL_BASE_URL": url, "LEEWARD_STATUS_PAGE_URL": url, "MISTRAL_API_KEY": "k" * 32}
    console.open("--config", str(settings), **environ)
    # Mistral's models, our service, Prometheus and Alertmanager (`api`), and the cluster (`apis`).
    wait_for(lambda: asked >= {b"v1", b"health", b"api", b"apis"})
    console.press("?")
    wait_for(lambda: "Help" in console.seen())
    console.press("Escape")
    wait_for(lambda: "Help" not in console.seen())
    console.press("q")
    wait_for(lambda: "EXIT 0" in console.seen())
    assert not alive(console.pid)


STUCK = """
import os, signal, sys, threading
from tui.screens.terminal import end_without
signal.signal(signal.SIGHUP, signal.SIG_IGN)
end_without(0.2, lambda: os._exit(129), every=0.05)
os.write(1, b"stuck")
threading.Event().wait()
"""


def test_a_console_that_hangs_on_a_terminal_that_is_gone_ends() -> None:
    master, slave = os.openpty()
    stuck = subprocess.Popen(
        [sys.executable, "-c", STUCK], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    try:
        os.close(slave)
        assert os.read(master, 5) == b"stuck"
        assert stuck.poll() is None
        os.close(master)
        assert stuck.wait(60) == 129
    finally:
        stuck.kill()
        stuck.wait()
