"""What a kind of change may need beside the cluster: the session's keys, which are in memory alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tui.clients.cluster import Cluster
from tui.clients.secrets import KeyStore
from tui.model.keys import KeyTest
from tui.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Offer:
    """A new key, with what its test said, and why it is to be stored in spite of it ("" otherwise)."""

    key: Secret
    test: KeyTest
    overruled: str = ""


@dataclass(frozen=True, slots=True)
class PodsSay:
    """What the logs of the pods tell of their calls: `refused` lines of 401, out of so many pods' logs."""

    pods: int
    refused: int


class Keys(Protocol):
    """What a session knows of keys. None of it is ever written anywhere."""

    async def store(self, cluster: Cluster) -> KeyStore:
        """Where the key is kept. Raises StoreError."""
        ...

    async def test(self, key: Secret, source: str) -> KeyTest:
        """Ask the API with this key. Never raises."""
        ...

    def hold(self, token: str, key: Secret) -> None:
        """Keep a key for the plan that is known by this token."""
        ...

    def held(self, token: str) -> Secret | None:
        """The key of a plan; None once it is forgotten."""
        ...

    def stored(self, key: Secret) -> None:
        """It is stored: this console itself asks with it from now on."""
        ...

    async def pods_say(self, cluster: Cluster, since: datetime) -> PodsSay | None:
        """What the pods' logs tell since then; None where they cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What is given to a kind that needs more than the cluster; `offer` for the plan of a new key."""

    keys: Keys
    offer: Offer | None = None
