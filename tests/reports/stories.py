"""Records from which the postmortems of the golden files are made."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.model.folding import fold
from tui.model.incident import Entry, Kind
from tui.reports.postmortem import PostmortemFacts

START = datetime(2026, 11, 23, 15, 3, 11, tzinfo=UTC)
INCIDENT = "inc-20261123-1503-7f3a"
HOSTILE = [
    "<script>alert(1)</script>",
    "a | b | c",
    "line\n# Heading\n\n- item",
    "[link](http://evil.example) ![img](x)",
    "`code` **bold** __bold__ ~~no~~ &lt; &amp;",
    "# heading",
    "1. list",
    "> quote",
    "--- \x1b[31mred\x1b[0m \u202e",
    "<!-- comment",
    "$x$ \\| \\",
    "+ a",
    "=====",
    "<http://evil.example>",
]


class Story:
    """Entries, one after another."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = START

    def tell(self, kind: str, text: str, actor: str = "leeward", *, after: float = 0, **data: Any) -> str:
        self.now += timedelta(seconds=after)
        data = {key.rstrip("_"): value for key, value in data.items()}
        entry_id = f"{len(self.entries):04}"
        self.entries.append(Entry(entry_id, self.now, self.now, actor, kind, text, data))
        return entry_id

    def facts(self, **known: Any) -> PostmortemFacts:
        incident = fold(INCIDENT, self.entries)
        return PostmortemFacts(incident, tuple(self.entries), **known)


def rate_limited() -> PostmortemFacts:
    story = Story()
    story.tell(
        Kind.ALERT,
        "MistralRateLimitWarning fired",
        "alertmanager",
        fingerprint="a",
        starts_at="2026-11-23T14:58:40Z",
    )
    story.tell(Kind.STATE, "Mistral API ok → fail: 429, code 1300", check="mistral_api", to="fail")
    story.tell(
        Kind.DIAGNOSIS,
        "rate limited, our limit",
        after=1,
        id="rate-limited",
        title="Rate limited: our own limit",
        path=[
            {"question": "Is the Mistral API returning errors?", "answer": "yes, 429", "evidence": []},
            {"question": "Which 429?", "answer": "our limit", "evidence": ["code 1300"]},
        ],
        evidence=[
            "From here: 429, code 1300, 0 of 600 left at 15:03:11.",
            "From the pods: 97 % of errors are 429.",
        ],
    )
    story.tell(
        Kind.DECLARED, "declared, severity P2", "ana", title="rate limited", severity="P2", drill=False
    )
    story.tell(Kind.ACKNOWLEDGED, "acknowledged", "ana", after=40)
    story.tell(Kind.COMMANDER, "ana took command", "ana", after=5, name="ana")
    story.tell(Kind.NOTE, "traffic rose after the newsletter went out", "ana", after=20)
    story.tell(Kind.NOTE, "Action: ask Mistral for higher limits", "ana")
    by_hand = "kubectl --context prod-eu -n prod set env deployment/mistral-service MAX_CONCURRENT_MISTRAL="
    intent = story.tell(
        Kind.INTENT,
        "Reduce concurrency: MAX_CONCURRENT_MISTRAL 10 → 3",
        "ana",
        after=60,
        mitigation="reduce-concurrency",
        title="Reduce concurrency",
        variable="MAX_CONCURRENT_MISTRAL",
        before="10",
        after_="3",
        target={"context": "prod-eu", "namespace": "prod", "deployment": "mistral-service"},
        diff=['- value: "10"', '+ value: "3"'],
        apply_by_hand=f"{by_hand}3",
        undo_by_hand=f"{by_hand}10",
        undoes="",
    )
    story.tell(Kind.OUTCOME, "applied, generation 5", intent=intent, outcome="applied")
    story.tell(
        Kind.LEASE, "leased until 17:05", intent=intent, event="taken", until="2026-11-23T17:05:17Z", by="ana"
    )
    story.tell(
        Kind.VERDICT,
        "effective: 1.3/s → 0.1/s, traffic even",
        after=200,
        intent=intent,
        verdict="effective",
        measures=[
            {"query": "errors", "what": "errors per second", "unit": "/s", "before": 1.3, "after": 0.1042},
            {"query": "p95", "what": "p95 latency", "unit": "s", "before": None, "after": 2},
        ],
    )
    story.tell(Kind.STATUS, "monitoring", to="monitoring")
    story.tell(Kind.RESOLVED, "resolved", "ana", after=400, reason="", failed_requests=1234.4, coverage=0.93)
    return story.facts(failed_requests=1234.4, coverage=0.93)


def bare() -> PostmortemFacts:
    """Declared by hand over midnight, nothing known, nothing done."""
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="answers are odd")
    story.tell(Kind.NOTE, "nobody knows yet", "ana", after=10 * 3600)
    return story.facts()


def hostile() -> PostmortemFacts:
    """Everything that came from outside tries to be Markdown, HTML, YAML or a terminal code."""
    story = Story()
    everything = " ".join(HOSTILE)
    story.tell(Kind.ALERT, HOSTILE[0], HOSTILE[1], fingerprint=HOSTILE[0], starts_at="not a time")
    story.tell(
        Kind.DIAGNOSIS,
        everything,
        id="bad-key`|<b>",
        title=everything,
        path=[{"question": text, "answer": text} for text in HOSTILE],
        evidence=HOSTILE,
    )
    story.tell(Kind.DECLARED, everything, everything, title=everything, severity="P1")
    story.tell(Kind.COMMANDER, HOSTILE[2], after=1, name=everything)
    for text in HOSTILE:
        story.tell(Kind.NOTE, text, text, after=1)
        story.tell(Kind.NOTE, f"action: {text}", text)
    intent = story.tell(
        Kind.INTENT,
        everything,
        mitigation=everything,
        title=everything,
        variable="A`B|C",
        before="```",
        after_="<b>|",
        target={"context": everything, "namespace": 3, "deployment": None},
        diff=["```", "</code>", "- x"],
        apply_by_hand="````\nkubectl",
        undo_by_hand="~~~",
    )
    story.tell(Kind.OUTCOME, HOSTILE[3], intent=intent, outcome=HOSTILE[1])
    story.tell(
        Kind.VERDICT,
        everything,
        intent=intent,
        verdict=everything,
        measures=["x", {"what": "a|b", "before": "<b>"}],
    )
    story.tell(Kind.RESOLVED, everything, reason=everything)
    return story.facts()
