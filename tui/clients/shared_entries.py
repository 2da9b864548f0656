"""The entries of shared incidents, as they lie in the shared place: to create, to list and to watch."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from time import monotonic
from typing import Any, Literal

import msgspec

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.cluster_http import Query
from tui.clients.shared_asking import Asking, Event, Found
from tui.clients.shared_objects import (
    GROUP,
    INCIDENT_LABEL,
    OVERVIEW_LABEL,
    PLURAL,
    ROOT,
    Assembler,
    Incomplete,
    NotAnEntry,
    Part,
    Stray,
    TooLong,
    objects,
    part,
    part_name,
    version_of,
)
from tui.model.sharing import FoundLine, SharedLine

_LACKING = 60.0  # seconds after which parts that are missing are told of
_MOST_PROBLEMS = 20
_IN_THE_LOOP = 200  # objects that are read without a thread


class Created(StrEnum):
    """What became of an entry that was to be shared."""

    CREATED = "created"
    ALREADY = "already"  # it was there, to the letter
    OTHER = "other"  # its name is there with other content


@dataclass(frozen=True, slots=True)
class Listing:
    """What the shared place has.

    Attributes:
        found: every complete line.
        version: from where a watch goes on.
        incomplete: entries of which parts are missing.
        strays: parts whose entry does without them: what a redaction, or a deletion, left behind.
        problems: what was refused, in sentences.
    """

    found: tuple[FoundLine, ...]
    version: str
    incomplete: tuple[Incomplete, ...] = ()
    strays: tuple[Stray, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing.

    Attributes:
        found: the lines that are complete with it.
        begins: it is the first. Where it comes again, the server forgot how far it was, and lists anew.
        whole: what is known once all was listed, without the lines; with the last page alone.
    """

    found: tuple[FoundLine, ...]
    begins: bool
    whole: Listing | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a watch.

    Attributes:
        kind: `bookmark` where nothing but the version is new.
        found: the line that is complete with it, for `added`.
        entry: the id, where the event is of one.
        version: from where the next watch goes on; "" where the event does not tell: the one before counts.
        said: what was refused, in a sentence.
    """

    kind: Literal["added", "deleted", "bookmark"]
    found: FoundLine | None
    entry: str
    version: str
    said: str = ""


class SharedEntries:
    """The entries of one namespace. Everything raises ClusterError.

    Of each incident it keeps the parts of lines that are not complete, from a listing to the watches after.
    """

    def __init__(self, connection: Connection, clock: Callable[[], float] = monotonic) -> None:
        self._asking = Asking(connection, ROOT, GROUP, PLURAL)
        self._clock = clock
        self._assemblers: dict[str, Assembler] = {}
        self._lacking: dict[str, dict[str, float]] = {}
        self._by_label = False

    async def create(self, line: SharedLine) -> Created:
        """Share a line. Who does not know whether it arrived does it again: then it is `already` there."""
        try:
            bodies = objects(line)
        except ValueError as error:  # TooLong, and what is no UTF-8
            raise self._unshareable(line, error) from None
        made = Created.ALREADY
        for body in bodies:
            outcome = await self._create(body)
            if outcome is Created.OTHER:
                return outcome
            made = Created.CREATED if outcome is Created.CREATED else made
        return made

    async def get(self, entry: str) -> FoundLine | None:
        """An entry's line; None where it is not there, or not whole."""
        first = await self._part(entry)
        parts = [first] if first else []
        for number in range(2, first.parts + 1 if first else 2):
            further = await self._part(part_name(entry, number))
            parts += [further] if further else []
        assembler = Assembler()
        found = [assembler.add(part).found for part in parts]
        return found[-1] if found else None

    async def list(self, incident: str) -> Listing:
        """All that is there of an incident, as of one moment."""
        found: dict[str, FoundLine] = {}
        whole: Listing | None = None
        async with aclosing(self.pages(incident)) as pages:
            async for page in pages:
                if page.begins:
                    found.clear()
                found.update((one.entry, one) for one in page.found)
                whole = page.whole
        assert whole is not None, "the last page tells"
        return replace(whole, found=tuple(found.values()))

    async def is_there(self, incident: str) -> bool:
        """Whether anything of an incident is there, be it no entry at all."""
        async with aclosing(self._listed(incident)) as pages:
            return bool((await anext(pages)).items)

    async def pages(self, incident: str) -> AsyncGenerator[Page, None]:
        """The same page by page, so that whoever keeps the lines elsewhere need not hold them all."""
        reading = _Reading()
        async with aclosing(self._listed(incident)) as pages:
            async for found in pages:
                if found.begins:
                    reading = _Reading()
                big = len(found.items) > _IN_THE_LOOP
                read = reading.read
                lines = await asyncio.to_thread(read, found, incident) if big else read(found, incident)
                whole = None if found.more else self._whole(incident, found.version, reading)
                yield Page(lines, found.begins, whole)

    def _whole(self, incident: str, version: str, reading: "_Reading") -> Listing:
        self._assemblers[incident] = reading.assembler
        incomplete = reading.assembler.incomplete
        problems = (*reading.problems.told, *self._lacking_long(incident, incomplete))
        return Listing((), version, incomplete, tuple(reading.strays), problems)

    async def watch(self, incident: str, version: str, seconds: float) -> AsyncGenerator[Seen, None]:
        """What happens to an incident's entries after that version, for so many seconds at most.

        It ends without an error when its time is over, or earlier where the server ends it: watch on from
        the last version that was seen. Raises ClusterError: EXPIRED means that a listing comes first.
        """
        assembler = self._assemblers.setdefault(incident, Assembler())
        what = f"entries of {incident}"
        async with aclosing(self._asking.watch(what, version, seconds, self._chosen(incident))) as events:
            async for event in events:
                yield _seen(event, incident, assembler)

    async def overview(self) -> tuple[FoundLine, ...]:
        """The entries of every incident that tell which incidents there are, and how they stand."""
        found = await self._asking.list("entries", [("labelSelector", f"{OVERVIEW_LABEL}=true")])
        return await asyncio.to_thread(_Reading().read, found, "")

    async def delete(self, entry: str, uid: str) -> bool:
        """Delete this very entry with all its parts, or one part by its name (a stray).

        Further parts go first: what is interrupted shows as incomplete, and is deleted by doing it again.
        False where it is gone already, or something else has its name.
        """
        first = await self._part(entry) if "." not in entry else None
        if first is not None and first.uid != uid:
            return False
        for number in range(2, first.parts + 1 if first else 2):
            name = part_name(entry, number)
            further = await self._part(name)
            if further is not None:
                await self._asking.delete(name, f"entry {name}", further.uid)
        return await self._asking.delete(entry, f"entry {entry}", uid)

    # -- how

    async def _create(self, body: dict[str, Any]) -> Created:
        name = body["metadata"]["name"]
        what = f"entry {name}"
        try:
            await self._asking.create(what, body)
        except ClusterError as error:
            if error.status_reason != "AlreadyExists":
                raise
            conflict = error
        else:
            return Created.CREATED
        content = await self._asking.get(name, what)
        if content is None:
            # It was deleted between the two: to create it again could bring back what was redacted.
            raise conflict
        return Created.ALREADY if _same(content, body["spec"]) else Created.OTHER

    async def _part(self, name: str) -> Part | None:
        content = await self._asking.get(name, f"entry {name}")
        try:
            return part(content) if content is not None else None
        except NotAnEntry:
            return None

    def _chosen(self, incident: str) -> Query:
        if self._by_label:
            return [("labelSelector", f"{INCIDENT_LABEL}={incident}")]
        return [("fieldSelector", f"spec.incident={incident}")]

    async def _listed(self, incident: str) -> AsyncGenerator[Found, None]:
        """By the field, which cannot lie; by the label where the server is too old for that (before 1.31)."""
        what, by_label = f"entries of {incident}", self._by_label
        try:
            async with aclosing(self._asking.pages(what, self._chosen(incident))) as pages:
                async for page in pages:
                    yield page
            return
        except ClusterError as error:
            if error.status != 400 or by_label:
                raise
            self._by_label = True
        async with aclosing(self._asking.pages(what, self._chosen(incident))) as pages:
            async for page in pages:
                yield page

    def _lacking_long(self, incident: str, incomplete: Iterable[Incomplete]) -> tuple[str, ...]:
        before, now = self._lacking.get(incident, {}), self._clock()
        lacking = {one.entry: before.get(one.entry, now) for one in incomplete}
        self._lacking[incident] = lacking
        problems = _Problems()
        for one in incomplete:
            if now - lacking[one.entry] >= _LACKING:
                problems.add(one.said)
        return problems.told

    def _unshareable(self, line: SharedLine, error: ValueError) -> ClusterError:
        said = f"{error} It stays on this machine alone."
        if not isinstance(error, TooLong):
            said = f"Entry {line.entry} is no text that can be shared. It stays on this machine alone."
        return ClusterError(Reason.INVALID, said, "`leeward export` carries it to another machine.")


class _Problems:
    """Sentences, each once, and no more than a person would read."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._more = 0

    def add(self, said: str) -> None:
        if said and said not in self._said:
            if len(self._said) < _MOST_PROBLEMS:
                self._said[said] = None
            else:
                self._more += 1

    @property
    def told(self) -> tuple[str, ...]:
        more = (f"{self._more:,} more objects in the shared place are refused.",) if self._more else ()
        return (*self._said, *more)


class _Reading:
    """What is made of a listing, page by page."""

    def __init__(self) -> None:
        self.assembler = Assembler()
        self.strays: list[Stray] = []
        self.problems = _Problems()
        self._before: frozenset[str] = frozenset()

    def read(self, page: Found, incident: str) -> tuple[FoundLine, ...]:
        """The lines that are complete with this page. Pure and slow: in a thread where there is much."""
        found: dict[str, FoundLine] = {}
        for content in page.items:
            self._take(content, incident, found)
        self._before = self._sorted_out(found)
        if page.cut:
            self.problems.add(
                "There is more in the shared place than one console can hold; the rest was left."
            )
        return tuple(found.values())

    def _sorted_out(self, found: Iterable[str]) -> frozenset[str]:
        """Let go parts of an entry that is complete without them; answers whose may yet come.

        A list is in the order of the names, so that they come right behind their entry, on this page or the
        next ones.
        """
        whole, left = frozenset(found), set()
        for one in self.assembler.incomplete:
            if one.entry in whole or one.entry in self._before:
                self.strays += self.assembler.forget(one.entry)
                left.add(one.entry)
        return whole | left

    def _take(self, content: msgspec.Raw, incident: str, found: dict[str, FoundLine]) -> None:
        try:
            made = part(content)
        except NotAnEntry as error:
            self.problems.add(str(error))
            return
        if incident and made.incident != incident:
            self.problems.add(_lies(made))
            return
        added = self.assembler.add(made)
        self.strays += added.strays
        self.problems.add(added.said)
        if added.found is not None:
            found[made.entry] = added.found


def _seen(event: Event, incident: str, assembler: Assembler) -> Seen:
    if event.object is None:
        said = "An event of the shared place was too long to be one." if not event.type else ""
        return Seen("bookmark", None, "", "", said)
    if event.type not in ("ADDED", "MODIFIED", "DELETED"):
        return Seen("bookmark", None, "", version_of(event.object))
    try:
        made = part(event.object)
    except NotAnEntry as error:
        return Seen("bookmark", None, "", error.version, str(error))
    if made.incident != incident:
        return Seen("bookmark", None, made.entry, made.version, _lies(made))
    if event.type == "DELETED":
        assembler.forget(made.entry, made.number)
        return Seen("deleted", None, made.entry, made.version)
    if event.type == "MODIFIED" and made.parts > 1:
        return Seen("bookmark", None, made.entry, made.version)  # its line cannot have changed
    added = assembler.add(made)
    kind: Literal["added", "bookmark"] = "added" if added.found else "bookmark"
    return Seen(kind, added.found, made.entry, made.version, added.said)


def _lies(made: Part) -> str:
    return f"The label of entry {made.name} names another incident than the entry itself; it was left."


def _same(content: bytes, spec: Mapping[str, Any]) -> bool:
    """Whether an object says what we would have said."""
    try:
        there = part(content)
    except NotAnEntry:
        return False
    ours = (spec["incident"], spec["line"], spec.get("header", ""), spec.get("part", 1), spec.get("parts", 1))
    return (there.incident, there.line, there.header, there.number, there.parts) == ours
