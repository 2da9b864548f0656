"""The same leases against the simulated API: eight who take at once, and a process that is stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.drill_kubernetes.conftest import KEY, QUICK
from tui.clients.shared_place import SharedPlace
from tui.drill.kubernetes import Cluster, KubeApi
from tui.model.sharing import Link
from tui.settings import Kubernetes, Settings, Sharing
from tui.sharing.boottime import BootClock
from tui.sharing.company import AllLeases, Company
from tui.sharing.held import HeldByOther, HeldLease, Taking
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.naming import Console, lock_name
from tui.sharing.sightings import Sightings

ROOT = Path(__file__).parents[2]
SHORT = 2.0


@pytest.fixture
async def kubeconfig(tmp_path: Path) -> AsyncIterator[Path]:
    api = KubeApi(Cluster(KEY, pace=QUICK, shared="home"))
    await api.start()
    path = tmp_path / "kubeconfig"
    path.write_text(api.kubeconfig("responder"))
    yield path
    await api.stop()


@pytest.fixture
async def place(kubeconfig: Path) -> AsyncIterator[SharedPlace]:
    made = SharedPlace(
        Settings(kubernetes=Kubernetes(kubeconfig=str(kubeconfig)), sharing=Sharing(namespace="home"))
    )
    yield made
    await made.close()


def lease(leases: AllLeases, who: Console, lasts: float = 30.0) -> HeldLease:
    clock = BootClock()
    config = LeaseConfig(leases, lambda: who, "inc", Sightings(clock, lasts), clock, Random(who.id), lasts)
    return HeldLease(config, lock_name("uid-1"))


async def until(true: object, seconds: float = 60) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what a server tells has no event here
            await asyncio.sleep(0.02)


async def test_exactly_one_of_eight_wins(place: SharedPlace) -> None:
    leases = (await place.open()).leases
    eight = [lease(leases, Console(f"{n:016x}", f"p{n}", f"h{n}", 1)) for n in range(8)]
    results = await asyncio.gather(*(one.take() for one in eight), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, HeldByOther) for result in results) == 7
    for one in eight:
        await one.stop()


async def test_two_consoles_see_each_other_and_hand_command_over(place: SharedPlace) -> None:
    async def opened() -> AllLeases:
        return (await place.open()).leases

    def company(who: Console) -> Company:
        return Company(opened, "inc-1", lambda: who, BootClock(), Random(who.id), 6.0)

    ada = company(Console("a" * 16, "ada", "host1", 1))
    bob = company(Console("b" * 16, "bob", "host2", 2))
    ada.start()
    bob.start()
    try:
        await until(lambda: len(ada.roster.people) == len(bob.roster.people) == 2)
        assert ada.roster.link is Link.LIVE
        await ada.command.take()
        await ada.command.hand_over(ada.roster.people[1])
        await until(lambda: bob.command.held)
        await until(lambda: (held := ada.roster.command("inc-1")) is not None and held.name == "bob")
        await bob.stop()
        await until(lambda: ada.roster.people[1].gone)
    finally:
        await asyncio.gather(ada.stop(), bob.stop())


async def test_a_process_that_was_stopped_finds_that_it_lost_the_lock_before_it_acts(
    kubeconfig: Path, place: SharedPlace
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sharing.lease_holder",
        str(kubeconfig),
        str(SHORT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdin is not None
    assert child.stdout is not None

    async def said() -> str:
        assert child.stdout is not None
        async with asyncio.timeout(60):
            return (await child.stdout.readline()).decode().strip()

    bob = lease((await place.open()).leases, Console("2" * 16, "bob", "host2", os.getpid()), SHORT)

    async def taken_over() -> Taking:
        while True:
            try:
                return (await bob.take("Scale")).how
            except HeldByOther:
                await asyncio.sleep(0.1)

    try:
        assert await said() == "taken"
        child.stdin.write(b"act\n")
        assert await said() == "acted"
        child.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(60):
            assert await taken_over() is Taking.GONE
        child.stdin.write(b"act\n")
        child.send_signal(signal.SIGCONT)
        assert await said() == "lost to bob, believed False"
        assert bob.kept
    finally:
        child.kill()
        await child.wait()
        await bob.stop()
