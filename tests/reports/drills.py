"""The records of three drills, as a console on a simulated world writes them: for golden files."""

from datetime import datetime, timedelta
from math import exp

from tests.reports.stories import Story
from tui.model.incident import Kind
from tui.model.times import rfc3339
from tui.reports.postmortem import PostmortemFacts

TARGET = {"context": "drill", "namespace": "drill", "deployment": "mistral-service"}
SUMMARY = """The newsletter doubled our traffic, and our own rate limit was reached.

A third of the calls failed for ten minutes."""


class Drill(Story):
    """A drill in a simulated world, told with the entries that every incident has."""

    def begin(self, alert: str, state: str, check: str, diagnosis: str, title: str, **more: object) -> None:
        fired = rfc3339(self.now - timedelta(seconds=20))
        self.tell(Kind.STATE, state, check=check, from_="ok", to="fail")
        self.tell(Kind.ALERT, alert, "alertmanager", after=70, fingerprint=alert, starts_at=fired)
        self.tell(Kind.DIAGNOSIS, title, after=2, id=diagnosis, title=title, **more)

    def declare(self, severity: str, title: str) -> None:
        self.tell(
            Kind.DECLARED, f"{title}, {severity}", "ana", after=48, title=title, severity=severity, drill=True
        )
        self.tell(Kind.ACKNOWLEDGED, "by ana, 2 min after it began", "ana")
        self.tell(Kind.COMMANDER, "ana takes command", "ana", after=12, name="ana")

    def update(self, text: str, audience: str, place: str, *, after: float, next_in: float) -> None:
        self.tell(
            Kind.UPDATE,
            f"sent to {place}: {audience}",
            "ana",
            after=after,
            outcome="sent",
            target=place.partition(" ")[0].lower(),
            place=place,
            audience=audience,
            text_=text,
            next=rfc3339(self.now + timedelta(seconds=after + next_in)),
        )

    def change(
        self, mitigation: str, title: str, variable: str, before: str, after_: str, *, wait: float
    ) -> str:
        by_hand = f"kubectl --context drill -n drill set env deployment/mistral-service {variable}="
        intent = self.tell(
            Kind.INTENT,
            f"{title}: {variable} {before} → {after_}",
            "ana",
            after=wait,
            mitigation=mitigation,
            title=title,
            variable=variable,
            before=before,
            after_=after_,
            target=TARGET,
            diff=[f"  - name: {variable}", f'-   value: "{before}"', f'+   value: "{after_}"'],
            apply_by_hand=f"{by_hand}{after_}",
            undo_by_hand=f"{by_hand}{before}",
            undoes="",
        )
        self.tell(Kind.OUTCOME, "applied, generation 5", after=1, intent=intent, outcome="applied")
        self.tell(Kind.ROLLOUT, "3 of 3 pods are updated", after=25, intent=intent, complete=True)
        return intent

    def judge(self, intent: str, verdict: str, said: str, before: float, after_: float, unit: str) -> None:
        self.tell(
            Kind.VERDICT,
            f"{verdict}: {said}",
            after=150,
            intent=intent,
            verdict=verdict,
            measures=[
                {
                    "query": "judged",
                    "what": said.partition(":")[0],
                    "unit": unit,
                    "before": before,
                    "after": after_,
                },
                {"query": "requests", "what": "requests", "unit": "/s", "before": 12.1, "after": 11.9},
                {"query": "p95", "what": "95th percentile", "unit": "s", "before": None, "after": 0.82},
            ],
        )

    def resolve(self, failed: float, coverage: float, peak: float, held: datetime) -> None:
        """Monitored, then resolved, with the impact measured as a session measures it."""
        began = self.entries[0].occurred_at
        monitoring = self.now
        self.tell(Kind.STATUS, "mitigating → monitoring", "ana", after=20, to="monitoring")
        self.tell(Kind.RESOLVED, "after 20 min", "ana", after=310, reason="", held=[])
        self.tell(
            Kind.IMPACT,
            f"{failed:.0f} failed requests, the metrics cover {coverage:.0%} of the impact window",
            start=rfc3339(began),
            end=rfc3339(monitoring),
            failed_requests=failed,
            coverage=coverage,
            every={"P1": 900, "P2": 1800, "P3": 7200, "P4": 86400},
            errors=self._errors(began, held, peak),
        )

    def _errors(self, began: datetime, held: datetime, peak: float) -> dict[str, object]:
        """Nothing, then up at once, noisy, with a scrape missing, and down again once it was held."""
        start, step = began - timedelta(minutes=3), 10.0
        values: list[float | None] = []
        for index in range(int((self.now - start).total_seconds() / step)):
            at = start + timedelta(seconds=step * index)
            noise = 1 + 0.09 * ((index * 7) % 11 - 5) / 5
            rise = 1 - exp(-max((at - began).total_seconds(), 0) / 40)
            fall = exp(-max((at - held).total_seconds(), 0) / 25)
            values.append(None if 50 <= index <= 52 else round(peak * noise * rise * fall, 3))
        return {"start": rfc3339(start), "step_s": step, "values": values}


def internal(severity: str, status: str, action: str) -> str:
    return (
        f":red_circle: {severity} INCIDENT: Mistral AI Integration\n**Status**: {status}\n"
        f"**Impact**: 34 % of calls fail\n**Action**: {action}\n**Next update**: 15:36 UTC\n**IC**: @ana"
    )


def rate_limited() -> PostmortemFacts:
    """Our own limit; held by less concurrency; everything written by people, too."""
    drill = Drill()
    drill.begin(
        "MistralRateLimitWarning",
        "Mistral API ok → fail: 429, code 1300",
        "mistral_api",
        "rate-limited",
        "Rate limited: our own limit",
        path=[
            {"question": "Is the Mistral API returning errors?", "answer": "yes, 429", "evidence": []},
            {"question": "Which 429?", "answer": "our limit", "evidence": ["code 1300"]},
        ],
        evidence=[
            "From here: 429, code 1300, 0 of 600 left at 15:04:23.",
            "From the pods: 97 % of errors are 429.",
        ],
    )
    drill.declare("P2", "Rate limited: our own limit")
    drill.update(
        internal("P2", "INVESTIGATING", "looking into it"),
        "internal",
        "Slack #incidents",
        after=40,
        next_in=1800,
    )
    drill.tell(Kind.NOTE, "traffic rose after the newsletter went out", "ana", after=20)
    drill.tell(Kind.NOTE, "Action: ask Mistral for higher limits", "ana")
    intent = drill.change(
        "reduce-concurrency", "Reduce concurrency", "MAX_CONCURRENT_MISTRAL", "10", "3", wait=60
    )
    held = drill.now
    until = rfc3339(drill.now + timedelta(hours=2))
    drill.tell(Kind.LEASE, "leased until 17:08", intent=intent, event="taken", until=until, owner="ana")
    drill.judge(intent, "effective", "errors per second: 4.1/s → 0.1/s, traffic even", 4.1, 0.1042, "/s")
    drill.update(
        internal("P2", "MITIGATING", "Reduce concurrency, effective"),
        "internal",
        "Slack #incidents",
        after=30,
        next_in=1800,
    )
    drill.tell(
        Kind.EVIDENCE,
        "23 files, 311 KiB, sha256 7f3a7f3a7f3a: inc-20261123-1503-7f3a-evidence.tar.gz on ana-laptop",
        "ana",
        after=15,
        path="/state/inc-20261123-1503-7f3a-evidence-20261123T151100Z.tar.gz",
        host="ana-laptop",
        size=319_000,
        sha256="7f3a" * 16,
        files=23,
        missing=[{"what": "previous log of mistral-service-6d", "reason": "not there", "partial": False}],
    )
    drill.resolve(1834.4, 0.93, 4.3, held)
    for section, text in (
        ("summary", SUMMARY),
        ("root_cause", "Contributing factors:\n\n- no queue before the client\n- a limit set for last year"),
        ("went_well", "- the alert fired within a minute\n- one change held it"),
        ("went_badly", "Nobody had told the team of the newsletter."),
        ("by_luck", "It was in office hours."),
        ("open_questions", "Does the limit count tokens, too?"),
        ("users_affected", "about 300"),
    ):  # fmt: skip
        drill.tell(Kind.SECTION, f"{section} written", "ana", after=600, section=section, text_=text)
    drill.tell(
        Kind.ACTION,
        "added",
        "ana",
        item="5d1c9e02",
        action="Put a queue before the client",
        priority="P1",
        owner="bob",
        due="2026-12-04",
    )
    return drill.facts()


def provider_outage() -> PostmortemFacts:
    """The provider fails; the fallback spares the users; nobody has written anything yet."""
    drill = Drill()
    drill.begin(
        "MistralUnavailable",
        "Mistral API ok → fail: 503",
        "mistral_api",
        "provider-outage",
        "Service error at Mistral",
        path=[{"question": "Is the Mistral API returning errors?", "answer": "yes, 5xx", "evidence": []}],
        evidence=["From here: 503.", "status.mistral.ai: major outage, API."],
    )
    drill.declare("P2", "Service error at Mistral")
    drill.tell(Kind.SEVERITY, "P2 → P1", "ana", after=60, from_="P2", to="P1")
    drill.update(
        internal("P1", "INVESTIGATING", "degrading"), "internal", "Slack #incidents", after=30, next_in=900
    )
    drill.update(
        "AI Feature Degradation\nSome users may see slower responses.",
        "external",
        "Statuspage Leeward drill",
        after=20,
        next_in=900,
    )
    intent = drill.change("fallback", "Degrade to the fallback", "MISTRAL_FALLBACK", "false", "true", wait=80)
    held = drill.now
    drill.judge(intent, "effective", "errors that users get: 9.8/s → 0/s", 9.8, 0.0, "/s")
    drill.tell(Kind.RECOVERY, "Mistral answers again, 10 of 10 over 5 min", after=900, event="recovered")
    drill.update(
        internal("P1", "MONITORING", "watching"), "internal", "Slack #incidents", after=200, next_in=900
    )
    drill.resolve(6120, 0.998, 9.9, held)
    return drill.facts()


def bad_key() -> PostmortemFacts:
    """A key that was revoked; the first change did nothing; resolved by hand, without any metrics."""
    drill = Drill()
    drill.begin(
        "MistralHighErrorRate",
        "Mistral API ok → fail: 401",
        "mistral_api",
        "bad-key",
        "Authentication failure: the API key",
        path=[{"question": "Is the Mistral API returning errors?", "answer": "yes, 401", "evidence": []}],
        evidence=["The key of the pods: 401, 32 characters, 7f3a."],
    )
    drill.declare("P1", "Authentication failure: the API key")
    intent = drill.change("timeout", "Wait longer", "MISTRAL_TIMEOUT_MS", "30000", "120000", wait=90)
    drill.judge(intent, "ineffective", "errors per second: 8/s → 8/s", 8.0, 8.02, "/s")
    undo = drill.tell(
        Kind.INTENT, "undo", "bob", after=30, mitigation="timeout", title="Wait longer",
        variable="MISTRAL_TIMEOUT_MS", before="120000", after_="30000", undoes=intent,
    )  # fmt: skip
    drill.tell(
        Kind.OUTCOME, "applied: MISTRAL_TIMEOUT_MS 120000 → 30000", after=2, intent=undo, outcome="applied"
    )
    drill.update(
        internal("P1", "MITIGATING", "Rotating the key"),
        "internal",
        "Slack #incidents",
        after=900,
        next_in=900,
    )
    drill.tell(Kind.RESOLVED, "resolved", "bob", after=1200, reason="the key was rotated by the owner's team")
    drill.tell(
        Kind.SECTION, "summary written", "bob", after=60, section="summary", text_="A key was revoked."
    )
    drill.tell(Kind.ACTION, "removed", "bob", item="metrics", removed=True)
    return drill.facts()


DRILLS = {"rate-limited": rate_limited, "provider-outage": provider_outage, "bad-key": bad_key}
