"""Every setting does something: what the file offers is read by the program."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tui import settings as public
from tui.cli import leeward
from tui.runbooks import load, of
from tui.settings import Mistral, Settings

TUI = Path(public.__file__).parents[1]
# What holds a struct where it is read: the last name before the attribute. More than the section's
# own name, since most are handed on; never so wide that another thing's attribute counts.
HOLDERS = {
    "Settings": {"settings"},
    "Mistral": {"mistral", "settings", "_settings"},
    "Service": {"service"},
    "Server": {"server"},
    "StatusPage": {"status_page", "settings", "_settings"},
    "Kubernetes": {"kubernetes", "settings", "_settings", "workload"},
    "KeyStore": {"key_store", "named"},
    "KubernetesSecret": {"named"},
    "GcpSecret": {"where", "_where"},
    "AwsSecret": {"where", "_where"},
    "VaultSecret": {"where", "_where"},
    "Context": {"own", "context"},
    "Timing": {"timing"},
    "Recovery": {"recovery", "rule"},
    "Incidents": {"incidents"},
    "Console": {"console"},
    "Updates": {"updates", "settings"},
    "Statuspage": {"statuspage", "page"},
    "PagerDuty": {"pagerduty", "pager"},
    "SecretSource": {"source"},
}


def structs(kind: type) -> Iterator[type]:
    """This struct and all those that its fields hold."""
    yield kind
    for field in msgspec.structs.fields(kind):
        inner = field.type
        for one in (inner, *getattr(inner, "__args__", ())):
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                yield from structs(one)


ALL = sorted(set(structs(Settings)), key=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def reads() -> set[tuple[str, str]]:
    """Every `holder.attribute` in the program outside the settings' own room and the simulated world."""
    found = set()
    for path in TUI.rglob("*.py"):
        if path.relative_to(TUI).parts[0] in ("settings", "drill"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add((ast.unparse(node.value).rpartition(".")[2], node.attr))
    return found


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind.__name__, field.name) for kind in ALL for field in msgspec.structs.fields(kind)],
)
def test_every_setting_is_read_where_it_takes_effect(
    kind: str, field: str, reads: set[tuple[str, str]]
) -> None:
    holders = HOLDERS.get(kind, {kind.lower()})
    assert [holder for holder in holders if (holder, field) in reads], f"nothing reads {kind}.{field}"


def test_the_limits_page_is_the_one_that_is_set_in_whatever_runbook() -> None:
    ours = "https://gateway.example.com/limits"
    assert of(Settings()).links["limits"] == load().links["limits"]
    assert of(Settings(mistral=Mistral(limits_url=ours))).links["limits"].url == ours
    assert of(Settings(mistral=Mistral(limits_url=ours))).links["status"] == load().links["status"]


def test_the_runbook_in_use_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("LEEWARD_MISTRAL_LIMITS_URL", "https://gateway.example.com/limits")
    told = CliRunner().invoke(leeward, ["runbook", "show"])
    assert told.exit_code == 0
    assert "https://gateway.example.com/limits" in told.stdout
    assert load().links["limits"].url not in told.stdout
