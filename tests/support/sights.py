"""Snapshots made by hand: the states of the console that tests and pictures show."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.model.incident import Entry, Incident, Kind, Status
from tui.model.keys import KeyShown, KeyTest
from tui.model.mitigation import Lease, Ownership, Plan, Stage, Target
from tui.model.network_look import Certificate, NetworkLook, Resolved
from tui.model.reading import Alert, Check, Fact, Held, LeaseSeen, Reading, Series, State
from tui.model.runbook import (
    Branch,
    Change,
    Diagnosis,
    Direction,
    EnvChange,
    Equals,
    FactName,
    Judgement,
    Link,
    MitigationRule,
    Query,
    Question,
    Risk,
    RotateKey,
    Runbook,
    SeverityRule,
)
from tui.model.secret import Secret
from tui.model.severity import Severity
from tui.model.walk import Step, Walk
from tui.session.snapshot import Action, Arming, OpenIncident, Place, Running, Snapshot, Unsent

NOW = datetime(2026, 11, 23, 15, 22, 0, tzinfo=UTC)
ID = "inc-20261123-1503-7f3a"
LOOK = NetworkLook(
    NOW,
    "api.mistral.ai",
    443,
    "",
    (("NO_PROXY", ".internal"),),
    Resolved("this system", ("104.18.2.1",), 2.0),
    (
        Resolved("10.0.0.53", ("104.18.2.1", "2606:4700::6812:201"), 3.4),
        Resolved("10.0.0.54", error="no answer within 3 s"),
    ),
    Certificate(
        "CN=mistral.ai", "CN=WE1,O=Google Trust Services", NOW + timedelta(days=60), ("*.mistral.ai",), True
    ),
)
PLACE = Place("prod-eu", "prod", "mistral-service", "responder", "red")
TARGET = Target("prod-eu", "prod", "mistral-service", "mistral-service", "responder", "u-1", 7)


UNSENT = Unsent(
    "m7", "Slack #incidents", "internal", "unknown", NOW, "Slack #incidents: no answer. It may have arrived."
)


def ago(**parts: float) -> datetime:
    """So long before NOW."""
    return NOW - timedelta(**parts)


def reading(check: Check, state: State, summary: str, ms: float | None = None, **more: Any) -> Reading:
    """A reading of just now."""
    latency = None if ms is None else timedelta(milliseconds=ms)
    return Reading(check, state, summary, more.pop("at", NOW), latency=latency, **more)


def held(*readings: Reading) -> dict[Check, Held]:
    """Each check's place on the screen, fresh."""
    return {r.check: Held(r, r if r.known else None, timedelta(seconds=45)) for r in readings}


def series(label: str, values: list[float]) -> Series:
    """A line of the last 30 minutes."""
    step = timedelta(minutes=30) / max(len(values) - 1, 1)
    return Series(label, tuple((ago(minutes=30) + i * step, v) for i, v in enumerate(values)))


LARGE = [0.0, 0.0, 0.05, 0.1, 0.2, 0.35, 0.4, 0.42, 0.5, 0.7, 0.85, 0.9, 1.1, 1.3, 1.35, 1.25, 1.2]
SMALL = [0.0, 0.0, 0.0, 0.02, 0.05, 0.05, 0.08, 0.08, 0.1, 0.1, 0.12, 0.1, 0.1, 0.1, 0.12, 0.1, 0.1]

LIMITED = held(
    reading(
        Check.MISTRAL_API,
        State.FAIL,
        "429, our rate limit (1300)",
        212,
        note="requests 0 of 600 left this minute",
        evidence=("429, code 1300, 0 of 600 left at 15:21:50.",),
        facts={"outcome": "http_error", "http_status": 429, "error_code": "1300"},
    ),
    reading(Check.SERVICE, State.WARN, "degraded: mistral", 18),
    reading(
        Check.ERROR_RATE,
        State.WARN,
        "11.8 % of 11.3 requests/s",
        31,
        origin="pods",
        facts={"source": "prometheus", "ratio": 0.118, "requests_per_s": 11.3},
        details=(series("mistral-large", LARGE), series("mistral-small", SMALL)),
    ),
    reading(Check.STATUS_PAGE, State.OK, "all systems operational", 90),
    reading(Check.NETWORK, State.OK, "dns 3, tcp 12, tls 31 ms", 46),
    reading(Check.WORKLOAD, State.OK, "3/3 ready, no rollout", 9),
    reading(
        Check.ALERTS,
        State.WARN,
        "MistralRateLimitWarning, 23 min",
        4,
        facts={"firing": 1, "names": ("MistralRateLimitWarning",)},
        details=(
            Alert("f1", "MistralRateLimitWarning", "warning", "rate limiting", ago(minutes=23), "active"),
        ),
    ),
)


def _status_is(value: Fact) -> Equals:
    return Equals(FactName(Check.MISTRAL_API, "http_status"), value)


def _rule(mitigation: str, title: str, risk: Risk, change: Change) -> MitigationRule:
    return MitigationRule(
        mitigation, title, risk, change, Judgement("errors"), "{pods} x {value}", timedelta(hours=2)
    )


CONCURRENCY = _rule(
    "reduce-concurrency",
    "Reduce concurrency",
    Risk.MEDIUM,
    EnvChange("MAX_CONCURRENT_MISTRAL", "3", Direction.HIGHER, per_pod=True, numeric=True),
)
FALLBACK = _rule("enable-fallback", "Turn the fallback on", Risk.HIGH, EnvChange("MISTRAL_FALLBACK", "true"))
ROTATION = _rule("rotate-key", "Store a new API key", Risk.HIGH, RotateKey())

LIMITED_DIAGNOSIS = Diagnosis(
    "rate-limited",
    "Rate limited",
    Severity.P2,
    "Our own limit: more requests than the workspace may send.",
    do=("Send less at once, then ask for higher limits.",),
    mitigations=("reduce-concurrency",),
    links=("limits",),
)

RUNBOOK = Runbook(
    id="mistral",
    title="Mistral AI integration",
    version="1",
    root="api",
    severities={
        Severity.P1: SeverityRule("complete outage", timedelta(minutes=15), timedelta(minutes=15)),
        Severity.P2: SeverityRule("degraded service", timedelta(hours=1), timedelta(minutes=30)),
        Severity.P3: SeverityRule("minor impact", timedelta(hours=4), timedelta(hours=2)),
        Severity.P4: SeverityRule("no user impact", None, timedelta(days=1)),
    },
    questions={
        "api": Question(
            "api",
            "Is the Mistral API returning errors?",
            (
                Branch("401", _status_is(401), "bad-key"),
                Branch("429", _status_is(429), "which-429", "yes, 429"),
                Branch("5xx", _status_is(503), "provider-outage"),
                Branch("timeout", _status_is(None), "network"),
            ),
            Branch("no", _status_is(200), "service", "no"),
        ),
        "which-429": Question(
            "which-429",
            "Which 429?",
            (
                Branch("our limit", _status_is(429), "rate-limited", "code 1300"),
                Branch("the provider's capacity", _status_is(429), "provider-capacity"),
                Branch("no allowance at all", _status_is(429), "no-allowance"),
            ),
        ),
        "service": Question(
            "service",
            "Is our own service returning errors?",
            (Branch("yes", _status_is(200), "app-fault"),),
            Branch("no", _status_is(200), "healthy", "no"),
        ),
    },
    diagnoses={
        "rate-limited": LIMITED_DIAGNOSIS,
        "bad-key": Diagnosis("bad-key", "The API key", Severity.P1, "The key is refused."),
        "provider-capacity": Diagnosis(
            "provider-capacity", "The provider's capacity", Severity.P2, "The provider is full."
        ),
        "no-allowance": Diagnosis("no-allowance", "No allowance at all", Severity.P1, "Nothing is allowed."),
        "provider-outage": Diagnosis(
            "provider-outage",
            "The provider",
            Severity.P1,
            "The provider fails.",
            mitigations=("enable-fallback",),
        ),
        "network": Diagnosis("network", "The network", Severity.P2, "No answer comes back."),
        "app-fault": Diagnosis("app-fault", "Our own service", Severity.P2, "Look at the logs."),
        "healthy": Diagnosis("healthy", "Healthy", None, "Nothing is wrong.", healthy=True),
    },
    mitigations={"reduce-concurrency": CONCURRENCY, "enable-fallback": FALLBACK, "rotate-key": ROTATION},
    queries={
        "errors": Query("errors", "sum(rate(mistral_errors_total[$window]))", "/s", "errors per second")
    },
    links={
        "limits": Link("limits", "The limits page", "https://admin.mistral.ai/plateforme/limits"),
        "api-keys": Link("api-keys", "API keys", "https://console.mistral.ai/api-keys"),
    },
)

WALK = Walk(
    (
        Step(
            "api",
            "Is the Mistral API returning errors?",
            "yes, 429",
            "429",
            ("From here: 429, code 1300, 0 of 600 left at 15:21:50.",),
        ),
        Step(
            "which-429",
            "Which 429?",
            "code 1300",
            "our limit",
            (
                "From the pods: 97 % of errors are 429. Same key (7f3a).",
                "Traffic 9.8 → 11.3/s in 30 min; last deploy 2 days ago.",
            ),
        ),
    ),
    "rate-limited",
)

ACTIONS = (
    Action("reduce-concurrency", "mitigation", "Reduce concurrency", "10 → 3 per pod", "medium risk"),
    Action(
        "limits",
        "link",
        "Open the limits page",
        "copy the link",
        url="https://admin.mistral.ai/plateforme/limits",
    ),
)


def entry(at: datetime, kind: Kind, text: str, number: int, **data: Any) -> Entry:
    """An entry that was recorded when it happened."""
    return Entry(f"01J{number:010d}", at, at, "responder", kind, text, data)


ENTRIES = (
    entry(
        datetime(2026, 11, 23, 14, 58, 40, tzinfo=UTC),
        Kind.ALERT,
        "MistralRateLimitWarning fired: rate limiting detected",
        1,
    ),
    entry(
        datetime(2026, 11, 23, 15, 3, 9, tzinfo=UTC),
        Kind.DECLARED,
        "from the alert; severity P2 proposed and accepted",
        2,
        severity="P2",
    ),
    entry(
        datetime(2026, 11, 23, 15, 3, 11, tzinfo=UTC),
        Kind.STATE,
        "Mistral API ok → fail: 429, code 1300, 0 of 600 requests left",
        3,
    ),
    entry(datetime(2026, 11, 23, 15, 3, 12, tzinfo=UTC), Kind.DIAGNOSIS, "rate limited, our limit", 4),
    entry(
        datetime(2026, 11, 23, 15, 4, 2, tzinfo=UTC),
        Kind.NOTE,
        "traffic rose after the newsletter went out",
        5,
    ),
    entry(datetime(2026, 11, 23, 15, 6, 0, tzinfo=UTC), Kind.PINNED, "rate-limited pinned, and let go", 6),
    entry(datetime(2026, 11, 23, 15, 7, 9, tzinfo=UTC), Kind.ACKNOWLEDGED, "by responder", 7),
)

INCIDENT = Incident(
    ID,
    "rate limited",
    Severity.P2,
    Status.INVESTIGATING,
    started_at=datetime(2026, 11, 23, 15, 3, 9, tzinfo=UTC),
    declared_at=datetime(2026, 11, 23, 15, 3, 9, tzinfo=UTC),
    acknowledged_at=datetime(2026, 11, 23, 15, 7, 9, tzinfo=UTC),
    commander="responder",
    diagnosis="rate-limited",
)


def empty(**changes: Any) -> Snapshot:
    """Nothing is known and nothing is set; `changes` are put over it."""
    return replace(Snapshot(NOW), **changes)


def unset(check: Check, remedy: str) -> Reading:
    """A check that the settings do not name."""
    return reading(check, State.UNSET, "not set", remedy=remedy)


NOTHING_SET: Mapping[Check, Held] = held(
    unset(Check.MISTRAL_API, "set MISTRAL_API_KEY"),
    unset(Check.SERVICE, "set service.health_url"),
    unset(Check.ERROR_RATE, "set prometheus.url"),
    reading(Check.STATUS_PAGE, State.OK, "all systems operational", 90),
    reading(Check.NETWORK, State.OK, "dns 3, tcp 12, tls 31 ms", 46),
    unset(Check.WORKLOAD, "set kubernetes.deployment"),
    unset(Check.ALERTS, "set alertmanager.url"),
)


def nothing_set() -> Snapshot:
    """The first start, without key and without settings."""
    walk = Walk(
        (
            Step(
                "api",
                "Is the Mistral API returning errors?",
                "unknown",
                "",
                missing=("mistral_api.outcome: set MISTRAL_API_KEY",),
            ),
        )
    )
    return empty(
        checks=NOTHING_SET,
        walk=walk,
        unset=("MISTRAL_API_KEY", "service.health_url", "prometheus.url", "kubernetes.deployment"),
    )


def limited(**changes: Any) -> Snapshot:
    """A rate limit, before anything was done: the picture of `console.md`."""
    return empty(
        **{
            "place": PLACE,
            "arming": Arming("prodeu"),
            "checks": LIMITED,
            "walk": WALK,
            "diagnosis": LIMITED_DIAGNOSIS,
            "actions": ACTIONS,
            "incident": INCIDENT,
            "entries": ENTRIES,
            "proposed": Severity.P2,
        }
        | changes
    )


def looking(**changes: Any) -> Snapshot:
    """The same world, without an incident; one was left open."""
    return limited(
        **{
            "incident": None,
            "entries": (),
            "open_incidents": (OpenIncident(ID, "rate limited", ago(hours=2)),),
        }
        | changes
    )


def armed(**changes: Any) -> Snapshot:
    """Mutations are armed for 14 more minutes."""
    return limited(**{"arming": Arming("prodeu", NOW + timedelta(minutes=14))} | changes)


LEASE = LeaseSeen(
    ID,
    "reduce-concurrency",
    "MAX_CONCURRENT_MISTRAL",
    "3",
    "10",
    "3",
    "responder",
    datetime(2026, 11, 23, 17, 22, tzinfo=UTC),
    ago(minutes=1),
)


def held_by_lease(**changes: Any) -> Snapshot:
    """The mitigation has worked, and is still live."""
    verdict = entry(NOW, Kind.VERDICT, "effective: 1.3/s → 0.1/s, traffic even", 9)
    return armed(**{"leases": (Lease(LEASE),), "entries": (*ENTRIES, verdict)} | changes)


def running(**changes: Any) -> Snapshot:
    """A rollout is on its way."""
    run = Running(
        "reduce-concurrency", "Reduce concurrency", Stage.ROLLING_OUT, "rollout 1 of 3", ago(seconds=9)
    )
    return armed(**{"running": (run,)} | changes)


def away(**changes: Any) -> Snapshot:
    """Prometheus and the API went away 47 seconds ago; their last answers are kept."""
    checks = dict(LIMITED)
    for check in (Check.MISTRAL_API, Check.ERROR_RATE):
        good = replace(checks[check].latest, at=ago(seconds=57))
        lost = reading(check, State.UNKNOWN, "no answer: connection refused", at=ago(seconds=47))
        checks[check] = Held(lost, good, timedelta(seconds=45))
    return limited(**{"checks": checks} | changes)


def hostile(**changes: Any) -> Snapshot:
    """Everything from outside tries to be markup, a terminal escape, or endless."""
    evil = "[@click=app.bell]x[/] [red]r[/red] \x1b[2J\x1b]52;c;ZXZpbA==\x07 \u202eabc [/] " + "w" * 300
    reads = [replace(h.latest, summary=evil, note=evil, evidence=(evil,)) for h in LIMITED.values()]
    return limited(
        **{
            "place": Place(evil, evil, evil, evil, "[red]"),
            "checks": held(*reads),
            "walk": replace(WALK, steps=tuple(replace(s, text=evil, evidence=(evil,)) for s in WALK.steps)),
            "diagnosis": replace(LIMITED_DIAGNOSIS, title=evil, means=evil, do=(evil,)),
            "actions": (
                Action("x", "mitigation", evil, evil, "medium risk"),
                Action("y", "link", evil, evil, url=evil),
            ),
            "incident": replace(INCIDENT, title=evil, commander=evil),
            "entries": tuple(replace(e, text=evil, actor=evil, data={evil: evil}) for e in ENTRIES),
        }
        | changes
    )


BY_HAND = "kubectl --context prod-eu -n prod set env deployment/mistral-service MAX_CONCURRENT_MISTRAL"

PLAN = Plan(
    rule=CONCURRENCY,
    target=TARGET,
    variable="MAX_CONCURRENT_MISTRAL",
    before="10",
    after="3",
    patch={},
    content_type="application/strategic-merge-patch+json",
    diff=(
        "  spec.template.spec.containers[mistral-service].env",
        '-   MAX_CONCURRENT_MISTRAL: "10"',
        '+   MAX_CONCURRENT_MISTRAL: "3"',
    ),
    means="3 x 3 pods = 9 at once, was 30; 36 when the autoscaler is at 12",
    touches="3 pods, one at a time, about 40 s",
    ownership=Ownership.ARGOCD,
    checked="permitted, server dry run accepted, no rollout running",
    notes=(),
    apply_by_hand=f"{BY_HAND}=3",
    undo_by_hand=f"{BY_HAND}=10",
    hold=timedelta(hours=2),
)
HIGH_PLAN = replace(PLAN, rule=replace(CONCURRENCY, risk=Risk.HIGH))


# A key's rotation

NEW_KEY = "Zk3vQ8wLmT5yRb2NcX7pJd4sGf6hAe9u"
KEY_IN_USE = KeyShown(32, "Hq7x", "7f3a", "the environment (MISTRAL_API_KEY)")
REFUSED_KEY = KeyTest(
    KEY_IN_USE,
    "401, the key is refused",
    None,
    False,
    "key 7f3a does not work: Mistral knows no such key (401).",
    "Copy it again, or make a new one at console.mistral.ai.",
    NOW,
    dead=True,
)


def tested(works: bool | None, said: str, remedy: str = "", key: str = NEW_KEY) -> KeyTest:
    """What a test said of a new key."""
    shown = KeyShown.of(Secret(key), "typed")
    return KeyTest(shown, "200", "200", works, said, remedy, NOW, dead=works is False)


GOOD_KEY = tested(True, "key 0339 works: it lists the models, and one token of mistral-large-latest came.")
DEAD_KEY = tested(
    False,
    "key 0339 does not work: Mistral knows no such key (401).",
    "Copy it again, or make a new one at console.mistral.ai.",
)
UNTOLD_KEY = tested(
    None,
    "Whether key 0339 works could not be told: models, no answer within 10 s.",
    "Test it again, and look at the panels of the network and of the status page.",
)


def refused(**changes: Any) -> Snapshot:
    """Every call is refused: the key was revoked. The pods have the same one."""
    workload = replace(LIMITED[Check.WORKLOAD].latest, facts={"key_fingerprint": "7f3a"})
    api = reading(
        Check.MISTRAL_API,
        State.FAIL,
        "401, the key is refused",
        88,
        facts={"outcome": "http_error", "http_status": 401, "key_fingerprint": "7f3a"},
    )
    others = [h.latest for c, h in LIMITED.items() if c not in (Check.MISTRAL_API, Check.WORKLOAD)]
    return limited(
        **{
            "checks": held(api, *others, workload),
            "walk": Walk((replace(WALK.steps[0], answer="yes, 401", branch="401"),), "bad-key"),
            "diagnosis": RUNBOOK.diagnoses["bad-key"],
            "actions": (
                Action("rotate-key", "mitigation", "Rotate the key", "tests a new one", "high risk"),
            ),
            "incident": replace(INCIDENT, title="the key is refused", severity=Severity.P1),
        }
        | changes
    )


def come_back(**changes: Any) -> Snapshot:
    """The incident was resumed 2 h after its last entry; a change was settled and an alert is new."""
    last = ENTRIES[-1]
    more = (
        entry(
            NOW,
            Kind.RESUMED,
            "after 2 h",
            20,
            away_s=7200,
            last=last.id,
        ),
        entry(NOW, Kind.SETTLED, "Reduce concurrency: applied, found on the deployment", 21),
        entry(ago(minutes=20), Kind.ALERT, "MistralHighErrorRate fired", 22, fingerprint="f2"),
    )
    then = {
        "mistral_api": {"state": "ok", "summary": "200"},
        "network": {"state": "ok", "summary": "dns 3 ms"},
    }
    declared = replace(ENTRIES[1], data={"severity": "P2", "checks": then})
    entries = (ENTRIES[0], declared, *ENTRIES[2:], *more)
    return limited(**{"entries": entries, "update_due": ago(minutes=7)} | changes)
