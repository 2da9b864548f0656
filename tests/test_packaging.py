"""What is handed on: the wheel holds the program and its data alone, and nothing names a registry."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.commands import ROOT

REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
DATA = {
    "tui/py.typed",
    "widgets/py.typed",
    "tui/runbooks/mistral.yaml",
    "tui/settings/sample.toml",
    "tui/reports/schemas/postmortem-v1.json",
    "tui/reports/templates/postmortem.html.j2",
    "tui/reports/templates/postmortem.md.j2",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by the backend that pyproject.toml names, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("leeward-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_module_and_the_data_beside_them(wheel: zipfile.ZipFile) -> None:
    modules = {str(p.relative_to(ROOT)) for name in ("tui", "widgets") for p in (ROOT / name).rglob("*.py")}
    assert "tui/__main__.py" in modules
    assert modules | DATA <= set(wheel.namelist())


def test_the_wheel_holds_neither_tests_nor_anything_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tui", "widgets"}
    assert not [name for name in wheel.namelist() if name.endswith(".pyc")]


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    (points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "leeward = tui.__main__:main" in wheel.read(points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_each_store_of_keys_outside_the_cluster_is_an_extra(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    wanted = re.findall(
        r"(?m)^Requires-Dist: ([a-z0-9-]+).*; extra == '(gcp|aws|vault)'$", wheel.read(name).decode()
    )
    assert sorted(wanted) == [("boto3", "aws"), ("google-cloud-secret-manager", "gcp"), ("hvac", "vault")]
    few = min((path.read_text() for path in REQUIREMENTS), key=len)
    assert not re.search(r"(?m)^(boto3|google-|grpcio|hvac)", few)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda p: p.name)
def test_every_requirement_is_pinned_and_hashed_and_names_no_address(path: Path) -> None:
    told = re.sub(r"(?m)^\s*#.*$", "", path.read_text()).replace("\\\n", " ")
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    assert len(lines) > 40
    for line in lines:
        assert re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*==[^ ]+ ", line), line
        assert "--hash=sha256:" in line, line
        assert "://" not in line, line
        assert "--index-url" not in line and "--find-links" not in line, line


def test_the_development_requirements_hold_the_same_versions_of_the_programs_own() -> None:
    pins = [dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^ ;\\]+)", p.read_text())) for p in REQUIREMENTS]
    few, many = sorted(pins, key=len)
    assert few.items() <= many.items()


def test_no_lock_that_names_an_address_is_tracked() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=20)
    names = listed.stdout.split() if listed.returncode == 0 else [p.name for p in ROOT.iterdir()]
    assert "pyproject.toml" in names
    assert not [name for name in names if name.rpartition("/")[2] == "uv.lock"]
