"""Consoles without a screen on a simulated cluster: a chronicle and its operations, made and left at will."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.mitigations.test_protocol import World
from tui.clients.cluster import ClusterDoor
from tui.drill.kubernetes import Revision
from tui.model.clock import SystemClock
from tui.model.incident import Applied, Draft, Incident, Kind
from tui.model.mitigation import Plan
from tui.model.redaction import Redactor
from tui.model.runbook import (
    Change,
    Command,
    EnvChange,
    Judgement,
    MitigationRule,
    Proof,
    Restart,
    Risk,
    Rollback,
    Runbook,
    Scale,
)
from tui.runbooks import load
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.identity import Identity
from tui.session.judging import Windows
from tui.session.operations import Operations
from tui.settings import Kubernetes

INCIDENT = "inc-20261123-1503-7f3a"
CHANGES: dict[str, Change] = {
    "my-env": EnvChange("MAX_CONCURRENT_MISTRAL", "3"),
    "my-several": EnvChange("MISTRAL_FALLBACK", "true", more=(("MAX_CONCURRENT_MISTRAL", "2"), ("NEW", "x"))),
    "my-restart": Restart(),
    "my-rollback": Rollback(),
    "my-scale": Scale(4),
    "my-command": Command(("true",), undo=("true",)),
}
BAD = Revision(
    datetime.now(UTC) - timedelta(minutes=20),
    env={"APP_VERSION": "2.4.0"},
    image="registry.example/app:2.4.0",
)
SHORT = Windows(timedelta(seconds=0.1), timedelta(seconds=0.1), timedelta(hours=1), timedelta(seconds=5))
PROVEN = Judgement(None, proof=Proof(("true",)))


class Fast(SystemClock):
    """Pauses of this program are short; the world keeps its time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class Console:
    """One console: a chronicle and its operations, on the world's cluster or the kubeconfig's."""

    def __init__(
        self,
        world: World | Path,
        folder: Path,
        runbook: Runbook,
        windows: Windows = SHORT,
        prometheus: Any = None,
        beside: Any = None,
    ) -> None:
        path = world if isinstance(world, Path) else folder / "kubeconfig"
        if isinstance(world, World):
            path.write_text(world.api.kubeconfig("responder"))
        clock = Fast()
        self.door = ClusterDoor(Kubernetes(kubeconfig=str(path), deployment="mistral-service"), 30.0)
        self.chronicle = Chronicle(folder, clock, Redactor(()), lambda: None)
        self.safety = Safety("prod", timedelta(hours=1))
        self.safety.arm("prod", clock.now())
        self.operations = Operations(
            runbook,
            self.door,
            prometheus,
            self.chronicle,
            self.safety,
            windows,
            clock,
            Identity("alice"),
            lambda: None,
            beside,
        )

    async def open(self) -> None:
        draft = Draft(Kind.DECLARED, "incident", datetime.now(UTC), "alice", {"title": "t"})
        await self.chronicle.open_new(INCIDENT, draft)

    async def resume(self) -> None:
        await self.chronicle.resume(INCIDENT)
        await self.operations.settle()

    @property
    def incident(self) -> Incident:
        assert self.chronicle.incident is not None
        return self.chronicle.incident

    @property
    def last(self) -> Applied:
        return self.incident.mitigations[-1]

    async def plan(self, mitigation: str) -> Plan:
        return await self.operations.preview(mitigation, None, INCIDENT)

    async def run(self, mitigation: str) -> Applied:
        await self.operations.approve(await self.plan(mitigation))
        await self.rest()
        return self.last

    async def undo(self) -> Applied:
        await self.operations.approve(await self.operations.preview_undo(INCIDENT, self.last))
        await self.rest()
        return self.last

    async def rest(self) -> None:
        await self.until(lambda: not self.operations.busy and not self.operations.unsettled)

    async def until(self, wanted: Callable[[], object], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not wanted():  # noqa: ASYNC110 - nothing here says when
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.operations.stop()
        await self.chronicle.close()
        await self.door.close()


def runbook_of(**changes: Any) -> Runbook:
    """The shipped runbook with a mitigation of each kind."""
    shipped = load(None)
    rules = {
        name: MitigationRule(name, name, Risk.HIGH, change, PROVEN, "so it is", timedelta(hours=1))
        for name, change in {**CHANGES, **changes.pop("more", {})}.items()
    }
    rules = {name: replace(rule, **changes) for name, rule in rules.items()}
    return replace(shipped, mitigations=MappingProxyType({**shipped.mitigations, **rules}))


@asynccontextmanager
async def console_on(
    world: World, folder: Path, runbook: Runbook | None = None, **how: Any
) -> AsyncIterator[Console]:
    console = Console(world, folder, runbook or runbook_of(), **how)
    try:
        yield console
    finally:
        await console.close()
