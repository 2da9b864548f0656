"""Consoles with real journals on a real disk, driven step by step, that meet at a place in memory."""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.sharing.lines import INCIDENT
from tests.sharing.support import Client, Server
from tests.support.clock import START, ManualClock
from tui.clients.cluster_errors import ClusterError
from tui.model.erasing import redaction
from tui.model.incident import Draft, Entry, Kind
from tui.model.redaction import Redactor
from tui.record.folder import incident_folder
from tui.record.journal import Journal
from tui.record.reading import read
from tui.record.shared import CopierLock, begin
from tui.sharing.copying import Copy
from tui.sharing.files import FolderFiles


class Machine:
    """One machine: a state folder, a clock that may be wrong, and a way to the place."""

    def __init__(self, name: str, root: Path, server: Server, skew: timedelta, may_delete: bool) -> None:
        self.name = name
        self.state_dir = root / name
        self.backup = root / f"{name}-backup"
        self.clock = ManualClock(START + skew)
        self.client = Client(server, forbids=set() if may_delete else {"delete"})
        self.consoles: list[Stepped] = []

    @property
    def folder(self) -> Path:
        return incident_folder(self.state_dir, INCIDENT)

    def entries(self) -> tuple[Entry, ...]:
        return read(self.state_dir, INCIDENT).entries

    async def open(self) -> "Stepped":
        begin(self.state_dir, INCIDENT)
        console = Stepped(self)
        await console.open()
        self.consoles.append(console)
        return console

    async def close(self) -> None:
        """Every console of it is gone."""
        for console in self.consoles:
            await console.close()
        self.consoles.clear()

    async def keep(self) -> None:
        """Make a backup of what is on the disk, once no step that was killed writes there any more."""
        for console in self.consoles:
            if console.copy is not None:
                await console.copy.hop(lambda: None)
        shutil.rmtree(self.backup, ignore_errors=True)
        if self.state_dir.exists():
            shutil.copytree(self.state_dir, self.backup)

    async def restore(self) -> bool:
        """The disk is what it was; whoever had the incident open there is gone."""
        if not self.backup.exists():
            return False
        await self.close()
        shutil.rmtree(self.state_dir)
        shutil.copytree(self.backup, self.state_dir)
        return True


class Stepped:
    """One console: its journal, and, where it has the folder's lock, the copy, each step taken by hand."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.lock = CopierLock(machine.folder)
        self.copy: Copy | None = None

    async def open(self) -> None:
        machine = self.machine
        self.journal = await Journal.open(
            machine.state_dir, INCIDENT, machine.clock, Redactor(), together=True, wait=0.0
        )
        assert not self.journal.read_only, self.journal.read_only
        await self.write(f"{machine.name} is here")

    async def write(self, text: str) -> Entry:
        draft = Draft(Kind.NOTE, text, self.machine.clock.now(), self.machine.name)
        (entry,) = await self.journal.append(draft)
        return entry

    async def redact(self, entry: Entry) -> Entry:
        now = self.machine.clock.now()
        told = redaction(entry, self.machine.entries(), "a name", self.machine.name, now)
        return await self.journal.redact(told)

    def try_copying(self) -> Copy | None:
        """The copy, if this console is the one that copies for the folder."""
        if self.copy is None and self.lock.try_take():
            machine = self.machine
            files = FolderFiles(machine.folder, INCIDENT, lambda: "here", machine.clock)
            self.copy = Copy(INCIDENT, files, Redactor(), on_taken=self._took)
            self.copy.entries = machine.client
        return self.copy

    def _took(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self.journal.saw(entry.id)

    async def relist(self) -> None:
        if copy := self.try_copying():
            await copy.relist()
            await self.journal.finish_redactions()

    async def deliver(self, most: int) -> None:
        """Some of what the watch has to tell; where there is no version, it is listed first."""
        copy = self.try_copying()
        if copy is None:
            return
        if not copy.version:
            await self.relist()
            return
        client = self.machine.client
        await client.get(INCIDENT)  # raises where it is cut off
        await copy.take(client.told(INCIDENT, int(copy.version))[:most])
        await self.journal.finish_redactions()

    async def send(self, most: int) -> None:
        copy = self.try_copying()
        if copy is not None and copy.version:  # what is there was taken in first
            await copy.look()
            await copy.send(most)

    async def take_out(self) -> None:
        copy = self.try_copying()
        if copy is not None and copy.version:
            await copy.look()
            await copy.finish_redactions()

    async def close(self) -> None:
        await self.journal.close()
        if self.copy is not None:
            await self.copy.close()
        self.lock.release()


async def unanswered(step: Awaitable[None]) -> None:
    """Take a step; that the place does not answer is no failure of it."""
    with contextlib.suppress(ClusterError):
        await step


async def killed(step: Coroutine[Any, Any, None], after: int) -> None:
    """Cancel a step after it was resumed so many times, wherever it is then."""
    task = asyncio.ensure_future(unanswered(step))
    await asyncio.sleep(0)
    for _ in range(after):
        await asyncio.sleep(0.0005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def healed(machines: list[Machine], rounds: int = 30) -> None:
    """Everybody is connected and well, until nothing moves any more."""
    for machine in machines:
        machine.client.cut = False
        if not machine.consoles:
            await machine.open()
    last: Any = None
    for _ in range(rounds):
        for machine in machines:
            for console in machine.consoles:
                await _exchanged(console)
        # Of each console: another of its folder may have taken in what redacts its own chain.
        for machine in machines:
            for console in machine.consoles:
                await console.journal.finish_redactions()
        now = [machine.entries() for machine in machines], machines[0].client.server.lines()
        if now == last:
            return
        last = now
    raise AssertionError("it does not come to rest")


async def _exchanged(console: Stepped) -> None:
    await console.relist()
    while console.copy and console.copy.unsent:
        await console.send(100)
    await console.take_out()
