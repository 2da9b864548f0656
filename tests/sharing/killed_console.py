"""Notes and redactions for ever, each id said once it is acknowledged, copied as they come: to be killed."""

from pathlib import Path

from tests.sharing.test_over_sockets import Console
from tests.support.nursery import say
from tui.model.incident import Kind


async def main(root: str, name: str, kubeconfig: str) -> None:
    console = Console(name, Path(root), Path(kubeconfig).read_text())
    await console.start()
    number = len(console.entries())
    say("begun")
    while True:
        number += 1
        entry = await console.write(f"note {number} of {name} " + "x" * (number * 97 % 30_000))
        say(entry.id)
        if number % 5 == 0:
            told = [one for one in console.entries() if one.kind == Kind.NOTE and not one.redacted]
            await console.redact(told[number % len(told)])
