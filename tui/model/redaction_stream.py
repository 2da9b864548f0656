"""A text of any size without its secrets, in bounded memory: whole lines at a time.

A secret that two reads part is whole again here, since the last line is held back until it ends.
"""

import codecs
import re

from tui.model.redaction import MARK, Redactor

# As much of one line as is held back; a longer one is parted where no secret can be.
LONGEST_LINE = 1 << 18
# How far from the end of a line without spaces a secret may begin that does not end there.
_OVERLAP = 1 << 14
_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
# The longest private keys that there are stay under it; a begin without an end must not take a file with it.
_LONGEST_KEY = 1 << 14
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"[^\s\"',;<>]*")

# What a terminal would obey is written out: ESC is `\x1b`.
_CONTROLS = {
    code: f"\\x{code:02x}"
    for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))
    if code not in (0x09, 0x0A, 0x0D)
}
# So is what turns the direction of a line.
_TURNS = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}
_SHOWN = _CONTROLS | _TURNS
_LONE_RETURN = re.compile(r"\r(?!\n|\Z)")


def visible(text: str) -> str:
    """The text with everything written out that a terminal would obey, lines and tabs excepted."""
    return _LONE_RETURN.sub(r"\\x0d", text).translate(_SHOWN)


class RedactionStream:
    """Bytes in, bytes out. What is no UTF-8 passes as it is.

    Args:
        redactor: which secrets are taken out; it may learn more while the stream runs.

    Attributes:
        taken: how many marks were left so far, each for one secret.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._held = ""
        self._in_key = 0
        self._swallowing = False
        self.taken = 0

    def feed(self, data: bytes) -> bytes:
        """The next part of the text; what is held back comes later."""
        self._held += self._decode(data)
        cut = self._held.rfind("\n") + 1
        hard = False
        if not cut and len(self._held) > LONGEST_LINE:
            cut, hard = self._part(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return self._without(ready, hard)

    def close(self) -> bytes:
        """The rest."""
        rest, self._held = self._held + self._decode(b"", True), ""
        return self._without(rest, hard=False)

    def _part(self, line: str) -> tuple[int, bool]:
        """Where to part a line that does not end, and whether that may be inside of something."""
        spaces = list(_SPACE.finditer(line, len(line) - _OVERLAP))
        if spaces:
            return spaces[-1].end(), False
        return len(line) - _OVERLAP, True

    def _without(self, text: str, hard: bool) -> bytes:
        if not text:
            return b""
        if hard:
            text, tail = self._hard(text)
            self._held = tail + self._held
        if self._swallowing:
            end = _WORD.match(text)
            text = text[end.end() if end else 0 :]
            self._swallowing = hard and not text
        text = self._keys(text)
        shown = self._redactor.lines(text)
        self.taken += shown.count(MARK) - text.count(MARK)
        self._swallowing = self._swallowing or (hard and shown.endswith(MARK))
        return visible(shown).encode("utf-8", "surrogateescape")

    def _hard(self, text: str) -> tuple[str, str]:
        """Part before a known secret that the cut would go through."""
        whole = text + self._held
        for start, end in self._redactor.places(whole, len(text) - _OVERLAP):
            if start < len(text) < end:
                return text[:start], text[start:]
        return text, ""

    def _keys(self, text: str) -> str:
        """Without the inside of private keys that reach over several parts."""
        if self._in_key:
            end = _ENDS.search(text)
            if end is None and self._in_key + len(text) <= _LONGEST_KEY:
                self._in_key += len(text)
                return ""
            self._in_key, text = 0, text[end.end() :] if end else text
        last = max(_BEGINS.finditer(text), key=re.Match.start, default=None)
        if last is None or _ENDS.search(text, last.end()) or len(text) - last.end() > _LONGEST_KEY:
            return text
        self._in_key = 1 + len(text) - last.end()
        self.taken += 1
        return f"{text[: last.end()]} {MARK}"
