"""Programs that others wrote, which a test can only run where they are installed."""

import os
import shutil

import pytest


def require(program: str) -> str:
    """The program's path. Where it is missing the test is skipped, or fails with LEEWARD_REQUIRE_REAL=1."""
    found = shutil.which(program)
    if found:
        return found
    said = f"{program} is not installed"
    if os.environ.get("LEEWARD_REQUIRE_REAL") == "1":
        pytest.fail(f"{said}, and LEEWARD_REQUIRE_REAL=1 asks for it")
    pytest.skip(said)
