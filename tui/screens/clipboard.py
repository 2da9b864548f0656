"""Copying over a network: what the terminal is told, and the private file that has it too."""

import base64
import os
from pathlib import Path

# xterm takes no longer sequence; other terminals drop it without a word.
LIMIT = 74_000


def sequences(text: str, in_tmux: bool) -> str:
    """OSC 52, and inside tmux also wrapped so that tmux hands it to its own terminal."""
    encoded = base64.b64encode(text.encode()).decode("ascii")
    bare = f"\x1b]52;c;{encoded}\x07"
    if not in_tmux:
        return bare
    return bare + "\x1bPtmux;" + bare.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def fits(text: str) -> bool:
    """Whether a terminal can be expected to take it; the empty text would clear the clipboard."""
    return bool(text) and len(text.encode()) <= LIMIT


def keep(text: str, folder: Path) -> Path:
    """Write it to a file that only its owner reads. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "copied.txt"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    return path
