"""A cluster that is named by its kubeconfig is asked; here it is a drill's, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import NAMED
from tests.support.commands import ROOT, served

ONE_OF_EACH = (
    "test_of_eight_writers_at_once_one_applies_and_seven_say_that_they_did_not",
    "test_two_consoles_come_to_the_same_record",
)


@pytest.mark.parametrize("one", ONE_OF_EACH)
def test_the_suite_runs_in_a_cluster_that_is_named_and_leaves_nothing_there(one: str, tmp_path: Path) -> None:
    with served("healthy", tmp_path) as world:
        kubeconfig = world["admin_kubeconfig"]
        command = [sys.executable, "-m", "pytest", "tests/cluster", "-m", "cluster", "-k", one, "-q", "-rs"]
        own = ["-p", "no:cacheprovider", "--basetemp", str(tmp_path / "inner")]
        ran = subprocess.run(
            [*command, *own],
            cwd=ROOT,
            env={**os.environ, NAMED: kubeconfig, "LEEWARD_CLUSTER_CONTEXT": "prod-eu"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "1 passed" in ran.stdout
        assert "skipped" not in ran.stdout
