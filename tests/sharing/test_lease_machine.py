"""Pauses, partitions, restarts, handovers and expiry in any order: never two who may act at once."""

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.sharing.leases_in_memory import LASTS, LeaseStore, console
from tests.sharing.test_held import One
from tests.support.clock import ManualClock
from tui.clients.cluster_errors import ClusterError
from tui.sharing.held import HeldByOther, Lost

WHICH = st.integers(0, 3)


class Machine(RuleBasedStateMachine):
    """Up to four consoles and one lock. A paused one does nothing by itself, but acts when it is woken."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(count=st.integers(2, 4))
    def begin(self, count: int) -> None:
        self.clock = ManualClock()
        self.store = LeaseStore()
        self.ones = [One(self.store, self.clock, console(number)) for number in range(count)]

    def one(self, which: int) -> One:
        return self.ones[which % len(self.ones)]

    async def _try(self, work: Any) -> bool:
        """Whether it was done; time goes on a little while it is."""
        try:
            await work
        except (HeldByOther, Lost, ClusterError):
            return False
        return True

    @rule(which=WHICH)
    def take(self, which: int) -> None:
        self.run(self._try(self.one(which).lease.take()))
        self.all_look()

    @rule(which=WHICH)
    def act(self, which: int) -> None:
        """Confirm, and act at once: the server must then know nobody else as the holder."""
        one = self.one(which)
        if self.run(self._try(one.lease.confirm())):
            assert self.store.objects[one.lease.name].holder == one.who.holder
            others = [each for each in self.ones if each is not one and each.lease.held]
            assert others == []

    @rule(seconds=st.sampled_from([LASTS / 2, LASTS - 0.5, LASTS, 2 * LASTS]), heard=st.booleans())
    def holder_is_stopped_and_all_try(self, seconds: float, heard: bool) -> None:
        """Whoever holds it is paused (or cut off) for a while; then everybody takes, and acts."""
        for one in self.ones:
            if one.lease.kept:
                self.run(one.lease.stop())
                one.client.away = one.client.away or not heard
            else:
                one.client.away = False
        self.time_goes_on(seconds)
        self.all_take_at_once()
        self.at_most_one_holds_it()
        for one in self.ones:
            one.client.away = False
        self.all_act_at_once()

    @rule()
    def all_act_at_once(self) -> None:
        async def both() -> list[bool]:
            return await asyncio.gather(*(self._try(one.lease.confirm()) for one in self.ones))

        assert sum(self.run(both())) <= 1

    @rule()
    def all_take_at_once(self) -> None:
        async def each() -> None:
            await asyncio.gather(*(self._try(one.lease.take()) for one in self.ones))

        self.run(each())

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        self.run(self._try(self.one(which).lease.release()))

    @rule(which=WHICH, whom=WHICH)
    def hand_over(self, which: int, whom: int) -> None:
        from tests.sharing.test_held import _person

        one, other = self.one(which), self.one(whom)
        if one is not other:
            self.run(self._try(one.lease.hand_to(_person(other.who))))

    @rule(which=WHICH, away=st.booleans())
    def cut_off(self, which: int, away: bool) -> None:
        self.one(which).client.away = away

    @rule(which=WHICH)
    def lose_an_answer(self, which: int) -> None:
        self.one(which).client.loses = 1

    @rule(which=WHICH)
    def pause(self, which: int) -> None:
        """As by SIGSTOP: it renews nothing, and goes on believing what it believes."""
        self.run(self.one(which).lease.stop())

    @rule(which=WHICH)
    def restart(self, which: int) -> None:
        """A kill, and a new process of the same console: it knows nothing but its id."""
        at = which % len(self.ones)
        before = self.ones[at]
        self.run(before.lease.drop())
        self.ones[at] = One(self.store, self.clock, replace(before.who, process=before.who.process + 1))

    @rule(seconds=st.sampled_from([0.5, LASTS / 3, LASTS - 0.5, LASTS, 2.5 * LASTS]))
    def time_goes_on(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))
        self.all_look()

    def all_look(self) -> None:
        """What the rosters do all the time: who can, sees how the lease is now."""
        for one in self.ones:
            there = self.store.objects.get(one.lease.name)
            if there is not None and not one.client.away:
                one.sightings.see(there)

    @invariant()
    def at_most_one_holds_it(self) -> None:
        assert sum(one.lease.held for one in getattr(self, "ones", ())) <= 1

    def teardown(self) -> None:
        async def end() -> None:
            for one in getattr(self, "ones", ()):
                await one.lease.drop()

        self.run(end())
        self.loop.close()


Machine.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestLeases = Machine.TestCase
