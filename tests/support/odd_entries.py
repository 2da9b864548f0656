"""What a hostile console may say in an entry of each kind: the right keys, and nothing right in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.hostile_console import Mallory
from tests.support.hostile_world import TRICKS
from tests.support.thorough import THOROUGH
from tui.model.incident import Kind

DOCUMENT = Path(__file__).parents[2] / "docs" / "journal.md"
# Beside those that the table of kinds names, what a reader of any kind looks for.
EVERYWHERE = (
    "intent",
    "entry",
    "entries",
    "kept",
    "text",
    "name",
    "at",
    "to",
    "from",
    "event",
    "undoes",
    "mark",
)
MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) ![i](http://127.0.0.1:9/)"
    " =cmd|'/C calc'!A0 @SUM(1+1)*cmd ../../../../etc/passwd /etc/passwd C:\\x <!channel> <@U1>\n"
    "| a | b |\n---\n"
)
HOSTILE = TRICKS + MARKUP
# An envelope has its characters to the letter, so that those which hide are refused there.
STRANGE = "\x1b]0;PWNED\x07[bold]{{7*7}}../../x\r\x08\n<b>"
ODD: tuple[Any, ...] = (
    HOSTILE,
    HOSTILE * 4,
    "",
    None,
    True,
    -1,
    2**63 - 1,
    1.7e308,
    -0.0,
    [],
    {},
    [HOSTILE],
    {HOSTILE: HOSTILE},
    [[None, 1, {"a": []}], {}, HOSTILE],
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "P9",
    "applied",
    "resolved",
)


def keys_of(kind: str) -> tuple[str, ...]:
    """The keys of `data` that the journal's document names for a kind, and those of every kind."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    named = [re.findall(r"`([a-z_0-9]+)`", row) for row in rows if f"`{kind}`" in row.split("|")[1]]
    return tuple(dict.fromkeys([*(key for row in named for key in row), *EVERYWHERE]))


def odd_entries(mallory: Mallory, about: str = "") -> Iterator[None]:
    """Every kind with odd values in every key at once, and kinds that nobody knows; thoroughly, with each.

    Args:
        about: the id of an entry that the half of them name where an id is looked for.
    """
    for number, kind in enumerate((*Kind, STRANGE, "", "__class__")):
        for odd in ODD if THOROUGH else ODD[number % 3 :: 3]:
            data = dict.fromkeys(keys_of(kind), odd)
            mallory.says(kind, data, HOSTILE, STRANGE)
            if about:
                named = {**data, "intent": about, "entry": about, "entries": [about, odd]}
                mallory.says(kind, named, HOSTILE, "mallory")
            yield
