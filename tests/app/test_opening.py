"""What the console is opened with."""

from pathlib import Path

import pytest

from tui.cli import Options
from tui.cli.console import open_console, opening, speaks_unicode
from tui.cli.output import Failure
from tui.settings import load


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({"LANG": "de_DE.utf8", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ({}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),  # what Python itself sets where nothing is set
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, False),
    ],
)
def test_glyphs_follow_the_locale(environ: dict[str, str], unicode: bool) -> None:
    assert speaks_unicode(environ) is unicode


def test_a_dumb_terminal_is_told_what_to_use_instead(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(Failure, match="leeward triage"):
        open_console(Options())


def test_settings_and_folders_are_named(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "c"),
        "XDG_STATE_HOME": str(tmp_path / "s"),
    }
    made = opening(Options(read_only=True, resume="inc-1"), load(None, environ), environ)
    assert made.places.settings == str(tmp_path / "c" / "leeward" / "config.toml")
    assert made.folder == tmp_path / "s" / "leeward"
    assert (made.arm_for, made.resume) == ("15 min", "inc-1")
