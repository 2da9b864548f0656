"""The page for the next shift: each part says what there is, that there is nothing, or that nobody knows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support import sights
from tests.support.sights import NOW, ago
from tui.model.folding import fold
from tui.model.incident import Entry, Kind
from tui.model.mitigation import Lease
from tui.model.text import is_shown
from tui.model.times import rfc3339
from tui.reports.handover import HandoverFacts, handover, markdown, text

EVIL = "[x](javascript:alert(1)) | <script>\n# no heading \x1b[2J \u202eabc `code`"


def entry(minutes: float, kind: Kind, said: str = "", **data: Any) -> Entry:
    data = {key.rstrip("_"): value for key, value in data.items()}
    when = ago(minutes=60 - minutes)
    return Entry(f"{round(minutes * 1000):09}", when, when, "ana", kind, said or kind, data)


INTENT = entry(
    10, Kind.INTENT, mitigation="reduce-concurrency", title="Reduce concurrency",
    variable="MAX_CONCURRENT_MISTRAL", before="10", after="3", until=rfc3339(NOW + timedelta(hours=1)),
)  # fmt: skip
STORY = (
    entry(
        1, Kind.DECLARED, "rate limited, P2", title="rate limited", severity="P2", diagnosis="rate-limited"
    ),
    entry(2, Kind.ACKNOWLEDGED, "by ana"),
    entry(3, Kind.COMMANDER, "ana takes command", name="ana"),
    INTENT,
    entry(11, Kind.OUTCOME, "applied", intent=INTENT.id, outcome="applied"),
    entry(
        12, Kind.LEASE, intent=INTENT.id, event="taken", owner="ana", until=rfc3339(NOW + timedelta(hours=1))
    ),
    entry(14, Kind.VERDICT, "ineffective: 1.3/s → 1.2/s", intent=INTENT.id, verdict="ineffective"),
    entry(20, Kind.SEVERITY, "P2 → P1: all fail", from_="P2", to="P1", reason="all fail"),
    entry(21, Kind.HANDOVER, "command from ana to bo", from_="ana", to="bo"),
    entry(22, Kind.UPDATE, "sent to Slack #incidents: investigating", outcome="sent", audience="internal"),
    entry(23, Kind.NOTE, "action: raise the limit"),
    entry(24, Kind.NOTE, "the newsletter went out"),
)


def facts(*more: Entry, **changes: Any) -> HandoverFacts:
    entries = (*STORY, *more)
    known: dict[str, Any] = {
        "diagnosis": sights.LIMITED_DIAGNOSIS,
        "titles": {"reduce-concurrency": "Reduce concurrency"},
        "update_due": ago(minutes=5),
        "standing": (("Mistral API", "fail", "429"), ("Service", "unknown", ""), ("Network", "ok", "")),
    }
    return HandoverFacts(fold("inc-1", entries), entries, NOW, **(known | changes))


def parts(given: HandoverFacts) -> dict[str, tuple[str, ...]]:
    return {part.title: part.lines for part in handover(given)}


def test_a_whole_story_is_told() -> None:
    told = parts(facts())
    assert told["Incident"][:2] == (
        "rate limited",
        "P1, set 14:42 UTC by ana (all fail); status investigating",
    )
    assert "Mistral API: fail, 429 (as last recorded)" in told["Impact"]
    assert told["Command"] == (
        "commander: bo since 14:43 UTC",
        "14:25 ana takes command",
        "14:43 command from ana to bo",
        "declared by ana, 14:23 UTC",
        "first response by ana, 14:24 UTC",
    )
    (tried,) = told["Tried"]
    assert tried.startswith(
        "14:32 Reduce concurrency (MAX_CONCURRENT_MISTRAL 10 → 3) by ana: applied; verdict "
    )
    assert "ineffective: 1.3/s → 1.2/s" in tried
    assert told["Still live"] == (
        "MAX_CONCURRENT_MISTRAL=3, held by ana until 2026-11-23 16:22 UTC (as recorded)",
    )
    assert "how these stand: Service" in told["Not known"]
    assert any(line.startswith("when: alert fired") for line in told["Not known"])
    assert any(line.startswith("raise the limit") for line in told["Open action items"])
    assert told["Updates"] == (
        "last: 14:44 UTC, sent to Slack #incidents: investigating",
        "next is due 15:17 UTC, overdue by 5 min",
    )
    assert told["Evidence"] == ("none was collected",)
    assert told["Last notes"][-1] == "14:46 ana: the newsletter went out"
    assert "tell people: the update is overdue (u)" in told["Next step"]
    assert "tried, and ineffective: Reduce concurrency" in told["Next step"]
    assert "Send less at once, then ask for higher limits." in told["Next step"]


def test_what_is_looked_at_is_told_as_seen_and_what_was_overwritten_too() -> None:
    lost = Lease(replace(sights.LEASE, live="10"), "argocd")
    told = parts(facts(looked=True, leases=(Lease(sights.LEASE), lost)))
    assert told["Still live"] == (
        f"MAX_CONCURRENT_MISTRAL=3, held by responder until 2026-11-23 17:22 UTC, of {sights.ID}",
        "MAX_CONCURRENT_MISTRAL=3 was overwritten by argocd: now 10",
    )
    assert "Mistral API: fail, 429 (now)" in told["Impact"]
    assert not any("record alone" in line for line in told["Not known"])


def test_a_change_of_which_nothing_is_known_comes_first() -> None:
    sent = replace(INTENT, id="000050000")
    told = parts(facts(sent))
    assert "what became of Reduce concurrency" in told["Not known"][0]
    assert told["Next step"][0].startswith("resume it: Reduce concurrency is then compared")


def test_an_empty_record_says_of_each_part_that_there_is_nothing() -> None:
    told = parts(HandoverFacts(fold("inc-1", ()), (), NOW))
    assert told["Tried"] == ("nothing was changed yet",)
    assert told["Command"] == ("nobody has command",)
    assert told["Impact"] == ("unknown",)
    assert told["Next step"] == ("unknown: no diagnosis stands",)
    assert all(told.values())


def test_resolved_there_is_a_postmortem_to_read() -> None:
    assert parts(facts(entry(30, Kind.RESOLVED)))["Next step"][0].startswith("it is resolved")


def test_while_monitoring_the_hold_is_the_next_step() -> None:
    watching = entry(30, Kind.STATUS, to="monitoring")
    told = parts(facts(watching, resolvable_at=NOW + timedelta(minutes=3), update_due=None))
    assert told["Next step"][0] == "watch until 15:25 UTC; then resolve it (i)"


def test_hostile_text_stays_a_line_of_text_in_both_forms() -> None:
    given = facts(entry(40, Kind.NOTE, EVIL), entry(41, Kind.SEVERITY, to="P2", reason=EVIL))
    plain, marked = text(given), markdown(given)
    assert is_shown(plain) and is_shown(marked)
    assert not [line for line in plain.splitlines() if line.startswith("# no heading")]
    headings = [line for line in marked.splitlines() if line.startswith("#")]
    assert len(headings) == 1 + len(handover(given))
    assert r"\[x\](javascript" in marked
    assert "\\<script>" in marked


@given(st.text(max_size=60), st.sampled_from([Kind.NOTE, Kind.COMMANDER, Kind.DECLARED, Kind.UPDATE]))
def test_no_text_adds_a_line_or_a_heading(said: str, kind: Kind) -> None:
    data = {"name": said, "title": said, "outcome": "sent", "audience": "internal"}
    given = facts(Entry("000090000", NOW, NOW, said, kind, said, data))
    lines = sum(len(part.lines) for part in handover(given))
    marked = markdown(given).splitlines()
    assert sum(line.startswith("- ") for line in marked) == lines
    assert sum(line.startswith("#") for line in marked) == 1 + len(handover(given))
    assert is_shown(text(given))


def test_what_a_person_said_of_a_milestone_stands_in_the_postmortem_too() -> None:
    from tui.model.measures import measure
    from tui.reports.postmortem import PostmortemFacts
    from tui.reports.postmortem import markdown as postmortem

    began, held = NOW - timedelta(hours=3), NOW - timedelta(minutes=7)
    more = (
        entry(40, Kind.MILESTONE, name="impact_started", at=rfc3339(began), before=None),
        entry(41, Kind.MILESTONE, name="mitigated", at=rfc3339(held), before=None),
        entry(42, Kind.RESOLVED),
    )
    entries = (*STORY, *more)
    incident = fold("inc-1", entries)
    lengths = {one.id: one.value for one in measure(incident, entries).lengths}
    assert lengths["time_to_mitigate"] == held - began
    assert lengths["time_to_detect"] == ago(minutes=59) - began
    assert "15:15" in postmortem(PostmortemFacts(incident, entries))
