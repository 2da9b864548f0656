"""The whole console in a real terminal, in a hostile world: what it writes, keeps, shows and starts."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.test_by_keys import shows
from tests.security.test_commands import told
from tests.support.commands import served
from tests.support.hostile_world import HostileWorld, hostile_world, leaked, steering
from tests.support.terminal import Tmux, terminal, wait_for

pytestmark = pytest.mark.real

# What a terminal takes for more than a character, by its kind.
_STRINGS = re.compile(rb"\x1b[\]PX^_](.*?)(?:\x07|\x1b\\)", re.DOTALL)
_SEQUENCES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78cM\\])")
TYPED = "typed [bold]x[/] {{7*7}} ${HOME} %s"
PASTED = "pasted \x1b]0;PWNED\x07 \u202eBIDI\u200b {secret} at the end"


@pytest.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[HostileWorld]:
    with served("rate-limited", tmp_path, "--speed", "20") as addresses:
        async with hostile_world(addresses, tmp_path) as made:
            yield made


async def test_nothing_of_a_hostile_world_gets_out_of_its_frame(hostile: HostileWorld) -> None:
    secrets = hostile.sentinels.all()
    with terminal(120, 40) as console:
        await asyncio.to_thread(_played, console, hostile)
        started = processes(console.pid)
        console.press("q")
        await asyncio.to_thread(shows, console, "EXIT 0")
        written = console.written()
        title = console.run("display-message", "-p", "#{pane_title}")
        state = console.folder / "state"
        for argv, _ in started:
            assert leaked(argv, secrets) == []
        _assert_plain(written, secrets)
        assert "PWNED" not in title
        _assert_kept(state, secrets)
        await _assert_told(hostile, state, secrets)


def _played(console: Tmux, hostile: HostileWorld) -> None:
    """A diagnosis, two notes, a change that is looked at and applied, a page, a copy and a postmortem."""
    settings = str(hostile.settings())
    console.open(
        "--config", settings,
        MISTRAL_API_KEY=hostile.sentinels.key,
        USER="\x1b]0;PWNED\x07ana",
        LEEWARD_MISTRAL_BASE_URL=hostile.urls["mistral"],
        LEEWARD_STATUS_PAGE_URL=hostile.urls["status_page"],
    )  # fmt: skip
    shows(console, "Rate limited: our own limit (P2)", 60)
    shows(console, "10 → 3 per pod", 60)
    console.press("n")
    shows(console, "opens an incident")
    console.press("-l", TYPED)
    console.press("Enter")
    shows(console, "Noted.")
    console.press("n")
    shows(console, "Note")
    (console.folder / "paste").write_text(PASTED.format(secret=hostile.sentinels.key))
    console.run("load-buffer", str(console.folder / "paste"))
    console.run("paste-buffer", "-p")
    shows(console, "BIDI")
    console.press("Enter")
    journals = console.folder / "state" / "leeward" / "incidents"
    wait_for(lambda: "pasted" in next(journals.glob("*/journal.jsonl")).read_text(), 30)
    shows(console, "pasted")
    console.press("c")
    shows(console, "sent to the terminal")
    console.press("m")
    shows(console, "nothing is changed by looking")
    console.press("1")
    shows(console, "type prodeu to arm", 60)
    leave(console, "type prodeu to arm")
    console.press("d")
    shows(console, "We send more than")
    leave(console, "We send more than")
    console.press("x")
    shows(console, "Markdown")
    console.press("1")
    wait_for(lambda: bool(list(journals.glob("*/postmortem.md"))), 30)


def leave(console: Tmux, words: str) -> None:
    """Escape, and wait until what says these words is gone: a key right after it would be an Alt key."""
    console.press("Escape")
    wait_for(lambda: words not in console.seen(), 30)


def processes(root: int) -> list[tuple[bytes, bytes]]:
    """Arguments and environment of the console and of every process below it."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        folder = Path(f"/proc/{pid}")
        found.append(((folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()))
        for task in folder.glob("task/*/children"):
            waiting += map(int, task.read_text().split())
    return found


def _assert_plain(written: bytes, secrets: tuple[str, ...]) -> None:
    """Only sequences that style and place, and the clipboard's where it was asked for; no secret."""
    assert leaked(written, secrets) == []
    for string in _STRINGS.findall(written):
        kind, _, rest = string.partition(b";")
        if kind == b"52":
            copied = base64.b64decode(rest.partition(b";")[2]).decode()
            assert leaked(copied, secrets) == [] and steering(copied) == []
        elif string != b"22;default":  # the pointer's shape, which Textual sets
            # Inside tmux the clipboard's is wrapped once more; titles and all else are never written.
            assert string.startswith(b"tmux;\x1b\x1b]52;c;"), string
    rest = _SEQUENCES.sub(b"", _STRINGS.sub(b"", written)).decode()
    assert set(steering(rest)) <= {r"'\r'", r"'\x0f'", r"'\x07'"}


def _assert_kept(state: Path, secrets: tuple[str, ...]) -> None:
    files = [path for path in state.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "postmortem.md", "copied.txt"} <= {path.name for path in files}
    for path in files:
        text = path.read_text()
        assert leaked(text, secrets) == [], path
        assert steering(text) == [], path
        assert len(text) < 500_000
        assert path.stat().st_mode & 0o077 == 0, path


async def _assert_told(hostile: HostileWorld, state: Path, secrets: tuple[str, ...]) -> None:
    """The record's own commands, on what was kept."""
    (folder,) = (state / "leeward" / "incidents").iterdir()
    for args in (
        ("incidents",),
        ("incidents", "--json"),
        ("show", folder.name),
        ("show", folder.name, "--json"),
        ("note", folder.name, f"from a script {hostile.sentinels.password} \x1b]0;PWNED\x07"),
        ("verify", folder.name),
        ("postmortem", folder.name),
    ):
        ran = await told(hostile, *args, state=state)
        assert ran.returncode == 0, (args, ran.stderr)
        for said in (ran.stdout, ran.stderr):
            assert leaked(said, secrets) == [] and steering(said) == [], args
        if args[0] in ("show", "postmortem"):
            # Neither markup nor a template is anything but its characters.
            assert "{{7*7}}" in ran.stdout.replace("\\", "") and "49" not in ran.stdout.split("typed")[1][:20]
    _assert_kept(state, secrets)
