"""What of an incident is here and what is there, and what follows from that. Pure: no files, no servers."""

from collections.abc import Iterable

from tui.model.amending import redacts
from tui.model.incident import Entry, Kind
from tui.model.redaction import Redacts
from tui.model.sharing import FoundLine, SharedLine
from tui.record import lines
from tui.record.lines import is_stone
from tui.record.outgoing import stone_of
from tui.sharing.needs import IncompleteEntry, SeenEntry, Stray


class Ledger:
    """The books of one incident's copy.

    Attributes:
        lost: entries that are here, and were there, and were deleted there.
        contested: entries that are there with another line than ours; the next list tells which.
        problems: what will not be shared, in sentences, by the entry's id.
        resting: nothing is sent: it was shared, closed, and removed from the shared place as a whole.
    """

    def __init__(self, incident: str) -> None:
        self.incident = incident
        self.lost: set[str] = set()
        self.contested: dict[str, SharedLine] = {}
        self.problems: dict[str, str] = {}
        self.resting = False
        self._here: dict[str, str] = {}  # each by itself: of ten thousand ids one copy is kept, and no set
        self._there: dict[str, str] = {}  # the object's uid; "" while only our own creating told of it
        self._stones_there: set[str] = set()
        self._stones_here: dict[str, SharedLine] = {}
        self._redacted: set[str] = set()
        self._waiting: dict[str, SharedLine] = {}
        self._unheld: set[str] = set()  # perhaps to be sent: the first list tells, and the line is looked up
        self._listing: set[str] | None = None  # what the list that is under way told so far
        self._listed = False
        self._gone: set[str] = set()
        self._others: dict[str, SharedLine] = {}  # our lines, of which there is another one there
        self._incomplete: dict[str, str] = {}
        self._strays: dict[str, tuple[str, str]] = {}

    @property
    def unsent(self) -> int:
        """How many entries are here, and are to be sent."""
        return 0 if self.resting else len(self._waiting) + len(self._unheld)

    @property
    def there(self) -> int:
        """How many entries there are in the shared place, as far as is known."""
        return len(self._there)

    @property
    def others(self) -> tuple[str, ...]:
        """What is there with other content than here, in sentences, until it is seen to be the same."""
        return tuple(
            f"Entry {entry} is in the shared place with other content than here. "
            f"`leeward verify {self.incident}` tells whether it was changed on this machine."
            for entry in self._others
        )

    def looked(self, found: Iterable[SharedLine]) -> int:
        """Lines that are on this machine's disk: what is new of them is to be sent. Answers how many are."""
        new = 0
        for line in found:
            new += line.entry not in self._here
            self._here.setdefault(line.entry, line.entry)
            self._redacted.update(redacted_by(line))
            stone = is_stone(line.line)
            if stone:
                self._stones_here[line.entry] = line
            self._unheld.discard(line.entry)
            if self._decided(line.entry):
                continue
            if stone or line.entry not in self._stones_here:
                self._waiting[line.entry] = line
        return new

    def passes(self, entry: str) -> bool:
        """Whether the line of an entry that is here is not wanted: its id will do.

        Until the first list nobody knows what is to be sent, and as a rule nearly all is there.
        """
        return not self._listed or self._decided(entry)

    def passed(self, entries: Iterable[str]) -> int:
        """These are on this machine's disk; their lines were not wanted. Answers how many are new."""
        new = 0
        for entry in entries:
            new += entry not in self._here
            entry = self._here.setdefault(entry, entry)
            if not self._decided(entry) and entry not in self._waiting:
                self._unheld.add(entry)
        return new

    def wants_lines(self) -> bool:
        """Whether what is to be sent was passed just before that was known; asked once."""
        wants = self._listed and bool(self._unheld)
        if wants:
            self._unheld.clear()
        return wants

    def _decided(self, entry: str) -> bool:
        """Whether it is there, or is not to be sent; what was lost is decided by the next list."""
        return any(entry in known for known in (self._there, self.problems, self._gone, self.lost))

    def list_begins(self) -> None:
        """Everything that is there now will be told, in parts. What an earlier list told counts no more."""
        self._listing = set()
        self.problems.clear()

    def listed(self, found: Iterable[FoundLine]) -> tuple[FoundLine, ...]:
        """A part of what is there now; answers what is not here."""
        assert self._listing is not None, "it is begun first"
        news = []
        for one in found:
            self._is_there(one)
            self._listing.add(self._here.get(one.entry, one.entry))
            if one.entry not in self._here:
                news.append(one)
        return tuple(news)

    def list_ends(self, incomplete: Iterable[IncompleteEntry] = (), strays: Iterable[Stray] = ()) -> None:
        """All that is there was told: what is not among it is gone.

        Of `incomplete` some parts are missing; `strays` are objects that are part of nothing.
        """
        told, self._listing = self._listing or set(), None
        for entry in [one for one in self._there if one not in told]:
            self._is_gone(entry)
        self._incomplete = {one.entry: one.uid for one in incomplete if one.uid}
        self._strays = {one.name: (one.entry, one.uid) for one in strays}
        self._unheld.clear()  # what is not there is missing by now
        self._listed = True

    def missing(self) -> frozenset[str]:
        """What is here and not there, and of which the line is not held: it is to be looked up again."""
        held = (self._there, self._waiting, self.problems, self._gone)
        return frozenset(one for one in self._here if not any(one in known for known in held))

    @property
    def has_lost(self) -> bool:
        """Whether anything of what is here was deleted there, now or before."""
        return bool(self.lost or self._gone)

    def let_go(self) -> None:
        """What was deleted there stays deleted: the incident is closed, and is being pruned."""
        self._gone |= self.lost - self._redacted
        self.lost.clear()
        for one in self._gone & self._waiting.keys():
            del self._waiting[one]

    def put_back(self) -> None:
        """What was deleted there is sent again: the incident is open, and nothing of it may be lost."""
        self._gone.clear()
        self.lost.clear()

    def saw(self, seen: Iterable[SeenEntry]) -> tuple[FoundLine, ...]:
        """What a watch told, in its order; answers what is not here."""
        news: dict[str, FoundLine] = {}
        for one in seen:
            if one.kind == "added" and one.found is not None:
                self._is_there(one.found)
                if one.found.entry not in self._here:
                    news[one.found.entry] = one.found
            elif one.kind == "deleted":
                self._is_gone(one.entry)
        return tuple(news.values())

    def took(self, entries: Iterable[Entry]) -> None:
        """These are on this machine's disk by now."""
        for entry in entries:
            one = self._here.setdefault(entry.id, entry.id)
            if (uid := self._there.pop(one, None)) is not None:
                self._there[one] = uid  # under the same copy
            if self._listing is not None and one in self._listing:
                self._listing.discard(one)
                self._listing.add(one)
            self._redacted.update(redacts(entry))

    def next(self, limit: int) -> tuple[SharedLine, ...]:
        """What is to be sent next, in the order of the ids, so that others can link it as it comes."""
        # Where all was deleted, the next list tells whether the incident was pruned.
        if self.resting or not self._waiting or (self.lost and not self._there):
            return ()
        return tuple(self._waiting[one] for one in sorted(self._waiting)[:limit])

    def made_ready(self, line: SharedLine, redact: Redacts) -> tuple[SharedLine, bool]:
        """The line as it may leave this machine, and whether it was given up to a secret just now."""
        line = self.without_redacted(line)
        if is_stone(line.line):
            return line, False
        return (stone_of(line), True) if holds_secret(line, redact) else (line, False)

    def without_redacted(self, line: SharedLine) -> SharedLine:
        """The line, as a stone where it is redacted by now."""
        redacted = line.entry in self._redacted and not is_stone(line.line)
        return stone_of(line) if redacted else line

    def created(self, line: SharedLine) -> None:
        """The line is there."""
        self._waiting.pop(line.entry, None)
        self._there.setdefault(line.entry, "")
        if self._listing is not None:
            self._listing.add(line.entry)  # it came after the moment of which the list tells
        self.lost.discard(line.entry)
        self._others.pop(line.entry, None)
        if is_stone(line.line):
            self._stones_there.add(line.entry)

    def is_unsure(self, line: SharedLine) -> None:
        """It was there and was deleted at the same moment: the next list tells what it is to be."""
        self._waiting.pop(line.entry, None)
        self.lost.add(line.entry)

    def is_other(self, line: SharedLine) -> None:
        """There is another line under this id: a redaction that is not known here, or something worse."""
        self._waiting.pop(line.entry, None)
        self.contested[line.entry] = line

    def refused(self, line: SharedLine, why: str) -> None:
        """The shared place will not have it; it is tried again after the next list."""
        self._waiting.pop(line.entry, None)
        self.problems[line.entry] = why

    def to_replace(self) -> tuple[tuple[SharedLine, str], ...]:
        """The stones of what was redacted and is there with its content, each with the object's uid."""
        return tuple(
            (stone, uid)
            for one, stone in self._stones_here.items()
            if one not in self._stones_there and (uid := self._there.get(one) or self._incomplete.get(one))
        )

    def to_clear(self) -> tuple[tuple[str, str], ...]:
        """Parts that were left of what was redacted since: the object's name, and its uid."""
        left = self._strays.items() if self._strays else ()
        return tuple((name, uid) for name, (entry, uid) in left if entry in self._stones_here)

    def cleared(self, name: str) -> None:
        """That part is deleted."""
        self._strays.pop(name, None)

    def deleted(self, entry: str) -> None:
        """We deleted it, or somebody else did."""
        self._there.pop(entry, None)
        self._incomplete.pop(entry, None)
        self._stones_there.discard(entry)

    def _is_gone(self, entry: str) -> None:
        self._there.pop(entry, None)
        self._stones_there.discard(entry)
        self.lost.add(entry)

    def _is_there(self, found: FoundLine) -> None:
        entry = self._here.get(found.entry, found.entry)
        self._there[entry] = found.uid
        self.lost.discard(entry)
        waiting = self._waiting.pop(entry, None)
        self._unheld.discard(entry)
        if is_stone(found.line):
            self._stones_there.add(entry)
        else:
            self._stones_there.discard(entry)
        ours = self.contested.pop(entry, None) or waiting or self._others.get(entry)
        if ours is not None and not same_entry(ours.line, found.line):
            self._others[entry] = ours
        else:
            self._others.pop(entry, None)


def same_entry(one: str, other: str) -> bool:
    """Whether two lines are the same, or differ in that one of them is redacted."""
    return one == other or _stone(one) == _stone(other) != ""


def holds_secret(line: SharedLine, redact: Redacts) -> bool:
    """Whether the redactor would change the content: it learned of a secret after this was recorded."""
    try:
        entry = lines.parse(line.line.encode())
    except lines.Unreadable:
        return False
    return redact.text(entry.text) != entry.text or redact.data(entry.data) != entry.data


def redacted_by(line: SharedLine) -> tuple[str, ...]:
    """The entries that this line says were redacted."""
    if line.kind != Kind.REDACTED or is_stone(line.line):
        return ()
    try:
        return redacts(lines.parse(line.line.encode()))
    except lines.Unreadable:
        return ()


def _stone(line: str) -> str:
    try:
        return lines.stone(bytes(lines.parse_raw(line.encode())[0].envelope)).decode()
    except lines.Unreadable:
        return ""
