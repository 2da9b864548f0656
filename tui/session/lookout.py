"""What a session keeps an eye on beside the checks: recovery, the failures seen, the way to the API."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.model.incident import Draft
from tui.model.mitigation import Lease
from tui.model.reading import Reading
from tui.model.recovery import Recovery, Rule
from tui.model.redaction import Redactor
from tui.model.runbook import Diagnosis
from tui.session.recovery import NO_KEY, NO_MODEL, RecoveryWatch
from tui.session.snapshot import Snapshot
from tui.session.support import Failures, draft
from tui.settings import Settings, duration

if TYPE_CHECKING:
    from tui.model.network_look import NetworkLook
    from tui.probes.completion import Completion, Sample
    from tui.probes.network_look import NetworkLooker


class Lookout:
    """The recovery watch, and what pages show when a person asks."""

    def __init__(
        self,
        settings: Settings,
        completion: "Completion | None",
        looker: "NetworkLooker",
        clock: Clock,
        redact: Redactor,
        keep: Callable[[Draft], None],
        changed: Callable[[], None],
    ) -> None:
        self._mistral = settings.mistral
        self._looker = looker
        self._redact = redact
        self._failures = Failures()
        every = duration(settings.timing.recovery)
        rule = Rule(settings.recovery.completions, settings.recovery.good, every)
        # Without a model there is nothing to ask for, key or no key.
        blind = NO_KEY if settings.mistral.model else NO_MODEL
        self._recovery = RecoveryWatch(completion, rule, clock, self._sampled, keep, changed, blind)

    @property
    def recovery(self) -> Recovery | None:
        """Where the recovery watch is; None while there is nothing to watch for."""
        return self._recovery.state

    def take(self, reading: Reading) -> None:
        """Keep what a reading failed with."""
        self._failures.take(reading)

    def mind(self, diagnosis: Diagnosis | None, leases: tuple[Lease, ...]) -> None:
        """Begin or end the recovery watch, as what stands now asks for it."""
        self._recovery.mind(diagnosis, leases)

    def support_draft(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The draft to Mistral's support, a line each, without anything secret."""
        base = self._mistral.base_url.rstrip("/")
        lines = draft(snapshot, self._failures.all, f"{base}/v1/chat/completions", self._mistral.model)
        return tuple(self._redact.text(line) for line in lines)

    async def network(self) -> "NetworkLook":
        """A closer look at the way to the API, from this machine."""
        return await self._looker.look()

    async def stop(self) -> None:
        """End the watch."""
        await self._recovery.stop()

    def _sampled(self, sample: "Sample") -> None:
        self._failures.sampled(sample)
