"""The targets that the settings name."""

from collections.abc import Callable, Mapping

from tui.model.clock import Clock
from tui.model.secret import Secret
from tui.notify.message import Target
from tui.notify.pagerduty import PagerDuty
from tui.notify.slack import SlackBot, SlackWebhook
from tui.notify.statuspage import Statuspage
from tui.settings import SecretSource, Settings

# What fetches a secret by its setting's key; None where nothing is set, or nothing was found.
Fetch = Callable[[str, SecretSource], Secret | None]


def build(settings: Settings, fetch: Fetch, clock: Clock, environ: Mapping[str, str]) -> tuple[Target, ...]:
    """Each target that is set, Slack first."""
    updates = settings.updates
    slack, page, pager = updates.slack, updates.statuspage, updates.pagerduty
    found: list[Target] = []
    if webhook := fetch("updates.slack.webhook", slack.webhook):
        found.append(SlackWebhook(webhook, f"Slack {slack.channel}".strip(), environ))
    elif token := fetch("updates.slack.token", slack.token):
        found.append(SlackBot(token, slack.channel, slack.api_url, environ))
    if page.page and (key := fetch("updates.statuspage.key", page.key)):
        found.append(Statuspage(key, page.page, page.components, page.url, page.notify, clock, environ))
    if routing := fetch("updates.pagerduty.routing_key", pager.routing_key):
        found.append(PagerDuty(routing, pager.url, environ))
    return tuple(found)
