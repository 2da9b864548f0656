"""Taking in what other consoles recorded: their lines come to lie in files of their own, one for each chain.

A line goes behind the line whose hash it names, whatever comes first. What cannot be linked yet waits.
One that goes on from the middle of a chain (a backup was restored, a machine was cloned), or from a chain
that is written here, begins a branch: a file of its own, with what both have in common.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tui.model.amending import GONE
from tui.model.incident import Entry
from tui.model.sharing import FoundLine
from tui.model.text import clean
from tui.record import lines
from tui.record.arrival import Arrival, Refused, arrival
from tui.record.chains import ChainFile, Chains
from tui.record.errors import JournalError
from tui.record.folder import copy_name, is_own
from tui.record.growing import Growth
from tui.record.waiting import Waiting

# What one incident may have: fifty machines that were each restored from a backup are far below.
MOST_FILES = 512
MOST_BRANCHES = 64
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking lines in.

    Attributes:
        entries: what is new here, and in the files, in the order of the ids; `settle` puts it on disk.
        waiting: how many lines wait for one before them.
        longest: the entry that waits longest; "" where none does.
        problems: what was refused, or is odd, in sentences.
    """

    entries: tuple[Entry, ...] = ()
    waiting: int = 0
    problems: tuple[str, ...] = ()
    longest: str = ""


class Incoming:
    """One incident's folder, as it takes in what others recorded. Blocking; one thread at a time.

    The caller holds the folder's `shared.CopierLock` as long as this is used.
    """

    def __init__(self, folder: Path, incident_id: str, growth: Growth | None = None) -> None:
        """Of what is added to copies `growth` hears. Raises JournalError where the folder cannot be read."""
        self._incident = incident_id
        self._chains = Chains(folder, growth)
        self._waiting = Waiting()
        self._problems: dict[str, None] = {}
        for left in folder.glob(".journal-*.jsonl.new"):
            # A copy that a killed process began; one of an own journal is being written, perhaps.
            if not is_own(left.name[1 : -len(".new")]):
                left.unlink(missing_ok=True)
        self._chains.look()
        self.finish_redactions()

    @property
    def known(self) -> Mapping[str, bool]:
        """The entries that lie in any journal of the folder, by id, and whether each is a stone."""
        return MappingProxyType(self._chains.known)

    def take(self, found: Iterable[FoundLine]) -> Taken:
        """Take in what was found, in whatever order; what is here already is skipped.

        What the disk refuses waits, and is tried again with the next call.

        Raises:
            JournalError: the folder cannot be read.
        """
        self._problems = {}
        self._look()
        taken: list[Arrival] = []
        for again in self._waiting.ready(lambda prev: self._chains.who_has(prev) is not None):
            self._place(again, taken)
        for one in sorted(found, key=lambda one: one.entry):
            if (come := self._checked(one)) is not None:
                self._place(come, taken)
        for journal in tuple(self._chains.journals.values()):
            self._write(journal, taken)
        self._finish_redactions()
        if dropped := self._waiting.dropped():
            self._say(f"{dropped} entries that could not be linked wait no more; the next list brings them.")
        entries = sorted(map(self._told, taken), key=lambda entry: entry.id)
        return Taken(tuple(entries), len(self._waiting), self._told_problems(), self._waiting.longest)

    def settle(self) -> tuple[str, ...]:
        """Put on disk what was taken in, and then the heads; answers what the disk refused, in sentences.

        It may come later than `take`, once for many: until then a crash of the machine may take lines from
        the ends of copies, whose writers have them, and which the next listing brings again. A process that
        is killed loses nothing.
        """
        return tuple(str(error) for error in self._chains.settle())

    def finish_redactions(self) -> tuple[str, ...]:
        """Take the content of redacted entries out of the copies; answers what could not be, in sentences.

        Their own chains are the business of the consoles that write them: `Journal.finish_redactions`.

        Raises:
            JournalError: the folder cannot be read.
        """
        self._problems = {}
        self._look()
        self._finish_redactions()
        return self._told_problems()

    def _look(self) -> None:
        self._chains.look()
        for problem in self._chains.problems:
            self._say(problem)

    def _finish_redactions(self) -> None:
        for error in self._chains.finish_redactions():
            self._say(f"The content of a redacted entry is still there. {error}")

    def _checked(self, found: FoundLine) -> Arrival | None:
        if found.entry in self._waiting:
            return None
        try:
            if found.entry in self._chains.known:
                self._compare(found)
                return None
            return arrival(found, self._incident)
        except Refused as why:
            self._say(f"Entry {clean(found.entry, limit=40)} of another console was not taken in: {why}.")
            return None

    def _compare(self, found: FoundLine) -> None:
        try:
            envelope = bytes(lines.parse_raw(found.line.encode())[0].envelope)
        except (lines.Unreadable, UnicodeEncodeError):
            raise Refused("it is here already, and what came is no line of a journal") from None
        if self._chains.who_has(lines.hash_of(envelope)) is None:
            raise Refused("it is here already, and says something else here")

    def _place(self, one: Arrival, taken: list[Arrival]) -> None:
        """Give it its place, and then everything that waited for it."""
        todo = [one]
        while todo:
            one = todo.pop()
            if one.entry.id in self._chains.known:
                continue
            try:
                journal = self._journal_for(one, taken)
            except JournalError as error:
                self._say(str(error))
                journal = None
            except Refused as why:
                self._say(f"Entry {one.entry.id} of another console was not taken in: {why}.")
                continue
            if journal is None:
                self._waiting.add(one)
                continue
            self._chains.place(one, journal)
            todo += self._waiting.after(one.hash)

    def _journal_for(self, one: Arrival, taken: list[Arrival]) -> ChainFile | None:
        """Where the line goes on; None where that is not known yet."""
        before = self._chains.who_has(one.prev)
        if before is not None and before.goes_on_from(one.prev):
            return before
        if one.header:
            self._room()
            name = copy_name(one.writer, one.hash, self._chains.journals)
            return ChainFile(self._chains.folder / name, writer=one.writer, begins=one.header)
        return self._branch(before, one, taken) if before is not None else None

    def _branch(self, before: ChainFile, one: Arrival, taken: list[Arrival]) -> ChainFile | None:
        self._room()
        if self._chains.branches >= MOST_BRANCHES:
            raise Refused(f"it would be the start of more than {MOST_BRANCHES} branches of the journals here")
        if not self._write(before, taken):
            return None
        begins = self._chains.up_to(before, one.prev)
        name = copy_name(before.writer, f"{before.identity}-{one.hash}", self._chains.journals)
        whose = "this machine" if is_own(before.path.name) else clean(before.writer, limit=80)
        self._say(
            f"A journal of {whose} goes on in two ways from {before.path.name}: a backup was restored, a "
            f"machine was cloned, or it was forged. Both are kept, this one in {name}."
        )
        return ChainFile(
            self._chains.folder / name, identity=before.identity, writer=before.writer, begins=begins
        )

    def _room(self) -> None:
        if len(self._chains.journals) >= MOST_FILES:
            raise Refused(f"there are {MOST_FILES} journals here already")

    def _write(self, journal: ChainFile, taken: list[Arrival]) -> bool:
        """Put in the file what was placed there; where that fails it waits, for the next time."""
        if not (batch := tuple(journal.batch)):
            return True
        try:
            taken += self._chains.write(journal)
        except JournalError as error:
            self._say(str(error))
            for one in batch:
                self._waiting.add(one)
            return False
        return True

    def _told(self, one: Arrival) -> Entry:
        if self._chains.is_redacted(one):
            return replace(one.entry, text=GONE, data={}, redacted=True)
        return one.entry

    def _say(self, problem: str) -> None:
        self._problems[problem] = None

    def _told_problems(self) -> tuple[str, ...]:
        problems = tuple(self._problems)
        if len(problems) <= _TOLD:
            return problems
        return (*problems[:_TOLD], f"{len(problems) - _TOLD} more of this kind are not told.")
