"""A console on a pseudo-terminal, driven by keys, seen as a person sees it, and recorded (asciicast v2)."""

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.support.commands import ROOT, environ
from tests.support.pseudo_terminal import SIZE, Terminal

# Generous: a machine ten times slower is to pass. What is wrong fails by what is seen, not by time.
GUARD = 180.0
_KEYS = {"enter": "\r", "escape": "\x1b", "tab": "\t", "down": "\x1b[B", "up": "\x1b[A", "ctrl+s": "\x13"}
_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b[()#].|\x1b[^\[\]PX^_()#]",
    re.DOTALL,
)


class Screen:
    """What a terminal shows of what it was sent: the sequences that Textual places text with."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._width, self._height = size
        self._rest = ""
        self._clear()

    def _clear(self) -> None:
        self._rows = [[" "] * self._width for _ in range(self._height)]
        self._x = self._y = 0

    def feed(self, text: str) -> None:
        """Take some more of what the program wrote; a sequence may end in the next part."""
        text, at = self._rest + text, 0
        while at < len(text):
            if text[at] != "\x1b":
                self._put(text[at])
                at += 1
            elif found := _SEQUENCE.match(text, at):
                self._obey(found)
                at = found.end()
            else:
                break
        self._rest = text[at:]

    def _put(self, one: str) -> None:
        if one == "\n":
            self._y = min(self._y + 1, self._height - 1)
        elif one == "\r":
            self._x = 0
        elif one >= " ":
            if self._x < self._width and self._y < self._height:
                self._rows[self._y][self._x] = one
            self._x += 1

    def _obey(self, found: re.Match[str]) -> None:
        parts = (found["csi"] or "").split(";")
        if found["final"] == "H":
            row, column = (int(part or 1) for part in (parts * 2)[:2])
            self._x, self._y = column - 1, row - 1
        elif found["final"] == "J" and parts[0] in ("2", "3"):
            self._clear()
        elif found["final"] == "C":
            self._x += int(parts[0] or 1)
        elif found["final"] == "K":
            self._rows[self._y][self._x :] = [" "] * (self._width - self._x)

    def text(self) -> str:
        """Its lines."""
        return "\n".join("".join(row).rstrip() for row in self._rows)


class Recorded(Terminal):
    """A program on a terminal, every byte of which is kept with its time.

    Attributes:
        screen: what the terminal shows.
        state: the folder that has its home, settings and record.
    """

    state: Path

    def __init__(self, argv: list[str], env: Mapping[str, str], cwd: Path, cast: Path) -> None:
        self.screen = Screen(SIZE)
        self._half = b""
        # Line by line, so that a run which is broken off leaves what it has.
        self._cast = cast.open("w", encoding="utf-8", buffering=1)
        header = {"version": 2, "width": SIZE[0], "height": SIZE[1], "timestamp": int(time.time())}
        self._cast.write(json.dumps({**header, "title": "leeward " + " ".join(argv[3:])}) + "\n")
        super().__init__(argv, env, cwd)

    def press(self, *keys: str) -> None:
        """Press keys: names of `_KEYS`, or characters."""
        for key in keys:
            self._event("i", text := _KEYS.get(key, key))
            self.write(text.encode())

    def marked(self, words: str) -> None:
        """Name this moment in the recording."""
        self._event("m", words)

    def seen(self) -> str:
        """The screen, its blanks and frames made one space, so that words are found across lines."""
        return re.sub(r"[\s│┃┆║|]+", " ", self.screen.text())

    def shows(self, *words: str) -> str:
        """Wait until all of this is on the screen at once; the screen."""
        self._wait(lambda: all(one in self.seen() for one in words), f"{words} on the screen")
        return self.screen.text()

    def shows_no(self, *words: str) -> None:
        """Wait until none of this is on the screen."""
        self._wait(lambda: not any(one in self.seen() for one in words), f"{words} gone")

    def ends(self) -> int:
        """Wait for the end of the program; its exit code."""
        self._wait(lambda: self.ended() is not None, "the end")
        code = self.ended()
        assert code is not None
        return code

    def writes(self, name: str) -> Path:
        """Wait until there is a file of this name in its record; the file."""
        self._wait(lambda: bool(list(self.state.rglob(name))), f"a file {name}")
        return next(self.state.rglob(name))

    def _wait(self, wanted: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + GUARD
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError(f"Never came: {what}. The screen:\n{self.screen.text()}")
            self.read(0.1)

    def took(self, data: bytes) -> None:
        """Keep it, and show it; a character may be in two reads."""
        data = self._half + data
        whole = data
        for cut in range(min(4, len(data) + 1)):
            whole = data[: len(data) - cut]
            with contextlib.suppress(UnicodeDecodeError):
                text = whole.decode()
                break
        else:
            text = data.decode(errors="replace")
            whole = data
        self._half = data[len(whole) :]
        self._event("o", text)
        self.screen.feed(text)

    def _event(self, kind: str, text: str) -> None:
        self._cast.write(json.dumps([round(time.perf_counter() - self.began, 4), kind, text]) + "\n")

    def close(self) -> None:
        """End it, and the recording."""
        super().close()
        self._cast.close()


@contextlib.contextmanager
def recorded(
    folder: Path, name: str, *arguments: str, beside: Path | None = None, **more: str
) -> Iterator[Recorded]:
    """`leeward ARGUMENTS` on a terminal, its state below `folder`.

    The recording is `NAME.cast` in LEEWARD_ARTEFACTS, else in `beside`, else in `folder`.
    """
    kept = Path(os.environ.get("LEEWARD_ARTEFACTS", beside or folder))
    kept.mkdir(parents=True, exist_ok=True)
    aside = {
        "LANG": "C.UTF-8",
        "LEEWARD_MISTRAL_BASE_URL": "http://127.0.0.1:9",
        "LEEWARD_STATUS_PAGE_URL": "http://127.0.0.1:9",
    }
    env = environ(folder, **{**aside, **more})
    made = Recorded([sys.executable, "-m", "tui", *arguments], env, ROOT, kept / f"{name}.cast")
    made.state = folder
    try:
        yield made
    finally:
        made.close()
