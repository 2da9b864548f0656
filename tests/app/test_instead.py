"""After a verdict without effect the runbook's other ways are on the screen and in the postmortem."""

from dataclasses import replace

from tests.support import sights
from tui.model.incident import Applied, Kind
from tui.reports.postmortem import PostmortemFacts, markdown
from tui.runbooks import load

INSTEAD = load(None).mitigations["enable-fallback"].without_effect
TEXT = f"ineffective: 2.0/s → 2.0/s, traffic even. {INSTEAD}"
MADE = Applied(
    "e1",
    "enable-fallback",
    "Answer from the fallback",
    "MISTRAL_FALLBACK",
    "false",
    "true",
    sights.NOW,
    outcome="applied",
    verdict="ineffective",
    verdict_text=TEXT,
)


def test_both_alternatives_of_the_runbook_are_named() -> None:
    assert "Return cached answers, or an error page" in INSTEAD


async def test_they_are_offered_where_one_looks_for_what_to_do(console) -> None:
    incident = replace(sights.INCIDENT, mitigations=(MADE,))
    for size in ((120, 40), (80, 24)):
        async with console(sights.limited(incident=incident), size=size) as desk:
            seen = " ".join(desk.seen().split())
            assert "Answer from the fallback, ineffective" in seen
            if size[0] == 120:
                assert "cached" in seen


async def test_they_give_way_to_the_next_change_and_to_health(console) -> None:
    better = replace(MADE, intent="e2", verdict="effective", verdict_text="effective: it is")
    incident = replace(sights.INCIDENT, mitigations=(MADE, better))
    async with console(sights.limited(incident=incident)) as desk:
        assert "ineffective" not in desk.seen()


def test_they_stand_in_the_postmortem() -> None:
    entries = (
        *sights.ENTRIES,
        sights.entry(sights.NOW, Kind.VERDICT, TEXT, 50),
    )
    incident = replace(sights.INCIDENT, mitigations=(MADE,))
    told = " ".join(markdown(PostmortemFacts(incident, entries)).split())
    assert "Return cached answers, or an error page" in told
