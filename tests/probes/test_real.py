"""The probes against a real Prometheus and a real Alertmanager that scrape a real exporter."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.probes.support import redactor, sound
from tests.support import exporter
from tests.support.real import require
from tui import runbooks
from tui.clients.prometheus import Prometheus, PrometheusError
from tui.model.clock import SystemClock
from tui.model.incident import Kind
from tui.model.reading import Alert, Check, Reading, Series, State
from tui.probes.alerts import Alerts
from tui.probes.error_rate import ErrorRate
from tui.probes.probe import Pace
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import Server, load

pytestmark = pytest.mark.real

WINDOW = timedelta(seconds=6)
PACE = Pace(timedelta(seconds=1), 4.0)
RULES = """
groups:
  - name: mistral
    interval: 1s
    rules:
      - alert: MistralHighErrorRate
        expr: sum(rate(mistral_errors_total[6s])) / sum(rate(mistral_requests_total[6s])) > 0.05
        labels: {severity: warning}
        annotations: {summary: "errors above 5 %"}
"""
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
scrape_configs:
  - job_name: mistral-service
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""
ALERTMANAGER = "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n"


@dataclass(frozen=True)
class World:
    prometheus: str
    alertmanager: str


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def running(*argv: str, log: Path) -> Iterator[None]:
    """A program for as long as the block lasts; its output goes to a file for whoever looks."""
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A Prometheus, an Alertmanager and the exporter, each on a free port of loopback."""
    prometheus = require("prometheus")
    # Debian's name, then that of the upstream archive.
    alertmanager = shutil.which("prometheus-alertmanager") or require("alertmanager")
    folder = tmp_path_factory.mktemp("real")
    ports = [free_port() for _ in range(3)]
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(CONFIG.format(alertmanager=ports[1], exporter=ports[2]))
    (folder / "alertmanager.yml").write_text(ALERTMANAGER)
    with contextlib.ExitStack() as stack:
        for number, argv in enumerate(
            [
                [sys.executable, "-m", "tests.support.exporter", str(ports[2])],
                [alertmanager, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am",
                 f"--web.listen-address=127.0.0.1:{ports[1]}", "--cluster.listen-address="],
                [prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                 f"--web.listen-address=127.0.0.1:{ports[0]}"],
            ]
        ):  # fmt: skip
            stack.enter_context(running(*argv, log=folder / f"{number}.log"))
        made = World(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
        wait_until_ready(made.prometheus)
        wait_until_ready(made.alertmanager)
        yield made


def wait_until_ready(server: str) -> None:
    """Both programs say at the same path that they are; two minutes at most."""
    ends = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{server}/-/ready", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < ends, f"{server} did not get ready"
            time.sleep(0.1)


async def until(ask: ErrorRate | Alerts, good: str) -> Reading:
    """Ask until the reading's fact is there and above zero, for two minutes at most."""
    ends = time.monotonic() + 120
    while True:
        reading = sound(await ask.ask())
        if reading.facts.get(good):
            return reading
        assert time.monotonic() < ends, reading
        await asyncio.sleep(0.3)


async def test_the_error_rate_agrees_with_the_exporter_within_ten_percent(world: World) -> None:
    prometheus = Prometheus(Server(url=world.prometheus), {})
    runbook = runbooks.load()
    probe = ErrorRate(prometheus, None, "", runbook, WINDOW, PACE, SystemClock(), redactor())
    await until(probe, "ratio")
    await asyncio.sleep(WINDOW.total_seconds())
    reading = sound(await probe.ask())
    prometheus.close()
    assert reading.facts["ratio"] == pytest.approx(exporter.ratio(), rel=0.1)
    assert reading.facts["errors_per_s"] == pytest.approx(sum(exporter.ERRORS_PER_S.values()), rel=0.1)
    assert reading.facts["requests_per_s"] == pytest.approx(sum(exporter.REQUESTS_PER_S.values()), rel=0.1)
    assert reading.facts["top_status"] == "429"
    assert reading.facts["top_status_share"] == pytest.approx(exporter.SHARE_429, rel=0.1)
    assert reading.facts["p95_s"] == pytest.approx(1.75, rel=0.1)
    assert reading.facts["user_errors_per_s"] == pytest.approx(0.65, rel=0.1)
    assert reading.state is State.WARN
    assert {series.label for series in reading.of(Series)} == set(exporter.ERRORS_PER_S)


async def test_a_firing_alert_appears_with_its_fingerprint(world: World) -> None:
    probe = Alerts(Server(url=world.alertmanager), {}, PACE, SystemClock(), redactor())
    reading = await until(probe, "firing")
    assert reading.facts["names"] == ("MistralHighErrorRate",)
    assert reading.state is State.WARN
    (first,) = reading.of(Alert)
    (again,) = sound(await probe.ask()).of(Alert)
    assert first.fingerprint == again.fingerprint
    assert first.summary == "errors above 5 %"


async def test_a_firing_alert_stands_in_the_timeline_once(world: World, tmp_path: Path) -> None:
    """However often Alertmanager is asked: here, until it has answered four times more."""
    settings = tmp_path / "config.toml"
    settings.write_text(
        f'[alertmanager]\nurl = "{world.alertmanager}"\n[timing]\npoll = "1s"\n'
        '[mistral]\nbase_url = "http://127.0.0.1:9"\n[status_page]\nurl = "http://127.0.0.1:9"\n'
    )
    environ = {"USER": "responder", "HOME": str(tmp_path)}
    session = Session(load(settings, environ), clock=SystemClock(), environ=environ, state_dir=tmp_path)
    answers: set[datetime] = set()
    session.subscribe(lambda seen: answers.update(one.at for one in firing(seen)))
    await session.start()
    try:
        async with asyncio.timeout(120):
            while len(answers) < 5:  # noqa: ASYNC110 - what was seen has no event
                await asyncio.sleep(0.1)
        told = [entry.text for entry in session.snapshot.entries if entry.kind == Kind.ALERT]
    finally:
        await session.stop()
    assert told == ["MistralHighErrorRate fired: errors above 5 %"]


def firing(seen: Snapshot) -> tuple[Reading, ...]:
    """The reading of Alertmanager in which an alert fires, if it is one."""
    held = seen.checks.get(Check.ALERTS)
    return (held.latest,) if held and held.latest.facts.get("firing") else ()


async def test_every_query_of_the_runbook_is_one_that_prometheus_understands(world: World) -> None:
    prometheus = Prometheus(Server(url=world.prometheus), {})
    for query in runbooks.load().queries.values():
        await prometheus.query(query.over(WINDOW))
    with pytest.raises(PrometheusError) as caught:
        await prometheus.query("sum(")
    prometheus.close()
    assert caught.value.outcome == "bad_query"
    assert "parse error" in caught.value.said
