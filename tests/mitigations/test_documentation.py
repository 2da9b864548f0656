"""docs/mitigations.md says what the code does: every call that is made is in its Role, and nothing else."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.mitigations.keys import keyed
from tests.mitigations.test_kinds import BAD, KINDS, intent, planned, rule_of
from tests.mitigations.test_protocol import QUICK, rolled_out, world_of
from tests.support.clock import START
from tui.clients import cluster_http, cluster_watch
from tui.clients.cluster_errors import Asked
from tui.mitigations.apply import apply
from tui.mitigations.kinds import KINDS as ALL_KINDS
from tui.mitigations.plan import plan_undo
from tui.model.runbook import Runbook

PAGE = (Path(__file__).parents[2] / "docs" / "mitigations.md").read_text()
Call = tuple[str, str, str]
# What the checks ask and no mitigation does.
CHECKS: set[Call] = {("", "pods/log", "get")}


def role() -> dict[str, Any]:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def granted() -> set[Call]:
    return {
        (group, resource, verb)
        for rule in role()["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> set[Call]:
    """Every call that the client makes from now on; reviews of oneself are open to every login."""
    made: set[Call] = set()

    def keep(module: ModuleType, name: str, place: int) -> None:
        real = getattr(module, name)

        def kept(*given: Any, **named: Any) -> Any:
            asked: Asked = given[place]
            if not asked.resource.endswith("reviews"):
                made.add((asked.group, asked.resource, asked.verb))
            return real(*given, **named)

        monkeypatch.setattr(module, name, kept)

    keep(cluster_http, "ask", 3)
    keep(cluster_watch, "opened", 2)
    return made


async def test_the_role_allows_every_call_of_every_kind_and_no_other(
    tmp_path: Path, calls: set[Call]
) -> None:
    how: dict[str, Any] = {"revisions": (BAD,), "env": {"APP_VERSION": "2.3.1"}, "deadline_s": 1}
    for kind in KINDS:
        async with world_of(tmp_path, pace=QUICK, **how) as world:
            cluster = await world.connect()
            world.sim.break_new_pods("crash" if kind == "env" else "")  # a stall asks for pods and events
            plan = await planned(cluster, kind)
            await apply(cluster, plan)
            await rolled_out(cluster, plan, 3)
            world.sim.break_new_pods("")
            if plan.reversible:
                how_back: dict[str, Any] = {"incident": "i", "owner": "o", "now": START}
                undo = await plan_undo(cluster, rule_of(kind), intent(plan), **how_back)
                await apply(cluster, undo)
                await rolled_out(cluster, undo, 3)
    await rotated(tmp_path)
    assert calls == granted() - CHECKS


async def rotated(folder: Path) -> None:
    """A key's rotation and its way back."""
    async with keyed(folder) as keys:
        plan = await keys.plan()
        await keys.apply(plan)
        await rolled_out(keys.cluster, plan, 3)
        await keys.apply(await keys.undo(plan))


def test_the_role_can_be_applied() -> None:
    found = role()
    assert (found["apiVersion"], found["kind"]) == ("rbac.authorization.k8s.io/v1", "Role")
    assert found["metadata"]["name"]
    wanted = {"apiGroups", "resources", "verbs"}
    assert all(set(rule) - {"resourceNames"} == wanted for rule in found["rules"])
    # Secrets are never granted all at once.
    assert all(rule.get("resourceNames") for rule in found["rules"] if "secrets" in rule["resources"])


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_has_every_mitigation_with_its_kind_and_risk(runbook: Runbook) -> None:
    told = {row[0].strip("`"): (row[1].strip("`"), row[-1]) for row in rows() if row[0].startswith("`")}
    assert told == {rule.id: (rule.change.kind, str(rule.risk)) for rule in runbook.mitigations.values()}


def test_the_table_has_every_kind() -> None:
    told = {kind.strip("` ") for row in rows() for kind in row[1].split(",") if kind.startswith(("`", " `"))}
    assert told == set(ALL_KINDS)
