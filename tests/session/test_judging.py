"""How long a change is watched: one window, or as long as the settings say where it must only do no harm."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.support.consoles import SHORT, Console, console_on, runbook_of
from tui.clients.prometheus import Answered, Sample
from tui.model.mitigation import VerdictKind
from tui.model.runbook import Judgement
from tui.runbooks import load

GENTLE = Judgement("user_errors", no_worse=True)


class Figures:
    """A Prometheus that answers users' errors with the next figure each time, the last one for ever."""

    def __init__(self, *figures: float) -> None:
        self.figures = list(figures)
        self.moments: list[datetime] = []
        self._users = load(None).queries["user_errors"].over(timedelta(seconds=0.1))

    async def query(self, promql: str, at: datetime | None = None) -> Answered:
        assert at is not None
        value = 10.0
        if promql == self._users:
            self.moments.append(at)
            value = self.figures.pop(0) if len(self.figures) > 1 else self.figures[0]
        return Answered((Sample({}, value, at),), ())


async def judged(world: World, folder: Path, figures: Figures, seconds: float) -> Console:
    rules, windows = runbook_of(judged=GENTLE), replace(SHORT, afterwards=timedelta(seconds=seconds))
    async with console_on(world, folder, rules, windows=windows, prometheus=figures) as console:
        await console.open()
        await console.run("my-env")
        return console


async def test_what_does_no_harm_is_watched_to_the_end_and_effective(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK) as world:
        figures = Figures(0.0)
        console = await judged(world, tmp_path, figures, 1)
        assert console.last.verdict == VerdictKind.EFFECTIVE
        assert console.last.verdict_text.startswith("effective: 0.0/s → 0.0/s, it did not get worse")
        done = console.last.rolled_out_at
        assert done is not None
        assert max(figures.moments) - done >= timedelta(seconds=1)
        assert len(set(figures.moments)) > 5


async def test_harm_ends_the_watch_at_once_and_its_undo_is_there(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK) as world:
        # before, after, before, after, …: the third window is worse.
        figures = Figures(0.0, 0.0, 0.0, 0.0, 0.0, 4.0)
        console = await judged(world, tmp_path, figures, 600)
        assert console.last.verdict == VerdictKind.HARMFUL
        assert console.last.verdict_text.startswith("harmful: 0.0/s → 4.0/s")
        assert len(figures.moments) == 6
        assert not console.last.undone
        async with console_on(world, tmp_path, runbook_of(judged=GENTLE)) as later:
            await later.resume()
            assert (await later.undo()).outcome == "applied"


def test_turning_the_fallback_off_is_such_a_change_and_is_watched_for_ten_minutes() -> None:
    from tui.settings import Timing, duration

    rule = load(None).mitigations["disable-fallback"]
    assert rule.judged.no_worse
    assert duration(Timing().afterwards) == timedelta(minutes=10)
    others = [r.id for r in load(None).mitigations.values() if r.judged.no_worse]
    assert others == ["disable-fallback"]


def test_a_drill_shortens_it() -> None:
    from tui.drill.settings_file import timing

    assert timing(1)["afterwards"] == "600s"
    assert timing(20)["afterwards"] == "30s"


@pytest.mark.parametrize("seconds", [0.0, 3.0])
async def test_the_panel_says_how_long_and_that_z_takes_it_back(tmp_path: Path, seconds: float) -> None:
    async with world_of(tmp_path, pace=QUICK) as world:
        rules = runbook_of(judged=GENTLE if seconds else Judgement(None))
        windows = replace(SHORT, watch=timedelta(seconds=90), afterwards=timedelta(minutes=10))
        async with console_on(world, tmp_path, rules, windows=windows, prometheus=Figures(0.0)) as console:
            await console.open()
            said: list[str] = []
            console.operations._watching._changed = lambda: said.extend(
                r.text for r in console.operations.running
            )
            await console.operations.approve(await console.plan("my-env"))
            wanted = "watching what it does, 10 min" if seconds else "watching what it does, 90 s"
            await console.until(lambda: f"{wanted}; z takes it back" in said)
            await console.operations.cancel_watch()
            await asyncio.sleep(0)
