"""PagerDuty, Events API v2: what an alert there is told, acknowledged or resolved."""

from collections.abc import Mapping

from tui.clients.http import ask
from tui.clients.unanswered import Unanswered
from tui.model.secret import Secret
from tui.model.update import Audience
from tui.notify import exchange
from tui.notify.message import Checked, Message, Result
from tui.notify.rendering import Fit

NAME = "pagerduty"
PLACE = "PagerDuty"
EVENTS = ("acknowledge", "resolve")
KEY_LENGTH = 255
_ROUTING_KEY = 32


class PagerDuty:
    """An integration's routing key. The same event of the same key is one event: repeating it is harmless.

    Args:
        url: `https://events.pagerduty.com/v2/enqueue`.
    """

    name = NAME
    place = PLACE
    audience: Audience | None = None
    notifies: bool | None = None

    def __init__(self, routing_key: Secret, url: str, environ: Mapping[str, str]) -> None:
        self._routing_key = routing_key
        self._url = url
        self._environ = environ

    def fit(self, text: str) -> Fit:
        """It takes no text."""
        return Fit(0, 0)

    async def send(self, message: Message, refs: dict[str, str]) -> Result:
        """Send the event. 202 means accepted; PagerDuty works through it later."""
        event = {
            "routing_key": self._routing_key.reveal(),
            "event_action": message.event,
            "dedup_key": message.key[:KEY_LENGTH],
        }
        try:
            answer = await ask(
                "POST",
                self._url,
                deadline=exchange.DEADLINE,
                json=event,
                limit=1 << 16,
                environ=self._environ,
            )
        except Unanswered as error:
            return _repeatable(exchange.unanswered(error, PLACE))
        if answer.status == 202:
            return Result("sent")
        # What it answers may repeat the routing key, which stands in the body.
        remedy = "Put the integration's routing key where updates.pagerduty.routing_key says."
        return _repeatable(exchange.refused(answer, PLACE, "", remedy))

    async def check(self) -> Checked:
        """Whether the key has its length and the server answers: only an event proves the key."""
        if len(self._routing_key) != _ROUTING_KEY:
            told = (
                f"the routing key has {len(self._routing_key)} characters, and such keys have {_ROUTING_KEY}"
            )
            return Checked(False, told, "Put an Events API v2 key where updates.pagerduty.routing_key says.")
        try:
            await ask("GET", self._url, deadline=5.0, limit=1 << 16, environ=self._environ)
        except Unanswered as error:
            return Checked(None, error.text, "Look at the network, and at updates.pagerduty.url.")
        return Checked(True, "its server answers; the first event proves the routing key")


def _repeatable(result: Result) -> Result:
    if result.outcome != "unknown":
        return result
    return Result("later", result.said.removesuffix(" It may have arrived."), "It is tried again by itself.")
