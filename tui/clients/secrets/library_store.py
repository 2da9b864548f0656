"""What the stores outside the cluster share: a client of a library that blocks, made when it is needed.

A store says how it reads and writes in a thread, how its client is made and closed, and what its
library's exceptions mean.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from tui.clients.secrets.calling import DEADLINE, Caller, Errand, Told
from tui.model.keys import Stored, StoreError
from tui.model.redaction import Redactor
from tui.model.secret import Secret

Where = TypeVar("Where")


class LibraryStore(ABC, Generic[Where]):
    """One key in the store that `where`, a part of the settings, names; nothing is asked of it yet."""

    def __init__(self, where: Where, redact: Redactor, deadline: float = DEADLINE) -> None:
        self._where = where
        self._redact = redact
        self._client: Any = None
        self._caller = Caller(self.name, self._turned, deadline)

    @property
    @abstractmethod
    def name(self) -> str:
        """The store for a person. It is made of `where` alone."""

    async def read(self) -> Stored:
        """The current key and its version."""
        return await self._caller.run(self._read)

    async def write(self, key: Secret, *, after: str, token: str) -> str:
        """Store the key while the version is still `after`; the redactor knows it before."""
        self._redact.add(key)
        return await self._caller.run(lambda errand: self._write(errand, key, after, token))

    async def previous(self) -> Stored | None:
        """The newest key before the current one that is another one and can still be read."""
        return await self._caller.run(self._previous)

    async def obstacles(self) -> tuple[str, ...]:
        """None: who may write to it, may."""
        return ()

    async def close(self) -> None:
        """Close idle connections; a call that still hangs ends by its own deadline."""
        client, self._client = self._client, None
        if client is not None:
            self._shut(client)

    @abstractmethod
    def _shut(self, client: Any) -> None:
        """Close a client's idle connections."""

    # -- in a thread

    @abstractmethod
    def _read(self, errand: Errand) -> Stored: ...

    @abstractmethod
    def _write(self, errand: Errand, key: Secret, after: str, token: str) -> str: ...

    @abstractmethod
    def _previous(self, errand: Errand) -> Stored | None: ...

    @abstractmethod
    def _made(self) -> Any:
        """A client with the login of now. Raises StoreError, or what the library raises."""

    @abstractmethod
    def _told(self, error: Exception, errand: Errand) -> Told | StoreError:
        """What an exception means; the client may be asked once more."""

    def _connected(self) -> Any:
        if self._client is None:
            self._client = self._made()
        return self._client

    def _turned(self, error: Exception, errand: Errand) -> Told | StoreError:
        told = self._told(error, errand)
        self._client = None  # a new login is taken at the next time
        return told
