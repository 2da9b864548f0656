"""What a copy needs of the shared place and of the disk, as protocols: tests put others in their place."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol

from tui.model.incident import Entry
from tui.model.sharing import FoundLine, SharedLine


class SeenEntry(Protocol):
    """One thing that a watch tells: `tui.clients.shared_entries.Seen`."""

    @property
    def kind(self) -> str: ...  # added, deleted, bookmark

    @property
    def found(self) -> FoundLine | None: ...

    @property
    def entry(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def said(self) -> str: ...


class IncompleteEntry(Protocol):
    """An entry of which parts are missing: `tui.clients.shared_objects.Incomplete`."""

    @property
    def entry(self) -> str: ...

    @property
    def have(self) -> Sequence[int]: ...

    @property
    def uid(self) -> str: ...


class Stray(Protocol):
    """An object that is part of nothing: `tui.clients.shared_objects.Stray`."""

    @property
    def name(self) -> str: ...

    @property
    def entry(self) -> str: ...

    @property
    def uid(self) -> str: ...


class Listed(Protocol):
    """All entries of an incident, and the version to watch from: `tui.clients.shared_entries.Listing`."""

    @property
    def found(self) -> tuple[FoundLine, ...]: ...

    @property
    def version(self) -> str: ...

    @property
    def incomplete(self) -> Sequence[IncompleteEntry]: ...

    @property
    def strays(self) -> Sequence[Stray]: ...

    @property
    def problems(self) -> tuple[str, ...]: ...


class ListedPage(Protocol):
    """A part of them: `tui.clients.shared_entries.Page`."""

    @property
    def found(self) -> tuple[FoundLine, ...]: ...

    @property
    def begins(self) -> bool: ...

    @property
    def whole(self) -> Listed | None: ...


class Entries(Protocol):
    """The entries of the shared place: `tui.clients.shared_entries.SharedEntries`. All raise ClusterError."""

    async def create(self, line: SharedLine) -> str: ...

    async def get(self, entry: str) -> FoundLine | None: ...

    def pages(self, incident: str) -> AsyncGenerator[ListedPage, None]: ...

    def watch(self, incident: str, version: str, seconds: float) -> AsyncIterator[SeenEntry]: ...

    async def delete(self, entry: str, uid: str) -> bool: ...


class Taken(Protocol):
    """What came of taking lines in: `tui.record.incoming.Taken`."""

    @property
    def entries(self) -> tuple[Entry, ...]: ...

    @property
    def waiting(self) -> int: ...

    @property
    def longest(self) -> str: ...

    @property
    def problems(self) -> tuple[str, ...]: ...


class OutgoingLines(Protocol):
    """What is acknowledged here and was not looked at before: `tui.record.outgoing.Outgoing`. Blocking."""

    def look(self, passes: Callable[[str], bool]) -> Sequence[SharedLine]: ...

    def passed(self) -> Sequence[str]: ...


class IncomingLines(Protocol):
    """What takes others' lines into the files: `tui.record.incoming.Incoming`. Blocking."""

    def take(self, found: Iterable[FoundLine]) -> Taken: ...

    def settle(self) -> Sequence[str]: ...

    def finish_redactions(self) -> Sequence[str]: ...


class Files(Protocol):
    """The files of one incident's folder, as a copy uses them. All block; JournalError."""

    def outgoing(self) -> OutgoingLines: ...

    def incoming(self) -> IncomingLines: ...

    def shared_before(self) -> bool:
        """Whether the folder's marker says that it was shared in this very place."""
        ...

    def mark(self) -> None:
        """Have the marker say so."""
        ...

    def closed(self) -> bool:
        """Whether the incident, as the files tell it, is resolved."""
        ...
