"""One model in which causes have effects: what every server of the world tells comes from here."""

import math
import random
import string
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui.drill.alerts import EVALUATE_SECONDS, Alerts
from tui.drill.logs import Logs
from tui.drill.meters import Meters
from tui.drill.metrics import Store
from tui.drill.pods import PastPod, Pod, Pods
from tui.drill.promql import Evaluator
from tui.drill.provider import Provider
from tui.drill.scenarios import PageIncident, Scenario, Trouble
from tui.drill.traffic import GOOD_VERSION, HISTORY_SECONDS, Request, Traffic

_KEY_CHARACTERS = string.ascii_letters + string.digits
_RECENT_SECONDS = 15
_TRIM_EVERY = 600


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys of a world.

    Attributes:
        ours: the key that the pods' Secret and the console hold.
        candidate: a valid key that nobody uses yet.
    """

    ours: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Recent:
    """The last seconds in numbers: shares are of all requests, 0 to 1."""

    requests: int
    user_errors: float
    mistral_errors: float


def make_keys(seed: int) -> Keys:
    """The keys of a seed: 32 letters and digits, as Mistral's are."""
    rng = random.Random(f"keys {seed}")  # noqa: S311 - a drill's key opens nothing
    ours, candidate = ("".join(rng.choices(_KEY_CHARACTERS, k=32)) for _ in range(2))
    return Keys(ours, candidate)


class World:
    """The simulated world. `advance` moves it on; everything else reads it.

    Args:
        scenario: what is wrong.
        seed: makes a run repeatable.
        pods: the cluster's pods, asked once a simulated second.
        now: the wall clock, seconds since the epoch.
        speed: shortens the windows of alerting rules, and what passes by itself.
        history: seconds that have passed in it when it starts.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        pods: Pods,
        now: Callable[[], float] = time.time,
        speed: float = 1.0,
        history: int = HISTORY_SECONDS,
    ) -> None:
        self.scenario = scenario
        self.now = now
        self.keys = make_keys(seed)
        self.start = int(now())
        self.began = self.start - scenario.began * 60
        rng = random.Random(f"{scenario.name} {seed}")  # noqa: S311 - a simulation, not a secret
        lasts = math.inf if scenario.lasts is None else scenario.lasts * 60 / max(speed, 1.0)
        self.provider = Provider(scenario, self.began, self._valid_keys(), rng, self.start + lasts)
        self.store = Store()
        self.evaluator = Evaluator(self.store)
        self.alerts = Alerts(self.evaluator, scale=max(speed, 1.0), start=self.start)
        self.logs = Logs()
        self._meters = Meters(self.store)
        self._traffic = Traffic(scenario, self.start, self.provider, rng)
        self._pods = pods
        self._second = self.start - history
        self._evaluated = float(self._second)
        self._recent: deque[list[Request]] = deque(maxlen=_RECENT_SECONDS)
        self._ready = 0
        self._live_through_history()

    @property
    def page(self) -> PageIncident | None:
        """What the provider's status page says now, or None while all is well there."""
        return self.scenario.page if self.provider.troubled(self.now()) else None

    def _valid_keys(self) -> frozenset[str]:
        if self.scenario.trouble is Trouble.KEY:
            return frozenset({self.keys.candidate})
        return frozenset({self.keys.ours, self.keys.candidate})

    def _live_through_history(self) -> None:
        """The past passes, with the pods of today and those that they replaced."""
        today = self._pods()
        replaced = _replaced(today, self.start)
        changed = max((pod.started_at.timestamp() for pod in today), default=0.0)
        while self._second < self.start:
            self._step(replaced if self._second < changed else today)
            if self._second - self._evaluated >= EVALUATE_SECONDS * 2:
                self._evaluated = float(self._second)
                self.alerts.evaluate(self._evaluated)

    def advance(self) -> None:
        """Live through every second that is over by now."""
        now = int(self.now())
        while self._second < now:
            self._step(self._pods())
            if self._second - self._evaluated >= self.alerts.interval():
                self._evaluated = float(self._second)
                self.alerts.evaluate(self._evaluated)

    def _step(self, pods: Sequence[Pod]) -> None:
        requests = list(self._traffic.second(self._second, pods))
        self._second += 1
        names = {pod.name for pod in pods}
        self._meters.second(self._second, names, requests)
        for request in requests:
            self.logs.add(request)
        self._recent.append(requests)
        self._ready = sum(pod.ready for pod in pods)
        if self._second % _TRIM_EVERY == 0:
            self.store.trim(self._second)
            self.logs.forget(names)

    @property
    def ready(self) -> int:
        """Pods that take requests."""
        return self._ready

    def recent(self) -> Recent:
        """What the service itself saw in the last seconds."""
        requests = [request for second in self._recent for request in second]
        count = max(len(requests), 1)
        failed = sum(not request.outcome.served for request in requests)
        mistral = sum(bool(request.failures) for request in requests)
        return Recent(len(requests), failed / count, mistral / count)

    def log(self, pod: str, since: datetime | None) -> list[tuple[datetime, str]]:
        """A pod's log lines, oldest first."""
        return self.logs.read(pod, since)


def _replaced(today: Sequence[Pod], start: int) -> tuple[PastPod, ...]:
    """The pods that ran before today's, with their environment but without their fault."""
    long_ago = datetime.fromtimestamp(start, UTC) - timedelta(days=2)
    return tuple(
        PastPod(
            f"{pod.name.rsplit('-', 2)[0]}-6b8f5d97c4-{index:05x}",
            max(pod.revision - 1, 1),
            long_ago,
            {**pod.env, "APP_VERSION": GOOD_VERSION},
        )
        for index, pod in enumerate(today)
    )
