"""What the screen of a key's rotation says: pure functions. Nothing here ever sees a key."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from tui.model.keys import KeyShown, KeyTest
from tui.model.reading import Check
from tui.model.runbook import Runbook
from tui.screens.words import Places
from tui.session.snapshot import Snapshot
from widgets.glyphs import Glyphs
from widgets.rotation import RotationView

# The runbook's link to where keys are made.
_LINK = "api-keys"


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a person has come.

    Attributes:
        title: of the mitigation.
        asked: whether the session told which key is in use.
        current: the key in use; None where there is none.
        now: what the test of the key in use said.
        typed: characters in the open field.
        closed: characters of the key that Enter took; 0 while there is none.
        found: what the test of that key said.
        testing_now: the key in use is being tested.
        testing: the new key is being tested.
        refusal: why the last thing was not done, or "".
    """

    title: str
    asked: bool = False
    current: KeyShown | None = None
    now: KeyTest | None = None
    typed: int = 0
    closed: int = 0
    found: KeyTest | None = None
    testing_now: bool = False
    testing: bool = False
    refusal: str = ""


def rotation(
    stand: Stand, snapshot: Snapshot, runbook: Runbook | None, places: Places, glyphs: Glyphs, store: str
) -> RotationView:
    """The screen's content; `store` is the key that looks at storing it, as a person reads it."""
    place = snapshot.place
    rows = (*_now(stand, glyphs), *_others(stand, snapshot), *_how(snapshot, runbook, places))
    return RotationView(
        title=stand.title,
        target=place.target,
        user=place.user,
        env_colour=place.colour,
        rows=rows,
        found=tuple(_found(stand, glyphs)),
        next=_next(stand, store),
        refusal=stand.refusal,
        keys=tuple(_keys(stand, store)),
    )


def verdict(test: KeyTest, glyphs: Glyphs) -> tuple[str, str]:
    """What a test said, a sentence that names the key, with its mark; and the sentence's role."""
    told = f"{test.said[:1].upper()}{test.said[1:]} {test.remedy}".strip()
    if test.works is None:
        return f"{glyphs.unknown} {told}", "unknown"
    return (f"{glyphs.ok} {told}", "ok") if test.works else (f"{glyphs.fail} {told}", "fail")


def storable(stand: Stand) -> bool:
    """Whether the new key passed its test."""
    return stand.found is not None and stand.found.works is True


# What there is now


def _now(stand: Stand, glyphs: Glyphs) -> Iterator[tuple[str, str, str]]:
    if stand.current is None:
        yield "now", "no key is set here" if stand.asked else "looking…", "" if stand.asked else "dim"
    else:
        key = stand.current
        yield "now", f"{key.masked}  {_shown(key)}, from {key.source}", ""
    if stand.testing_now:
        yield "", "testing it: the list of models, then one token…", "dim"
    elif stand.now is not None:
        yield ("", *verdict(stand.now, glyphs))


def _shown(key: KeyShown) -> str:
    return f"{key.length} characters, fingerprint {key.fingerprint}"


def _others(stand: Stand, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """The key of the pods' Secret, and the one that this console asks with, against the one in use."""
    known = stand.current.fingerprint if stand.current else ""
    theirs = _fingerprint(snapshot, Check.WORKLOAD)
    if not theirs:
        asked = Check.WORKLOAD in snapshot.checks
        yield "pods", "their Secret cannot be read from here" if asked else "asking…", "dim"
    elif theirs == known:
        yield "pods", "their Secret has this key; a pod keeps the one it started with", ""
    else:
        yield "pods", f"their Secret has {'another' if known else 'the'} key, {theirs}", "warn" * bool(known)
    here = _fingerprint(snapshot, Check.MISTRAL_API)
    if known and here and here != known:
        yield "here", f"this console asks with another key, {here}: its checks speak of that one", "warn"


def _fingerprint(snapshot: Snapshot, check: Check) -> str:
    held = snapshot.checks.get(check)
    found = held.good.facts.get("key_fingerprint") if held is not None and held.good is not None else None
    return found if isinstance(found, str) else ""


def _how(snapshot: Snapshot, runbook: Runbook | None, places: Places) -> Iterator[tuple[str, str, str]]:
    """Where a new key comes from, and what will happen, in order."""
    yield "", "", ""
    if snapshot.drill:
        file = PurePath(places.settings).parent / "candidate.key"
        yield "1", f"Read the new key in another terminal; in this drill it is in {file}", ""
    else:
        link = runbook.links.get(_LINK) if runbook is not None else None
        where = f" at {link.url}" if link is not None else " where yours are made"
        yield "1", f"Make a new key{where}.", ""
    yield "2", "Paste it here; Enter tests it with the API, and stores it nowhere.", ""
    yield "3", "Look at the change and confirm it: stored, pods restarted, proven.", ""
    yield "4", "Revoke the old key last, once the pods authenticate.", ""


# The new key


def _found(stand: Stand, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    if stand.testing:
        yield "testing it: the list of models, then one token…", "dim"
    elif stand.found is not None:
        yield verdict(stand.found, glyphs)
        if stand.current is not None and stand.current.fingerprint == stand.found.shown.fingerprint:
            yield "It is the key that is in use already: storing it would change nothing.", "warn"


def _next(stand: Stand, store: str) -> str:
    if stand.testing:
        return "Wait for the answer, 20 s at most. Esc forgets the new key, and leaves."
    if stand.found is not None:
        if stand.found.works:
            return f"{store} shows what storing it would change; looking stores nothing."
        if stand.found.works is None:
            return f"Enter asks once more. {store} asks why it is to be stored untested."
        return f"Backspace makes room for another one. {store} asks why it is to be stored all the same."
    if stand.closed:
        return "Enter tests it."
    if stand.typed:
        return "Enter tests it. It is stored nowhere."
    return "Paste or type the new key, then Enter. Nobody sees it."


def _keys(stand: Stand, store: str) -> Iterator[tuple[str, str]]:
    new = bool(stand.typed or stand.closed)
    if storable(stand):
        yield store, "look at storing it"
    if stand.found is not None:
        yield "Enter", "tests it again"
    elif not stand.testing:
        yield "Enter", "tests it" if new else "tests today's key again"
    if stand.found is not None and not storable(stand):
        yield store, "store it in spite of its test"
    if new:
        yield "Ctrl+U", "empties it"
    yield "Esc", "forgets it and leaves" if new else "leaves"
