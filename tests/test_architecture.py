"""What docs/architecture.md says is somewhere, is there: a page that leads nowhere is worse than none."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def paths(line: str) -> Iterator[Path]:
    """The files and folders that a line names; a name alone is in the folder of the one before it."""
    folder: Path | None = None
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", line):
        if "/" in name:
            found = ROOT / name if (ROOT / name).exists() else ROOT / "tui" / name
            folder = found if name.endswith("/") else found.parent
            yield found
        elif folder is not None:
            yield folder / name


def missing(text: str) -> list[tuple[str, str]]:
    """What is named and is not there: its path, and the line."""
    return [(str(path), line) for line in text.splitlines() for path in paths(line) if not path.exists()]


def test_what_it_names_is_there() -> None:
    assert len([path for line in TEXT.splitlines() for path in paths(line)]) > 200
    assert missing(TEXT) == []


def test_what_is_missing_would_be_found() -> None:
    row = "| a thing | `tui/session/sharing.py`, `nowhere.py`, `tui/nowhere/`, `model/nothing.py` |"
    assert [Path(path).name for path, _ in missing(row)] == ["nowhere.py", "nowhere", "nothing.py"]
