"""The text of a message for each kind of target: escaped, counted, and never cut.

Slack escapes three characters and no others, in this order; what would ping a channel or a person
(`<!channel>`, `<@U…>`, `<!subteam^…>`) needs a raw `<`. Limits: slack-sdk, models/blocks/blocks.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.model.text import clean_lines
from tui.notify.templates import title_and_body

SECTION = 3000
PAGE_TITLE = 255
PAGE_BODY = 25_000
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")


@dataclass(frozen=True, slots=True)
class Fit:
    """How long a message is for a target, how long it may be, and what speaks against sending it."""

    count: int
    limit: int
    problem: str = ""


def plain(text: str) -> str:
    """As it stands, without any control code: for a status page, the clipboard and files."""
    return "\n".join(line.rstrip() for line in clean_lines(text).strip().split("\n"))


def mrkdwn(text: str) -> str:
    """For Slack: bold is one asterisk there, and nothing in it can ping anybody."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BOLD.sub(r"*\1*", escaped)


def slack_message(text: str) -> dict[str, Any]:
    """The JSON of a message to Slack, webhook and `chat.postMessage` alike.

    `verbatim` and `parse` keep Slack from making links and mentions of bare names; `link_names` is
    never sent.
    """
    words = mrkdwn(text)
    section: Mapping[str, Any] = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": words, "verbatim": True},
    }
    return {
        "text": words,
        "blocks": [section],
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
    }


def slack_fit(text: str) -> Fit:
    """Whether Slack takes it: counted as it is sent, escapes included."""
    return _fit(_units(mrkdwn(text)), SECTION, "Slack takes")


def page_fit(text: str) -> Fit:
    """Whether a status page takes it: a title line, and a body."""
    title, body = title_and_body(plain(text))
    count = _units(body)
    if title and not body:
        return Fit(count, PAGE_BODY, "It has a title and no text: the first line is the title.")
    if _units(title) > PAGE_TITLE:
        over = _units(title) - PAGE_TITLE
        return Fit(count, PAGE_BODY, f"Its first line, the title, is {over} characters too long.")
    return _fit(count, PAGE_BODY, "the status page takes")


def _fit(count: int, limit: int, takes: str) -> Fit:
    if not count:
        return Fit(count, limit, "It is empty.")
    if count > limit:
        return Fit(count, limit, f"It is {count - limit} characters too long: {takes} {limit}.")
    return Fit(count, limit)


def _units(text: str) -> int:
    """Its length as JavaScript counts it: servers that count characters never count more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
