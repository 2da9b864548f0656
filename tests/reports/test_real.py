"""Postmortems as other people's programs read them: Chromium, pandoc."""

import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.reports.drills import DRILLS
from tests.reports.stories import hostile
from tests.support.chromium import DARK, chromium
from tests.support.real import require
from tui.reports.formats import Format, render

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("chromium")]
STORIES = {**DRILLS, "hostile": hostile}
PHONE, DESK = 390, 1100
# Asks each frame, once it is laid out, what a person would see of it.
ASKING = """
<script>
onload = () => {
  const told = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, look = frame.contentWindow;
    const seen = name => [...page.querySelectorAll(name)].filter(e => e.getClientRects().length).length;
    return {
      name: frame.name, width: frame.clientWidth, needs: page.documentElement.scrollWidth,
      asked: look.performance.getEntriesByType("resource").length, charts: seen("svg"), title: page.title,
      ground: look.getComputedStyle(page.body).backgroundColor,
      letters: Math.min(...[...page.querySelectorAll("svg text")].filter(e => e.getClientRects().length)
        .map(e => e.getBoundingClientRect().height), 99),
    };
  });
  document.body.textContent = JSON.stringify(told);
};
</script>
"""


def looked_at(folder: Path, *flags: str) -> dict[tuple[str, int], dict[str, object]]:
    """Each story's page in a frame as wide as a phone, and as a desk's screen."""
    frames = "".join(
        f'<iframe name="{name}" style="border:0;width:{width}px;height:900px" '
        f'srcdoc="{html.escape(render(story(), Format.HTML))}"></iframe>'
        for name, story in STORIES.items()
        for width in (PHONE, DESK)
    )
    page = folder / "frames.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{ASKING}<body>{frames}</body>', encoding="utf-8")
    shown = chromium(page, "--window-size=1400,900", "--dump-dom", *flags)
    told = re.search(r"<body>(\[.*\])</body>", shown, re.S)
    assert told, shown[-2000:]
    return {(one["name"], one["width"]): one for one in json.loads(html.unescape(told[1]))}


def test_the_page_fits_a_phone_and_a_desk_and_asks_for_nothing(tmp_path: Path) -> None:
    seen = looked_at(tmp_path)
    assert set(seen) == {(name, width) for name in STORIES for width in (PHONE, DESK)}
    for (name, width), one in seen.items():
        assert one["needs"] == width, (name, "it would scroll sideways")
        assert one["asked"] == 0
        assert one["charts"] == (1 if name in ("rate-limited", "provider-outage") else 0)
        assert float(str(one["letters"])) >= 9, "a chart's letters can be read"
        assert str(one["title"]).startswith("Incident: Mistral AI ")


def test_the_page_is_dark_where_a_person_wants_it_dark(tmp_path: Path) -> None:
    light, dark = looked_at(tmp_path), looked_at(tmp_path, DARK)
    assert {one["ground"] for one in light.values()} == {"rgb(245, 246, 248)"}
    assert {one["ground"] for one in dark.values()} == {"rgb(16, 20, 27)"}


def test_the_page_prints(tmp_path: Path) -> None:
    page, paper = tmp_path / "page.html", tmp_path / "paper.pdf"
    page.write_text(render(DRILLS["rate-limited"](), Format.HTML), encoding="utf-8")
    chromium(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    printed = paper.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 12


@pytest.mark.parametrize("dialect", ["gfm+yaml_metadata_block", "markdown"])
@pytest.mark.parametrize("name", STORIES)
def test_pandoc_reads_front_matter_and_body(name: str, dialect: str) -> None:
    text = render(STORIES[name](), Format.MARKDOWN)
    made = as_pandoc_reads(text, dialect, "json")
    read = json.loads(made)
    assert read["meta"]["schema"]["c"][0]["c"] == "leeward/postmortem/v1"
    kinds = [block["t"] for block in read["blocks"]]
    assert kinds.count("Table") >= 3
    headings = [block["c"][0] for block in read["blocks"] if block["t"] == "Header"]
    assert headings.count(1) == 1 and headings.count(2) == 12


@pytest.mark.parametrize("dialect", ["gfm+yaml_metadata_block", "markdown"])
def test_hostile_text_is_text_to_pandoc(dialect: str) -> None:
    text = render(hostile(), Format.MARKDOWN)
    page = as_pandoc_reads(text, dialect, "html", "--standalone", "--no-highlight", "--metadata=lang:en")
    assert not re.search(r"<(script|img|em|del|blockquote|iframe)\b", page)
    assert 'class="math' not in page
    # GitHub's dialect makes a link of an address that stands in a text: it leads where it says.
    assert all(where == said for where, said in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page))


def as_pandoc_reads(text: str, dialect: str, to: str, *more: str) -> str:
    argv = [require("pandoc"), f"--from={dialect}", f"--to={to}", *more]
    return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=True).stdout
