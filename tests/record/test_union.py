"""Whatever is recorded, redacted, sent, delivered, restored and cut off, in any order: one timeline."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.record.copies import folder_of, found, together
from tests.record.helpers import INCIDENT, create, draft
from tests.support.clock import START, ManualClock
from tui.model.amending import GONE
from tui.model.redaction import Redactor
from tui.model.sharing import FoundLine
from tui.record import copied, folder
from tui.record.incoming import Incoming
from tui.record.outgoing import Outgoing
from tui.record.reading import read
from tui.record.redaction import redact
from tui.record.shared import begin
from tui.record.verification import verify

MACHINES = 3
machine = st.integers(0, MACHINES - 1)


class Killed(BaseException):
    """The process is gone at this very call."""


class Mortal:
    """The module `os`, whose n-th call that changes a disk is the last; what it writes is torn."""

    CHANGING = frozenset({"open", "fsync", "pwrite", "ftruncate"})

    def __init__(self, calls: int) -> None:
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self.CHANGING:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left >= 0:
                return real(*arguments, **named)
            if name == "pwrite":
                descriptor, data, offset = arguments
                real(descriptor, data[: len(data) // 2], offset)
            raise Killed

        return call


@contextmanager
def dying(calls: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        mortal = Mortal(calls)
        patch.setattr(copied, "os", mortal)
        patch.setattr(folder, "os", mortal)
        yield


class Responders(RuleBasedStateMachine):
    """Machines that work one incident, and a shared place that is there or not."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.place: dict[str, FoundLine] = {}
        self.recorded: dict[str, str] = {}
        self.taken_out: set[str] = set()
        self.copiers: dict[int, Incoming] = {}
        self.backups: dict[int, Path] = {}
        self.clocks = [ManualClock(START + timedelta(seconds=n * 100)) for n in range(MACHINES)]
        self.number = 0

    def state(self, number: int) -> Path:
        return self.root / str(number)

    @initialize()
    def declared(self) -> None:
        asyncio.run(self._declare())

    async def _declare(self) -> None:
        await (await create(self.state(0))).close()
        for number in range(1, MACHINES):
            begin(self.state(number), INCIDENT)

    @rule(number=machine, console=st.integers(1, 2), count=st.integers(1, 3))
    def records(self, number: int, console: int, count: int) -> None:
        asyncio.run(self._record(number, console, count))

    async def _record(self, number: int, console: int, count: int) -> None:
        clock = self.clocks[number]
        await clock.advance(1)
        async with await together(self.state(number), clock) as one:
            writer = await together(self.state(number), clock) if console == 2 else one
            assert not writer.read_only
            for _ in range(count):
                self.number += 1
                (entry,) = await writer.append(draft(f"said-{self.number}-by-{number}"))
                self.recorded[entry.id] = entry.text
            await writer.close()

    @rule(number=machine)
    def sends(self, number: int) -> None:
        self._send(number)

    def _send(self, number: int) -> None:
        for line in Outgoing(folder_of(self.state(number)), INCIDENT).look():
            there = self.place.get(line.entry)
            if there is None or ('"body":null' in line.line and '"body":null' not in there.line):
                self.place[line.entry] = found(line)

    def _copier(self, number: int) -> Incoming:
        if number not in self.copiers:
            self.copiers[number] = Incoming(folder_of(self.state(number)), INCIDENT)
        return self.copiers[number]

    def _some(self, data: st.DataObject) -> list[FoundLine]:
        """A part of what is there, in any order, some of it twice."""
        rng = Random(data.draw(st.integers(0, 2**16)))
        lines = [self.place[one] for one in sorted(self.place)]
        return [rng.choice(lines) for _ in range(rng.randrange(2 * len(lines)))] if lines else []

    @rule(number=machine, data=st.data())
    def takes_in(self, number: int, data: st.DataObject) -> None:
        self._copier(number).take(self._some(data))

    @rule(number=machine, calls=st.integers(0, 12), data=st.data())
    def is_killed_while_taking_in(self, number: int, calls: int, data: st.DataObject) -> None:
        lines = self._some(data)
        try:
            with dying(calls):
                self._copier(number).take(lines)
        except Killed:
            self.copiers.pop(number, None)

    @rule(number=machine)
    def starts_anew(self, number: int) -> None:
        self.copiers.pop(number, None)

    @rule(number=machine, data=st.data())
    def redacts(self, number: int, data: st.DataObject) -> None:
        entries = read(self.state(number), INCIDENT).entries
        could = sorted(entry.id for entry in entries if entry.kind == "note" and not entry.redacted)
        if could and (one := data.draw(st.sampled_from(could))) not in self.taken_out:
            asyncio.run(self._redact(number, one))

    async def _redact(self, number: int, one: str) -> None:
        where = (self.state(number), INCIDENT)
        told = await redact(*where, one, "a name", "ana", self.clocks[number], Redactor())
        self.recorded[told.entry.id] = told.entry.text
        self.taken_out.add(one)

    @rule(number=machine)
    def is_backed_up(self, number: int) -> None:
        place = self.root / f"backup-{number}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.state(number), place)
        self.backups[number] = place

    @rule(number=machine, onto=machine)
    def is_restored(self, number: int, onto: int) -> None:
        """From its own backup, or made a clone of another machine; what it had not sent would be lost."""
        if number not in self.backups:
            return
        self._send(onto)
        shutil.rmtree(self.state(onto))
        shutil.copytree(self.backups[number], self.state(onto))
        self.copiers.pop(onto, None)

    def teardown(self) -> None:
        try:
            for _ in range(3):
                for number in range(MACHINES):
                    self._send(number)
                    self._copier(number).take(reversed(self.place.values()))
                    asyncio.run(self._open(number))
            for number in range(MACHINES):
                self._is_well(number)
        finally:
            shutil.rmtree(self.root)

    async def _open(self, number: int) -> None:
        async with await together(self.state(number), self.clocks[number]) as journal:
            await journal.finish_redactions()

    def _is_well(self, number: int) -> None:
        entries = read(self.state(number), INCIDENT).entries
        expected = {one: GONE if one in self.taken_out else text for one, text in self.recorded.items()}
        assert {entry.id: entry.text for entry in entries} == expected
        report = verify(self.state(number), INCIDENT)
        assert report.problems == ()
        assert not [note for note in report.notes if "no entry says by whom" in note]
        assert self._copier(number).take(()).waiting == 0
        files = [path.read_bytes() for path in folder_of(self.state(number)).glob("journal*")]
        for one in self.taken_out:
            assert not any(b'"text":"%b"' % self.recorded[one].encode() in data for data in files)


TestResponders = Responders.TestCase
TestResponders.settings = settings(
    max_examples=int(os.environ.get("LEEWARD_UNIONS", "40")),
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
