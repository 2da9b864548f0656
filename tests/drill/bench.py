"""A world on the bench: pods that a test swaps by hand, and a clock that it moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from tui.drill.promql import Vector
from tui.drill.promql_syntax import parse
from tui.drill.scenarios import SCENARIOS
from tui.drill.traffic import FAULTY_VERSION, GOOD_VERSION, HISTORY_SECONDS
from tui.drill.world import World, make_keys

START = 1_763_900_000.4
SEED = 7
KEYS = make_keys(SEED)


@dataclass(frozen=True)
class FakePod:
    """A pod of the stand-in cluster."""

    name: str
    revision: int
    ready: bool
    started_at: datetime
    env: Mapping[str, str] = field(default_factory=dict)


class Bench:
    """A scenario's world with three pods; `roll_out` replaces them as a rollout would."""

    def __init__(
        self,
        scenario: str,
        speed: float = 1.0,
        seed: int = SEED,
        start: float = START,
        history: int = HISTORY_SECONDS,
    ) -> None:
        self.now = start
        app_fault = scenario == "app-fault"
        self.env = {
            "MAX_CONCURRENT_MISTRAL": "10",
            "MISTRAL_FALLBACK": "false",
            "MISTRAL_TIMEOUT_MS": "30000",
            "MISTRAL_API_KEY": make_keys(seed).ours,
            "APP_VERSION": FAULTY_VERSION if app_fault else GOOD_VERSION,
        }
        self.revision = 2 if app_fault else 1
        self.pods = self._make(1200 if app_fault else 172_800)
        self.world = World(SCENARIOS[scenario], seed, lambda: self.pods, lambda: self.now, speed, history)

    def _make(self, age: float, ready: bool = True) -> tuple[FakePod, ...]:
        started = datetime.fromtimestamp(self.now - age, UTC)
        return tuple(
            FakePod(
                f"mistral-service-{self.revision}c9b7d-{index}", self.revision, ready, started, dict(self.env)
            )
            for index in range(3)
        )

    def roll_out(self, seconds: int = 40, **env: str) -> None:
        """New pods with these variables; then `seconds` pass."""
        self.env.update(env)
        self.revision += 1
        self.pods = self._make(0)
        self.pass_time(seconds)

    def pass_time(self, seconds: int) -> None:
        """Let the world live on."""
        for _ in range(seconds):
            self.now += 1
            self.world.advance()

    def ask(self, query: str) -> Vector:
        """The instant vector of a query, now."""
        value = self.world.evaluator.value(parse(query), self.now)
        assert isinstance(value, dict)
        return value

    def number(self, query: str) -> float:
        """The one value of a query; 0.0 for an empty vector."""
        values = list(self.ask(query).values())
        assert len(values) <= 1
        return values[0] if values else 0.0

    def user_errors(self, window: str = "20s") -> float:
        """User-facing errors a second."""
        return self.number(f'sum(rate(mistral_requests_total{{status="error"}}[{window}]))')

    def mistral_errors(self, window: str = "20s", **labels: str) -> float:
        """Failed calls to Mistral a second."""
        chosen = ",".join(f'{name}="{value}"' for name, value in labels.items())
        return self.number(f"sum(rate(mistral_errors_total{{{chosen}}}[{window}]))")

    def requests(self, window: str = "20s") -> float:
        """Users' requests a second."""
        return self.number(f"sum(rate(mistral_requests_total[{window}]))")

    def log_text(self, since: float = 60) -> str:
        """What all pods wrote in the last seconds."""
        earliest = datetime.fromtimestamp(self.now - since, UTC)
        return "\n".join(line for pod in self.pods for _, line in self.world.log(pod.name, earliest))


@cache
def story(scenario: str) -> Bench:
    """A bench that many tests read and none moves on."""
    return Bench(scenario)
