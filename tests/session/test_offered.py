"""What others declare is offered here at once, and not only at the next of the regular looks."""

from pathlib import Path

import pytest

from tests.session.test_together import console, diagnosed, opened
from tests.support.drills import drill, until
from tui.session import reaching


async def test_what_another_declares_and_resolves_is_offered_and_withdrawn_without_waiting_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "OVERVIEW", 3600.0)
    async with (
        drill("rate-limited") as world,
        console(world, tmp_path / "a", 1) as ana,
        console(world, tmp_path / "b", 2) as bo,
    ):
        await until(bo, diagnosed)
        assert not bo.snapshot.open_incidents
        incident = await opened(ana)
        seen = await until(bo, lambda s: s.open_incidents)
        assert [one.id for one in seen.open_incidents] == [incident]
        await ana.take_command()
        await until(bo, lambda s: any(one.commander for one in s.open_incidents))
        await ana.resolve("it is over, nothing was wrong")
        await until(bo, lambda s: not s.open_incidents)
