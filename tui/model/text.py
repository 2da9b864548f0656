"""Text from outside is shown as text: no control code of it reaches a terminal or a file."""

import re
import unicodedata

# Bidirectional controls (Cf) can make a line read as another one; zero-width ones (Cf) hide in names.
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Cn"})
# Letters that draw nothing: they are for hiding, too.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# CSI, OSC/DCS/APC/PM/SOS up to their terminator, and two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_].*?(?:\x1b\\|\x07|\x9c|$)|[ -/]*[0-~]?)|\x9b[0-?]*[ -/]*[@-~]?",
    re.DOTALL,
)
REPLACEMENT = "\ufffd"


def clean(text: str, *, limit: int | None = None) -> str:
    """One line of plain text: escapes removed, newlines and tabs made spaces, controls replaced.

    Args:
        text: anything a server, a log or a person wrote.
        limit: the most characters to keep; a cut text ends in "…".
    """
    if limit is not None:
        # Cleaning ten megabytes to show one line would stall the event loop.
        text = text[: limit * 8]
    flat = " ".join(clean_lines(text).split())
    return shorten(flat, limit) if limit is not None else flat


def clean_lines(text: str) -> str:
    """As `clean`, keeping line breaks (as `\\n`) and tabs (as four spaces)."""
    if text.isprintable() and _BLANKS.isdisjoint(text):
        return text  # nearly every text: a report of 100,000 entries cleans each several times
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return "".join(_plain(c) for c in text)


def is_shown(text: str) -> bool:
    """Whether all of it can be seen: it has no control code but line breaks and tabs, and nothing hidden."""
    return not any(_hides(c) for c in text if not (" " <= c <= "~" or c in "\n\t"))


def escaped(text: str) -> str:
    """A JSON text in which what no terminal should get stands as `\\uXXXX`; it means the same."""
    if text.isascii() and "\x7f" not in text:  # JSON escapes the other controls itself
        return text
    if not any(_hides(c) or c in "\u2028\u2029" for c in set(text) if not " " <= c <= "~" and c != "\n"):
        return text
    return "".join(_as_json(c) if c != "\n" and (_hides(c) or c in "\u2028\u2029") else c for c in text)


def _as_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def shorten(text: str, limit: int) -> str:
    """The text, cut to at most `limit` characters with a closing "…".

    It is cut between words, unless that would cost more than a third of it: a part of a word misleads.
    """
    if len(text) <= limit:
        return text
    kept = max(limit - 1, 0)
    space = text.rfind(" ", 0, kept + 1)
    if space >= kept * 2 // 3:
        kept = space
    return text[:kept].rstrip(" ,;:") + "…"


def _plain(char: str) -> str:
    if char == "\n" or " " <= char <= "~":
        return char
    if char == "\t":
        return "    "
    if char in "\u2028\u2029\u0085":
        return "\n"
    return REPLACEMENT if _hides(char) else char


def _hides(char: str) -> bool:
    return char in _BLANKS or unicodedata.category(char) in _NOT_SHOWN
