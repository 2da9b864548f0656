"""Mistral, as its callers meet it: who may call, how often, and what is wrong there today."""

import math
import random
from dataclasses import dataclass
from statistics import NormalDist

from tui.drill.scenarios import Scenario, Trouble

MODELS = ("mistral-large-latest", "mistral-small-latest")
# After how many seconds without a refusal the organisation counts as within its limit again.
_EXHAUSTED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not succeed.

    Attributes:
        status: the HTTP status; 0 where there was no answer.
        kind: the `type` of the error, which is also the metric's `error_type`.
        code: Mistral's code, or "".
        message: in Mistral's words, or the client's where there was no answer.
    """

    status: int
    kind: str
    code: str
    message: str


UNAUTHORIZED = Failure(401, "unauthorized", "", "Unauthorized")
RATE_LIMITED = Failure(429, "rate_limited", "1300", "Rate limit exceeded")
CAPACITY = Failure(
    429, "service_tier_capacity_exceeded", "3505", "Service tier capacity exceeded for this model."
)
UNREACHABLE_BACKEND = Failure(503, "unreachable_backend", "1100", "Internal server error")
UNAVAILABLE = Failure(503, "internal_server_error", "3800", "Service unavailable.")
INVALID_REQUEST = Failure(422, "invalid_request", "3001", "messages: Input should be a valid list")
TIMED_OUT = Failure(0, "timeout", "", "Read timed out")
NO_NAME = Failure(0, "connection", "", "[Errno -2] Name or service not known")

# Where the trouble lies with the provider, each call that it hits fails so.
_TROUBLES = {
    Trouble.CAPACITY: CAPACITY,
    Trouble.ALLOWANCE: RATE_LIMITED,
    Trouble.OUTAGE: UNREACHABLE_BACKEND,
    Trouble.NAMES: NO_NAME,
}


class Share:
    """Picks a share of events evenly, so that short windows show the share and not the dice."""

    def __init__(self, start: float = 0.0) -> None:
        self._carry = start

    def hit(self, share: float) -> bool:
        """Whether this event belongs to the share."""
        self._carry += share
        if self._carry >= 1.0:
            self._carry -= 1.0
            return True
        return False


class Spread:
    """Numbers from 0 to 1 that cover the interval evenly, however few are taken.

    Multiples of the golden ratio, modulo one: short windows then show the distribution.
    """

    _STEP = (math.sqrt(5) - 1) / 2

    def __init__(self, start: float) -> None:
        self._at = start

    def next(self) -> float:
        """The next number."""
        self._at = (self._at + self._STEP) % 1.0
        return self._at


_NORMAL = NormalDist()
# Seconds that calls take on a good day: log-normal, half below 0.84 s, one in twenty above 1.8 s.
_LATENCIES = tuple(0.84 * math.exp(0.45 * _NORMAL.inv_cdf((i + 0.5) / 512)) for i in range(512))
_SLOW_LATENCY = (20.0, 40.0)


class Provider:
    """The API's mind. Times are seconds since the epoch and must not go back."""

    def __init__(
        self,
        scenario: Scenario,
        began: float,
        valid_keys: frozenset[str],
        rng: random.Random,
        ends: float = math.inf,
    ) -> None:
        self.scenario = scenario
        self.began = began
        self.ends = ends
        self._keys = valid_keys
        self._spread = Spread(rng.random())
        self._noise = Share(rng.random())
        self._hit = Share(rng.random())
        self._per_second = scenario.limit / 60
        self._tokens = self._per_second
        self._refilled = 0.0
        self._refused = -math.inf
        self._minute = 0
        self._used = 0

    def knows(self, key: str) -> bool:
        """Whether the key is valid."""
        return key in self._keys

    def troubled(self, at: float) -> bool:
        """Whether what is wrong in this world was wrong then."""
        return self.began <= at < self.ends

    def call(self, key: str, at: float) -> Failure | None:
        """One completion from a pod: its failure, or None. Timeouts are the caller's to judge."""
        if not self.troubled(at):
            return self._ordinary()
        trouble = self.scenario.trouble
        if trouble is Trouble.NAMES:
            return NO_NAME
        if not self.knows(key):
            return UNAUTHORIZED
        if trouble is Trouble.LIMIT:
            return self._ordinary() if self._take(at) else RATE_LIMITED
        failure = _TROUBLES.get(trouble)
        if failure is not None and self._hit.hit(self.scenario.share):
            return failure
        self._count(at)
        return self._ordinary()

    def punish(self) -> None:
        """A refused call that is sent again at once: refused calls use up the limit too."""
        self._tokens = max(self._tokens - 1.0, -self._per_second)

    def refusal(self, key: str, at: float, completion: bool) -> Failure | None:
        """What a single caller from elsewhere is answered; None is a success.

        It has no reserved share: what the provider refuses in part, it refuses to it. Under
        our own limit every path is refused, since the limit is the organisation's; under the
        provider's own troubles the list of models may still be served.
        """
        if not self.knows(key):
            return UNAUTHORIZED
        if not self.troubled(at):
            return None
        match self.scenario.trouble:
            case Trouble.LIMIT:
                return RATE_LIMITED if self.exhausted(at) else None
            case Trouble.OUTAGE:
                return UNREACHABLE_BACKEND if completion else UNAVAILABLE
            case Trouble.CAPACITY | Trouble.ALLOWANCE:
                return _TROUBLES[self.scenario.trouble] if completion else None
            case _:
                return None

    def exhausted(self, at: float) -> bool:
        """Whether the organisation's limit was hit within the last seconds."""
        return at - self._refused < _EXHAUSTED_SECONDS

    def remaining(self, at: float) -> int:
        """Requests left in this minute."""
        if self.scenario.limit == 0 or self.exhausted(at):
            return 0
        used = self._used if int(at // 60) == self._minute else 0
        return max(self.scenario.limit - used, 0)

    def latency(self, at: float) -> float:
        """Seconds that a successful call takes, or would take without a timeout."""
        if self.scenario.trouble is Trouble.LATENCY and self.troubled(at):
            least, most = _SLOW_LATENCY
            return least + (most - least) * self._spread.next()
        return _LATENCIES[int(self._spread.next() * len(_LATENCIES))]

    def _ordinary(self) -> Failure | None:
        """The failures of a good day: one in a thousand."""
        return UNAVAILABLE if self._noise.hit(0.001) else None

    def _take(self, at: float) -> bool:
        self._tokens = min(self._tokens + (at - self._refilled) * self._per_second, self._per_second)
        self._refilled = at
        if self._tokens < 1.0:
            self._refused = at
            return False
        self._tokens -= 1.0
        self._count(at)
        return True

    def _count(self, at: float) -> None:
        minute = int(at // 60)
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
