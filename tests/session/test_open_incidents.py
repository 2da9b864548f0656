"""Which incidents are offered as open: the later word of this machine and of the shared place counts."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.session.test_partitioned import behind
from tests.session.test_together import console, diagnosed, opened
from tests.support.clock import START
from tests.support.drills import drill, until
from tui.model.sharing import SharedIncident
from tui.session.open_incidents import Looked, with_shared
from tui.session.snapshot import OpenIncident

ID = "inc-20261123-1503-7f3a"
EARLY, LATE = "01JDD000000000000000000001", "01JDD000000000000000000002"
THERE = SharedIncident(ID, "limited", True, False, START)
HERE = OpenIncident(ID, "limited", START)


@pytest.mark.parametrize(
    ("here", "there", "offered"),
    [
        ("", "", False),  # not here at all
        (LATE, EARLY, None),
        (LATE, "", None),
        (EARLY, LATE, True),
    ],
)
def test_what_is_resolved_here_is_offered_only_where_the_place_tells_of_a_later_reopening(
    here: str, there: str, offered: bool | None
) -> None:
    """`offered` is whether it is offered as one that is here; None where it is not offered."""
    looked = Looked((), {ID: here} if here else {})
    found = with_shared(looked, (replace(THERE, status_by=there),), False)
    assert [one.here for one in found] == ([] if offered is None else [offered])


@pytest.mark.parametrize(("here", "there", "count"), [("", EARLY, 0), (EARLY, LATE, 0), (LATE, EARLY, 1)])
def test_what_is_resolved_there_is_offered_only_where_it_was_opened_again_here(
    here: str, there: str, count: int
) -> None:
    resolved = replace(THERE, open=False, status_by=there)
    assert len(with_shared(Looked((HERE,), {ID: here}), (resolved,), False)) == count


async def test_what_is_resolved_here_is_offered_no_more_though_the_place_was_last_heard_to_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.session.declaring.LOOK_EVERY", 0.2)
    async with (
        drill("rate-limited") as world,
        behind(world, tmp_path / "a") as (bo, way),
        console(world, tmp_path / "a", 1) as ana,
    ):
        await until(bo, diagnosed)
        incident = await opened(ana)
        seen = await until(bo, lambda s: any(one.shared for one in s.open_incidents))
        assert [one.id for one in seen.open_incidents] == [incident]
        await way.refuse()
        await ana.resolve("it is over, nothing was wrong")
        await until(bo, lambda s: not s.open_incidents)
        await ana.reopen("it is back")
        await until(bo, lambda s: s.open_incidents)
