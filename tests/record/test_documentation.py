"""The page about the journal is for whoever reads one without Leeward: it has every kind of entry."""

import re
from pathlib import Path

from tui.model.incident import Kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "journal.md"


def test_every_kind_of_entry_has_its_row_and_every_row_is_of_a_kind() -> None:
    table = PAGE.read_text(encoding="utf-8").split("\n## Kinds\n")[1]
    firsts = re.findall(r"^\| (`[^|]+) \|", table, flags=re.MULTILINE)
    told = [name for first in firsts for name in re.findall(r"`([^`]+)`", first)]
    assert sorted(told) == sorted(kind.value for kind in Kind)
