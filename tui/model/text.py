"""Text from outside is shown as text: no control code of it reaches a terminal or a file."""

import re
import unicodedata

# Bidirectional controls can make a line read as another one; zero-width ones hide in names.
_BIDI_AND_HIDDEN = frozenset(
    "\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
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
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return "".join(_plain(c) for c in text)


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
    if char in _BIDI_AND_HIDDEN or unicodedata.category(char) in ("Cc", "Cs", "Cn"):
        return REPLACEMENT
    return char
