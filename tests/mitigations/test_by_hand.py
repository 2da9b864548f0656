"""The commands that a person is shown, run by the real kubectl: they do what the plan does, and undo it."""

import asyncio
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.test_protocol import World, planned, world_of
from tests.support.real import require
from tui.model.runbook import Runbook

pytestmark = pytest.mark.real


async def run(command: str, home: Path) -> None:
    program, *arguments = shlex.split(command)
    environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "another")}
    process = await asyncio.create_subprocess_exec(
        require(program),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


def env_of(world: World) -> dict[str, Any]:
    (container,) = world.sim.deployment["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: {**entry} for entry in container["env"]}


@pytest.mark.parametrize("rule", ["reduce-concurrency", "enable-fallback", "raise-timeout"])
async def test_kubectl_does_what_the_plan_says_and_takes_it_back(
    tmp_path: Path, runbook: Runbook, rule: str
) -> None:
    require("kubectl")
    async with world_of(tmp_path) as world:
        original = env_of(world)
        plan = await planned(await world.connect(), runbook, rule)
        await run(plan.apply_by_hand, tmp_path)
        assert world.env(plan.variable) == plan.after
        assert {**env_of(world), plan.variable: None} == {**original, plan.variable: None}
        await run(plan.undo_by_hand, tmp_path)
        assert env_of(world) == original


async def test_kubectl_unsets_what_was_unset(tmp_path: Path, runbook: Runbook) -> None:
    require("kubectl")
    async with world_of(tmp_path) as world:
        entry = {"name": "MISTRAL_TIMEOUT_MS", "$patch": "delete"}
        container = {"name": "mistral-service", "env": [entry]}
        world.sim.edit({"spec": {"template": {"spec": {"containers": [container]}}}}, manager="kubectl-set")
        world.sim.settle()
        plan = await planned(await world.connect(), runbook, "raise-timeout")
        await run(plan.apply_by_hand, tmp_path)
        assert world.env("MISTRAL_TIMEOUT_MS") == "120000"
        await run(plan.undo_by_hand, tmp_path)
        assert world.env("MISTRAL_TIMEOUT_MS") is None


@pytest.mark.parametrize("kind", ["rollback", "several"])
async def test_kubectl_does_and_takes_back_each_kind(tmp_path: Path, kind: str) -> None:
    from tests.mitigations import test_kinds

    require("kubectl")
    how: dict[str, Any] = {"revisions": (test_kinds.BAD,), "env": {"APP_VERSION": "2.3.1"}}
    async with world_of(tmp_path, **how) as world:
        original = world.sim.deployment["spec"]
        plan = await test_kinds.planned(await world.connect(), kind)
        await run(plan.apply_by_hand, tmp_path)
        assert world.sim.deployment["spec"] != original
        world.sim.settle()
        await run(plan.undo_by_hand, tmp_path)
        back = world.sim.deployment["spec"]
        assert (back["replicas"], back["template"]["spec"]) == (
            original["replicas"],
            original["template"]["spec"],
        )


async def test_kubectl_restarts(tmp_path: Path) -> None:
    from tests.mitigations import test_kinds

    require("kubectl")
    async with world_of(tmp_path) as world:
        plan = await test_kinds.planned(await world.connect(), "restart")
        await run(plan.apply_by_hand, tmp_path)
        metadata = world.sim.deployment["spec"]["template"]["metadata"]
        assert metadata["annotations"]["kubectl.kubernetes.io/restartedAt"]
