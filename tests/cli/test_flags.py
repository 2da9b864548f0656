"""A flag beats the environment, which beats the file, for each thing that can be said in all three places."""

from pathlib import Path

import pytest

from tui.cli import Options
from tui.cli.console import opening
from tui.cli.loading import settings_of
from tui.settings import Loaded

VARIABLES = ("LEEWARD_CONSOLE_ASCII", "LEEWARD_READ_ONLY", "LEEWARD_KUBERNETES_CONTEXT")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that nothing leads to but a flag; the default one says something else."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    (tmp_path / "leeward").mkdir()
    (tmp_path / "leeward" / "config.toml").write_text('[kubernetes]\ncontext = "of-the-default-file"\n')
    return tmp_path / "mine.toml"


def opened_with(options: Options) -> tuple[bool, Loaded]:
    """Whether the console opens in ASCII, and its settings."""
    loaded = settings_of(options)
    return opening(options, loaded, {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}).ascii, loaded


def test_the_file_that_is_named_is_used_instead_of_the_default_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[kubernetes]\ncontext = "of-the-named-file"\n')
    assert opened_with(Options())[1].settings.kubernetes.context == "of-the-default-file"
    assert opened_with(Options(config=file))[1].settings.kubernetes.context == "of-the-named-file"
    monkeypatch.setenv("LEEWARD_KUBERNETES_CONTEXT", "of-the-environment")
    assert opened_with(Options(config=file))[1].settings.kubernetes.context == "of-the-environment"


@pytest.mark.parametrize(
    ("flag", "variable", "written", "ascii_"),
    [
        (True, "false", "false", True),
        (True, None, "false", True),
        (False, "true", "false", True),
        (False, "false", "true", False),
        (False, None, "true", True),
        (False, None, "false", False),
    ],
)
def test_ascii(
    file: Path, monkeypatch: pytest.MonkeyPatch, flag: bool, variable: str | None, written: str, ascii_: bool
) -> None:
    file.write_text(f"[console]\nascii = {written}\n")
    if variable is not None:
        monkeypatch.setenv("LEEWARD_CONSOLE_ASCII", variable)
    assert opened_with(Options(config=file, ascii=flag))[0] is ascii_


@pytest.mark.parametrize(
    ("flag", "variable", "written", "locked"),
    [
        (True, "false", "false", "--read-only"),
        (False, "true", "false", "settings"),
        (False, "false", "true", ""),
        (False, None, "true", "settings"),
        (False, None, "false", ""),
    ],
)
async def test_read_only(
    file: Path, monkeypatch: pytest.MonkeyPatch, flag: bool, variable: str | None, written: str, locked: str
) -> None:
    file.write_text(f'read_only = {written}\n[kubernetes]\ndeployment = "app"\n')
    if variable is not None:
        monkeypatch.setenv("LEEWARD_READ_ONLY", variable)
    options = Options(config=file, read_only=flag)
    loaded = settings_of(options)
    session = await opening(options, loaded, {"LC_ALL": "C.UTF-8"}).make()
    said = session.snapshot.arming.locked
    assert locked in said and bool(said) is bool(locked)
