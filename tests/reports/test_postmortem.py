"""The postmortem has the runbook's headings word for word, and text from outside is text in it."""

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.reports.stories import HOSTILE, Story, bare, hostile, rate_limited
from tui.model.folding import fold
from tui.model.incident import Entry, Incident, Kind
from tui.reports.markdown import code, fenced, md
from tui.reports.postmortem import PostmortemFacts, markdown

GOLDEN = Path(__file__).parent / "golden"
STORIES = {"rate-limited": rate_limited, "bare": bare, "hostile": hostile}


@pytest.mark.parametrize("name", STORIES)
def test_a_postmortem_is_what_it_was(name: str) -> None:
    """Set LEEWARD_GOLDEN=1 to write the files anew, and read the difference."""
    text = markdown(STORIES[name]())
    file = GOLDEN / f"{name}.md"
    if os.environ.get("LEEWARD_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STORIES)
def test_the_headings_are_the_runbooks(name: str) -> None:
    text = markdown(STORIES[name]())
    assert re.search(r"^# Incident: Mistral AI \S", text, re.M)
    for label in ("Date", "Severity"):
        assert re.search(rf"^\*\*{label}:\*\* \S", text, re.M)
    assert re.search(r"^\*\*Duration:\*\* (\d+h \d+m|unknown)", text, re.M)
    headings = re.findall(r"^## (.*)$", text, re.M)
    wanted = ["Summary", "Timeline (UTC)", "Root Cause", "Impact", "Action Items"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert "| Time | Event |" in text
    assert "| Priority | Action | Owner | Due |" in text
    for milestone in ("Alert fired", "IC assigned", "Root cause identified", "Mitigated", "Resolved"):
        assert re.search(
            rf"^\| (\d\d:\d\d|\d\d-\d\d \d\d:\d\d|unknown) \| \*\*{milestone}\*\* \|$", text, re.M
        )
    for item in ("Users affected", "Failed requests", "Duration"):
        assert re.search(rf"^- {item}: \S", text, re.M)


def test_what_is_unknown_is_unknown_and_never_0() -> None:
    text = markdown(bare())
    assert "- Failed requests: unknown\n" in text
    assert "- Users affected: unknown\n" in text
    assert "failed_requests: null\n" in text
    assert "| unknown | **Alert fired** |" in text


def test_zero_failed_requests_are_told_as_zero() -> None:
    facts = PostmortemFacts(Incident("inc-1"), (), failed_requests=0.0, coverage=1.0)
    assert "- Failed requests: 0 (the metrics cover 100 % of the impact window)" in markdown(facts)


def test_half_covered_is_at_least() -> None:
    facts = PostmortemFacts(Incident("inc-1"), (), failed_requests=41.2, coverage=0.5)
    assert "- Failed requests: at least 41 (the metrics cover 50 % of the impact window)" in markdown(facts)


@pytest.mark.parametrize("name", STORIES)
def test_the_front_matter_is_yaml(name: str) -> None:
    facts = STORIES[name]()
    _, front, _ = markdown(facts).split("---\n", 2)
    read = yaml.safe_load(front)
    assert read["schema"] == "leeward/postmortem/v1"
    assert read["incident"] == facts.incident.id
    assert len(read["mitigations"]) == len(facts.incident.mitigations)


def test_hostile_text_makes_no_html_no_heading_no_column_and_no_link() -> None:
    text = markdown(hostile()).split("---\n", 2)[2]
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script" not in html
    assert "<img" not in html
    assert "<a " not in html
    assert len(re.findall("<h1>", html)) == 1
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", html, re.S) if "<td" in row]
    assert {row.count("<td") for row in rows} <= {2, 3, 4}
    assert "\x1b" not in text


@given(st.text() | st.sampled_from(HOSTILE))
def test_md_comes_out_of_a_renderer_as_the_text_it_was(text: str) -> None:
    rendered = MarkdownIt("commonmark").enable("table").enable("strikethrough").render(str(md(text)))
    inner = re.sub(r"^<p>|</p>\n?$", "", rendered)
    assert "<" not in inner


@given(
    st.lists(st.sampled_from(["`", "``", "```", "~~~", "|", "\n", "a", " ", "<b>"]), max_size=12).map("".join)
)
def test_code_ends_where_it_should(text: str) -> None:
    block = MarkdownIt("commonmark").render(f"{fenced(text, 'sh')}\n\nafter\n")
    assert block.count("<pre>") == 1
    assert block.endswith("<p>after</p>\n")
    if text.strip():
        line = MarkdownIt("commonmark").render(f"a {code(text)} z")
        assert line.count("<code>") == 1
        assert line.endswith("</code> z</p>\n")


def test_an_entry_of_a_later_version_does_no_harm() -> None:
    entries = (
        *rate_limited().entries,
        Entry("zz", *(2 * (rate_limited().entries[0].occurred_at,)), "x", "later", ""),
    )
    assert "later" not in markdown(PostmortemFacts(fold("inc-1", entries), entries))


def test_a_release_that_was_taken_back_is_an_item_until_it_is_brought_forward_again() -> None:
    from dataclasses import replace

    from tests.support.clock import START
    from tui.model.incident import Applied

    back = Applied(
        "e1", "rollback", "Roll back", "revision", "2", "1", START, outcome="applied", kind="rollback"
    )
    told = "Roll back: mend the release that was taken back"
    assert told in markdown(PostmortemFacts(Incident("inc-1", mitigations=(back,)), ()))
    for other in (replace(back, undone=True), replace(back, outcome="refused")):
        assert told not in markdown(PostmortemFacts(Incident("inc-1", mitigations=(other,)), ()))


def test_each_row_names_who_did_it_where_several_people_worked() -> None:
    """The name is of who approved a change where the program tells of it; what it says of itself has none."""
    rows = markdown(undone().facts()).split("## Timeline", 1)[1].split("##", 1)[0]
    assert "declared by ana: declared" in rows
    assert "outcome by ana: applied: V 10 → 3" in rows
    assert "outcome by bob: applied: V 3 → 10" in rows
    assert "verdict: ineffective" in rows
    alone = markdown(rate_limited()).split("## Timeline", 1)[1].split("##", 1)[0]
    assert " by ana" not in alone
    assert "outcome: applied" in alone


def test_a_sentence_that_begins_with_its_persons_name_does_not_say_it_twice() -> None:
    story = Story()
    story.tell(Kind.COMMANDER, "ana takes command", "ana", name="ana")
    story.tell(Kind.COMMANDER, "cy takes command", "bob", name="cy")
    story.tell(Kind.NOTE, "ana says that it is the proxy", "ana")
    rows = markdown(story.facts())
    for row in ("commander: ana takes command", "commander by bob: cy takes", "note by ana: ana says"):
        assert row in rows


def test_who_writes_it_down_is_not_in_it() -> None:
    story = undone()
    before = markdown(story.facts())
    story.tell(Kind.EXPORTED, "postmortem.md", "cy", file="postmortem.md")
    assert markdown(story.facts()) == before


def undone() -> Story:
    """A change, its undo that was refused, its undo, and the undo of another incident's change."""
    story = Story()
    story.tell(Kind.DECLARED, "declared", "ana", title="it fails")
    made = story.tell(
        Kind.INTENT, "i", "ana", mitigation="m", title="Less", variable="V", before="10", after_="3"
    )
    story.tell(Kind.OUTCOME, "applied: V 10 → 3", intent=made, outcome="applied")
    story.tell(Kind.VERDICT, "ineffective: even", intent=made, verdict="ineffective")
    for outcome, text in (("refused", "The server refused it."), ("applied", "applied: V 3 → 10")):
        undo = story.tell(
            Kind.INTENT, "u", "bob", after=60, mitigation="m", title="Less", variable="V", undoes=made
        )
        story.tell(Kind.OUTCOME, text, intent=undo, outcome=outcome)
    theirs = story.tell(Kind.INTENT, "u", "bob", mitigation="n", title="Fallback", undoes="inc-other")
    story.tell(Kind.OUTCOME, "applied: F true → false", intent=theirs, outcome="applied")
    return story


def test_an_undo_belongs_to_its_change_and_is_no_mitigation_with_an_unknown_verdict() -> None:
    text = markdown(undone().facts())
    read = yaml.safe_load(text.split("---\n", 2)[1])
    assert read["mitigations"] == [
        {"id": "m", "outcome": "applied", "verdict": "ineffective", "undone": True},
        {"id": "n", "outcome": "applied", "undo_of": "inc-other"},
    ]
    assert text.count("### Less") == 1
    assert "- Undo by bob, 15:04: refused: The server refused it." in text
    assert "- Undo by bob, 15:05: applied: V 3 → 10" in text
    assert "### Fallback (undo of what was made in inc-other)" in text
    assert "Verdict: unknown" not in text


def test_overwritten_is_the_verdict_and_what_was_measured_before_is_told() -> None:
    story = Story()
    made = story.tell(Kind.INTENT, "i", "ana", mitigation="m", title="Less", variable="V")
    story.tell(Kind.OUTCOME, "applied", intent=made, outcome="applied")
    story.tell(Kind.VERDICT, "effective: 1.3/s → 0.1/s", intent=made, verdict="effective")
    story.tell(Kind.LEASE, "V OVERWRITTEN by argocd", intent=made, event="overwritten", by="argocd", after=60)
    text = markdown(story.facts())
    said = "- Verdict: overwritten by argocd 15:04; before that effective: 1.3/s → 0.1/s"
    assert said in text
    (read,) = yaml.safe_load(text.split("---\n", 2)[1])["mitigations"]
    assert (read["verdict"], read["measured"]) == ("overwritten", "effective")


def test_a_change_that_was_made_without_its_lock_is_told_and_a_lock_that_was_taken_is_not() -> None:
    story = Story()
    story.tell(Kind.LOCK, "lock of web taken", "ana", event="taken")
    story.tell(Kind.LOCK, "web is changed without its lock", "ana", event="without")
    story.tell(Kind.LOCK, "lock of web taken over from bob, who is gone", "ana", event="taken_over")
    text = markdown(story.facts())
    assert "lock: web is changed without its lock" in text
    assert "lock: lock of web taken over from bob" in text
    assert "lock of web taken |" not in text


def test_a_milestone_without_a_time_stands_after_what_has_one() -> None:
    table = markdown(bare()).split("## Timeline", 1)[1].split("##", 1)[0]
    times = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][2:]
    assert times == sorted(times, key=lambda time: time == "unknown")
    assert times.count("unknown") == 5


def test_an_action_that_was_noted_is_an_item() -> None:
    text = markdown(rate_limited())
    assert "| to be set | ask Mistral for higher limits | ana | to be set |" in text
    assert "MAX_CONCURRENT_MISTRAL is still 3" in text
