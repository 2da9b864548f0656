"""Users' requests, what the app in each pod makes of them, and what comes of it."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tui.drill.pods import DEFAULT_CONCURRENCY, AppConfig, Pod
from tui.drill.provider import INVALID_REQUEST, MODELS, RATE_LIMITED, TIMED_OUT, Failure, Provider, Share
from tui.drill.scenarios import Scenario, Trouble

# Half an hour to look back on, and what a rate needs before its first moment.
HISTORY_SECONDS = 2400
_RISE_SECONDS = 1800
# Demand has risen to what it is now this long before the start.
_PLATEAU_SECONDS = 300
# Seconds for which a call to Mistral holds one of the pod's slots: its usual latency.
SLOT_SECONDS = 1.0
# Of users' questions, so many are the same as one that is already being asked or was just
# answered: a pod that has to queue answers them together.
SHARED = 0.35
# A pod with more slots than it was built for sends refused calls again at once.
_EAGER_SLOTS = 20
# Seconds after which a queued request is given up, and how much longer a shared answer takes.
_QUEUE_SECONDS = 10.0
_SHARED_SLOWER = 1.2
APP_FAULT_SHARE = 0.4
APP_INVALID_SHARE = 0.02
GOOD_VERSION, FAULTY_VERSION = "2.3.1", "2.4.0"


class Outcome(StrEnum):
    """What a user got, and why."""

    ANSWERED = "answered"
    SHARED = "shared"  # with somebody else's answer
    FALLBACK = "fallback"  # without Mistral
    FAILED = "failed"  # since Mistral failed
    CRASHED = "crashed"  # since the app did
    OVERFLOW = "overflow"  # since the pod's queue was full

    @property
    def served(self) -> bool:
        """Whether the user got an answer."""
        return self in (Outcome.ANSWERED, Outcome.SHARED, Outcome.FALLBACK)


@dataclass(frozen=True, slots=True)
class Request:
    """One user's request, booked at the moment at which it was taken.

    `failures` are those of its calls to Mistral, retries included; `latency` is in seconds.
    """

    at: float
    pod: str
    model: str
    outcome: Outcome
    latency: float
    failures: tuple[Failure, ...] = ()


@dataclass(slots=True)
class _App:
    """The app in one pod: its slots, and what it carries from one request to the next."""

    config: AppConfig
    faulty: bool
    slots: float
    at: float
    shared: float = 1.0
    last: Outcome = Outcome.ANSWERED
    crash: Share = field(default_factory=Share)
    invalid: Share = field(default_factory=Share)

    def take_slot(self, at: float) -> bool:
        """Whether a slot is free: they come back at the rate at which calls end."""
        most = self.config.concurrency
        self.slots = min(self.slots + (at - self.at) * most / SLOT_SECONDS, float(most))
        self.at = at
        if self.slots < 1.0:
            return False
        self.slots -= 1.0
        return True

    def share(self) -> bool:
        """Whether a queued request can be answered together with another."""
        if self.shared < 1.0:
            return False
        self.shared -= 1.0
        return True


class Traffic:
    """Sends users' requests through the pods, second by second."""

    def __init__(self, scenario: Scenario, start: float, provider: Provider, rng: random.Random) -> None:
        self._scenario = scenario
        self._start = start
        self._provider = provider
        self._rng = rng
        self._carry = 0.0
        self._turn = 0
        self._small = Share(rng.random())
        self._retry = Share(rng.random())
        self._apps: dict[str, _App] = {}

    def demand(self, at: float) -> float:
        """Users' requests a second."""
        before, now = self._scenario.demand
        passed = (at - (self._start - _RISE_SECONDS)) / (_RISE_SECONDS - _PLATEAU_SECONDS)
        return before + (now - before) * min(max(passed, 0.0), 1.0)

    def second(self, second: int, pods: Sequence[Pod]) -> Iterator[Request]:
        """The requests of the second that begins then, through the ready pods.

        Without a ready pod nobody is there to take, or to count, a request.
        """
        self._carry += self.demand(second) * self._rng.uniform(0.97, 1.03)
        count = math.floor(self._carry)
        self._carry -= count
        ready = [pod for pod in pods if pod.ready]
        self._forget(pods)
        for index in range(count if ready else 0):
            self._turn += 1
            yield self._request(second + (index + 0.5) / count, ready[self._turn % len(ready)])

    def _forget(self, pods: Sequence[Pod]) -> None:
        names = {pod.name for pod in pods}
        for name in [name for name in self._apps if name not in names]:
            del self._apps[name]

    def _app(self, pod: Pod, at: float) -> _App:
        app = self._apps.get(pod.name)
        if app is None:
            config = AppConfig.read(pod.env)
            app = _App(config, self._faulty(pod), slots=1.0, at=at)
            self._apps[pod.name] = app
        return app

    def _faulty(self, pod: Pod) -> bool:
        """Whether the pod runs the version that broke the service."""
        return self._scenario.trouble is Trouble.APP and is_faulty(pod)

    def _request(self, at: float, pod: Pod) -> Request:
        app = self._app(pod, at)
        app.shared = min(app.shared + SHARED, 5.0)
        model = MODELS[self._small.hit(0.1)]
        if app.faulty and app.crash.hit(APP_FAULT_SHARE):
            return Request(at, pod.name, model, Outcome.CRASHED, 0.05 * self._rng.uniform(0.5, 2.0))
        if app.take_slot(at):
            request = self._call(app, at, pod.name, model)
            app.last = request.outcome
            return request
        if not app.share():
            return Request(at, pod.name, model, Outcome.OVERFLOW, _QUEUE_SECONDS)
        # Who waits for another's answer also shares its fate.
        outcome = Outcome.SHARED if app.last is Outcome.ANSWERED else app.last
        return Request(at, pod.name, model, outcome, self._provider.latency(at) * _SHARED_SLOWER)

    def _call(self, app: _App, at: float, pod: str, model: str) -> Request:
        failures, latency = self._ask(app, at)
        if not failures:
            return Request(at, pod, model, Outcome.ANSWERED, latency)
        spared = app.config.fallback and self._scenario.has_fallback
        outcome = Outcome.FALLBACK if spared else Outcome.FAILED
        return Request(at, pod, model, outcome, latency, failures)

    def _ask(self, app: _App, at: float) -> tuple[tuple[Failure, ...], float]:
        if app.faulty and app.invalid.hit(APP_INVALID_SHARE):
            return (INVALID_REQUEST,), 0.1
        failure = self._provider.call(app.config.key, at)
        latency = self._provider.latency(at)
        if failure is None and latency > app.config.timeout:
            return (TIMED_OUT,), app.config.timeout
        if failure is None:
            return (), latency
        if failure is RATE_LIMITED and self._retry.hit(self._eagerness(app)):
            self._provider.punish()
            return (failure, failure), 0.25
        return (failure,), 0.12 * self._rng.uniform(0.7, 1.6)

    def _eagerness(self, app: _App) -> float:
        return min(max(app.config.concurrency - DEFAULT_CONCURRENCY, 0) / _EAGER_SLOTS, 1.0)


def is_faulty(pod: Pod) -> bool:
    """Whether the pod runs the bad version, which stays through changes of another kind."""
    return pod.env.get("APP_VERSION") == FAULTY_VERSION
