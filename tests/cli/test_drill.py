"""`leeward drill`: played through unattended, it ends as a careful engineer would end it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import environ, leeward, served
from tests.support.thorough import THOROUGH

# scenario: resolved, what the reason must say, whether there was an incident
SCENARIOS = {
    "healthy": (True, "healthy", False),
    "rate-limited": (True, "MAX_CONCURRENT_MISTRAL=3 is kept until", True),
    "app-fault": (True, "", True),
    "bad-key": (True, "healthy again", True),
    "provider-capacity": (True, "", True),
    "no-allowance": (False, "No allowance", True),
    "provider-outage": (False, "the cause lasts", True),
    "network-timeout": (True, "MISTRAL_TIMEOUT_MS=120000", True),
    "dns-failure": (False, "cannot be reached", True),
    "rotation-refused": (False, "secrets/mistral patch in namespace prod", True),
    "crash-loop": (
        False,
        "CrashLoopBackOff: back-off restarting failed container), and was taken back",
        True,
    ),
    "contended": (False, "overwritten by kubectl-set", True),
    "no-fallback": (False, "Return cached answers, or an error page", True),
}
SAMPLE = ("healthy", "rate-limited")


@pytest.mark.parametrize("scenario", SCENARIOS if THOROUGH else SAMPLE)
def test_each_scenario_ends_resolved_or_says_truthfully_why_not(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = leeward(
        "drill", scenario, "--headless", "--json", "--output", str(out), state=tmp_path, timeout=180
    )
    assert "Traceback" not in ran.stderr
    told = json.loads(ran.stdout)
    resolved, reason, incident = SCENARIOS[scenario]
    assert told["resolved"] is resolved, told
    assert ran.returncode == (0 if resolved else 1)
    assert reason in told["reason"]
    if scenario == "app-fault":
        assert told["mitigations"] == [{"id": "rollback", "verdict": "effective"}]
    if scenario == "contended":
        verdicts = [mitigation["verdict"] for mitigation in told["mitigations"]]
        assert verdicts == ["refused", "overwritten"], "nothing applied at first, then not for long"
    assert told["seconds"] > 0
    assert told["scenario"] == scenario
    if not incident:
        assert told["incident"] is None and told["postmortem"] is None
        return
    report = Path(told["postmortem"])
    assert report == out / "postmortem.md"
    assert "# Incident: Mistral AI" in report.read_text()
    assert resolved or f"Stays open: {told['reason']}" in report.read_text()
    assert (out / "journal.jsonl").is_file()
    listed = json.loads(leeward("incidents", "--json", state=tmp_path).stdout)
    assert [(i["id"], i["drill"], i["status"] == "resolved") for i in listed] == [
        (told["incident"], True, resolved)
    ]
    assert leeward("verify", told["incident"], state=tmp_path).returncode == 0


def test_without_a_terminal_it_plays_headless_and_says_so(tmp_path: Path) -> None:
    ran = leeward("drill", "healthy", state=tmp_path)
    assert ran.returncode == 0
    assert "headless" in ran.stderr
    assert ran.stdout.startswith("resolved: healthy")


def test_without_a_terminal_the_console_names_the_commands_to_use(tmp_path: Path) -> None:
    ran = leeward(state=tmp_path)
    assert ran.returncode == 2
    assert "leeward triage" in ran.stderr
    assert ran.stdout == ""


def test_an_unknown_scenario_names_those_that_there_are(tmp_path: Path) -> None:
    ran = leeward("drill", "earthquake", state=tmp_path)
    assert ran.returncode == 2
    assert "rate-limited" in ran.stderr


def test_the_list_names_them_all(tmp_path: Path) -> None:
    listed = json.loads(leeward("drill", "--list", "--json", state=tmp_path).stdout)
    assert {scenario["name"] for scenario in listed} == set(SCENARIOS)


def test_a_served_world_prints_every_address_and_ends_on_a_signal(tmp_path: Path) -> None:
    with served("healthy", tmp_path) as world:
        names = {"config", "kubeconfig", "mistral", "service", "prometheus", "alertmanager"}
        assert names | {"status_page", "slack", "statuspage", "kubernetes"} <= set(world)
        assert Path(world["config"]).stat().st_mode & 0o077 == 0
        folder = Path(world["config"]).parent
    assert not folder.exists()


def test_a_killed_drill_leaves_no_world_behind(tmp_path: Path) -> None:
    drill = subprocess.Popen(
        [sys.executable, "-m", "tui", "drill", "rate-limited", "--headless"],
        env=environ(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert drill.stderr is not None
    assert "Diagnosis" in drill.stderr.readline()
    worlds = _children(drill.pid)
    assert worlds
    drill.send_signal(signal.SIGKILL)
    drill.wait()
    drill.stderr.close()
    ends = time.monotonic() + 60
    while any(_alive(pid) for pid in worlds) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in worlds)


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"
