"""The recovery watch: asked while it is worth it, announced once, proposed and never performed."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.support import sights
from tests.support.clock import ManualClock
from tui.model.incident import Draft, Kind
from tui.model.mitigation import Lease
from tui.model.reading import LeaseSeen
from tui.model.recovery import Recovery, Rule
from tui.model.runbook import EnvChange, Risk
from tui.probes.completion import Sample
from tui.session import offers
from tui.session.recovery import NO_KEY, NO_MODEL, RecoveryWatch

OUTAGE = sights.RUNBOOK.diagnoses["provider-outage"]
HEALTHY = sights.RUNBOOK.diagnoses["healthy"]


def lease(mitigation: str = "enable-fallback", live: str | None = "true") -> Lease:
    now = sights.NOW
    seen = LeaseSeen(
        sights.ID, mitigation, "MISTRAL_FALLBACK", "true", "false", live, "ana", now + timedelta(hours=2), now
    )
    return Lease(seen)


@dataclass
class Played:
    """A watch over completions that a test plays."""

    clock: ManualClock = field(default_factory=ManualClock)
    good: bool = True
    ready: bool = True
    asked: int = 0
    kept: list[Draft] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        rule = Rule(4, 0.75, timedelta(seconds=30))
        self.watch = RecoveryWatch(
            self,  # type: ignore[arg-type]
            rule,
            self.clock,
            self.samples.append,
            self.kept.append,
            lambda: None,
            NO_KEY,
        )

    async def ask(self) -> Sample:
        self.asked += 1
        status = 200 if self.good else 503
        return Sample(self.clock.now(), self.good, "one token came" if self.good else "503", status=status)


@pytest.fixture
async def played():  # type: ignore[no-untyped-def]
    made = Played()
    yield made
    await made.watch.stop()


async def test_nothing_is_asked_while_nothing_is_awaited(played: Played) -> None:
    played.watch.mind(HEALTHY, ())
    played.watch.mind(HEALTHY, (lease("reduce-concurrency"), lease(live="false")))
    await played.clock.advance(300)
    assert (played.asked, played.watch.state) == (0, None)


async def test_it_asks_every_half_minute_and_announces_once(played: Played) -> None:
    played.watch.mind(OUTAGE, ())
    await played.clock.advance(0)
    assert played.watch.state == Recovery(1, 1, 3, 4, last="one token came")
    await played.clock.advance(90)
    assert played.asked == 4
    await played.clock.advance(300)
    assert [d.kind for d in played.kept] == [Kind.RECOVERY]
    assert played.kept[0].text == "Mistral has recovered: 4 of 4 completions in 2 min were good"
    assert played.kept[0].data == {"event": "recovered", "good": 4, "completions": 4, "over_s": 120}


async def test_a_relapse_is_told_and_recovery_is_awaited_anew(played: Played) -> None:
    played.watch.mind(OUTAGE, ())
    await played.clock.advance(100)
    played.good = False
    await played.clock.advance(60)
    assert [d.data["event"] for d in played.kept] == ["recovered", "relapsed"]
    assert played.watch.state is not None
    assert played.watch.state.since is None


async def test_a_held_fallback_keeps_the_watch_going_when_all_looks_well(played: Played) -> None:
    played.watch.mind(OUTAGE, ())
    played.watch.mind(HEALTHY, (lease(),))
    await played.clock.advance(65)
    assert played.asked == 3
    played.watch.mind(HEALTHY, ())
    await played.clock.advance(300)
    assert (played.asked, played.watch.state) == (3, None)


async def test_an_unknown_diagnosis_in_between_ends_nothing(played: Played) -> None:
    played.watch.mind(OUTAGE, ())
    played.watch.mind(None, ())
    await played.clock.advance(35)
    assert played.asked == 2


async def test_without_a_key_it_says_so_and_watches_once_there_is_one(played: Played) -> None:
    played.ready = False
    played.watch.mind(OUTAGE, ())
    await played.clock.advance(65)
    assert played.watch.state is not None
    assert (played.watch.state.trouble, played.asked) == (NO_KEY, 0)
    played.ready = True
    await played.clock.advance(30)
    assert (played.watch.state.trouble, played.asked) == ("", 1)


async def test_without_a_model_it_says_what_to_set() -> None:
    watch = RecoveryWatch(
        None, Rule(), ManualClock(), lambda _s: None, lambda _d: None, lambda: None, NO_MODEL
    )
    watch.mind(OUTAGE, ())
    assert watch.state is not None
    assert watch.state.trouble == NO_MODEL


def test_turning_the_fallback_off_is_proposed_first_only_where_it_is_held_and_mistral_is_back() -> None:
    off = replace(
        sights.FALLBACK,
        id="disable-fallback",
        risk=Risk.MEDIUM,
        change=EnvChange("MISTRAL_FALLBACK", "false"),
    )
    runbook = replace(sights.RUNBOOK, mitigations={**sights.RUNBOOK.mitigations, off.id: off})
    back = Recovery(20, 20, 19, 20, sights.NOW)
    led = offers.led(OUTAGE, runbook, back, (lease(),))
    assert led is not None
    assert led.mitigations == ("disable-fallback", "enable-fallback")
    assert offers.led(OUTAGE, runbook, replace(back, since=None), (lease(),)) is OUTAGE
    assert offers.led(OUTAGE, runbook, back, ()) is OUTAGE
    assert offers.led(OUTAGE, runbook, None, (lease(),)) is OUTAGE
    assert offers.led(None, runbook, back, (lease(),)) is None
