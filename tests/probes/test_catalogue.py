"""The seven probes, made from the settings."""

import asyncio
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from tests.probes.door import Door
from tests.probes.support import KEY, redactor, sound
from tests.support import hostile
from tui import probes, runbooks
from tui.clients import http
from tui.clients.prometheus import Prometheus
from tui.model.clock import SystemClock
from tui.model.key_holder import KeyHolder
from tui.model.reading import Check, State
from tui.probes.catalogue import rate_window
from tui.settings import Mistral, Server, Service, Settings, StatusPage, Timing


def build(settings: Settings, *, key: bool = False, door: Door | None = None) -> tuple[probes.Probe, ...]:
    return probes.build(
        settings,
        keys=KeyHolder(KEY if key else None),
        door=door,  # type: ignore[arg-type]
        prometheus=Prometheus(settings.prometheus, {}),
        runbook=runbooks.load(),
        clock=SystemClock(),
        redact=redactor(),
        environ={},
    )


async def test_there_are_always_seven_in_the_order_of_the_screen() -> None:
    assert [probe.check for probe in build(Settings())] == list(Check)
    assert [probe.check for probe in build(Settings(), key=True, door=Door())] == list(Check)


async def test_what_is_not_set_says_what_to_set() -> None:
    bare = Settings(mistral=Mistral(base_url=""), status_page=StatusPage(url=""))
    readings = [sound(await probe.ask()) for probe in build(bare)]
    assert {reading.state for reading in readings} == {State.UNSET}
    remedies = " ".join(reading.remedy for reading in readings)
    named = ["MISTRAL_API_KEY", "service.health_url", "prometheus.url", "status_page.url"]
    named += ["mistral.base_url", "kubernetes.deployment", "alertmanager.url"]
    assert [name for name in named if name not in remedies] == []


async def test_with_the_key_alone_the_api_the_page_and_the_network_are_asked() -> None:
    made = build(Settings(), key=True)
    asked = {probe.check for probe in made if type(probe).__name__ != "Unset"}
    assert asked == {Check.MISTRAL_API, Check.STATUS_PAGE, Check.NETWORK}


async def test_a_cluster_alone_gives_an_error_rate_from_its_logs() -> None:
    rate = build(Settings(), door=Door())[2]
    reading = sound(await rate.ask())
    assert reading.facts["source"] == "logs"


@pytest.mark.parametrize(("window", "seconds"), [("2m", 300), ("10m", 300), ("4s", 10)])
def test_the_rate_is_over_five_minutes_unless_windows_are_shorter(window: str, seconds: int) -> None:
    assert rate_window(Settings(timing=Timing(window=window))) == timedelta(seconds=seconds)


async def test_times_follow_the_settings_and_others_pages_are_asked_less() -> None:
    made = build(Settings(timing=Timing(poll="2s")), key=True)
    assert [made[0].interval, made[3].interval] == [timedelta(seconds=2), timedelta(seconds=12)]
    assert all(probe.deadline <= timedelta(seconds=5.5) for probe in made)
    assert all(probe.max_age > probe.interval + probe.deadline for probe in made)


async def longest_gap(gaps: list[float]) -> None:
    """Keep the longest time in which the event loop did not come round, in seconds."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.005)
        now = time.monotonic()
        gaps[0] = max(gaps[0], now - last)
        last = now


async def test_hung_servers_are_diagnosed_together_in_six_seconds_while_the_screen_answers() -> None:
    await http.warm()
    gaps = [0.0]
    async with hostile.serving(hostile.hangs) as url, hostile.black_hole() as hole:
        settings = Settings(
            mistral=Mistral(base_url=hole),
            service=Service(health_url=url),
            prometheus=Server(url=url),
            alertmanager=Server(url=url),
            status_page=StatusPage(url=url),
        )
        began = time.monotonic()
        watching = asyncio.create_task(longest_gap(gaps))
        readings = await probes.once(build(settings, key=True, door=Door()), SystemClock())
        spent = time.monotonic() - began
        watching.cancel()
    # One after another they would take half a minute, and a loop that waits for one stands still for
    # seconds. What they take on a quiet machine is measured by the benchmarks.
    assert spent < 20
    assert gaps[0] < 2
    assert readings[Check.MISTRAL_API].summary == "no answer, connecting timed out"
    assert readings[Check.NETWORK].facts["outcome"] == "timeout"
    assert readings[Check.ERROR_RATE].facts["source"] == "logs"
    assert readings[Check.STATUS_PAGE].state is State.UNKNOWN
    assert readings[Check.WORKLOAD].state is State.OK


def test_importing_the_probes_loads_no_client_library() -> None:
    names = {
        "httpx",
        "kubernetes",
        "requests",
        "prometheus_api_client",
        "yaml",
        "textual",
        "jinja2",
        "aiohttp",
    }
    code = f"import sys, tui.probes; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "[]", done.stderr
