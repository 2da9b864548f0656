"""Whatever happens in whatever order, afterwards everybody has the same record, and nothing is lost or twice.

LEEWARD_KILLS says how many examples, as for the other tests that are sampled.
"""

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.sharing.lines import INCIDENT
from tests.sharing.machines import Machine, Stepped, healed, killed, unanswered
from tests.sharing.support import Server
from tui.model.incident import Kind
from tui.record.lines import parse
from tui.record.verification import verify

KILLS = int(os.environ.get("LEEWARD_KILLS", "4"))
which = st.integers(0, 7)

pytestmark = pytest.mark.slow


class Consoles(RuleBasedStateMachine):
    """Two to four machines with one or two consoles each, and one shared place."""

    @initialize(count=st.integers(2, 4), skews=st.lists(st.integers(-600, 600), min_size=4, max_size=4))
    def begin(self, count: int, skews: list[int]) -> None:
        self.loop = asyncio.new_event_loop()
        self.root = tempfile.TemporaryDirectory()
        self.server = Server()
        self.written = 0
        self.acknowledged: dict[str, str] = {}  # the entry, and the machine on whose disk it is
        # The last machine's login may not delete.
        self.machines = [
            Machine(f"m{n}", Path(self.root.name), self.server, timedelta(seconds=skews[n]), n < count - 1)
            for n in range(count)
        ]
        for machine in self.machines:
            self.run(self.opened(machine))

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(step)

    async def opened(self, machine: Machine) -> None:
        await machine.open()
        self.remember(machine)

    def remember(self, machine: Machine) -> None:
        for entry in machine.entries():
            self.acknowledged.setdefault(entry.id, machine.name)

    def machine(self, number: int) -> Machine:
        return self.machines[number % len(self.machines)]

    def console(self, number: int) -> Stepped:
        """One that is open; opened where none is."""
        machine = self.machine(number)
        if not machine.consoles:
            self.run(self.opened(machine))
        return machine.consoles[number // len(self.machines) % len(machine.consoles)]

    @rule(n=which)
    def append(self, n: int) -> None:
        self.written += 1
        console = self.console(n)
        entry = self.run(console.write(f"secret-{self.written}."))
        self.acknowledged[entry.id] = console.machine.name

    @rule(n=which, seconds=st.integers(1, 300))
    def time_passes(self, n: int, seconds: int) -> None:
        self.run(self.machine(n).clock.advance(seconds))

    @rule(n=which, entry=which)
    def redact(self, n: int, entry: int) -> None:
        console = self.console(n)
        notes = [
            one for one in console.machine.entries()
            if one.kind == Kind.NOTE and not one.redacted and one.text.startswith("secret")
        ]  # fmt: skip
        if notes:
            told = self.run(console.redact(notes[entry % len(notes)]))
            self.acknowledged[told.id] = console.machine.name

    @rule(n=which, most=st.integers(1, 9))
    def deliver(self, n: int, most: int) -> None:
        self.run(self.caught(self.console(n).deliver(most)))

    @rule(n=which)
    def relist(self, n: int) -> None:
        self.run(unanswered(self.console(n).relist()))

    @rule(n=which, most=st.integers(1, 9))
    def send(self, n: int, most: int) -> None:
        self.run(unanswered(self.console(n).send(most)))

    @rule(n=which)
    def take_out(self, n: int) -> None:
        self.run(unanswered(self.console(n).take_out()))

    @rule(n=which, what=st.sampled_from(["relist", "deliver", "send", "take_out"]), after=st.integers(0, 6))
    def kill(self, n: int, what: str, after: int) -> None:
        """Killed at any await, and gone on with as if nothing had been."""
        console = self.console(n)
        steps = {
            "relist": console.relist,
            "deliver": lambda: console.deliver(5),
            "send": lambda: console.send(5),
            "take_out": console.take_out,
        }
        self.run(killed(steps[what](), after))

    @rule(n=which, at=st.integers(0, 3))
    def cut_in_the_midst(self, n: int, at: int) -> None:
        """The connection breaks while something is sent: some of it is there, and nobody was told."""
        console = self.console(n)

        async def broken() -> None:
            sending = asyncio.ensure_future(unanswered(console.send(9)))
            for _ in range(at):
                await asyncio.sleep(0.0005)
            console.machine.client.cut = True
            await sending

        self.run(broken())

    @rule(n=which)
    def cut(self, n: int) -> None:
        self.machine(n).client.cut = True

    @rule(n=which)
    def heal(self, n: int) -> None:
        self.machine(n).client.cut = False

    @rule()
    def forget_history(self) -> None:
        self.server.expire()

    @rule(n=which)
    def leave(self, n: int) -> None:
        self.run(self.machine(n).close())

    @rule(n=which)
    @precondition(lambda self: all(len(machine.consoles) < 2 for machine in self.machines))
    def second_console(self, n: int) -> None:
        self.run(self.opened(self.machine(n)))

    @rule(n=which)
    def back_up(self, n: int) -> None:
        self.run(self.machine(n).keep())

    @rule(n=which)
    def restore(self, n: int) -> None:
        """The disk is as it was: what was on no other disk, and not shared, is gone with it."""
        machine = self.machine(n)
        if self.run(machine.restore()):
            kept = set(self.server.objects)
            for one in self.machines:
                if one.state_dir.exists():
                    kept |= {entry.id for entry in one.entries()}
            self.acknowledged = {one: name for one, name in self.acknowledged.items() if one in kept}

    async def caught(self, step: Coroutine[Any, Any, None]) -> None:
        await unanswered(step)

    def teardown(self) -> None:
        if not hasattr(self, "machines"):
            return
        try:
            self.run(healed(self.machines))
            self.check()
        finally:
            for machine in self.machines:
                self.run(machine.close())
            self.loop.close()
            self.root.cleanup()

    def check(self) -> None:
        first, *others = (machine.entries() for machine in self.machines)
        for entries in others:
            assert entries == first
        ids = [entry.id for entry in first]
        assert ids == sorted(set(ids))
        assert self.acknowledged.keys() <= set(ids)
        assert self.server.objects.keys() == set(ids)
        gone = {one for entry in first if entry.kind == Kind.REDACTED for one in entry.data["entries"]}
        assert {entry.id for entry in first if entry.redacted} == gone
        assert {one for one, line in self.server.lines().items() if parse(line.encode()).redacted} == gone
        for machine in self.machines:
            report = verify(machine.state_dir, INCIDENT)
            assert report.whole, report.problems
            for console in machine.consoles:
                assert console.copy is None or console.copy.unsent == 0
                assert console.copy is None or console.copy.problems == ()


Consoles.TestCase.settings = settings(
    max_examples=max(KILLS // 2, 20),
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestInterleavings = Consoles.TestCase
