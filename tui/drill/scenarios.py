"""What can break, and the story that each breakage tells."""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """What is wrong in a world. Everything else follows from it."""

    NONE = "none"
    LIMIT = "limit"  # our demand is above our organisation's limit
    KEY = "key"  # the key was revoked
    CAPACITY = "capacity"  # the provider has none left for us
    ALLOWANCE = "allowance"  # our organisation may make no request at all
    OUTAGE = "outage"  # the provider is down
    LATENCY = "latency"  # the way there, or they, are slow beyond our timeout
    NAMES = "names"  # the API's name does not resolve
    APP = "app"  # a deployment of ours broke our own service


@dataclass(frozen=True, slots=True)
class PageIncident:
    """An incident on the provider's status page; `impact` is also the page's indicator."""

    name: str
    impact: str
    description: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world.

    Attributes:
        name: as `leeward drill NAME` takes it.
        title: a few words for a list.
        what: what is wrong and what ends it, one sentence.
        diagnosis: the id that `leeward triage` must find.
        trouble: what is wrong.
        began: minutes before the world's start.
        demand: users' requests a second, thirty minutes before the start and now.
        limit: requests a minute that the organisation may make.
        share: of calls from the pods that the trouble hits, 0 to 1.
        lasts: minutes after the world's start until it passes by itself, at speed 1; None: it stays.
        page: what the provider's status page says, or None while all is well there.
        contended: whether a colleague turns the same knob, before and after.
        least_slots: concurrent requests without which new pods do not start; 0: any number will do.
        has_fallback: whether the app can answer without Mistral at all.
        forbidden: (verb, resource) pairs that the responder may not do here.
        deadline: seconds in which the deployment gives a rollout up, at speed 1.
    """

    name: str
    title: str
    what: str
    diagnosis: str
    trouble: Trouble
    began: float = 15.0
    demand: tuple[float, float] = (11.0, 11.0)
    limit: int = 1200
    share: float = 1.0
    lasts: float | None = None
    page: PageIncident | None = None
    contended: bool = False
    least_slots: int = 0
    has_fallback: bool = True
    forbidden: frozenset[tuple[str, str]] = frozenset()
    deadline: int = 600


_ALL = (
    Scenario(
        "healthy",
        "All is well",
        "Nothing is wrong; one request in a thousand fails, as ever.",
        "healthy",
        Trouble.NONE,
    ),
    Scenario(
        "bad-key",
        "The API key was revoked",
        "The key in the Secret was revoked; a valid one, stored and rolled out, ends it.",
        "bad-key",
        Trouble.KEY,
        began=12,
    ),
    Scenario(
        "rate-limited",
        "Our own rate limit",
        "Demand rose above the organisation's 600 requests a minute; fewer concurrent requests end it.",
        "rate-limited",
        Trouble.LIMIT,
        began=30,
        demand=(9.8, 11.3),
        limit=600,
    ),
    Scenario(
        "provider-capacity",
        "The provider's capacity",
        "Mistral has no capacity left for our tier; fallback keeps users served until it passes.",
        "provider-capacity",
        Trouble.CAPACITY,
        began=14,
        share=0.75,
        lasts=6,
        page=PageIncident("Elevated 429 responses on Completion API", "minor", "Partially Degraded Service"),
    ),
    Scenario(
        "no-allowance",
        "No allowance",
        "The organisation's limit is zero; only billing ends it, fallback keeps users served.",
        "no-allowance",
        Trouble.ALLOWANCE,
        began=18,
        limit=0,
    ),
    Scenario(
        "provider-outage",
        "The provider is down",
        "Mistral answers 503, and it lasts; fallback keeps users served.",
        "provider-outage",
        Trouble.OUTAGE,
        began=16,
        page=PageIncident("Completion API unavailable", "major", "Major System Outage"),
    ),
    Scenario(
        "network-timeout",
        "Mistral is slow beyond our timeout",
        "Answers take 20 to 40 seconds; a longer timeout ends the errors.",
        "network",
        Trouble.LATENCY,
        began=13,
    ),
    Scenario(
        "dns-failure",
        "The API's name does not resolve",
        "Neither we nor the pods can resolve the API's name; fallback keeps users served.",
        "network",
        Trouble.NAMES,
        began=11,
    ),
    Scenario(
        "app-fault",
        "A fault of our own",
        "A deployment 20 minutes ago broke our service; Mistral is well.",
        "app-fault",
        Trouble.APP,
        began=20,
    ),
    Scenario(
        "rotation-refused",
        "A new key that we may not store",
        "The key was revoked, and storing another is not permitted to the responder; fallback spares users.",
        "bad-key",
        Trouble.KEY,
        began=12,
        forbidden=frozenset({("patch", "secrets")}),
    ),
    Scenario(
        "crash-loop",
        "The remedy's rollout crash-loops",
        "As rate-limited, but new pods crash with fewer than 4 slots; taking it back ends the crashes.",
        "rate-limited",
        Trouble.LIMIT,
        began=30,
        demand=(9.8, 11.3),
        limit=600,
        least_slots=4,
        deadline=120,
    ),
    Scenario(
        "contended",
        "Somebody else turns the same knob",
        "As rate-limited, but a colleague sets the same variable, before and after; only talking ends it.",
        "rate-limited",
        Trouble.LIMIT,
        began=30,
        demand=(9.8, 11.3),
        limit=600,
        contended=True,
    ),
    Scenario(
        "no-fallback",
        "A fallback without effect",
        "Mistral answers 503, and the app has no fallback to turn on; what users see must change elsewhere.",
        "provider-outage",
        Trouble.OUTAGE,
        began=16,
        has_fallback=False,
        page=PageIncident("Completion API unavailable", "major", "Major System Outage"),
    ),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
DEFAULT = "rate-limited"
