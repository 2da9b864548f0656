"""Slack: an incoming webhook, or a bot that keeps one thread for an incident."""

from collections.abc import Mapping
from typing import Any

from tui.clients.http import Answer, ask
from tui.clients.unanswered import Unanswered
from tui.model.secret import Secret
from tui.model.update import Audience
from tui.notify import exchange
from tui.notify.message import Checked, Message, Result
from tui.notify.rendering import Fit, slack_fit, slack_message

NAME = "slack"
# Slack's words that we repeat, each with what to do; any other text of an answer is not repeated.
_REMEDIES: Mapping[str, str] = {
    "invalid_payload": "Report it: Leeward made a message that Slack does not take.",
    "no_text": "Report it: Leeward made a message that Slack does not take.",
    "invalid_blocks": "Shorten the message.",
    "msg_blocks_too_long": "Shorten the message.",
    "msg_too_long": "Shorten the message.",
    "invalid_token": "Make a new webhook, and put it where updates.slack.webhook says.",
    "no_service": "Make a new webhook: this one was removed or disabled.",
    "no_team": "Make a new webhook: this one's workspace is gone.",
    "action_prohibited": "Ask who administers the workspace: it does not let this app post there.",
    "posting_to_general_channel_denied": "Choose another channel, or ask who administers the workspace.",
    "channel_not_found": "Set updates.slack.channel to the channel's id, and invite the bot to it.",
    "channel_is_archived": "Choose another channel: this one is archived.",
    "is_archived": "Set updates.slack.channel to another channel: this one is archived.",
    "not_in_channel": "Invite the bot to the channel (/invite).",
    "rollup_error": "",
    "user_not_found": "Make a new webhook: who it posts to is gone.",
    "not_authed": "Put the bot's token where updates.slack.token says.",
    "invalid_auth": "Put a valid bot token where updates.slack.token says.",
    "account_inactive": "Put another bot token where updates.slack.token says: this one's account is gone.",
    "token_revoked": "Put a new bot token where updates.slack.token says.",
    "token_expired": "Put a new bot token where updates.slack.token says.",
    "missing_scope": "Give the bot the scope chat:write, and install it again.",
    "restricted_action": "Ask who administers the workspace: it does not let this bot post there.",
    "thread_not_found": "Send it again: a new thread is begun.",
    "ratelimited": "",
    "rate_limited": "",
    "service_unavailable": "",
    "internal_error": "",
    "fatal_error": "",
    "request_timeout": "",
}
_LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable"})
# By Slack's own documentation some of the operation may have been done.
_MAYBE = frozenset({"internal_error", "fatal_error"})


class SlackWebhook:
    """An incoming webhook. Its address is a secret; it answers `ok` and tells no message's id.

    Args:
        place: what a person calls it, `Slack #incidents`.
    """

    name = NAME
    audience: Audience | None = Audience.INTERNAL
    notifies: bool | None = None

    def __init__(self, webhook: Secret, place: str, environ: Mapping[str, str]) -> None:
        self.place = place
        self._webhook = webhook
        self._environ = environ

    def fit(self, text: str) -> Fit:
        """As Slack counts it."""
        return slack_fit(text)

    async def send(self, message: Message, refs: dict[str, str]) -> Result:
        """Post it. There is no thread: a webhook knows none."""
        try:
            answer = await ask(
                "POST",
                self._webhook.reveal(),
                deadline=exchange.DEADLINE,
                json=slack_message(message.text),
                limit=1 << 16,
                environ=self._environ,
            )
        except Unanswered as error:
            return exchange.unanswered(error, self.place)
        said = answer.body[:64].decode("utf-8", "replace").strip()
        if answer.status == 200:
            return Result("sent") if said == "ok" else exchange.garbled(self.place)
        return _refused(answer, self.place, said)

    async def check(self) -> Checked:
        """Whether its server answers. Only a message proves the address itself."""
        try:
            url = self._webhook.reveal()
            answer = await ask("GET", url, deadline=5.0, limit=1 << 16, environ=self._environ)
        except Unanswered as error:
            return Checked(None, f"{error.text}", "Look at the network, and at updates.slack.webhook.")
        if answer.status >= 500:
            return Checked(None, f"its server answers {answer.status}", "Try again later.")
        return Checked(True, "its server answers; the first message proves the address itself")


class SlackBot:
    """A bot's token: `chat.postMessage`, with one thread for each incident.

    Args:
        channel: its id or name.
        api_url: `https://slack.com/api`.
    """

    name = NAME
    audience: Audience | None = Audience.INTERNAL
    notifies: bool | None = None

    def __init__(self, token: Secret, channel: str, api_url: str, environ: Mapping[str, str]) -> None:
        self.place = f"Slack {channel}"
        self._token = token
        self._channel = channel
        self._api = api_url.rstrip("/")
        self._environ = environ

    def fit(self, text: str) -> Fit:
        """As Slack counts it."""
        return slack_fit(text)

    async def send(self, message: Message, refs: dict[str, str]) -> Result:
        """Post it: the incident's first message begins the thread, the others answer in it.

        An answer of 200 may say `ok: false`, which is a refusal.
        """
        # A thread belongs to the channel that was set when it was begun.
        before = refs if refs.get("set") == self._channel else {}
        body = {**slack_message(message.text), "channel": before.get("channel") or self._channel}
        if thread := before.get("thread_ts"):
            body["thread_ts"] = thread
        try:
            answer = await self._call("chat.postMessage", body)
        except Unanswered as error:
            return exchange.unanswered(error, self.place)
        if answer.status != 200:
            return _refused(answer, self.place, "")
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("ok"), bool):
            return exchange.garbled(self.place)
        if not told["ok"]:
            return self._said_no(told, answer)
        return Result("sent", refs={"set": self._channel, **_refs(told, before)})

    async def check(self) -> Checked:
        """Whether the token is good and may write."""
        try:
            answer = await self._call("auth.test", {})
        except Unanswered as error:
            return Checked(None, error.text, "Look at the network, and at updates.slack.api_url.")
        told = answer.json()
        if answer.status != 200 or not isinstance(told, dict):
            return Checked(None, f"it answers {answer.status} and not as Slack does", "Try again later.")
        if told.get("ok") is not True:
            word = _known(told.get("error"))
            return Checked(False, word or "the token was refused", _REMEDIES.get(word, "Make a new token."))
        scopes = answer.headers.get("x-oauth-scopes", "")
        if scopes and "chat:write" not in [scope.strip() for scope in scopes.split(",")]:
            return Checked(False, "the bot may not write", _REMEDIES["missing_scope"])
        return Checked(True, "the token is good; whether the bot is in the channel, the first message tells")

    async def _call(self, method: str, body: Mapping[str, Any]) -> Answer:
        return await ask(
            "POST",
            f"{self._api}/{method}",
            deadline=exchange.DEADLINE,
            bearer=self._token,
            json=body,
            limit=1 << 18,
            environ=self._environ,
        )

    def _said_no(self, told: Mapping[str, Any], answer: Answer) -> Result:
        word = _known(told.get("error"))
        said = f"{self.place} refused it{f': {word}' if word else ''}."
        if word in _LATER:
            wait = exchange.retry_after(answer.headers)
            return Result("later", said, "It is tried again by itself.", wait)
        if word in _MAYBE:
            return Result("unknown", f"{said} It may have arrived.", "Look there, then say whether it did.")
        # Without its thread the next attempt begins a new one.
        refs = {"thread_ts": ""} if word == "thread_not_found" else {}
        return Result("refused", said, _REMEDIES.get(word, "See Slack's documentation."), refs=refs)


def _refs(told: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    """Channel and thread, as later messages need them: `ts` of the first is the thread."""
    channel, ts = told.get("channel"), told.get("ts")
    refs = {"channel": channel if isinstance(channel, str) else before.get("channel", "")}
    refs["thread_ts"] = before.get("thread_ts") or (ts if isinstance(ts, str) else "")
    refs["ts"] = ts if isinstance(ts, str) else ""
    return {name: value for name, value in refs.items() if value}


def _refused(answer: Answer, place: str, said: str) -> Result:
    word = _known(said)
    return exchange.refused(answer, place, word, _REMEDIES.get(word, ""))


def _known(word: object) -> str:
    return word if isinstance(word, str) and word in _REMEDIES else ""
