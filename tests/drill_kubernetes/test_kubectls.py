"""The simulated cluster is held against an old kubectl and a current one, and not by chance against one."""

import json
import os
import re
import subprocess

import pytest

from tests.drill_kubernetes.test_clients import PROGRAMS
from tests.support.real import require

OLDEST, CURRENT = (1, 20), (1, 28)
HOW = (
    "LEEWARD_REQUIRE_REAL=1 asks for a kubectl {wanted}: name one in LEEWARD_KUBECTLS (paths, separated by"
    " colons). `.ci/kubectl-debian FOLDER SUITE VERSION` brings one and prints its path:"
    " bookworm has 1.20, trixie has 1.32."
)


def version(program: str) -> tuple[int, int]:
    """What it says it is; (0, 0) where it says nothing that can be understood."""
    done = subprocess.run(
        [program, "version", "--client", "--output=json"], capture_output=True, text=True, timeout=60
    )
    said = json.loads(done.stdout).get("clientVersion", {}).get("gitVersion", "") if done.stdout else ""
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@pytest.mark.real
def test_where_programs_are_required_an_old_and_a_current_kubectl_are_there() -> None:
    if os.environ.get("LEEWARD_REQUIRE_REAL") != "1":
        pytest.skip("only where LEEWARD_REQUIRE_REAL=1 asks for it")
    found = [version(path if "/" in path else require(path)) for path in PROGRAMS]
    assert OLDEST in found, HOW.format(wanted="1.20") + f" Found: {found}."
    assert [one for one in found if one >= CURRENT], HOW.format(wanted="1.28 or newer") + f" Found: {found}."
