"""Pod templates: known again in what a real server sent, and told without what is nobody's business."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.mitigations import templates
from tui.model import deployment as workload

RECORDINGS = Path(__file__).parents[1] / "recordings" / "kubernetes-api"
SECRET = "sentinelSecret0123456789"


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())["response"]["body"]
    return found


@pytest.mark.parametrize(("name", "revision"), [("deployment-get", 1), ("deployment-patch-set-env", 2)])
def test_a_real_deployments_template_is_found_again_in_its_replica_set(name: str, revision: int) -> None:
    sets = recorded("replicasets-list")["items"]
    wanted = templates.digest(workload.template(recorded(name)))
    found = [workload.revision(s) for s in sets if templates.digest(workload.template(s)) == wanted]
    assert found == [revision]


def test_a_real_servers_two_revisions_differ_in_what_was_set() -> None:
    new, old = sorted(recorded("replicasets-list")["items"], key=workload.revision, reverse=True)
    lines = templates.differences(workload.template(old), workload.template(new))
    assert lines[0].startswith("  spec.template.spec.containers[")
    assert any(line.startswith("+   env[") for line in lines)
    assert not any("pod-template-hash" in line for line in lines)


def test_a_restart_and_our_own_leases_are_no_release() -> None:
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}]},
    }
    touched = json.loads(json.dumps(template))
    touched["metadata"]["annotations"] = {workload.RESTARTED_AT: "2026-11-23T15:03:11Z"}
    touched["spec"]["containers"][0]["env"][0]["value"] = "2"
    assert templates.essence(template, {"X"}) == templates.essence(touched, {"X"})
    assert templates.essence(template, ()) != templates.essence(touched, ())
    assert templates.digest(template) != templates.digest(touched)


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
names = st.sampled_from(["API_KEY", "auth-token", "DB_PASSWORD", "client-secret"])


@given(st.dictionaries(st.text(max_size=6), st.recursive(plain, lambda x: st.lists(x, max_size=3))), names)
def test_no_value_beside_a_secrets_name_is_shown(other: dict[str, Any], name: str) -> None:
    old = {"spec": {"containers": [{"name": "a", "env": [{"name": name, "value": SECRET}]}]}}
    new = {"spec": {"containers": [{"name": "a", **other}], name: SECRET}, "metadata": other}
    for lines in (templates.differences(old, new), templates.differences(new, old)):
        assert SECRET not in "\n".join(lines)
        assert len(lines) <= 41


def test_a_long_difference_is_cut_and_says_so() -> None:
    new = {
        "spec": {"containers": [{"name": "a", "env": [{"name": f"V{n}", "value": "1"} for n in range(90)]}]}
    }
    lines = templates.differences({"spec": {"containers": [{"name": "a"}]}}, new)
    assert lines[-1] == "  … and 51 more lines"
