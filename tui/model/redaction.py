"""Secrets are taken out before anything reaches the disk, the screen, the clipboard or a chat.

Two nets, one behind the other: the secrets that we hold, in every form in which a server or a
tool may echo them, and patterns of what looks like a secret that we do not hold. A bare run of 32
hex digits is never taken: it is a trace id, a digest or a gateway's request id.
"""

import base64
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

from tui.model.redaction_tokens import MARK, TOKENS
from tui.model.secret import Secret

__all__ = ["MARK", "Redactor", "Redacts", "says_secret", "secrets_in"]

# A shorter secret would blank ordinary words; a longer mark could itself contain a secret.
SHORTEST = 6
_SHORTEST_BASE64 = 8

_NAME = (
    r"api[_.-]?key|apikey|access[_.-]?key(?:[_.-]?id)?|private[_.-]?key|secret[_.-]?key|routing[_.-]?key"
    r"|secret|token|passw(?:or)?d|passwd|pwd|credentials?|authorization"
)
_FIELD = rf"(?:{_NAME})(?:[_.-]?(?:value|b64|base64))?\d*"
_ENDS_AS_SECRET = re.compile(rf"(?i){_FIELD}\Z")
_NOTHING = r"(?:null|none|true|false|nil|\(unset\)|\(empty\))\b"

_NAMES = ("key", "secret", "token", "passw", "pwd", "credential", "authorization")

# Where a shell is, and was before: every path below it would be blanked.
_FOLDERS = frozenset({"PWD", "OLDPWD"})

# What a text must hold, in lower case, for a pattern to be tried; the pattern; what it leaves.
# Runs are bounded where they could begin anywhere: a hostile text must not take minutes.
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    *TOKENS,
    (
        ("private key",),
        re.compile(
            r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(?! \*\*\*)"
            r"(?:.{0,16384}?-----END [A-Z0-9 ]*PRIVATE KEY-----|.{0,16384})",
            re.S,
        ),
        rf"\1 {MARK}",
    ),
    (("hooks.slack",), re.compile(r"(?i)(https?://hooks\.slack(?:-gov)?\.com/)[^\s\"'<>)\]]+"), rf"\1{MARK}"),
    (("xox",), re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}"), MARK),
    # Up to the last @ before the path: a password may hold an @ of its own.
    (("://",), re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^\s/?#\"'<>]+@"), rf"\1{MARK}@"),
    (
        ("authorization",),
        re.compile(
            r"(?i)(\b(?:proxy-)?authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:[a-z]+\s+)?[^\s\"',;\\]+"
        ),
        rf"\1{MARK}",
    ),
    # A scheme followed by a plain word ("basic authentication") is prose.
    (
        ("bearer", "basic"),
        re.compile(
            r"\b([Bb]earer|BEARER|[Bb]asic|BASIC)(\s+)(?![A-Za-z]?[a-z]{0,19}(?:[\s.,;:!?)\"']|\Z))[^\s\"',;<>\\]{4,}"
        ),
        rf"\1\2{MARK}",
    ),
    (("mistral",), re.compile(r"((?i:mistral).{0,40}?)\b[A-Za-z0-9]{32}\b"), rf"\1{MARK}"),
    # "token": "…", and the same inside a JSON text that is itself a JSON string.
    (
        _NAMES,
        re.compile(rf"(?i)({_FIELD}([\"'])\s*:\s*\2)(?:\\.|(?!\2)[^\\])+", re.S),
        rf"\1{MARK}",
    ),
    (
        _NAMES,
        re.compile(rf"(?i)({_FIELD}\\([\"'])\s*:\s*\\\2)(?:(?!\\\2).)+", re.S),
        rf"\1{MARK}",
    ),
    # API_KEY=…, password='…'
    (
        _NAMES,
        re.compile(
            rf"(?i)({_FIELD}=)"
            rf"(?!{_NOTHING})(?:\"[^\"]+\"|'[^']+'|[^\s\"',;&}}\])]+)"
        ),
        rf"\1{MARK}",
    ),
    # api-key: … as YAML has it; a plain lower-case word behind the colon is prose ("token: expired").
    (
        _NAMES,
        re.compile(
            rf"(?i:({_FIELD}:\s+))"
            rf"(?!{_NOTHING})(?![a-z]+(?:[\s.,;]|\Z))[^\s\"',;{{}}\[\]]{{4,}}"
        ),
        rf"\1{MARK}",
    ),
)
# A name is looked for once, in lower case, before the four patterns that begin with one are tried.
_ASSIGNED = re.compile(rf"(?:{_FIELD})\\?[\"']?\s*[:=]")
_PRIVATE = next(row for row in _PATTERNS if row[0] == ("private key",))
_NEEDLES = tuple(dict.fromkeys(needle for row in _PATTERNS if row is not _PRIVATE for needle in row[0]))


class Redacts(Protocol):
    """What takes secrets out of text and data, and is told of none: a `Redactor`, for whoever writes."""

    def text(self, text: str) -> str: ...

    def data(self, value: Any) -> Any: ...


class Redactor:
    """Takes secrets out of text and data. Safe to call on anything; never raises on content.

    Args:
        known: secrets that we hold; those under six characters are left to the patterns.
    """

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        self._forms: set[str] = set()
        self._known: re.Pattern[str] | None = None
        for secret in known:
            self.add(secret)
        _LATEST.append(self)

    def add(self, secret: Secret) -> None:
        """Hold one more secret from now on."""
        forms = set(_forms(secret.reveal())) - self._forms
        if forms:
            # Another set, since a thread may be looking through the old one.
            self._forms = self._forms | forms
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._known = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """The text with each secret replaced by `***`."""
        text = self._without_known(text)
        lower = text.lower()
        assigned = _ASSIGNED.search(lower) is not None
        patterns = [
            (pattern, mark)
            for needles, pattern, mark in _PATTERNS
            if (assigned if needles is _NAMES else any(needle in lower for needle in needles))
        ]
        for pattern, mark in patterns:
            text = pattern.sub(mark, text)
        return self._without_known(text) if patterns else text

    def lines(self, text: str) -> str:
        """As `text`, for whole lines and many of them: only those that a pattern may fit are tried.

        A private key may span lines, and nothing else does.
        """
        text = self._without_known(text)
        lower = text.lower()
        if _PRIVATE[0][0] in lower:
            text = _PRIVATE[1].sub(_PRIVATE[2], text)
            lower = text.lower()
        wanted = sorted(_starts_of_lines(lower))
        if not wanted or len(lower) != len(text):
            return self.text(text) if wanted else text
        done, parts = 0, []
        for start in wanted:
            end = text.find("\n", start) + 1 or len(text)
            parts += [text[done:start], self.text(text[start:end])]
            done = end
        return "".join([*parts, text[done:]])

    def places(self, text: str, start: int = 0) -> Iterator[tuple[int, int]]:
        """Where the secrets that we hold stand in a text, from `start` on: first and one past the last."""
        if self._known is not None:
            yield from (found.span() for found in self._known.finditer(text, max(start, 0)))

    def holds(self, text: str) -> bool:
        """Whether a secret that we hold stands in it."""
        # Looking for each form is several times as fast as the pattern of them all, and finds nothing
        # in nearly every text.
        return any(form in text for form in self._forms)

    def data(self, value: Any) -> Any:
        """JSON data with each secret replaced, in keys too; tuples become lists.

        A string under a name that says secret (`token`, `API_KEY`) is replaced whole, and so is
        the value of an environment variable of such a name (`{"name": …, "value": …}`).
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.data(item) for item in value]
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        named = value.get("name")
        variable = isinstance(named, str) and says_secret(named)
        return {
            self.text(key) if isinstance(key, str) else key: self._under(key, item, variable)
            for key, item in value.items()
        }

    def _under(self, key: Any, item: Any, variable: bool) -> Any:
        secretive = isinstance(key, str) and (says_secret(key) or (variable and key == "value"))
        if secretive and isinstance(item, str) and item:
            return MARK
        return self.data(item)

    def _without_known(self, text: str) -> str:
        if self._known is None or not self.holds(text):
            return text
        # Again until nothing is left: what is taken out may bring two halves together. It ends,
        # since the mark is shorter than any form.
        while (shorter := self._known.sub(MARK, text)) != text:
            text = shorter
        return text


def _starts_of_lines(lower: str) -> set[int]:
    """Where the lines begin that hold what a pattern needs."""
    starts = set()
    for needle in _NEEDLES:
        at = lower.find(needle)
        while at >= 0:
            starts.add(lower.rfind("\n", 0, at) + 1)
            end = lower.find("\n", at)
            at = lower.find(needle, end) if end >= 0 else -1
    return starts


# A process has one or two. They are held, since an error may outlive the part that it came from.
_LATEST: deque[Redactor] = deque(maxlen=16)


def without_all_secrets(text: str) -> str:
    """The text without what the latest redactors of this process hold: for what nobody foresaw.

    An error that reaches the top comes from who knows which part, with that part's secrets.
    """
    for redactor in list(_LATEST):
        text = redactor.text(text)
    return text


def says_secret(name: str) -> bool:
    """Whether a field or variable of this name holds a secret: `MISTRAL_API_KEY`, `token`."""
    return _ENDS_AS_SECRET.search(name) is not None


def secrets_in(environ: Mapping[str, str]) -> Iterator[Secret]:
    """What a process's environment calls a secret; a working folder is none, whatever it is called."""
    for name, value in environ.items():
        if says_secret(name) and name not in _FOLDERS:
            yield Secret(value)


def _forms(value: str) -> Iterator[str]:
    """The secret as servers and tools echo it, and the lines of one that has several."""
    lines = [line.strip() for line in value.splitlines()]
    for plain in {value, value.strip(), *(line for line in lines if len(line) >= 16)}:
        if len(plain) < SHORTEST:
            continue
        yield plain
        for ascii_only in (True, False):
            escaped = json.dumps(plain, ensure_ascii=ascii_only)[1:-1]
            yield from (escaped, escaped.replace("/", "\\/"))
        for encoded in _quoted(plain):
            yield from (encoded, _lower_escapes(encoded))
        yield from _base64_forms(plain.encode("utf-8", "surrogatepass"))


def _quoted(plain: str) -> tuple[str, ...]:
    raw = plain.encode("utf-8", "surrogatepass")
    return (quote(raw, safe=""), quote(raw), quote_plus(raw))


def _lower_escapes(encoded: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Whole, and what stays the same of it inside a longer text, at each of the three alignments."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield from (form for form in (whole, whole.rstrip("=")) if len(form) >= _SHORTEST_BASE64)
        for before, cut in ((0, 0), (1, 2), (2, 3)):
            padded = encode(b"\0" * before + raw).decode().rstrip("=")
            core = padded[cut : len(padded) - bool((before + len(raw)) % 3)]
            if len(core) >= _SHORTEST_BASE64:
                yield core
