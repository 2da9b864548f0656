"""Every key of the console, once: bindings, help, keybar and palette are made from this table."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from textual.binding import Binding

MAIN = "main"
PREVIEW = "preview"
KEY = "key"
LIST = "list"
UPDATE = "update"
ENTRY = "entry"

# How Textual names characters that cannot stand for themselves in a binding.
_KEY_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "enter": "Enter",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}
_ASCII = {"↑": "Up", "↓": "Down", "←": "Left", "→": "Right"}


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing a key does.

    Attributes:
        id: what `[console.keys]` of the settings names to rebind it.
        keys: Textual's names of the keys.
        label: one word for the keybar; "" keeps it out of the keybar.
        help: a sentence for the help screen and the palette.
        where: on which screen it works.
        action: the screen's action that it runs.
        rank: the keybar drops the highest ranks first when the window is narrow.
        fixed: moves the cursor or the focus: never in the palette.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    where: str
    action: str
    rank: int = 9
    fixed: bool = False

    def binding(self) -> Binding:
        """As Textual wants it."""
        return Binding(",".join(self.keys), self.action, self.help, show=False, id=self.id)

    def shown(self, ascii_only: bool = False) -> str:
        """Its keys for a person: `j ↓`."""
        names = (shown_key(key) for key in self.keys)
        return " ".join(_ASCII.get(name, name) if ascii_only else name for name in names)


TABLE: tuple[Bound, ...] = (
    Bound("help", ("question_mark", "f1"), "help", "Show this help", MAIN, "help", 1),
    Bound(
        "incident",
        ("i",),
        "incident",
        "Incident: declare, join, resume, acknowledge, status, severity, commander, hand over, resolve",
        MAIN,
        "incident",
        1,
    ),
    Bound(
        "mitigate",
        ("m",),
        "mitigate",
        "Mitigate: choose a change and look at it; nothing is changed by looking",
        MAIN,
        "mitigate",
        1,
    ),
    Bound("note", ("n",), "note", "Write a note into the timeline", MAIN, "note", 2),
    Bound(
        "update",
        ("u",),
        "update",
        "Tell people: internal and external updates, what failed",
        MAIN,
        "update",
        2,
    ),
    Bound("undo", ("z",), "undo", "Look at how the last change is taken back", MAIN, "undo", 3),
    Bound(
        "evidence",
        ("e",),
        "evidence",
        "Evidence: collect it into one archive, or see how far it is",
        MAIN,
        "evidence",
        4,
    ),
    Bound(
        "export",
        ("x",),
        "export",
        "Postmortem: write it (Markdown, HTML, JSON), its sections and action items",
        MAIN,
        "export",
        4,
    ),
    Bound("refresh", ("r",), "refresh", "Ask every check again now", MAIN, "refresh", 5),
    Bound(
        "filter",
        ("slash",),
        "filter",
        "Filter the timeline by text, type (kind:note), person (by:NAME), or to what is pinned (is:pinned)",
        MAIN,
        "filter",
        4,
    ),
    Bound(
        "who",
        ("h",),
        "",
        "Who is here: each console that works this incident, and how the shared place stands",
        MAIN,
        "who",
    ),
    Bound("entries", ("f",), "", "Timeline: key entries, or all", MAIN, "entries"),
    Bound(
        "kinds",
        ("F",),
        "",
        "Timeline: only one type of entry, from a list, or what is pinned",
        MAIN,
        "kinds",
    ),
    Bound("local", ("t",), "", "Times: UTC, or this machine's local time", MAIN, "local"),
    Bound(
        "pin",
        ("p",),
        "",
        "Pin a diagnosis, or let the tree follow the evidence again; in the timeline, pin the entry",
        MAIN,
        "pin",
    ),
    Bound(
        "overrule", ("o",), "", "Overrule an answer of the decision tree, or take that back", MAIN, "overrule"
    ),
    Bound(
        "details",
        ("d",),
        "",
        "The whole diagnosis: what it means, its evidence, what to do by hand",
        MAIN,
        "details",
    ),
    Bound("copy", ("c",), "", "Copy what the cursor is on: to the terminal and to a file", MAIN, "copy"),
    Bound(
        "palette", ("colon", "ctrl+p"), "palette", "Command palette: every action by name", MAIN, "palette", 1
    ),
    Bound("quit", ("q", "ctrl+q"), "leave", "Leave the console; the incident stays open", MAIN, "leave", 6),
    Bound("next", ("tab", "right"), "", "To the next panel", MAIN, "panel(1)", fixed=True),
    Bound("previous", ("shift+tab", "left"), "", "To the previous panel", MAIN, "panel(-1)", fixed=True),
    # The widgets bind these themselves, by the same ids.
    Bound("list.down", ("j", "down"), "", "Down", LIST, "move(1)", fixed=True),
    Bound("list.up", ("k", "up"), "", "Up", LIST, "move(-1)", fixed=True),
    Bound(
        "list.choose",
        ("enter",),
        "",
        "Open the line; this never changes anything",
        LIST,
        "choose",
        fixed=True,
    ),
    Bound("list.page_down", ("pagedown",), "", "A page down", LIST, "page(1)", fixed=True),
    Bound("list.page_up", ("pageup",), "", "A page up", LIST, "page(-1)", fixed=True),
    Bound("list.first", ("home",), "", "To the first line", LIST, "first", fixed=True),
    Bound("list.last", ("end",), "", "To the last line", LIST, "last", fixed=True),
    Bound("preview.apply", ("y",), "", "Preview: apply the change (armed only)", PREVIEW, "apply"),
    Bound("preview.edit", ("e",), "", "Preview: edit the value", PREVIEW, "edit"),
    Bound("preview.copy", ("c",), "", "Preview: copy the commands that do it by hand", PREVIEW, "copy"),
    Bound("preview.whole", ("v",), "", "Preview: all of it on a page of its own", PREVIEW, "whole"),
    Bound("preview.git", ("g",), "", "Preview: copy the change for git", PREVIEW, "git"),
    Bound(
        "preview.other",
        ("tab",),
        "",
        "Preview: from Cancel to the word, and back",
        PREVIEW,
        "other",
        fixed=True,
    ),
    Bound("update.send", ("y",), "", "Update: send it", UPDATE, "ask('send')"),
    Bound("update.edit", ("e",), "", "Update: edit it", UPDATE, "ask('edit')"),
    Bound("update.copy", ("c",), "", "Update: copy it, to the terminal and to a file", UPDATE, "ask('copy')"),
    Bound("update.notify", ("t",), "", "Update: whether subscribers are notified", UPDATE, "ask('notify')"),
    Bound("update.anew", ("w",), "", "Update: write it anew from the record", UPDATE, "ask('anew')"),
    Bound(
        "entry.pin", ("p",), "", "Entry: pin it, so that it is found again, or unpin it", ENTRY, "ask('pin')"
    ),
    Bound("entry.text", ("e",), "", "Entry: correct its text; the original is kept", ENTRY, "ask('text')"),
    Bound("entry.time", ("t",), "", "Entry: correct when it happened", ENTRY, "ask('time')"),
    Bound(
        "entry.redact",
        ("x",),
        "",
        "Entry: redact it, for good, after a word is typed",
        ENTRY,
        "ask('redact')",
    ),
    Bound("key.store", ("ctrl+s",), "", "New key: look at storing it, once Enter tested it", KEY, "store"),
)


def key_name(key: str) -> str:
    """Textual's name of a key that a person wrote: `?` is `question_mark`."""
    key = key.strip()
    if len(key) != 1 or key.isalnum():
        return key if len(key) == 1 else key.lower()
    name = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return _KEY_NAMES.get(name, name)


def shown_key(key: str) -> str:
    """The key for a person: `question_mark` is `?`, `ctrl+p` is `Ctrl+P`."""
    if key in _SHOWN:
        return _SHOWN[key]
    if "+" in key:
        return "+".join(part.upper() if len(part) == 1 else part.title() for part in key.split("+"))
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return next((c for c, name in _punctuation() if name == key), key)


def bound(table: Sequence[Bound], binding_id: str) -> Bound:
    """The entry with this id."""
    return next(entry for entry in table if entry.id == binding_id)


def bar(table: Sequence[Bound]) -> tuple[tuple[str, str], ...]:
    """The keys of the bar with their words, in their order."""
    told = sorted((entry for entry in _of(table, MAIN) if entry.label), key=lambda entry: entry.rank)
    return tuple((shown_key(entry.keys[0]), entry.label) for entry in told)


def hints(table: Sequence[Bound], locked: str) -> tuple[tuple[str, str], ...]:
    """The keys told beside what to do here; that of a change only where nothing has it `locked`."""
    change = () if locked else (("mitigate", "mitigate"),)
    rest = (("list.choose", "open"), ("details", "details"), ("pin", "pin"), ("overrule", "overrule"))
    return tuple((shown_key(bound(table, name).keys[0]), words) for name, words in (*change, *rest))


def rebind(
    keys: Mapping[str, str], table: Sequence[Bound] = TABLE
) -> tuple[tuple[Bound, ...], tuple[str, ...]]:
    """The table with the settings' keys, and a sentence for each that could not be done.

    An entry of `keys` is taken whole or not at all: an unknown id and a key that another binding
    of the same screen has are reported, and the binding keeps what it had.
    """
    wanted, problems = _wanted(keys, table)
    taken = tuple(replace(e, keys=wanted[e.id]) if e.id in wanted else e for e in table)
    while (clash := _clash(taken, wanted)) is not None:
        loser, other, key = clash
        problems.append(
            f"settings, console.keys: {shown_key(key)} for {loser} is already {other}; "
            f"{loser} keeps {bound(table, loser).shown()}"
        )
        del wanted[loser]
        taken = tuple(replace(e, keys=wanted[e.id]) if e.id in wanted else e for e in table)
    return taken, tuple(problems)


def _wanted(keys: Mapping[str, str], table: Sequence[Bound]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    known = [entry.id for entry in table]
    wanted: dict[str, tuple[str, ...]] = {}
    problems = []
    for binding_id, text in keys.items():
        names = tuple(dict.fromkeys(key_name(part) for part in text.split(",") if part.strip()))
        if binding_id not in known:
            near = get_close_matches(binding_id, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; ? lists the keys"
            problems.append(f"settings, console.keys: there is no binding {binding_id!r}{hint}")
        elif not names:
            problems.append(f"settings, console.keys: {binding_id} names no key; it keeps its own")
        else:
            wanted[binding_id] = names
    return wanted, problems


def _clash(table: Sequence[Bound], wanted: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str] | None:
    """The rebound entry that loses, the one that keeps the key, and the key."""
    for where in {entry.where for entry in table}:
        seen: dict[str, str] = {}
        # Bindings that nobody moved come first: they keep their keys.
        for entry in sorted(_of(table, where), key=lambda e: e.id in wanted):
            for key in entry.keys:
                if key in seen:
                    return entry.id, seen[key], key
                seen[key] = entry.id
    return None


def _of(table: Sequence[Bound], where: str) -> Iterator[Bound]:
    return (entry for entry in table if entry.where == where)


def _punctuation() -> Iterator[tuple[str, str]]:
    return ((c, key_name(c)) for c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
