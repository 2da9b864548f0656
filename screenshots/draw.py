"""Draws the console's main states as SVG: the real console, played by keys, on simulated worlds.

`make screenshots`, or `python screenshots/draw.py [NAME...]` for those of some stories. Every world is
a `leeward drill NAME --serve` on loopback; record and settings are in a folder that goes away.
Nothing outside this machine is asked, and what is written holds no key, no address to fetch and no
path of the machine that drew it.
"""

import asyncio
import contextlib
import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tui.app import LeewardApp
from tui.cli import Options
from tui.cli.console import opening
from tui.cli.loading import settings_of
from tui.model.incident import Kind, Status
from tui.model.mitigation import Stage
from tui.model.reading import Check
from tui.session.snapshot import Snapshot

HERE = Path(__file__).resolve().parent
WIDE, NARROW = (120, 40), (80, 24)
PATIENCE = 60.0
# Whose drawing this is; no drawing shows it.
_OWNER = os.environ.get("HOME", "/")
# Folders that are made for one drawing have a random end; a drawing shows this one instead.
_TEMPORARY = re.compile(r"(leeward-(?:drill|drawn)-)[a-z0-9_]{8}")
_STEADY = r"\g<1>4f7a91c2"
# The consoles of a drawing are one process on one machine; a drawing tells them apart as people do.
_MACHINE = ContextVar("_MACHINE", default="devbox")
_PROCESSES = {"devbox": 4127, "laptop": 861}
# A line's text as Rich draws it, and the width of a character there.
_TEXT = re.compile(
    r'<text (class="[^"]*") x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)
_CELL = 12.2
_FONTS = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace'


# Worlds


@dataclass(frozen=True, slots=True)
class World:
    """A simulated world: where a console finds it, its secrets, and how it is ended."""

    addresses: dict[str, Any]
    secrets: tuple[str, ...]
    end: Callable[[], None]

    @property
    def config(self) -> Path:
        """The settings file that leads there."""
        return Path(self.addresses["config"])

    @property
    def second_config(self) -> Path:
        """The settings file that leads there by another login."""
        return Path(self.addresses["second_config"])


@contextlib.contextmanager
def world(scenario: str, speed: float = 10.0) -> Iterator[World]:
    """`leeward drill SCENARIO --serve`, for as long as the block lasts."""
    argv = [sys.executable, "-m", "tui", "drill", scenario, "--serve", "--speed", f"{speed:g}"]
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=HERE.parent, text=True
    )

    def end() -> None:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait(10)

    try:
        assert child.stdout is not None
        with child.stdout:
            addresses = json.loads(child.stdout.readline())
        yield World(addresses, tuple(_secrets(Path(addresses["config"]).parent)), end)
    finally:
        end()


def _secrets(folder: Path) -> Iterator[str]:
    """Every key and token of a world."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").strip()
        if path.suffix in (".key", ".token"):
            yield text
        elif path.name == "kubeconfig":
            yield from re.findall(r"(?:token|password|[a-z-]+-data): *\"?([^\s\"]{8,})", text)


# A console, and a person before it


@dataclass
class Person:
    """Presses keys, waits for what is to be seen, and draws it."""

    app: LeewardApp
    pilot: Pilot[int]
    secrets: tuple[str, ...]

    async def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text, and Enter."""
        await self.press(*("space" if c == " " else c for c in text), "enter")

    async def sees(self, what: str, wanted: Callable[[Snapshot], object], seconds: float = PATIENCE) -> None:
        """Wait until what was published is as wanted; ends the drawing where it never is."""
        await self._until(what, lambda: wanted(self.app.snapshot), seconds)

    async def reads(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until a text stands on the screen."""
        await self._until(repr(text), lambda: text in self.seen(), seconds)

    async def _until(self, what: str, wanted: Callable[[], object], seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not wanted():
            if asyncio.get_running_loop().time() > end:
                sys.exit(f"Never came: {what}. The screen was:\n{self.seen()}")
            await asyncio.sleep(0.05)
        await self.pilot.pause()

    def seen(self) -> str:
        """The characters on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def draw(self, name: str) -> None:
        """Write the screen as `NAME-120x40.svg`."""
        await self.pilot.pause()
        size = self.app.size
        path = HERE / f"{name}-{size.width}x{size.height}.svg"
        drawn = settled(self.app.export_screenshot(title="leeward", simplify=True))
        check(path.name, drawn, self.secrets)
        path.write_text(drawn, encoding="utf-8")
        print(f"{path.name:<32} {len(drawn) / 1024:>5.0f} KiB")


@contextlib.asynccontextmanager
async def console(
    at: World | None = None,
    size: tuple[int, int] = WIDE,
    *,
    config: Path | None = None,
    machine: str = "devbox",
    ascii_only: bool = False,
    secrets: tuple[str, ...] = (),
    **environ: str,
) -> AsyncIterator[Person]:
    """A console on a world, or without settings; `config` is for another login than the world's first."""
    _MACHINE.set(machine)
    with tempfile.TemporaryDirectory(prefix="leeward-drawn-") as home, _environment(HOME=home, **environ):
        options = Options(config=config or (at.config if at else None), ascii=ascii_only)
        app = LeewardApp(opening(options, settings_of(options), dict(os.environ)))
        async with app.run_test(size=size) as pilot:
            yield Person(app, pilot, (*secrets, *(at.secrets if at else ())))
            await app.let_go()


@contextlib.contextmanager
def _environment(**names: str) -> Iterator[None]:
    """Another environment for a while; the console names its files by `~`, which is HOME there."""
    before = dict(os.environ)
    os.environ.update(names)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def answered(snapshot: Snapshot) -> bool:
    """Whether every check has answered and the tree has ended."""
    return all(check in snapshot.checks for check in Check) and snapshot.diagnosis is not None


def with_chart(snapshot: Snapshot) -> bool:
    """Whether the error rate is there too: what a drawing begins with."""
    return answered(snapshot) and snapshot.checks[Check.ERROR_RATE].good is not None


# Stories


async def rate_limited() -> None:
    """A rate limit, from looking to resolved."""
    with world("rate-limited") as here:
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            await asyncio.sleep(3)
            await person.draw("rate-limited")
            await person.press("m")
            await person.draw("mitigations")
            await person.press("1")
            await person.reads("type prodeu")
            await person.draw("preview-read-only")
            await arm(person)
            await person.draw("preview-armed")
            await person.press("y")
            await person.sees("a rollout", lambda s: any(r.stage is Stage.ROLLING_OUT for r in s.running))
            await person.draw("rollout")
            await person.sees("a verdict", lambda s: any(e.kind == Kind.VERDICT for e in s.entries))
            await person.sees(
                "health", lambda s: s.diagnosis is not None and s.diagnosis.healthy and not s.running
            )
            await asyncio.sleep(3)
            await person.press("escape")
            await person.draw("held")
            await resolve(person)


async def resolve(person: Person) -> None:
    """From held to resolved: monitored until it may be resolved, and what is still held is kept."""
    await person.press("i", "s", "3")
    await person.sees(
        "monitoring", lambda s: s.incident is not None and s.incident.status is Status.MONITORING
    )
    await person.reads("It has held")
    await person.press("i", "x", "y")
    await person.reads("is still live")
    await person.press("k")
    await person.sees("the end", lambda s: s.incident is not None and not s.incident.open)
    await asyncio.sleep(1)
    await person.draw("resolved")


async def narrow() -> None:
    """The same in a small window."""
    with world("rate-limited") as here:
        async with console(here, NARROW) as person:
            await person.sees("a diagnosis", with_chart)
            await asyncio.sleep(2)
            await person.draw("rate-limited")
            await person.press("m", "1")
            await person.reads("type prodeu")
            await person.draw("preview-read-only")


async def worlds() -> None:
    """Other worlds: an outage, and one that is well; the help."""
    with world("provider-outage") as here:
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            await person.draw("provider-outage")
    with world("healthy") as here:
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            await person.draw("healthy")
            await person.press("question_mark")
            await person.draw("help")


async def rotation() -> None:
    """A revoked key: the new one is tested, unseen, and storing it is looked at."""
    with world("bad-key") as here:
        new = (here.config.parent / "candidate.key").read_text(encoding="utf-8").strip()
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            await person.press("enter")
            await person.reads("knows no such key")
            await person.type(new)
            await person.reads("one token of")
            await person.draw("key")
            await person.press("ctrl+s")
            await person.reads("type prodeu")
            await person.draw("key-preview")


async def record() -> None:
    """The record of a rate limit: an update before it is sent, evidence, and the page for the next shift."""
    with world("rate-limited") as here:
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            await declare(person)
            await note(person, "traffic rose after the newsletter")
            await person.press("u", "1")
            await person.reads("y sends  e edits")
            await person.draw("update")
            await person.press("y")
            await person.reads("Sent to Slack")
            await person.press("e")
            await person.reads("y collects")
            await person.draw("evidence")
            await person.press("escape", "i", "g")
            await person.reads("Impact")
            await person.draw("handover")
            await person.press("escape", "x")
            await person.reads("Markdown")
            await person.draw("postmortem")


async def together() -> None:
    """Two people at one incident: one joins the other's, and looks on while that one changes the target."""
    with world("rate-limited", speed=4) as here:
        async with (
            console(here) as first,
            console(here, config=here.second_config, machine="laptop") as ada,
        ):
            await first.sees("a diagnosis", with_chart)
            await ada.sees("a diagnosis", with_chart)
            await declare(first)
            await take_command(first)
            await note(first, "traffic rose after the newsletter")
            await join(ada)
            await ada.draw("joined")
            await ada.press("escape")
            await note(ada, "the newsletter team stops sending")
            await first.sees("the other's note", lambda s: any("stops sending" in e.text for e in s.entries))
            await ada.press("h")
            await ada.reads("every entry of this machine is there")
            await ada.draw("who-is-here")
            await ada.press("escape")
            await first.press("m", "1")
            await first.reads("type prodeu")
            await arm(first)
            # Before the change: while a rollout runs, a preview tells of that alone.
            await ada.press("m", "2")
            await ada.reads("checked  permitted")
            await first.press("y")
            await ada.reads("held by")
            await ada.draw("lock-held")
            await ada.press("escape")
            await ada.sees("the target locked", lambda s: s.lock is not None and not s.lock.here)
            await ada.draw("together")


async def declare(person: Person) -> None:
    """An incident with the title and the severity that are proposed."""
    await person.press("i", "d")
    await person.reads("its title")
    await person.press("enter")
    await person.reads("if unsure, take the higher")
    await person.press("enter")
    await person.sees("an incident", lambda s: s.incident is not None)


async def take_command(person: Person) -> None:
    """Under the name of who sits there."""
    await person.press("i", "c")
    await person.reads("who takes command")
    await person.press("enter")
    await person.sees("command", lambda s: s.incident is not None and s.incident.commander)


async def join(person: Person) -> None:
    """The one incident that is shared, up to what is told of it."""
    await person.reads("1 shared incident")
    await person.press("i")
    await person.reads("Join inc-")
    await person.press("j")
    await person.reads("Joined: so far")


async def note(person: Person, text: str) -> None:
    """A line in the timeline."""
    await person.press("n")
    await person.type(text)
    await person.reads("Noted.")


async def arm(person: Person) -> None:
    """In a preview: the context's word, up to when the question is heard."""
    await person.type("prodeu")
    await person.reads("y applies")
    await asyncio.sleep(1.5)


async def looks() -> None:
    """The other themes, and ASCII alone."""
    with world("rate-limited") as here:
        for theme in ("light", "ansi"):
            async with console(here, LEEWARD_CONSOLE_THEME=theme) as person:
                await person.sees("a diagnosis", with_chart)
                await person.draw(f"theme-{theme}")
        async with console(here, ascii_only=True) as person:
            await person.sees("a diagnosis", with_chart)
            await person.draw("ascii")


async def dead() -> None:
    """Every server goes away: what was known stays, with its age."""
    with world("rate-limited") as here:
        async with console(here) as person:
            await person.sees("a diagnosis", with_chart)
            here.end()
            lost = (Check.ERROR_RATE, Check.STATUS_PAGE, Check.WORKLOAD, Check.ALERTS)
            await person.sees("silence", lambda s: not any(s.checks[c].latest.known for c in lost))
            await asyncio.sleep(12)
            await person.draw("servers-gone")


async def first_run() -> None:
    """No settings: first nothing at all, then a key alone.

    The API's and the status page's addresses lead to a simulated world, so that nobody is asked.
    """
    with world("healthy") as here:
        aside = {
            "LEEWARD_MISTRAL_BASE_URL": here.addresses["mistral"],
            "LEEWARD_STATUS_PAGE_URL": here.addresses["status_page"],
        }
        async with console(secrets=here.secrets, **aside) as person:
            await person.reads("Nothing is set up yet")
            await asyncio.sleep(1)
            await person.draw("first-run")
        key = (here.config.parent / "mistral.key").read_text(encoding="utf-8").strip()
        async with console(secrets=here.secrets, **aside, MISTRAL_API_KEY=key) as person:
            await person.sees("every check", lambda s: all(check in s.checks for check in Check))
            await person.draw("key-alone")


STORIES: dict[str, Callable[[], Awaitable[None]]] = {
    story.__name__: story
    for story in (rate_limited, narrow, worlds, rotation, record, together, looks, dead, first_run)
}


# The drawings


def settled(svg: str) -> str:
    """The drawing without what differs from one to the next by chance, and without addresses.

    Rich names a drawing's classes by a checksum of its content, and fetches a font from elsewhere.
    """
    svg = re.sub(r"terminal-\d+-", "leeward-", svg)
    svg = re.sub(r"\s*@font-face \{.*?\n\s*\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {_FONTS}")
    svg = svg.replace("font-family: arial", f"font-family: {_FONTS}")
    svg = re.sub(r"<!-- Generated with Rich .*? -->", "<!-- Drawn by screenshots/draw.py -->", svg)
    svg = _TEMPORARY.sub(_STEADY, svg)
    for machine, process in _PROCESSES.items():
        svg = re.sub(rf"({machine},(?: |&#160;)process(?: |&#160;))\d+", rf"\g<1>{process}", svg)
    svg = _TEXT.sub(_placed, svg).replace("><", ">\n<")
    return "\n".join(line.rstrip() for line in svg.strip().split("\n")) + "\n"


def _placed(found: re.Match[str]) -> str:
    """Each stretch of words at its own place: not every viewer spaces a long line as it was told to."""
    head, x, y, tail, content = found.groups()
    row = html.unescape(content).replace("\N{NO-BREAK SPACE}", " ")
    return "".join(
        f'<text {head} x="{float(x) + words.start() * _CELL:.10g}" y="{y}"'
        f' textLength="{len(words[0]) * _CELL:.10g}"{tail}>'
        f"{html.escape(words[0], quote=False).replace(' ', '&#160;')}</text>"
        for words in re.finditer(r"\S+(?: \S+)*", row)
    )


def check(name: str, svg: str, secrets: tuple[str, ...]) -> None:
    """End the drawing where it would hold what it must not."""
    text = re.sub(r"<[^>]+>", "", svg)
    for secret in secrets:
        if secret in svg or secret in text:
            sys.exit(f"{name} would show a secret of the simulated world.")
    if re.search(r"url\((?!#leeward-)|@import|href=|@font-face|<script", svg):
        sys.exit(f"{name} would fetch something from elsewhere.")
    for path in {str(HERE.parent), str(Path.cwd()), _OWNER} - {"/"}:
        if re.search(re.escape(path) + r"(?![A-Za-z0-9_-])", text):
            sys.exit(f"{name} would show the path {path} of this machine.")


def _forget_this_machine() -> None:
    """Keep nothing of this user's environment: no key, no settings, no kubeconfig, no proxy."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    os.environ.clear()
    os.environ.update(
        kept, HOME="/", TMPDIR="/tmp", TERM="xterm-256color", LANG="C.UTF-8", USER="responder",
        LOGNAME="responder", PYTHONPATH=str(HERE.parent),
    )  # fmt: skip
    tempfile.tempdir = None
    socket.gethostname = _MACHINE.get


async def _draw(names: list[str]) -> None:
    for name in names:
        await STORIES[name]()


def main() -> None:
    """Draw all, or the stories that are named."""
    names = sys.argv[1:] or list(STORIES)
    unknown = [name for name in names if name not in STORIES]
    if unknown:
        sys.exit(f"There is no story {unknown[0]!r}. There are: {', '.join(STORIES)}.")
    _forget_this_machine()
    asyncio.run(_draw(names))


if __name__ == "__main__":
    main()
