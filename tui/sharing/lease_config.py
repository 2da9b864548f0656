"""What the leases of one console have in common: where they lie, whose they are, and how long they last."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from tui.clients.leases import LeaseObject
from tui.model.clock import Clock
from tui.sharing.naming import Console
from tui.sharing.sightings import Sightings


class LeasePlace(Protocol):
    """Where leases lie: `tui.clients.leases.Leases`, as far as holding one needs it."""

    async def get(self, name: str) -> LeaseObject | None: ...

    async def create(self, lease: LeaseObject) -> LeaseObject: ...

    async def replace(self, lease: LeaseObject) -> LeaseObject: ...


@dataclass(frozen=True, slots=True)
class LeaseConfig:
    """What all leases of one console have in common.

    Attributes:
        leases: where they lie.
        who: who we are, as it is known now.
        incident: for which incident.
        sightings: what was seen of leases, shared with the roster.
        clock, rng: for renewals and for the wait after one that failed.
        lasts: how long a lease lasts without being renewed, in seconds.
    """

    leases: LeasePlace
    who: Callable[[], Console]
    incident: str
    sightings: Sightings
    clock: Clock
    rng: Random
    lasts: float
