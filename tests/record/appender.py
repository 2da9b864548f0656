"""Notes, mitigations and messages for ever, each id said once it is acknowledged: to be killed."""

from pathlib import Path

from tests.notify.messages import message
from tests.record.helpers import INCIDENT, draft, journal_file, reopen
from tests.support.clock import ManualClock
from tests.support.nursery import say
from tui.model.incident import Draft, Kind
from tui.model.redaction import Redactor
from tui.notify.outbox import Outbox
from tui.record.adding import add
from tui.record.journal import Journal


async def main(state_dir: str) -> None:
    folder, clock = Path(state_dir), ManualClock()
    journal = await reopen(folder, wait=5.0)
    assert not journal.read_only, journal.read_only
    outbox = Outbox.open(journal_file(folder).parent, clock.now(), Redactor())
    number = len(journal.found.entries)
    while True:
        number += 1
        await _recorded(
            journal, *(draft("x" * (number * 37 % 7000), n=number) for _ in range(number % 3 + 1))
        )
        await _mitigated(journal, number)
        beside = await add(folder, INCIDENT, draft(f"from a script {number}"), clock, Redactor())
        say("entry", beside.id)
        outbox.put(message(id=f"m{number}"))
        say("message", f"m{number}")


async def _mitigated(journal: Journal, number: int) -> None:
    """As the console does it: the intent is on disk before anything else is done."""
    (intent,) = await _recorded(
        journal,
        draft("fallback on", Kind.INTENT, mitigation="enable-fallback", change="env", after=str(number)),
    )
    say("intent", intent)
    for kind, data in (
        (Kind.OUTCOME, {"outcome": "applied"}),
        (Kind.ROLLOUT, {"complete": True}),
        (Kind.VERDICT, {"verdict": "effective"}),
    ):
        await _recorded(journal, draft("done", kind, intent=intent, **data))
        say(str(kind), intent)


async def _recorded(journal: Journal, *drafts: Draft) -> list[str]:
    ids = [entry.id for entry in await journal.append(*drafts)]
    for one in ids:
        say("entry", one)
    return ids
