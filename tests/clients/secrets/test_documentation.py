"""docs/key-stores.md says what the stores do: its commands, permissions and settings are theirs."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.clients.secrets.benches import NEW, OTHER
from tests.support.commands import ROOT
from tests.support.real import require
from tui.clients.secrets import KeyStore
from tui.clients.secrets.aws import AwsStore
from tui.clients.secrets.gcp import ACCESS, ADD, GcpStore
from tui.clients.secrets.vault import VaultStore
from tui.model.redaction import Redactor
from tui.settings import AwsSecret, GcpSecret, VaultSecret, load

TEXT = (ROOT / "docs" / "key-stores.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```", TEXT)


AWS = AwsSecret(secret_id="prod/mistral", region="eu-west-1")
GCP = GcpSecret(secret="projects/my-project/secrets/mistral")
VAULT = VaultSecret(address="https://vault.example.com:8200", path="prod/mistral", field="api-key")
STORES: dict[str, KeyStore] = {
    "aws": AwsStore(AWS, Redactor()),
    "gcp": GcpStore(GCP, Redactor()),
    "vault": VaultStore(VAULT, {}, Redactor()),
}


def test_the_commands_by_hand_are_those_that_the_console_copies() -> None:
    told = [block.splitlines() for block in blocks("sh")]
    assert told == [[store.by_hand(), store.back_by_hand()] for store in STORES.values()]


def test_the_settings_can_be_used(tmp_path: Path) -> None:
    found = []
    for number, block in enumerate(blocks("toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        found.append(load(file, {}).settings.key_store)
    assert [store.kind for store in found] == list(STORES)
    assert (found[0].aws, found[1].gcp, found[2].vault) == (AWS, GCP, VAULT)


def test_the_policies_grant_what_is_asked_for_and_no_more() -> None:
    (policy,) = blocks("json")
    (statement,) = json.loads(policy)["Statement"]
    code = "".join(path.read_text() for path in (ROOT / "tui/clients/secrets").glob("aws*.py"))
    assert set(statement["Action"]) == set(re.findall(r'"(secretsmanager:\w+)"', code))
    (role,) = (yaml.safe_load(block) for block in blocks("yaml"))
    assert role["includedPermissions"] == [ACCESS, ADD]
    (rule,) = blocks("hcl")
    assert f'path "{VAULT.mount}/data/{VAULT.path}"' in rule
    assert '["read", "patch"]' in rule


# What each tool prints when it is asked for what is there.
TOOL = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "$SEEN"
case "$*" in
  *put-secret-value*) cat /dev/stdin > "$GOT" ;;
  *"versions add"*|*"kv patch"*) cat > "$GOT" ;;
  *) printf '%s' "$HELD" ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    for name in ("aws", "gcloud", "vault"):
        (tmp_path / name).write_text(TOOL)
        (tmp_path / name).chmod(0o755)
    held = json.dumps({"other": OTHER, "api-key": "before"})
    path = f"{tmp_path}:{os.environ['PATH']}"
    return {"PATH": path, "SEEN": str(tmp_path / "seen"), "GOT": str(tmp_path / "got"), "HELD": held}


def run(command: str, environ: dict[str, str]) -> tuple[str, str]:
    """What the tool got on its standard input, and all arguments that were used."""
    done = subprocess.run(
        ["bash", "-c", command], input=f"{NEW}\n", env=environ, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    return Path(environ["GOT"]).read_text(), Path(environ["SEEN"]).read_text()


@pytest.mark.parametrize("kind", STORES)
def test_by_hand_the_key_goes_by_the_standard_input_alone(kind: str, tools: dict[str, str]) -> None:
    got, arguments = run(STORES[kind].by_hand(), tools)
    assert got == NEW  # without the line break that a pasted key ends with
    assert NEW not in arguments


@pytest.mark.real
@pytest.mark.parametrize("kind", ["aws", "gcp"])
def test_by_hand_the_other_members_of_an_object_stay(kind: str, tools: dict[str, str]) -> None:
    require("jq")
    stores: dict[str, KeyStore] = {
        "aws": AwsStore(AwsSecret(secret_id="it's", json_key="api-key"), Redactor()),
        "gcp": GcpStore(GcpSecret(secret="projects/p/secrets/s", json_key="api-key"), Redactor()),
    }
    got, arguments = run(stores[kind].by_hand(), tools)
    assert json.loads(got) == {"other": OTHER, "api-key": NEW}
    assert NEW not in arguments


@pytest.mark.parametrize("kind", STORES)
def test_the_way_back_by_hand_is_a_command_that_a_shell_can_read(kind: str) -> None:
    command = STORES[kind].back_by_hand()
    assert subprocess.run(["bash", "-n", "-c", command], capture_output=True, timeout=20).returncode == 0
    assert len(shlex.split(command)) > 10
