"""What a person is still writing, in files beside the journal: it survives Escape, and the console's end."""

import contextlib
from pathlib import Path

from tui.record.folder import write_whole


def unsaved_file(folder: Path, name: str) -> Path:
    """Where a text is kept until it is an entry. `name` is one of ours, never a text from outside."""
    return folder / f"unsaved-{name}.txt"


def keep(folder: Path, name: str, text: str) -> None:
    """Keep what stands there now, whole, for us alone (0600). Raises OSError."""
    write_whole(unsaved_file(folder, name), text.encode(errors="replace"))


def kept(folder: Path, name: str) -> str | None:
    """What was kept; None where nothing was, or it cannot be read."""
    try:
        return unsaved_file(folder, name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def forget(folder: Path, name: str) -> None:
    """Remove it, where there is one."""
    with contextlib.suppress(OSError):
        unsaved_file(folder, name).unlink()
