"""A process that takes a lock and acts for every line on its input, if the lock is confirmed: says which."""

import asyncio
import os
import sys
from random import Random

from tui.clients.shared_place import SharedPlace
from tui.settings import Kubernetes, Settings, Sharing
from tui.sharing.boottime import BootClock
from tui.sharing.held import Lost
from tui.sharing.lease_config import LeaseConfig
from tui.sharing.locks import TargetLocks
from tui.sharing.naming import Console
from tui.sharing.sightings import Sightings


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def main(kubeconfig: str, lasts: float) -> None:
    place = SharedPlace(
        Settings(kubernetes=Kubernetes(kubeconfig=kubeconfig), sharing=Sharing(namespace="home"))
    )
    clock, us = BootClock(), Console("1" * 16, "ada", "host1", os.getpid())
    leases = (await place.open()).leases
    locks = TargetLocks(
        LeaseConfig(leases, lambda: us, "inc", Sightings(clock, lasts), clock, Random(7), lasts)
    )
    lock = await locks.take("uid-1", "Restart")
    say("taken")
    while await asyncio.to_thread(sys.stdin.readline):
        believed = lock.held
        try:
            await lock.confirm()
        except Lost as lost:
            name = lost.holder.name if lost.holder else "nobody"
            say(f"lost to {name}, believed {believed}")
        else:
            say("acted")
    await locks.stop()
    await place.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
