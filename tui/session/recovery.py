"""The recovery watch: while the provider fails, or the fallback holds, completions are asked for.

It announces, and proposes turning the fallback off; it never performs it.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.model.incident import LEEWARD, Draft, Kind
from tui.model.mitigation import Lease
from tui.model.recovery import Recovery, Rule, Window
from tui.model.runbook import Diagnosis
from tui.model.times import span

if TYPE_CHECKING:
    from tui.probes.completion import Completion, Sample

# While one of these stands, or a fallback is held, recovery is what everybody waits for.
OUTAGES = frozenset({"provider-outage", "provider-capacity"})
HOLDS = "enable-fallback"
PROPOSES = "disable-fallback"

NO_KEY = "Set the key, and recovery is watched."
NO_MODEL = "Set mistral.model in the settings, and recovery is watched."


def fallback_held(leases: Iterable[Lease]) -> bool:
    """Whether the fallback is live, and nobody has overwritten it."""
    return any(lease.seen.mitigation == HOLDS and lease.ours for lease in leases)


class RecoveryWatch:
    """Asks for one token at a time while `mind` says that it is worth it.

    Args:
        completion: what is asked; without it, or while it has no key, the watch is without eyes,
            and `blind` says why.
        rule: what recovery is.
        on_sample: is told each answer.
        keep: records what is announced.
        changed: something that is shown changed.
    """

    def __init__(
        self,
        completion: "Completion | None",
        rule: Rule,
        clock: Clock,
        on_sample: "Callable[[Sample], None]",
        keep: Callable[[Draft], None],
        changed: Callable[[], None],
        blind: str = "",
    ) -> None:
        self._completion = completion
        self._rule = rule
        self._clock = clock
        self._on_sample = on_sample
        self._keep = keep
        self._changed = changed
        self._blind = blind
        self._window = Window(rule)
        self._last = ""
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> Recovery | None:
        """Where the watch is; None while there is nothing to watch for."""
        if not self._wanted:
            return None
        window, rule = self._window, self._rule
        return Recovery(
            window.good,
            window.asked,
            rule.needed,
            rule.completions,
            window.since,
            self._last,
            self._blind if self._completion is None or not self._completion.ready else "",
        )

    def mind(self, diagnosis: Diagnosis | None, leases: tuple[Lease, ...]) -> None:
        """Watch while it is worth it; a watch that ended begins anew the next time."""
        # An unknown diagnosis in between ends nothing: checks are away for a moment.
        wanted = fallback_held(leases) or (diagnosis.id in OUTAGES if diagnosis else self._wanted)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if not wanted:
            self._stop()
        elif self._completion is not None:
            self._task = asyncio.create_task(self._watch(self._completion), name="recovery watch")

    async def stop(self) -> None:
        """End it; nothing that hangs holds this up."""
        task = self._task
        self._stop()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._window.clear()
        self._last = ""

    async def _watch(self, completion: "Completion") -> None:
        every = self._rule.every.total_seconds()
        while True:
            began = self._clock.monotonic()
            if completion.ready:  # a key may yet be stored from here
                self._take(await completion.ask())
            await self._clock.sleep(max(every - (self._clock.monotonic() - began), 0.1))

    def _take(self, sample: "Sample") -> None:
        self._on_sample(sample)
        self._last = sample.said
        good, asked = self._window.good, self._window.asked
        event = self._window.add(sample.at, sample.good)
        if event == "recovered":
            self._keep(self._recovered(sample))
        elif event:
            text = f"Mistral fails again ({sample.said}): recovery is awaited anew"
            self._keep(self._draft(event, text, sample, good, asked + 1))
        self._changed()

    def _recovered(self, sample: "Sample") -> Draft:
        window = self._window
        text = (
            f"Mistral has recovered: {window.good} of {window.asked} completions in "
            f"{span(self._rule.over)} were good"
        )
        return self._draft("recovered", text, sample, window.good, window.asked)

    def _draft(self, event: str, text: str, sample: "Sample", good: int, asked: int) -> Draft:
        data = {
            "event": event,
            "good": good,
            "completions": asked,
            "over_s": round(self._rule.over.total_seconds()),
        }
        return Draft(Kind.RECOVERY, text, sample.at, LEEWARD, data)
