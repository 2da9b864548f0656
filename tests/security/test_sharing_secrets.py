"""What lies in the shared place, in files and in logs after secrets were typed everywhere: none of them."""

import json
import logging
from pathlib import Path

import pytest

from tests.security.test_outputs import secrets_of
from tests.session.test_together import console, live, opened
from tests.support.drills import drill, until
from tests.support.hostile_world import leaked
from tui.drill.serve import Drill
from tui.model.severity import Severity


def there(world: Drill) -> str:
    """Everything that the API server stores in the shared place."""
    kept = world.cluster.store._objects
    found = {kind: [*one.values()] for kind, one in kept.items() if kind.startswith(("entries", "leases"))}
    assert len(found) == 2
    assert all(found.values())
    return json.dumps(found, ensure_ascii=False)


async def test_no_secret_lies_in_the_shared_place_in_files_or_in_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        secrets = secrets_of(world)
        await opened(ana)
        for secret in secrets:
            await ana.note(f"tried with {secret}")
            await ana.hand_over(f"bo {secret}")
            await ana.take_command(f"cy {secret}")
        await ana.set_severity(Severity.P1, " and ".join(secrets))
        await until(ana, lambda s: live(s) and s.sharing and not s.sharing.unsent)
        told = there(world)
        assert "tried with" in told
        assert leaked(told, secrets) == []
        assert leaked(repr(ana.snapshot), secrets) == []
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert leaked(path.read_bytes(), secrets) == [], path
        assert path.stat().st_mode & 0o077 == 0, path
    assert leaked(caplog.text, secrets) == []
