"""Widgets know nothing of the program, and the first paint loads neither plotext nor the text area."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import widgets

FOLDER = Path(widgets.__file__).parent
OURS = {"textual", "rich", "textual_plotext", "widgets"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_a_widget_imports_only_textual_rich_the_plot_and_the_standard_library(file: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    assert names <= OURS | set(sys.stdlib_module_names)
    assert not names & {"datetime", "time", "os", "socket", "asyncio"}


def test_what_is_slow_is_loaded_when_it_is_needed() -> None:
    modules = [f"widgets.{p.stem}" for p in FOLDER.glob("*.py") if p.stem not in ("__init__", "field")]
    loaded = "print([m for m in sys.modules if 'plotext' in m or 'text_area' in m])"
    said = f"import sys, {', '.join(modules)}; {loaded}"
    run = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.strip() == "[]"
