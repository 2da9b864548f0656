"""What the program starts: no secret in any argument, and none in an environment that need not have it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import environ, leeward
from tests.support.hostile_world import leaked

KEY = "Lk2sentinelKey8Bv4Nm6Xc0Zq1Ws3Ed"
PASSWORD = "prom-sentinel-password-4410"


def test_a_login_plugin_gets_no_key_of_ours(tmp_path: Path) -> None:
    """It has the user's environment, which it needs, and nothing that we hold for other servers."""
    plugin = tmp_path / "plugin.sh"
    plugin.write_text(
        f"#!/bin/sh\nenv > {tmp_path}/env\ncat /proc/$PPID/cmdline > {tmp_path}/argv\n"
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        ' "status": {"token": "t"}}\'\n'
    )
    plugin.chmod(0o700)
    run = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "users": [{"name": "u", "user": {"exec": run}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "prod"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    (tmp_path / "config.toml").write_text(
        '[kubernetes]\nkubeconfig = "kubeconfig"\ncontext = "c"\nnamespace = "prod"\ndeployment = "d"\n'
        '[mistral]\nbase_url = "http://127.0.0.1:9"\n[status_page]\nurl = "http://127.0.0.1:9"\n'
        '[prometheus]\nurl = "http://127.0.0.1:9"\nusername = "u"\npassword = { env = "WATCHING" }\n'
    )
    more = {"MISTRAL_API_KEY": KEY, "WATCHING": PASSWORD, "COPY_OF_THE_KEY": f"x{KEY}", "KEPT": "as it is"}
    leeward("--config", "config.toml", "triage", "--json", state=tmp_path, env=more)
    given = (tmp_path / "env").read_text()
    assert "KEPT=as it is" in given
    assert leaked(given, (KEY, PASSWORD)) == []
    assert leaked((tmp_path / "argv").read_bytes(), (KEY, PASSWORD)) == []


@pytest.mark.thorough
def test_a_drill_hands_no_real_key_to_its_world_and_tells_none(tmp_path: Path) -> None:
    seen: list[tuple[bytes, bytes]] = []
    drill = subprocess.Popen(
        [sys.executable, "-m", "tui", "drill", "rate-limited", "--headless", "--json", "--output", "out"],
        env=environ(tmp_path, MISTRAL_API_KEY=KEY, DB_PASSWORD=PASSWORD),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert drill.stderr is not None
    first = drill.stderr.readline()  # its world runs by then
    for path in Path(f"/proc/{drill.pid}/task").glob("*/children"):
        for pid in path.read_text().split():
            folder = Path(f"/proc/{pid}")
            seen.append(((folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()))
    out, err = drill.communicate(timeout=180)
    assert json.loads(out)["resolved"] is True
    assert seen and all(b"tui.drill" in argv for argv, _ in seen)
    files = [path.read_text() for path in tmp_path.rglob("*") if path.is_file() and ".pyc" not in path.name]
    assert len(files) >= 4  # the journal and the postmortem, here and in --output
    for text in (out, err, first, *files, *(part for pair in seen for part in pair)):
        assert leaked(text, (KEY, PASSWORD)) == []
