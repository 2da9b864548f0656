"""What each command loads, told by fresh interpreters: slow libraries come late, or never."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.record.helpers import INCIDENT, with_entries
from tests.support.commands import ROOT, environ
from tests.support.pseudo_terminal import terminal

CLIENTS = {"kubernetes", "prometheus_api_client"}
TEXTUAL = {"textual", "textual_plotext", "plotext", "widgets"}
# What a store of keys needs, where there is one; `grpc` is Google's (`google` is there with kubernetes).
STORES = {"boto3", "botocore", "grpc", "hvac"}
SLOW = CLIENTS | STORES | TEXTUAL | {"rich", "httpx", "jinja2", "yaml", "requests", "aiohttp"}
BELOW_THE_FACES = (
    "session", "probes", "mitigations", "evidence", "notify", "sharing", "clients", "record", "reports",
    "runbooks", "settings", "model",
)  # fmt: skip

# Runs the command as `leeward` does; then tells what is loaded, in the file that $TOLD names.
# A command that leaves a hanging thread behind ends by `os._exit`.
COMMAND = """
import json, os, sys
from tui.__main__ import main

def tell(code, leave=os._exit):
    with open(os.environ["TOLD"], "w") as told:
        json.dump(sorted(sys.modules), told)
    sys.stdout.flush()
    leave(code)

os._exit = tell
tell(main())
"""

# Runs the console; tells what is loaded when the frame with the keys goes to the terminal, and once
# both clients are there, at the latest.
CONSOLE = """
import json, os, sys, threading, time
from textual.drivers.linux_driver import LinuxDriver
from tui.__main__ import main

def tell(name):
    with open(os.environ["TOLD"] + name + ".new", "w") as told:
        json.dump(sorted(sys.modules), told)
    os.rename(told.name, os.environ["TOLD"] + name)

write = LinuxDriver.write

def first(self, data):
    if "READ-ONLY" in data and "help" in data:
        LinuxDriver.write = write
        tell(".frame")
        threading.Thread(target=later, daemon=True).start()
    write(self, data)

def later():
    while not {"kubernetes", "prometheus_api_client"} <= set(sys.modules):
        time.sleep(0.02)
    tell(".later")

LinuxDriver.write = first
sys.exit(main())
"""

# Imports every module of some packages, and prints what is then loaded.
EVERYTHING = """
import importlib, json, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(package, "__path__", ()), name + "."):
        importlib.import_module(found.name)
print(json.dumps(sorted(sys.modules)))
"""

CLOSED = "http://127.0.0.1:9"
SETTINGS = f"""
[mistral]
base_url = "{CLOSED}"
[service]
health_url = "{CLOSED}/health"
[prometheus]
url = "{CLOSED}"
[alertmanager]
url = "{CLOSED}"
[status_page]
url = "{CLOSED}"
[kubernetes]
kubeconfig = "KUBECONFIG"
context = "there"
namespace = "prod"
deployment = "mistral-service"
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: there
clusters: [{name: there, cluster: {server: "https://127.0.0.1:9", insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: t}}]
contexts: [{name: there, context: {cluster: there, user: me}}]
"""


def settings_file(folder: Path) -> Path:
    """Settings whose servers all refuse connections."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    path = folder / "config.toml"
    path.write_text(SETTINGS.replace("KUBECONFIG", str(kubeconfig)))
    return path


def tops(names: list[str]) -> set[str]:
    """The top-level packages."""
    return {name.partition(".")[0] for name in names}


def loaded_by(state: Path, *args: str, codes: tuple[int, ...] = (0,), **more: str) -> set[str]:
    """The top-level packages that `leeward ARGS` has loaded when it ends."""
    told = state / "told"
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *args],
        env=environ(state, TOLD=str(told), **more),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode in codes, ended.stderr
    assert ended.stdout, "it said nothing, so it did nothing"
    return tops(json.loads(told.read_text()))


def everything_in(*packages: str) -> list[str]:
    """What is loaded once every module of these packages is."""
    argv = [sys.executable, "-c", EVERYTHING, *packages]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    names: list[str] = json.loads(ended.stdout)
    assert set(packages) <= set(names)
    return names


@pytest.mark.parametrize(
    "args", [("--help",), ("show", INCIDENT), ("show", INCIDENT, "--json"), ("note", INCIDENT, "seen")]
)
def test_help_note_and_show_load_neither_textual_nor_a_client(tmp_path: Path, args: tuple[str, ...]) -> None:
    asyncio.run(with_entries(tmp_path / "leeward", 3))
    assert not loaded_by(tmp_path, *args) & SLOW


def test_triage_asks_with_the_clients_and_without_textual(tmp_path: Path) -> None:
    args = ("--config", str(settings_file(tmp_path)), "triage", "--json")
    loaded = loaded_by(tmp_path, *args, codes=(1, 3), MISTRAL_API_KEY="k" * 32)
    assert {"httpx", *CLIENTS} <= loaded
    assert not loaded & (TEXTUAL | STORES)


def test_the_console_paints_before_it_loads_a_client(tmp_path: Path) -> None:
    told = tmp_path / "told"
    argv = [sys.executable, "-c", CONSOLE, "--config", str(settings_file(tmp_path))]
    env = environ(tmp_path, TOLD=str(told), LANG="C.UTF-8", MISTRAL_API_KEY="k" * 32)
    with terminal(argv, env, ROOT) as screen:
        screen.until("? help")
        end = time.monotonic() + 60
        while not told.with_suffix(".later").exists() and time.monotonic() < end:
            screen.during(0.05)
    names = json.loads(told.with_suffix(".frame").read_text())
    assert "tui.model.runbook" not in names, "two dozen classes that are only needed once there is a tree"
    first = tops(names)
    assert "textual" in first
    assert not first & (CLIENTS | {"httpx", "jinja2", "yaml", "requests", "aiohttp", "plotext"})
    # It does load them, so the first look came early and not never.
    later = tops(json.loads(told.with_suffix(".later").read_text()))
    assert later >= CLIENTS
    assert not later & STORES


def test_nothing_from_the_session_down_knows_textual() -> None:
    names = everything_in(*(f"tui.{room}" for room in BELOW_THE_FACES))
    assert not tops(names) & (TEXTUAL | {"rich"})
    assert "tui.app" not in names


def test_the_simulated_world_shares_no_code_with_the_console() -> None:
    names = everything_in("tui.drill")
    assert [name for name in names if name.startswith("tui.") and not name.startswith("tui.drill")] == []
    assert not tops(names) & (TEXTUAL | CLIENTS | {"rich", "httpx"})
