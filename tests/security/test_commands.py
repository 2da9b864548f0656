"""Every command without a screen, against servers that echo what they are sent and try every trick."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import environ, served
from tests.support.hostile_world import HostileWorld, hostile_world, leaked, steering

MODES = ("poisons", "refuses", "redirects", "garbles")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with served("rate-limited", tmp_path_factory.mktemp("world"), "--speed", "20") as addresses:
        yield addresses


@pytest.fixture
async def hostile(world: dict[str, Any], tmp_path: Path) -> AsyncIterator[HostileWorld]:
    async with hostile_world(world, tmp_path) as made:
        yield made


async def told(
    hostile: HostileWorld, *args: str, state: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command on the hostile world, which lives in this very loop."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui", "--config", str(hostile.settings()), *args,
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
    for args in (("triage",), ("triage", "--json"), ("doctor", "--json")):
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
            assert "[bold" in kept or mode not in ("poisons", "refuses"), "nothing hostile arrived"
    assert {"mistral", "service", "prometheus", "alertmanager", "kubernetes"} <= hostile.asked
