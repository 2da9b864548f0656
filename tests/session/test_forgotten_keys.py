"""A key that was only looked at is in memory until the person leaves, and cannot be stored afterwards."""

import gc
from pathlib import Path

from tests.support.drills import drill, session_on, until
from tui.model.secret import Secret
from tui.session.snapshot import Snapshot


def placed(snapshot: Snapshot) -> object:
    """Who we are is known, and what is wrong."""
    return snapshot.place.user and snapshot.diagnosis and snapshot.arming.word


async def test_a_key_that_was_left_is_forgotten_and_its_plan_stores_nothing(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, placed)
        text = world.world.keys.candidate
        assert (await session.test_key(Secret(text))).works
        plan = await session.preview_rotation(Secret(text))
        session.forget_keys()
        gc.collect()
        kept = [one for one in gc.get_objects() if isinstance(one, Secret) and one.reveal() == text]
        assert kept == []
        assert session.arm(session.snapshot.arming.word)
        await session.approve(plan)
        seen = await until(session, lambda s: s.incident and s.incident.mitigations and not s.running)
        assert seen.incident is not None
        (change,) = seen.incident.mitigations
        assert change.outcome == "refused"
        assert "memory no longer" in " ".join(entry.text for entry in seen.entries)
        assert {pod.env["MISTRAL_API_KEY"] for pod in world.cluster.pods()} == {world.world.keys.ours}
