"""Text from outside as Markdown: it comes out as the text that it is."""

import json
import re
from datetime import datetime
from typing import Any

from tui.model.text import clean, clean_lines
from tui.model.times import rfc3339
from tui.reports.prose import Block, blocks

_INLINE = re.compile(r"[\\`*\[\]<|~&$]")
# An underscore inside a word (MISTRAL_TIMEOUT_MS) is no emphasis on GitHub, and reads better bare.
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What begins a block: on GitHub, and for pandoc also `a.`, `iv)`, `(2)`, a definition and a fenced div.
_BLOCK = re.compile(r"\A(?:[#>+=:%(-]|(\d{1,9}|[A-Za-z]|[ivxlcdmIVXLCDM]{1,9})(?=[.)](?:\s|\Z)))")


class Safe(str):
    """Markdown of our own making, which is not escaped again."""

    __slots__ = ()


def md(value: object) -> Safe:
    """One line of text that means nothing to Markdown, HTML or a table."""
    if isinstance(value, Safe):
        return value
    text = clean(str(value))
    text = _INLINE.sub(lambda found: "\\" + found[0], text)
    text = _UNDERSCORE.sub(lambda found: "\\" + found[0], text)
    if (block := _BLOCK.match(text)) is not None:
        # "1." begins a list: it is the point that is escaped, a digit cannot be.
        at = block.end() if block[1] else 0
        text = text[:at] + "\\" + text[at:]
    return Safe(text)


def code(value: object) -> Safe:
    """A short text as code within a line; not for a table, where a pipe would end its cell."""
    text = clean(str(value))
    if not text:
        return Safe("")
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return Safe(f"{ticks}{pad}{text}{pad}{ticks}")


def fenced(value: object, language: str = "") -> Safe:
    """Lines as a block of code that nothing in them can end."""
    text = clean_lines(str(value)).strip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return Safe(f"{fence}{language}\n{text}\n{fence}")


def prose(text: str) -> Safe:
    """What a person wrote: paragraphs and points, and otherwise the text that it is."""
    return Safe("\n\n".join(_block(block) for block in blocks(text)))


def _block(block: Block) -> str:
    lines = [str(md(line)) for line in block.lines]
    # A backslash keeps a line's end, on GitHub and for pandoc; two spaces would be lost by editors.
    return "\n".join(f"- {line}" for line in lines) if block.points else "\\\n".join(lines)


def yaml_markdown(value: str) -> Safe:
    """As `yaml`, for a text that pandoc prints: it reads the texts of a front matter as Markdown."""
    return yaml(str(md(value)))


def yaml(value: Any) -> Safe:
    """A value of the front matter: JSON, which YAML reads as it is."""
    if isinstance(value, datetime):
        value = rfc3339(value)
    if isinstance(value, str):
        value = clean(value)
    return Safe(json.dumps(value, ensure_ascii=False))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
