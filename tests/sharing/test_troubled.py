"""Copiers with real journals while the place has every trouble there is: afterwards both agree."""

import pytest

from tests.drill_kubernetes.test_shared import shared
from tests.sharing.test_over_sockets import Opens, live, opens, same, until
from tests.support.thorough import THOROUGH
from tui.drill.kubernetes import KubeApi
from tui.drill.kubernetes.faults import Trouble
from tui.model.clock import SystemClock

__all__ = ["opens", "shared"]

TROUBLES = {
    "slow": Trouble(latency_s=1.0),
    "a watch that is late": Trouble(delay_s=2.0),
    "a watch that is silent": Trouble(silent=True),
    "no answer": Trouble(hang=True),
    "no connection": Trouble(drop=True),
    "too many requests": Trouble(fail_status=429),
    "fails": Trouble(fail_status=500),
    "unavailable": Trouble(fail_status=503),
    "times out": Trouble(fail_status=504),
    "versions are too old": Trouble(fail_status=410),
    "logins expired": Trouble(login_expired=True),
    "nobody may create": Trouble(forbid=frozenset({("create", "entries")})),
    "nobody may list or watch": Trouble(forbid=frozenset({("list", "entries"), ("watch", "entries")})),
    "answers are lost": Trouble(lose_answers=4),
}
SAMPLE = ("no answer", "too many requests", "answers are lost")


@pytest.mark.parametrize("name", TROUBLES if THOROUGH else SAMPLE)
async def test_whatever_the_place_does_nothing_is_lost_and_nothing_doubled(
    opens: Opens, shared: KubeApi, name: str
) -> None:
    ana, ben = await opens("ana"), await opens("ben", "ada")
    await live(ana, ben)
    await ana.write("before")
    await same(ana, ben, entries=1)
    shared.cluster.faults.shared = TROUBLES[name]
    shared.cut_watches()
    for number in range(4):
        await ana.write(f"ana {number}")
        await ben.write(f"ben {number}")
        await SystemClock().sleep(0.3)
    assert len(ana.texts()) >= 5, "its own are on its own disk"
    await SystemClock().sleep(2)
    shared.cluster.faults.shared = Trouble()
    shared.cut_watches()  # what hangs on a watch that tells nothing is noticed in minutes only
    for one in (ana, ben):
        one.copier.retry_now()
    await same(ana, ben, entries=9)
    await live(ana, ben)
    await until(lambda: {one.copier.status.said for one in (ana, ben)} == {""})
