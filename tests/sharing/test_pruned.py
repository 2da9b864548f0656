"""As the interleavings, with resolving, pruning (cut off anywhere) and opening again among the steps."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.sharing.lines import INCIDENT
from tests.sharing.machines import healed, unanswered
from tests.sharing.support import Client, LeasesThere
from tests.sharing.test_interleavings import KILLS, Consoles, which
from tests.support.clock import START
from tui.clients.cluster_errors import ClusterError
from tui.model.incident import Draft, Kind
from tui.sharing.pruning import prune

pytestmark = pytest.mark.slow

LATER, OLD = START + timedelta(days=365), timedelta(days=30)
OPENED_AGAIN = {"from": "resolved", "to": "investigating", "reopened": True}


class Pruned(Consoles):
    """Consoles whose incident is over now and then, and removed from the shared place."""

    @initialize(count=st.integers(2, 4), skews=st.lists(st.integers(-600, 600), min_size=4, max_size=4))
    def begin(self, count: int, skews: list[int]) -> None:
        super().begin(count, skews)
        self.say(0, Kind.DECLARED, {"title": "x", "severity": "P2"})

    def say(self, n: int, kind: Kind, data: dict[str, object]) -> None:
        console = self.console(n)
        draft = Draft(kind, str(kind), console.machine.clock.now(), console.machine.name, data)
        (entry,) = self.run(console.journal.append(draft))
        self.acknowledged[entry.id] = console.machine.name

    @rule(n=which)
    def resolve(self, n: int) -> None:
        self.say(n, Kind.RESOLVED, {"reason": "over"})

    @rule(n=which)
    def reopen(self, n: int) -> None:
        self.say(n, Kind.STATUS, OPENED_AGAIN)

    @rule(n=which, after=st.one_of(st.none(), st.integers(0, 12)))
    def over(self, n: int, after: int | None) -> None:
        """Resolved where all of it is known, shared, and pruned; cut off after so many deletes."""
        console = self.console(n)
        if console.machine.client.cut:
            return
        self.run(unanswered(console.relist()))
        self.resolve(n)
        self.run(unanswered(console.send(500)))
        self.run(self.pruned(after))

    async def pruned(self, after: int | None) -> None:
        keeper = Client(self.server, fails_after=after)
        with contextlib.suppress(ClusterError):  # begun again by whoever prunes next
            await prune(keeper, LeasesThere([]), INCIDENT, LATER, OLD)

    def teardown(self) -> None:
        if hasattr(self, "machines"):
            self.run(healed(self.machines))
            late = max(range(len(self.machines)), key=lambda i: self.machines[i].clock.now())
            self.say(late, Kind.STATUS, OPENED_AGAIN)
        super().teardown()


Pruned.TestCase.settings = settings(
    max_examples=max(KILLS // 4, 10),
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPruned = Pruned.TestCase
