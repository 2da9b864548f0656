"""The words of a key's rotation: what may be shown of a key, what its test said, what a store holds.

A key itself is a `Secret`, in memory. Its length, at most its first four characters (on a screen
only) and the first four hex digits of its SHA-256 are all that anything else ever sees of it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tui.model.secret import Secret
from tui.model.text import clean

SHORTEST, LONGEST = 16, 512
_PREFIX = 4
# RFC 6750 calls it b68token: what a bearer token may be made of.
_ALLOWED = re.compile(r"[A-Za-z0-9._~+/-]+=*")

Outcome = Literal["refused", "unknown", "conflict"]


class UnfitKey(ValueError):
    """What was typed can be no key. `said` and `remedy` never quote any of it."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(f"{said} {remedy}")
        self.said = said
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What a screen may show of a key. `source` says where it is from: `typed`, `the environment`."""

    length: int
    prefix: str
    fingerprint: str
    source: str

    @classmethod
    def of(cls, key: Secret, source: str) -> "KeyShown":
        """A short text is no key, and its first letters would be half of it."""
        prefix = key.reveal()[:_PREFIX] if len(key) >= SHORTEST else ""
        return cls(len(key), clean(prefix), key.fingerprint, source)

    @property
    def masked(self) -> str:
        """`Hq7x…` and so on: for a screen, never for the record."""
        return f"{self.prefix}…" if self.prefix else "…"

    @property
    def told(self) -> str:
        """`key 7f3a (32 characters)`: fit for the record."""
        return f"{named(self.fingerprint)} ({self.length} characters)"


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What the API said to a key.

    Attributes:
        shown: which key.
        models: what `/v1/models` answered, in words.
        completion: what one token of the model answered, in words; None where none was asked for.
        works: whether it authenticates and is served; None where it could not be told (a network).
        said: the answer as a sentence.
        remedy: what to do about it; "" where it works.
        at: when it was asked.
        dead: whether the API said that it knows no such key (401): an undo must not bring it back.
    """

    shown: KeyShown
    models: str
    completion: str | None
    works: bool | None
    said: str
    remedy: str
    at: datetime
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A key as a store holds it.

    Attributes:
        secret: the key.
        version: what the store calls this version of it: a resourceVersion, a version's name.
    """

    secret: Secret
    version: str


class StoreError(Exception):
    """A refusal or a silence of a store of keys, in words; no value of it is ever inside.

    Attributes:
        said, remedy: whole sentences, safe to show.
        sent: whether a write may have arrived all the same.
        outcome: `refused` changed nothing, `conflict` found another version than was read, and of
            `unknown` nobody can tell before the store is read again.
    """

    def __init__(self, said: str, remedy: str, *, sent: bool = False, outcome: Outcome = "refused") -> None:
        said, remedy = clean(said), clean(remedy)
        super().__init__(f"{said} {remedy}".strip())
        self.said = said
        self.remedy = remedy
        self.sent = sent
        self.outcome: Outcome = outcome


def named(fingerprint: str | None) -> str:
    """`key 7f3a`, as plans, entries and questions call a key."""
    return f"key {fingerprint}" if fingerprint else "no key"


def checked(typed: str) -> Secret:
    """What was typed or pasted, stripped, if it can be a key at all. Raises UnfitKey."""
    text = typed.strip()
    if not text:
        raise UnfitKey("No key was typed.", "Type or paste it.")
    if any(character.isspace() for character in text):
        raise UnfitKey(
            f"The key has white space inside its {len(text)} characters.", "Copy it again, in one piece."
        )
    if not SHORTEST <= len(text) <= LONGEST:
        raise UnfitKey(
            f"The key has {len(text)} characters; a key has from {SHORTEST} to {LONGEST}.",
            "Copy it again, all of it.",
        )
    if not _ALLOWED.fullmatch(text):
        raise UnfitKey(
            "The key has characters that no key has: letters, digits and . _ ~ + / - = are allowed.",
            "Copy it again, without quotes or a name before it.",
        )
    return Secret(text)
