"""What the settings of updates must be: half a target would be found out in the incident."""

from collections.abc import Iterator

from tui.settings.structs import SecretSource, Updates

LEVELS = ("P1", "P2", "P3", "P4")


def update_sources(updates: Updates) -> tuple[tuple[str, SecretSource], ...]:
    """Where the targets' secrets are, by their keys."""
    return (
        ("updates.slack.webhook", updates.slack.webhook),
        ("updates.slack.token", updates.slack.token),
        ("updates.statuspage.key", updates.statuspage.key),
        ("updates.pagerduty.routing_key", updates.pagerduty.routing_key),
    )


def bad_updates(updates: Updates) -> Iterator[tuple[str, str]]:
    """The key, and what is wrong with the remedy: what is missing beside what is set."""
    for level in updates.every:
        if level not in LEVELS:
            yield f"updates.every.{level}", "no such severity; write P1, P2, P3 or P4"
    slack, page = updates.slack, updates.statuspage
    if _set(slack.webhook) and _set(slack.token):
        yield "updates.slack", "has a webhook and a token; keep one of them"
    if _set(slack.token) and not slack.channel:
        yield "updates.slack.channel", "is missing: a bot must be told where to post; write the channel's id"
    if _set(page.key) and not page.page:
        yield "updates.statuspage.page", "is missing beside the key; write the page's id"
    if page.page and not _set(page.key):
        yield "updates.statuspage.key", 'is missing beside the page; say where it is: { env = "NAME" }'


def _set(source: SecretSource) -> bool:
    return bool(source.env or source.file or source.command)
