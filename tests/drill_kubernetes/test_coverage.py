"""No recording is left unused: each is named by a test here that compares the simulated server with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.drill_kubernetes.recordings import FOLDER


def named(folder: Path) -> Iterator[str]:
    """Every string that stands in a test function, or in what parametrizes it."""
    for file in folder.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield from (
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def test_every_recording_is_replayed() -> None:
    recorded = {file.stem for file in FOLDER.glob("*.json")}
    assert recorded, f"no recordings in {FOLDER}"
    unused = recorded - set(named(Path(__file__).parent))
    assert not unused, f"replayed by nothing: {', '.join(sorted(unused))}"
