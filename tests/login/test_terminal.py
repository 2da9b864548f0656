"""A login plugin that asks on the terminal, and a console in one: the keys are the console's."""

import re
from pathlib import Path

import pytest

from tests.login.plugins import LoginPlugin
from tests.support.commands import served
from tests.support.terminal import Tmux, terminal, wait_for

pytestmark = pytest.mark.real


def shows(console: Tmux, text: str, seconds: float = 60) -> None:
    """Wait until the screen shows this, whatever it wraps."""
    wait_for(lambda: text in re.sub(r"\s+", " ", console.seen()), seconds)


def test_keys_reach_the_console_while_the_plugin_waits_for_a_password(tmp_path: Path) -> None:
    with served("rate-limited", tmp_path, "--speed", "20") as world, terminal(120, 40) as console:
        plugin = LoginPlugin(tmp_path / "plugin", Path(world["kubeconfig"]), "nothing")
        plugin.does("asks")
        console.open("--config", world["config"])
        wait_for(lambda: plugin.runs > 0, 60)
        shows(console, "Rate limited: our own limit")
        console.press("n")
        shows(console, "Note")
        console.press("typed while it asks", "Enter")
        shows(console, "typed while it asks")
        assert plugin.heard == ""
        assert "Password" not in console.seen()
        assert b"Password" not in console.written()
        console.press("q")
        shows(console, "EXIT 0")
