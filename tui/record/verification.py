"""Whether the journals of an incident are as they were written."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.model.amending import redacts
from tui.model.incident import Kind
from tui.record import lines
from tui.record.folder import JOURNAL, existing_folder, journals, may_be_begun
from tui.record.head import Head, head_file, read_head
from tui.record.reading import content


@dataclass(frozen=True, slots=True)
class Report:
    """What checking found.

    Attributes:
        entries: how many entries there are.
        redacted: of how many of them the content was taken out, leaving the chain whole.
        problems: what is broken, each naming the journal and the line; empty when all is whole.
        notes: what is no break and worth knowing (a torn line that was set aside).
    """

    entries: int = 0
    redacted: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is broken."""
        return not self.problems


def verify(state_dir: Path, incident_id: str) -> Report:
    """Check every line of every journal of an incident.

    Raises:
        NoSuchIncident: there is none of this id.
        JournalError: this is no id, or a journal cannot be read.
    """
    folder = existing_folder(state_dir, incident_id)
    # The head first: a console that writes meanwhile would else seem to have lost what it added.
    checks = [_Check(path, read_head(path), content(path), incident_id) for path in journals(folder)]
    problems = [problem for check in checks for problem in check.problems]
    problems += [
        f"{lost.name}: lines that had been acknowledged were missing when the journal was next opened"
        for lost in sorted(folder.glob("journal*.head.lost-*"))
    ]
    notes = [note for check in checks for note in check.notes]
    told = frozenset(one for check in checks for one in check.told)
    notes += [note for check in checks for note in check.untold(told)]
    notes += [f"{torn.name}: a torn line that was set aside" for torn in sorted(folder.glob("*.torn-*"))]
    return Report(
        sum(check.entries for check in checks),
        sum(check.redacted for check in checks),
        tuple(problems),
        tuple(notes),
    )


def checked(name: str, head: Head | None, data: bytes, incident_id: str) -> Report:
    """Check the bytes of one journal, wherever they came from."""
    check = _Check(Path(name), head, data, incident_id)
    return Report(check.entries, check.redacted, tuple(check.problems), tuple(check.notes))


class _Check:
    """One journal, checked line by line."""

    def __init__(self, path: Path, head: Head | None, data: bytes, incident_id: str) -> None:
        self.path = path
        self._head = head
        self.entries = 0
        self.redacted = 0
        self.problems: list[str] = []
        self.notes: list[str] = []
        *whole, rest = data.split(b"\n")
        # For each line: what the next one must say as `prev`; None where that cannot be known.
        self._hashes: list[str | None] = []
        self._prevs: list[str | None] = []
        self._ids: set[str] = set()
        self._stones: dict[str, int] = {}
        self.told: set[str] = set()
        if whole:
            self._header(whole[0], incident_id)
        for number, line in enumerate(whole[1:], start=2):
            self._line(number, line)
        self.problems += list(self._links())
        self._end(rest)

    def _header(self, line: bytes, incident_id: str) -> None:
        try:
            header = lines.parse_header(line)
        except lines.Unreadable as error:
            self._broken(1, str(error))
            self._hashes.append(None)
        else:
            self._hashes.append(lines.hash_of(line))
            if header.journal != incident_id:
                self._broken(1, f"this is the journal of {header.journal[:80]!r}")
        self._prevs.append(None)

    def _line(self, number: int, line: bytes) -> None:
        try:
            raw, envelope = lines.parse_raw(line)
        except lines.Unreadable as error:
            self._broken(number, f"cannot be read ({error})")
            self._hashes.append(None)
            self._prevs.append(None)
            return
        self.entries += 1
        self._hashes.append(lines.hash_of(bytes(raw.envelope)))
        self._prevs.append(envelope.prev)
        self._content(number, line, raw, envelope)
        if envelope.id in self._ids:
            self._broken(number, f"entry {envelope.id} is there twice")
        self._ids.add(envelope.id)

    def _content(self, number: int, line: bytes, raw: lines.RawLine, envelope: lines.Envelope) -> None:
        body = bytes(raw.body)
        if raw.salt is None and body == b"null":
            self.redacted += 1
            self._stones[envelope.id] = number
            if line != lines.stone(bytes(raw.envelope)):
                self._broken(number, f"something was put in beside entry {envelope.id}")
        elif raw.salt is None or lines.digest(raw.salt, body) != envelope.digest:
            self._broken(number, f"the text or data of entry {envelope.id} was changed")
        elif line != lines.joined(bytes(raw.envelope), raw.salt, body):
            self._broken(number, f"something was put in beside entry {envelope.id}")
        elif envelope.kind == Kind.REDACTED:
            self.told.update(redacts(lines.parse(line)))

    def untold(self, told: Container[str]) -> Iterator[str]:
        """The stones of which no entry says who left them and why: a note, since the chain is whole."""
        for one, number in self._stones.items():
            if one not in told:
                yield (
                    f"{self.path.name}, line {number}: the content of entry {one} was taken out, "
                    "and no entry says by whom"
                )

    def _links(self) -> Iterator[str]:
        where = {made: number for number, made in enumerate(self._hashes, start=1) if made}
        for number, prev in enumerate(self._prevs[1:], start=2):
            before = self._hashes[number - 2]
            # After a line that cannot be read nothing is known of the link: the line itself was named.
            if prev is None or before is None or prev == before:
                continue
            if prev in where:
                reason = (
                    f"follows line {where[prev]}, not line {number - 1}: lines were moved, removed or put in"
                )
            else:
                reason = f"line {number - 1} was changed, or a line between them was removed"
            yield f"{self.path.name}, line {number}: {reason}"

    def _end(self, rest: bytes) -> None:
        head, there = self._head, len(self._hashes)
        if head is None and not there and may_be_begun(self.path):
            # Of an incident that was joined, an empty journal of one's own says nothing.
            if self.path.name != JOURNAL:
                self.notes.append(f"{self.path.name} was begun, and nothing was ever acknowledged in it")
        elif head is None and not there:
            self._broken(1, "there is no header: the journal is empty")
        elif head is None:
            self.notes.append(f"{head_file(self.path).name} is missing: lines cut off the end would not show")
        elif head.lines > there:
            self.problems.append(
                f"{self.path.name}: {head.lines - there} acknowledged lines are missing at the end"
            )
        elif head.lines > 0 and self._hashes[head.lines - 1] not in (head.hash, None):
            self._broken(head.lines, "is not the line that was acknowledged: it was changed or replaced")
        if rest:
            self.notes.append(
                f"{self.path.name}: the last line is torn ({len(rest)} bytes), or being written"
            )

    def _broken(self, number: int, reason: str) -> None:
        self.problems.append(f"{self.path.name}, line {number}: {reason}")
