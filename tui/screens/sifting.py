"""What of the timeline is shown: key entries or all, of which types, pinned ones, with which words. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.model.amending import Amendments
from tui.model.doers import Approved, doer
from tui.model.incident import Entry
from tui.screens.history import kind
from widgets.timeline import TimelineRow

if TYPE_CHECKING:
    from widgets.prompt import Choice

KEY, ALL, PINNED = "key", "all", "is:pinned"
_KIND = "kind:"
_BY = "by:"
HINT = "rows with this text stay; kind:note, by:NAME, is:pinned; Esc later shows all"


class Sifted(Protocol):
    """Whose timeline is sifted: what was typed, and whether all entries are shown or the key ones."""

    needle: str
    all_entries: bool

    def sift(self) -> None:
        """Apply both."""
        ...


@dataclass(frozen=True, slots=True)
class Sifting:
    """What was typed: `kind:note,alert by:bo is:pinned and words`; names in small letters."""

    kinds: frozenset[str] = frozenset()
    by: frozenset[str] = frozenset()
    pinned: bool = False
    words: str = ""

    @property
    def nothing(self) -> bool:
        """Whether it leaves everything."""
        return not (self.kinds or self.by or self.pinned or self.words)

    def keeps(self, row: TimelineRow) -> bool:
        """Whether this row stays."""
        if self.pinned and not row.pinned:
            return False
        if self.kinds and row.kind not in self.kinds:
            return False
        if self.by and row.who.casefold() not in self.by:
            return False
        text = f"{row.time} {row.kind} {row.text}" if self.words else ""
        return self.words.casefold() in text.casefold()

    def told(self) -> str:
        """In a few words, for the frame."""
        only = [*(["pinned"] if self.pinned else []), *sorted(self.kinds)]
        parts = [f"only {', '.join(only)}"] if only else []
        parts += [f"by {', '.join(sorted(self.by))}"] if self.by else []
        parts += [f"with {self.words!r}"] if self.words else []
        return ", ".join(parts)


def sifting(typed: str) -> Sifting:
    """What a person asks for. What is no filter of ours is words to look for."""
    kinds: set[str] = set()
    by: set[str] = set()
    pinned, words = False, []
    for word in typed.split():
        small = word.casefold()
        if small.startswith(_KIND) and small != _KIND:
            kinds.update(kind(name) for name in small[len(_KIND) :].split(",") if name)
        elif small.startswith(_BY) and small != _BY:
            by.update(name for name in small[len(_BY) :].split(",") if name)
        elif small == PINNED:
            pinned = True
        else:
            words.append(word)
    return Sifting(frozenset(kinds), frozenset(by), pinned, " ".join(words))


def predicate(typed: str, everything: bool) -> Callable[[TimelineRow], bool] | None:
    """Which rows stay; None where all do. A type, a person's, or what is pinned is shown, key or not."""
    asked = sifting(typed)
    if asked.nothing:
        return None if everything else _is_key
    if everything or asked.kinds or asked.by or asked.pinned:
        return asked.keeps
    return lambda row: row.key and asked.keeps(row)


def corner(typed: str, everything: bool) -> str:
    """What the frame says of it."""
    if told := sifting(typed).told():
        return f"{told}, Esc for all"
    return "all entries, f for key" if everything else "key entries, f for all"


def choices(
    entries: Iterable[Entry], said: Amendments, by: Approved, typed: str, everything: bool
) -> "tuple[Choice, ...]":
    """The list to choose from: key, all, the pinned ones, and each type that there is with its count."""
    from widgets.prompt import Choice

    entries = tuple(entries)
    counts = Counter(kind(entry.kind) for entry in entries)
    people = Counter(name for entry in entries if (name := doer(entry, by)))
    plain = not typed.strip()
    total = sum(counts.values())
    return (
        Choice(KEY, "key entries", current=plain and not everything),
        Choice(ALL, "all entries", _count(total), current=plain and everything),
        Choice(PINNED, "pinned", _count(len(said.pinned)), current=typed == PINNED),
        *(
            Choice(f"{_KIND}{name}", name, _count(count), current=typed == f"{_KIND}{name}")
            for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ),
        *(
            Choice(f"{_BY}{name}", f"by {name}", _count(count), current=typed == f"{_BY}{name}")
            for name, count in sorted(people.items(), key=lambda item: (-item[1], item[0]))
            if len(people) > 1 and not any(letter.isspace() or letter == "," for letter in name)
        ),
    )


def _count(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}" if count else "none"


def _is_key(row: TimelineRow) -> bool:
    return row.key
