"""Where the key is kept: one protocol, and one module for each kind of store.

Each module is imported when its store is opened, and imports its own library then. Everything
raises `StoreError`; no value of a store is in any of its texts.
"""

import os
from typing import TYPE_CHECKING, Protocol

from tui.model.keys import Stored, StoreError
from tui.model.secret import Secret

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster
    from tui.settings import Settings

__all__ = ["KeyStore", "StoreError", "Stored", "open_store"]


class KeyStore(Protocol):
    """One key in one store.

    Attributes:
        kind: `kubernetes`, `gcp`, `aws` or `vault`.
        name: for a person: `Kubernetes Secret mistral/api-key`, `AWS Secrets Manager prod/mistral`.
        keeps_previous: where the key that was replaced stays, as a clause for the preview.
        whom: whom to ask for a permission that is missing: `an administrator of prod-eu`.
    """

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def keeps_previous(self) -> str: ...

    @property
    def whom(self) -> str: ...

    async def read(self) -> Stored:
        """The current key and its version. The redactor knows it before this returns."""
        ...

    async def write(self, key: Secret, *, after: str, token: str) -> str:
        """Store a key, only while the version is still `after`; the new version.

        The same `token` a second time makes no second version where the store can tell.
        Raises StoreError: `conflict` where another version came between, `unknown` (`sent`) where
        no answer told what became of it.
        """
        ...

    async def previous(self) -> Stored | None:
        """The key that the newest one replaced; None where the store has none."""
        ...

    async def permissions(self) -> tuple[str, ...]:
        """What is missing to read and to write, each named as the store names it.

        Empty where nothing is missing, or where the store cannot be asked before it refuses.
        """
        ...

    async def obstacles(self) -> tuple[str, ...]:
        """Why the store must not be written although it may be: who owns it, that it is immutable."""
        ...

    async def notes(self) -> tuple[str, ...]:
        """What else a person must know before it is written."""
        ...

    def by_hand(self) -> str:
        """The equivalent command; it reads the key from its standard input, never from its arguments."""
        ...

    def back_by_hand(self) -> str:
        """The command that puts the key before back; no key is in its arguments."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


async def open_store(settings: "Settings", cluster: "Cluster") -> KeyStore:
    """The store that the settings name; nothing is asked of it yet.

    Raises StoreError for a store that is not there, or whose library is missing, naming the extra.
    """
    if settings.key_store.kind != "kubernetes":
        from tui.clients.secrets.cloud import opened

        return await opened(settings.key_store, os.environ, cluster.redact)
    from tui.clients.secrets.kubernetes import KubernetesStore

    named = settings.key_store.kubernetes
    return await KubernetesStore.of_deployment(cluster, named.secret, named.key)
