"""Everything that is kept of an incident, in the order of the archive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.evidence import figures, kubernetes, record
from tui.evidence.piece import Piece, missing
from tui.model.reading import Check, Held
from tui.model.runbook import Runbook

if TYPE_CHECKING:
    from tui.clients.cluster import ClusterDoor
    from tui.clients.prometheus import Prometheus


@dataclass(frozen=True, slots=True)
class Sources:
    """Where evidence comes from.

    Attributes:
        journals: the incident's, on this machine.
        readings: each check's latest and last good answer.
        runbook: whose queries are asked.
        door, prometheus: None where nothing is set.
        logs: how far back the pods' logs go.
        window: what `$window` of the queries stands for.
        start, end: which time the metrics' history covers.
    """

    journals: tuple[Path, ...]
    readings: Mapping[Check, Held]
    runbook: Runbook
    door: "ClusterDoor | None"
    prometheus: "Prometheus | None"
    logs: timedelta
    window: timedelta
    start: datetime
    end: datetime

    async def pieces(self) -> list[Piece]:
        """Every piece. Nothing of them is read yet, but the cluster was asked which there are.

        The cluster's come first: with them the redactor learns the secrets that the pods have, which
        anything else may quote.
        """
        return [
            *await self._cluster(),
            *record.journals(self.journals),
            *record.readings(self.readings),
            *self._metrics(),
            record.versions(f"{self.runbook.id} {self.runbook.version}"),
        ]

    async def _cluster(self) -> list[Piece]:
        if self.door is None:
            return [missing("kubernetes/", "everything of the cluster", "No deployment is set.")]
        return [piece async for piece in kubernetes.pieces(self.door, self.logs)]

    def _metrics(self) -> list[Piece]:
        if self.prometheus is None:
            return [missing("metrics/", "the metrics' history", "No Prometheus is set.")]
        return figures.pieces(self.prometheus, self.runbook, self.window, self.start, self.end)
