"""The postmortem as one page of HTML: no script, nothing from elsewhere, every text as the text it is."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from tui.model.incident import Incident
from tui.model.measures import impact_window
from tui.model.mitigation import told
from tui.model.text import clean, clean_lines
from tui.reports.chart import Mark, chart
from tui.reports.postmortem import GLOBALS, WORDS, Contents, PostmortemFacts, contents
from tui.reports.prose import Block, blocks

# On a screen and on paper, and on a phone, where a wide chart's letters would be too small to read.
WIDE, NARROW = (760, 210), (340, 170)


def html(facts: PostmortemFacts) -> str:
    """The page, whole."""
    it = contents(facts)
    marks = tuple(_marks(it))
    return _template().render(it=it, marks=marks, charts=_charts(it, marks))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        # Escaping makes no control code and no right-to-left mark harmless: each text is cleaned, too.
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"prose": _prose, "lines": _lines, "diff": _diff, **WORDS}
    environment.globals |= GLOBALS
    return environment.get_template("postmortem.html.j2")


def _cleaned(value: Any) -> Any:
    return value if isinstance(value, Markup) else clean(str(value))


def _lines(text: str) -> Markup:
    """Lines as they are, for a <pre>."""
    return escape(clean_lines(text).strip("\n"))


def _diff(text: str) -> Markup:
    """A diff's lines, each with its class."""
    kinds = {"+": "added", "-": "removed"}
    lines = clean_lines(text).strip("\n").split("\n")
    return Markup("\n").join(
        Markup('<span class="{}">{}</span>').format(kinds.get(line[:1], "same"), line) for line in lines
    )


def _prose(text: str) -> Markup:
    return Markup("\n").join(_block(block) for block in blocks(text))


def _block(block: Block) -> Markup:
    if block.points:
        points = Markup().join(Markup("<li>{}</li>").format(line) for line in block.lines)
        return Markup("<ul>{}</ul>").format(points)
    return Markup("<p>{}</p>").format(Markup("<br>").join(block.lines))


def _marks(it: Contents) -> Iterator[Mark]:
    """Milestones and changes, numbered in the order in which they happened."""
    found = sorted((*_milestones(it.incident), *_changes(it)), key=lambda found: found[0])
    for number, (at, text, kind) in enumerate(found, 1):
        yield Mark(number, at, text, kind)


def _milestones(incident: Incident) -> Iterator[tuple[datetime, str, str]]:
    for at, text in (
        (incident.started_at, "Impact began"),
        (incident.alert_at, "Alert fired"),
        (incident.declared_at, "Declared"),
        (incident.acknowledged_at, "Acknowledged"),
        (incident.root_cause_at, "Root cause identified"),
        (incident.mitigated_at, "Mitigated"),
        (incident.resolved_at, "Resolved"),
    ):
        if at is not None:
            yield at, text, "milestone"


def _changes(it: Contents) -> Iterator[tuple[datetime, str, str]]:
    for applied in it.incident.mitigations:
        if applied.stands and not applied.decides:
            words = f"{applied.variable} {told(applied.before)} → {told(applied.after)}"
            back = bool(applied.undoes)
            yield (
                applied.at,
                f"{applied.title}{', taken back' if back else ''}: {words}",
                "taken back" if back else "change",
            )


def _charts(it: Contents, marks: tuple[Mark, ...]) -> dict[str, Markup]:
    """Drawn twice, or not at all where the record holds no error rate."""
    errors = it.measures.impact.errors
    if errors is None or not any(value is not None for value in errors.values):
        return {}
    start, end = impact_window(it.incident)
    window = (start or errors.start, end or errors.points[-1][0])
    drawn = {"wide": WIDE, "narrow": NARROW}
    # The library escapes what it is given.
    return {
        name: Markup(chart(errors, marks, window, *size))  # noqa: S704
        for name, size in drawn.items()
    }
