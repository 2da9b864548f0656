"""What nobody foresaw: a fault with a secret in its message is told and kept without it."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.commands import environ
from tests.support.hostile_world import TRICKS, leaked, steering
from tui.cli import crash
from tui.cli.running import run
from tui.model.redaction import Redactor
from tui.model.secret import Secret

KEY = "Zr5sentinelKey9Mn3qWe7TyUi1Op4As"

# A program whose check of the API fails with the key in the message, in a way that nobody foresaw.
FAULTY = """
import sys
from tui.probes import mistral_api
from tui.__main__ import main
import tui.cli.triage as triage

async def asks(self):
    raise RuntimeError(f"no such thing: {self._key.reveal() if hasattr(self, '_key') else KEY} " + TRICKS)

def renders(found):
    raise RuntimeError(f"cannot render {KEY} " + TRICKS)

if WHERE == "probe":
    mistral_api.MistralApi.ask = asks
else:
    triage._told = renders
sys.argv = ["leeward", "triage"]
sys.exit(main())
"""


@pytest.mark.parametrize("where", ["probe", "top"])
def test_a_command_that_fails_with_the_key_in_its_message(tmp_path: Path, where: str) -> None:
    """The key comes from a file: the environment, where a crash looks first, has nothing of it."""
    (tmp_path / "key").write_text(KEY)
    more = {
        "LEEWARD_MISTRAL_KEY_FILE": str(tmp_path / "key"),
        "LEEWARD_MISTRAL_BASE_URL": "http://127.0.0.1:9",
        "LEEWARD_STATUS_PAGE_URL": "http://127.0.0.1:9",
    }
    code = f"KEY, TRICKS, WHERE = {KEY!r}, {TRICKS!r}, {where!r}\n{FAULTY}"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 3, ran.stderr
    assert ("bug" in ran.stderr) is (where == "top")
    assert "Traceback" not in ran.stderr
    for said in (ran.stdout, ran.stderr):
        assert leaked(said, (KEY,)) == [] and steering(said) == []
    _assert_crashes(tmp_path, 1 if where == "top" else 0)


def test_a_fault_in_the_background_is_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    held = Redactor([Secret(KEY)])

    async def fails() -> None:
        raise RuntimeError(f"with {KEY} {TRICKS}")

    def fails_too() -> None:
        raise ValueError(f"with {KEY} {TRICKS}")

    async def work() -> None:
        task = asyncio.create_task(fails())
        await asyncio.wait([task])
        del task
        thread = threading.Thread(target=fails_too)
        thread.start()
        await asyncio.to_thread(thread.join)

    run(work())
    said = capsys.readouterr().err
    assert held.holds(KEY)
    assert "(RuntimeError)" in said and "(ValueError)" in said
    assert len(said.splitlines()) == 2
    assert leaked(said, (KEY,)) == [] and steering(said) == []
    _assert_crashes(tmp_path, 2)


def test_a_crash_of_ten_megabytes_is_kept_in_part(tmp_path: Path) -> None:
    kept = crash.keep(RuntimeError("x" * 10_000_000), {"XDG_STATE_HOME": str(tmp_path)})
    assert kept is not None and kept.stat().st_size <= crash.LARGEST + 1000


def _assert_crashes(state: Path, number: int) -> None:
    files = [path for path in state.rglob("crash-*") if path.is_file()]
    assert len(files) == number
    for path in files:
        text = path.read_text()
        assert leaked(text, (KEY,)) == [] and steering(text) == []
        assert "RuntimeError" in text or "ValueError" in text
        assert path.stat().st_mode & 0o077 == 0
