"""Messages that a person is still writing, in files: they survive Escape, and the console's end."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from tui.model.update import Audience
from tui.record.folder import write_whole

FOLDER = "drafts"


def draft_file(folder: Path, audience: Audience) -> Path:
    """`update-internal.draft` in an incident's folder, or in `drafts` while there is no incident."""
    return folder / f"update-{audience}.draft"


def keep(folder: Path, audience: Audience, text: str) -> None:
    """Keep what stands there now, whole, for us alone (0600). Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(draft_file(folder, audience), text.encode(errors="replace"), sync=False)


def kept(folder: Path, audience: Audience) -> tuple[str, datetime] | None:
    """What was kept, and when; None where nothing was, or it cannot be read."""
    path = draft_file(folder, audience)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    return (text, at) if text.strip() else None


def forget(folder: Path, audience: Audience) -> None:
    """Remove it, where there is one."""
    with contextlib.suppress(OSError):
        draft_file(folder, audience).unlink()
