"""The formats of a postmortem, by the name that a person gives them."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from tui.reports.postmortem import PostmortemFacts


class Format(StrEnum):
    """What a postmortem is written as."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"

    @property
    def ending(self) -> str:
        """Of its files."""
        return _ENDINGS[self]


_ENDINGS = {Format.MARKDOWN: "md", Format.HTML: "html", Format.JSON: "json"}


def render(facts: PostmortemFacts, kind: Format) -> str:
    """The document; what a format needs is loaded when it is asked for."""
    return _RENDERERS[kind](facts)


def _markdown(facts: PostmortemFacts) -> str:
    from tui.reports.postmortem import markdown

    return markdown(facts)


def _html(facts: PostmortemFacts) -> str:
    from tui.reports.page import html

    return html(facts)


def _json(facts: PostmortemFacts) -> str:
    from tui.reports.structured import json_text

    return json_text(facts)


_RENDERERS: Mapping[Format, Callable[[PostmortemFacts], str]] = {
    Format.MARKDOWN: _markdown,
    Format.HTML: _html,
    Format.JSON: _json,
}
