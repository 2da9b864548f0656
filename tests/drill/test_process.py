"""The world as one process: it starts at once, says where it is, and ends when it should."""

import asyncio
import base64
import json
import os
import signal
import ssl
import stat
import sys
import time
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.drill.conftest import run
from tests.support.real import require

ADDRESSES = (
    "mistral",
    "service",
    "prometheus",
    "alertmanager",
    "status_page",
    "slack",
    "statuspage",
    "kubernetes",
)


class Process:
    """A running `python -m tui.drill`."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, str]) -> None:
        self.process = process
        self.told = told
        self.folder = Path(told["config"]).parent
        self.config = tomllib.loads(Path(told["config"]).read_text())
        self.token = Path(self.config["prometheus"]["token"]["file"]).read_text()
        self.key = Path(self.config["mistral"]["key"]["file"]).read_text()

    @classmethod
    async def start(cls, *argv: str) -> "Process":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tui.drill",
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, await process.communicate()
        return cls(process, json.loads(line))

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.communicate(), 60)


@pytest.fixture
async def world() -> AsyncIterator[Process]:
    started = await Process.start("--scenario", "rate-limited", "--speed", "20")
    yield started
    await started.end()


async def test_it_prints_one_line_with_the_settings_and_every_address(world) -> None:
    assert set(ADDRESSES) < set(world.told)
    assert all(world.told[name].split("://")[1].startswith("127.0.0.1:") for name in ADDRESSES)
    ports = {world.told[name].split("/")[2] for name in ADDRESSES}
    assert len(ports) == len(ADDRESSES)
    assert world.told["kubeconfig"] == world.config["kubernetes"]["kubeconfig"]
    assert world.config["drill"] is True
    assert world.config["kubernetes"]["context"] == "prod-eu"
    assert world.config["incidents"]["responder"] == "responder"
    assert world.config["sharing"] == {"context": "prod-eu", "namespace": "leeward", "lease": "6s"}


@pytest.mark.parametrize(
    ("told", "login"), [("second_config", "ada"), ("viewer_config", "viewer"), ("keeper_config", "keeper")]
)
async def test_others_come_to_the_same_world_with_a_login_of_their_own(told, login, world) -> None:
    theirs = tomllib.loads(Path(world.told[told]).read_text())
    kubeconfig = theirs["kubernetes"].pop("kubeconfig")
    assert kubeconfig != world.config["kubernetes"].pop("kubeconfig")
    assert theirs.pop("incidents")["responder"] == login != world.config.pop("incidents")["responder"]
    assert theirs == world.config
    context = ssl.create_default_context(cadata=authority_in(kubeconfig))
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token_in(kubeconfig)}"}
        url = f"{world.told['kubernetes']}/apis/authentication.k8s.io/v1/selfsubjectreviews"
        answer = await client.post(url, json={}, headers=headers)
    assert answer.json()["status"]["userInfo"]["username"] == login


def authority_in(kubeconfig: str) -> str:
    (cluster,) = yaml.safe_load(Path(kubeconfig).read_text())["clusters"]
    return base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()


def token_in(kubeconfig: str) -> str:
    (user,) = yaml.safe_load(Path(kubeconfig).read_text())["users"]
    return str(user["user"]["token"])


def test_its_files_are_private_and_hold_no_secret_in_the_settings(world) -> None:
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    for path in world.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = Path(world.told["config"]).read_text()
    assert world.token not in text
    assert world.key not in text


async def test_its_servers_answer_with_the_credentials_of_the_settings(world) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"{world.config['mistral']['base_url']}/v1/models"
        assert (await client.get(url, headers={"Authorization": f"Bearer {world.key}"})).status_code == 429
        assert (await client.get(world.config["service"]["health_url"])).status_code == 200
        headers = {"Authorization": f"Bearer {world.token}"}
        alerts = await client.get(f"{world.told['alertmanager']}/api/v2/alerts", headers=headers)
        assert len(alerts.json()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_and_removes_its_files(number: signal.Signals) -> None:
    world = await Process.start("--scenario", "healthy")
    world.process.send_signal(number)
    _, err = await asyncio.wait_for(world.process.communicate(), 60)
    assert world.process.returncode == 0, err
    assert not world.folder.exists()


async def test_it_does_not_end_with_its_standard_input_unless_asked(world) -> None:
    world.process.stdin.close()
    await asyncio.sleep(0.3)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        assert (await client.get(world.config["service"]["health_url"])).status_code == 200
    assert world.process.returncode is None


async def test_a_consoles_own_world_ends_when_its_parent_is_killed() -> None:
    parent = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "tui.drill", "--with-parent"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sys.stdout.write(f"{child.pid} " + child.stdout.readline().decode())
sys.stdout.flush()
time.sleep(60)
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    child, _, told = (await process.stdout.readline()).decode().partition(" ")
    folder = Path(json.loads(told)["config"]).parent
    process.kill()
    await process.wait()
    await until(lambda: not folder.exists() and not alive(int(child)))


def alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def until(true, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.05)


async def test_a_name_that_cannot_resolve_is_in_the_settings_of_that_scenario_alone() -> None:
    world = await Process.start("--scenario", "dns-failure")
    assert ".invalid:" in world.config["mistral"]["base_url"]
    assert "127.0.0.1" in world.told["mistral"]
    await world.end()


async def test_speed_shortens_windows_and_leaves_holds() -> None:
    slow = await Process.start("--scenario", "healthy")
    fast = await Process.start("--scenario", "healthy", "--speed", "1000")
    assert slow.config["timing"]["window"] == "120s" and slow.config["timing"]["poll"] == "10s"
    assert fast.config["timing"]["window"] == "6s" and fast.config["timing"]["poll"] == "1s"
    assert "hold" not in fast.config["timing"] and "arm" not in fast.config["timing"]
    await asyncio.gather(slow.end(), fast.end())


async def test_an_unknown_scenario_is_refused() -> None:
    code, _, err = await run(sys.executable, "-m", "tui.drill", "--scenario", "nothing")
    assert code == 2 and "invalid choice" in err


@pytest.mark.real
async def test_a_mitigation_by_kubectl_ends_the_rate_limit(world) -> None:
    """The whole chain: a patch, a rollout, pods that start with it, traffic, metrics."""
    kubectl = (require("kubectl"), f"--kubeconfig={world.told['kubeconfig']}", "-n", "prod")
    target = "deployment/mistral-service"
    code, out, err = await run(*kubectl, "logs", target, "--tail=40")
    assert code == 0 and "code=1300" in out, err
    code, _, err = await run(*kubectl, "set", "env", target, "MAX_CONCURRENT_MISTRAL=3")
    assert code == 0, err
    code, _, err = await run(*kubectl, "rollout", "status", target, "--timeout=60s", seconds=90)
    assert code == 0, err
    query = 'sum(rate(mistral_errors_total{status_code="429"}[6s]))'
    async with httpx.AsyncClient(trust_env=False) as client:

        async def errors() -> float:
            answer = await client.get(
                f"{world.told['prometheus']}/api/v1/query",
                params={"query": query},
                headers={"Authorization": f"Bearer {world.token}"},
            )
            return sum(float(one["value"][1]) for one in answer.json()["data"]["result"])

        async with asyncio.timeout(60):
            while await errors():  # noqa: ASYNC110 - the next scrape has no event
                await asyncio.sleep(0.3)


@pytest.mark.real
async def test_curl_gets_what_the_shell_runbook_asks_for(world) -> None:
    curl = require("curl")
    code, out, err = await run(curl, "-sS", "-m", "60", f"{world.told['service']}/health")
    assert code == 0 and json.loads(out)["services"]["mistral"] == "degraded", err
    options = ("-sS", "-m", "60", "-o", os.devnull, "-w", "%{http_code}")
    code, out, err = await run(curl, *options, f"{world.told['mistral']}/v1/models")
    assert out == "401", err
