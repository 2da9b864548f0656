"""Golden postmortems of three drills in every format, and hostile text as text in each of them."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.reports.drills import DRILLS
from tests.reports.stories import HOSTILE, Story, bare, hostile
from tests.support.commands import ROOT
from tui.model.incident import Kind
from tui.model.text import clean, is_shown
from tui.model.written import Section
from tui.reports.formats import Format, render
from tui.reports.postmortem import PostmortemFacts

GOLDEN = Path(__file__).parent / "golden" / "drills"
STORIES = {**DRILLS, "bare": bare, "hostile": hostile}
SCHEMA = json.loads((ROOT / "tui/reports/schemas/postmortem-v1.json").read_text())
# Elements and attributes that fetch, run or lead anywhere.
LEADING = {"script", "iframe", "object", "embed", "img", "link", "base", "form", "a", "use", "image", "video"}
MARKS = st.sampled_from(
    [
        *HOSTILE,
        "\u202egnp.exe",
        "\x1b]0;x\x07",
        "\x9b31m",
        "</pre></style><script>",
        "]]>",
        "{{ 7*7 }}",
        "{% x %}",
        "\u2066a\u2069",
        "'\"><svg onload=x>",
        "a\u2028b",
        "\ud800",
    ]
)
TEXTS = (
    st.lists(st.text(max_size=20) | MARKS, min_size=1, max_size=4)
    .map(" ".join)
    .filter(lambda text: bool(text.strip() and clean(text)))
)


class Page(HTMLParser):
    """What a page is made of: its elements, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize("name", DRILLS)
def test_a_drills_postmortem_is_what_it_was(name: str, kind: Format) -> None:
    """Set LEEWARD_GOLDEN=1 to write the files anew, and read the difference."""
    text = render(DRILLS[name](), kind)
    file = GOLDEN / f"{name}.{kind.ending}"
    if os.environ.get("LEEWARD_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STORIES)
def test_the_json_is_as_its_schema_says(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(render(STORIES[name](), Format.JSON)), SCHEMA)


def test_the_schema_that_is_published_is_the_one_that_is_shipped() -> None:
    shipped = ROOT / "tui/reports/schemas/postmortem-v1.json"
    assert (ROOT / "docs/schemas/postmortem-v1.json").read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize("name", STORIES)
def test_the_page_asks_for_nothing_and_runs_nothing(name: str) -> None:
    text = render(STORIES[name](), Format.HTML)
    page = Page(text)
    assert not LEADING & set(page.elements)
    names = {name for name, _ in page.attributes}
    assert not {n for n in names if n.startswith("on") or n in ("src", "href", "style", "srcset", "action")}
    assert "url(" not in text and "@import" not in text and "@font-face" not in text
    policy = [value for name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    # The names of SVG's own vocabularies are no addresses that anybody asks.
    assert not [value for name, value in page.attributes if "//" in value and not name.startswith("xmlns")]


def test_each_thing_that_happened_is_marked_on_the_chart() -> None:
    text = render(DRILLS["rate-limited"](), Format.HTML)
    charts = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(charts) == 2, "one for a desk, one for a phone"
    listed = len(re.findall(r'<span class="number">', text))
    for chart in charts:
        assert chart.count("<title>") == listed
        assert 'class="line"' in chart and 'class="window"' in chart
        assert chart.count('class="line"') == 2, "a scrape that is missing is a gap, not a line"
    assert "Reduce concurrency: MAX_CONCURRENT_MISTRAL 10 → 3" in charts[0]


def test_without_a_measurement_there_is_no_chart_and_that_is_said() -> None:
    text = render(DRILLS["bad-key"](), Format.HTML)
    assert "<svg" not in text
    assert "The error rate over the incident is unknown" in text


def told_by(text: str) -> PostmortemFacts:
    """The same text wherever somebody from outside can put one."""
    story = Story()
    story.tell(Kind.ALERT, text, text, fingerprint=text, starts_at=text)
    story.tell(
        Kind.DIAGNOSIS, text, id=f"cause {text}", title=text, path=[{"question": text}], evidence=[text]
    )
    story.tell(Kind.DECLARED, text, text, title=text, severity="P1")
    story.tell(Kind.COMMANDER, text, text, name=text)
    story.tell(Kind.NOTE, f"action: {text}", text)
    intent = story.tell(
        Kind.INTENT, text, text, mitigation=text, title=text, variable=text, before=text, after_=text,
        target={"context": text}, diff=[text, f"+{text}"], apply_by_hand=text, undo_by_hand=text,
    )  # fmt: skip
    story.tell(Kind.OUTCOME, text, intent=intent, outcome="applied")
    story.tell(Kind.VERDICT, text, intent=intent, verdict=text, measures=[{"what": text, "unit": text}])
    story.tell(Kind.UPDATE, text, text, outcome="sent", audience="internal", place=text, text_=text)
    story.tell(Kind.EVIDENCE, text, text, path=text, sha256=text, missing=[{"what": text, "reason": text}])
    for section in Section:
        story.tell(Kind.SECTION, text, text, section=section.value, text_=text)
    story.tell(Kind.ACTION, text, text, item="5d1c9e02", action=text, priority=text, owner=text, due=text)
    errors = {"start": "2026-11-23T15:03:00.000Z", "step_s": 10, "values": [0, 1, None, 2]}
    story.tell(Kind.IMPACT, text, start=text, end=text, failed_requests=text, coverage=1, errors=errors)
    story.tell(Kind.RESOLVED, text, text, after=60, reason=text, held=[text])
    return story.facts()


@given(TEXTS)
@settings(max_examples=60)
def test_hostile_text_is_text_on_the_page(text: str) -> None:
    drawn = render(told_by(text), Format.HTML)
    plain = render(told_by("a"), Format.HTML)
    page, other = Page(drawn), Page(plain)
    # What people write may have paragraphs and points; otherwise the same elements as with a plain text.
    free = {"p", "ul", "li", "br", "span"}
    assert [e for e in page.elements if e not in free] == [e for e in other.elements if e not in free]
    assert {name for name, _ in page.attributes} == {name for name, _ in other.attributes}
    assert is_shown(drawn)
    if shown := clean(text).strip():
        assert shown in clean("".join(page.text))


@given(TEXTS)
@settings(max_examples=60)
def test_hostile_text_is_text_in_markdown(text: str) -> None:
    drawn = render(told_by(text), Format.MARKDOWN)
    _, front, body = drawn.split("---\n", 2)
    read = yaml.safe_load(front)
    assert read["schema"] == "leeward/postmortem/v1"
    assert read["users_affected"] == clean(text)
    html = MarkdownIt("commonmark").enable("table").enable("strikethrough").render(body)
    page = Page(html)
    assert not LEADING & set(page.elements)
    assert not {"em", "s", "blockquote", "h4", "h5", "h6", "hr"} & set(page.elements)
    assert page.elements.count("h1") == 1
    assert is_shown(drawn)
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    assert headings == re.findall(
        r"<h2>(.*?)</h2>", MarkdownIt().render(render(told_by("a"), Format.MARKDOWN))
    )


@given(TEXTS)
@settings(max_examples=60)
def test_hostile_text_is_exact_in_json_and_harmless_to_a_terminal(text: str) -> None:
    drawn = render(told_by(text), Format.JSON)
    assert is_shown(drawn)
    read = json.loads(drawn)
    jsonschema.validate(read, SCHEMA)
    assert read["mitigations"][0]["title"] == text
    assert text in [sent["text"] for sent in read["appendix"]["messages"]] or not text.strip()
