"""Every command without a screen, against servers that echo what they are sent and try every trick."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.support.commands import environ, served
from tests.support.hostile_world import HostileWorld, hostile_world, leaked, steering
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.record.journal import Journal

MODES = ("poisons", "refuses", "redirects", "garbles")
INCIDENT = "inc-20261123-1503-7f3a"
COMMANDS = (
    ("triage",),
    ("triage", "--json"),
    ("doctor", "--json"),
    ("share", "check", "--json"),
    ("share", "sync", INCIDENT),
    ("share", "prune", "--yes"),
    ("incidents", "--shared"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with served("rate-limited", tmp_path_factory.mktemp("world"), "--speed", "20") as addresses:
        yield addresses


@pytest.fixture
async def hostile(world: dict[str, Any], tmp_path: Path) -> AsyncIterator[HostileWorld]:
    async with hostile_world(world, tmp_path) as made:
        yield made


def sharing(hostile: HostileWorld) -> Path:
    """Its settings, with a shared place in the same cluster."""
    path = hostile.settings()
    path.write_text(f'{path.read_text()}\n[sharing]\nnamespace = "leeward"\n')
    return path


async def recorded(state: Path) -> None:
    """An incident to be shared."""
    clock = ManualClock()
    async with await Journal.create(state, INCIDENT, clock, Redactor()) as journal:
        await journal.append(Draft(Kind.DECLARED, "declared", clock.now(), "ana", {"title": "rate limited"}))


async def told(
    hostile: HostileWorld, *args: str, state: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command on the hostile world, which lives in this very loop."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui", "--config", str(sharing(hostile)), *args,
        env=environ(state or hostile.folder, MISTRAL_API_KEY=hostile.sentinels.key),
        cwd=hostile.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(child.communicate(), 120)
    return subprocess.CompletedProcess(args, child.returncode or 0, out.decode(), err.decode())


@pytest.mark.parametrize("mode", MODES)
async def test_no_command_repeats_a_secret_or_steers_a_terminal(hostile: HostileWorld, mode: str) -> None:
    hostile.mode = mode
    await recorded(hostile.folder / "leeward")
    for args in COMMANDS:
        ran = await told(hostile, *args)
        assert "Traceback" not in ran.stderr, ran.stderr
        assert ran.returncode in (0, 1, 3), ran.stderr
        for said in (ran.stdout, ran.stderr):
            assert leaked(said, hostile.sentinels.all()) == [], args
            assert steering(said) == [], args
            assert max(map(len, said.splitlines()), default=0) < 4000, args
        if "--json" in args:
            kept = json.dumps(json.loads(ran.stdout), ensure_ascii=False)
            assert leaked(kept, hostile.sentinels.all()) == []
            assert args[0] == "share" or "[bold" in kept or mode not in ("poisons", "refuses"), (
                "nothing hostile arrived"
            )
    assert {"mistral", "service", "prometheus", "alertmanager", "kubernetes"} <= hostile.asked
