"""Texts that a person is still typing, in private files: they outlive Escape, a crash and a kill.

Each change is written at once, by a thread of its own, so that typing waits for no disk; of changes that
come while one is written the last counts. A draft is nobody's record: it is in no log and no journal.
"""

import contextlib
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tui.record.folder import write_whole

FOLDER = "drafts"
_FLUSH_S = 2.0


class Drafts:
    """Drafts by name. Those of an incident lie in its folder, the others in `drafts`.

    Attributes:
        incident: the incident that is open, or "".
        hides: takes the secrets that we hold out of what reaches the disk.
        trouble: why the last draft is not on disk, or "".
    """

    def __init__(self, state_dir: Path) -> None:
        self.incident = ""
        self.hides: Callable[[str], str] = str
        self.trouble = ""
        self._state_dir = state_dir
        self._kept: dict[Path, str] = {}
        self._gone: set[Path] = set()
        self._waiting: dict[Path, str | None] = {}
        self._turn = threading.Condition()
        self._writer: threading.Thread | None = None

    def get(self, name: str, default: str = "") -> str:
        """What stands there; what was begun before an incident was open counts, too."""
        for path in self._there(name):
            if path in self._kept:
                return self._kept[path]
            with contextlib.suppress(OSError):
                if text := path.read_text(encoding="utf-8", errors="replace"):
                    return text
        return default

    def kept_at(self, name: str) -> datetime | None:
        """Since when it lies on disk; None where none does."""
        for path in self._there(name):
            with contextlib.suppress(OSError):
                return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return None

    def __setitem__(self, name: str, text: str) -> None:
        """Keep this; an empty text is none."""
        if not text.strip():
            self.pop(name)
            return
        path = self._places(name)[0]
        if self._kept.get(path) != text:
            self._kept[path] = text
            self._gone.discard(path)
            self._later(path, text)

    def pop(self, name: str, default: str | None = None) -> str | None:
        """Forget it: it was sent, or is not wanted."""
        found = self.get(name) or default
        for path in self._places(name):
            self._kept.pop(path, None)
            self._gone.add(path)
            self._later(path, None)
        return found

    def flush(self) -> None:
        """Wait until what was typed is on disk, for two seconds at most."""
        with self._turn:
            self._turn.wait_for(lambda: not self._waiting and self._writer is None, _FLUSH_S)

    def _there(self, name: str) -> tuple[Path, ...]:
        return tuple(path for path in self._places(name) if path not in self._gone)

    def _places(self, name: str) -> tuple[Path, ...]:
        file = f"{re.sub(r'[^a-z0-9-]', '-', name.lower())}.draft"
        begun = self._state_dir / FOLDER / file
        ours = self._state_dir / "incidents" / self.incident
        return (ours / file, begun) if self.incident and ours.is_dir() else (begun,)

    def _later(self, path: Path, text: str | None) -> None:
        with self._turn:
            self._waiting[path] = text
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="drafts", daemon=True)
                self._writer.start()

    def _write(self) -> None:
        while True:
            with self._turn:
                if not self._waiting:
                    self._writer = None
                    self._turn.notify_all()
                    return
                path, text = self._waiting.popitem()
            try:
                _put(path, self.hides(text)) if text is not None else path.unlink(missing_ok=True)
                self.trouble = ""
            except OSError as error:
                self.trouble = f"What is typed is not kept on disk: {error.strerror}."


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, text.encode(errors="replace"))
