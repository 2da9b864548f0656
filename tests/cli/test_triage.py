"""`leeward triage`: for each scenario the diagnosis of its name, and never a wait without end."""

import json
import socket
import time
from pathlib import Path

import pytest

from tests.support.commands import leeward, served

# scenario: diagnosis, exit code
SCENARIOS = {
    "healthy": ("healthy", 0),
    "bad-key": ("bad-key", 1),
    "rate-limited": ("rate-limited", 1),
    "provider-capacity": ("provider-capacity", 1),
    "no-allowance": ("no-allowance", 1),
    "provider-outage": ("provider-outage", 1),
    "network-timeout": ("network", 1),
    "dns-failure": ("network", 1),
    "app-fault": ("app-fault", 1),
}
CHECKS = ["mistral_api", "service", "error_rate", "status_page", "network", "workload", "alerts"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_scenario_gets_the_diagnosis_of_its_name(scenario: str, tmp_path: Path) -> None:
    with served(scenario, tmp_path) as world:
        ran = leeward("--config", world["config"], "triage", "--json", state=tmp_path)
        told = leeward("--config", world["config"], "triage", state=tmp_path)
        key = Path(world["config"]).with_name("mistral.key").read_text()
    diagnosis, code = SCENARIOS[scenario]
    assert ran.returncode == code, ran.stderr
    found = json.loads(ran.stdout)
    assert found["diagnosis"]["id"] == diagnosis
    assert [check["name"] for check in found["checks"]] == CHECKS
    assert {"question", "answer", "evidence"} <= set(found["diagnosis"]["path"][0])
    assert told.returncode == code
    assert found["diagnosis"]["title"] in told.stdout
    for output in (ran.stdout, ran.stderr, told.stdout, told.stderr):
        assert key not in output
        assert "Traceback" not in output


def test_a_black_holed_api_is_diagnosed_within_six_seconds(tmp_path: Path) -> None:
    # A listening socket whose backlog is full takes no connection and refuses none.
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        port = hole.getsockname()[1]
        stuffing = [socket.socket() for _ in range(4)]
        for stuffed in stuffing:
            stuffed.setblocking(False)
            stuffed.connect_ex(("127.0.0.1", port))
        config = tmp_path / "config.toml"
        config.write_text(
            f'[mistral]\nbase_url = "http://127.0.0.1:{port}"\n[status_page]\nurl = "http://127.0.0.1:{port}"\n'
        )
        began = time.monotonic()
        ran = leeward(
            "--config", str(config), "triage", "--json", state=tmp_path, env={"MISTRAL_API_KEY": "k" * 32}
        )
        took = time.monotonic() - began
        for stuffed in stuffing:
            stuffed.close()
    found = json.loads(ran.stdout)
    assert found["diagnosis"]["id"] == "network"
    assert found["checks"][0]["facts"]["outcome"] == "timeout"
    assert ran.returncode == 1
    assert took < 20, "six seconds of asking; the rest is the start of a program on a busy machine"


def test_with_nothing_set_it_says_what_to_set_and_that_it_cannot_tell(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    nobody = "http://127.0.0.1:9"
    config.write_text(f'[mistral]\nbase_url = "{nobody}"\n[status_page]\nurl = "{nobody}"\n')
    ran = leeward("--config", str(config), "triage", "--json", state=tmp_path)
    assert ran.returncode == 3
    found = json.loads(ran.stdout)
    assert found["diagnosis"]["id"] == "unknown"
    assert found["diagnosis"]["severity"] is None
    unset = {check["name"]: check["remedy"] for check in found["checks"] if check["state"] == "unset"}
    assert "MISTRAL_API_KEY" in unset["mistral_api"]
    assert "health_url" in unset["service"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mistral]\nbase_ulr = 'x'", "base_url"),
        ("[mistral", "config.toml"),
        ("[timing]\nwindow = 'soon'", "timing.window"),
    ],
)
def test_wrong_settings_are_told_with_place_and_remedy(text: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    ran = leeward("--config", str(config), "triage", state=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
