"""Slack: an incoming webhook and a bot's `chat.postMessage`, within Slack's limits; they remember."""

import itertools
import json
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tui.drill.servers.base import LoopbackServer, credential, same

# Slack's limits: slack-sdk, models/blocks/blocks.py; the whole message as measured in practice.
_BLOCKS = 50
_MESSAGE = 13_200
_SECTION, _FIELDS, _FIELD, _HEADER, _CONTEXT, _ACTIONS, _MARKDOWN, _BLOCK_ID = (
    3000, 10, 2000, 150, 10, 25, 12_000, 255,
)  # fmt: skip
_KINDS = frozenset(
    {"section", "header", "context", "actions", "markdown", "divider", "image", "rich_text", "input", "video"}
)
_BURST, _PER_SECOND = 5, 1.0
_KEEP = 1000
_TEXT = 40_000
CHANNELS = {"#incidents": "C0INCIDENTS", "C0INCIDENTS": "C0INCIDENTS"}


class SlackServer(LoopbackServer):
    """`POST {webhook}`, and `/api/chat.postMessage` behind the bot's token.

    What came is listed at `GET {webhook}/received`, which Slack does not have: a bot's messages with
    their `channel`, `ts` and `thread_ts`.
    """

    name = "slack"

    def __init__(self, secret: str, token: str = "") -> None:
        super().__init__()
        self._secret = secret
        self._token = token
        self._stamps = itertools.count(1)
        self.received: deque[dict[str, Any]] = deque(maxlen=_KEEP)
        self._allowance = float(_BURST)
        self._counted = time.monotonic()

    @property
    def webhook(self) -> str:
        """The address to post to. It is a secret."""
        return f"{self.address}/services/{self._secret}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/services/{secret:.+}", self._post),
            web.get("/services/{secret:.+}/received", self._list),
            web.post("/api/chat.postMessage", self._post_as_bot),
            web.post("/api/auth.test", self._who),
        ]

    async def _post(self, request: web.Request) -> web.Response:
        if not same(request.match_info["secret"], self._secret):
            return web.Response(status=403, text="invalid_token")
        if not self._allowed():
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": "1"})
        try:
            message = json.loads(await _payload(request))
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        problem = _problem(message)
        if problem:
            return web.Response(status=400, text=problem)
        self.received.append(message)
        return web.Response(text="ok")

    async def _post_as_bot(self, request: web.Request) -> web.Response:
        """As the Web API does: 200 whatever it says, but for the rate limit."""
        if not self._is_bot(request):
            return _no("invalid_auth")
        if not self._allowed():
            said = {"ok": False, "error": "ratelimited"}
            return web.json_response(said, status=429, headers={"Retry-After": "1"})
        try:
            message = json.loads(await request.read())
        except ValueError:
            return _no("invalid_json")
        problem = _problem(message)
        if problem:
            return _no(problem)
        channel = CHANNELS.get(str(message.get("channel", "")))
        if channel is None:
            return _no("channel_not_found")
        thread = message.get("thread_ts")
        if thread is not None and all(one.get("ts") != thread for one in self.received):
            return _no("thread_not_found")
        ts = f"{int(time.time())}.{next(self._stamps):06}"
        self.received.append({**message, "channel": channel, "ts": ts})
        return web.json_response(
            {"ok": True, "channel": channel, "ts": ts, "message": {"text": message.get("text", "")}}
        )

    async def _who(self, request: web.Request) -> web.Response:
        if not self._is_bot(request):
            return _no("invalid_auth")
        said = {"ok": True, "team": "Drill", "user": "leeward", "bot_id": "B0DRILL"}
        return web.json_response(said, headers={"X-OAuth-Scopes": "chat:write"})

    def _is_bot(self, request: web.Request) -> bool:
        return bool(self._token) and same(credential(request), self._token)

    async def _list(self, request: web.Request) -> web.Response:
        if not same(request.match_info["secret"], self._secret):
            return web.Response(status=403, text="invalid_token")
        return web.json_response(list(self.received))

    def _allowed(self) -> bool:
        now = time.monotonic()
        self._allowance = min(self._allowance + (now - self._counted) * _PER_SECOND, _BURST)
        self._counted = now
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True


def _no(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


async def _payload(request: web.Request) -> str:
    """The JSON text: the body, or the old form's `payload` field."""
    if request.content_type == "application/x-www-form-urlencoded":
        return str((await request.post()).get("payload", ""))
    return (await request.read()).decode()


def _problem(message: object) -> str:
    """Slack's word for what is wrong with a message, or ""."""
    if not isinstance(message, dict):
        return "invalid_payload"
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not isinstance(text, str) or not isinstance(blocks, list):
        return "invalid_payload"
    if not text and not blocks and not message.get("attachments"):
        return "no_text"
    if len(text) > _TEXT:
        return "msg_too_long"
    if len(blocks) > _BLOCKS or not all(_fits(block) for block in blocks):
        return "invalid_blocks"
    if sum(len(words) for block in blocks for words in _words(block)) > _MESSAGE:
        return "msg_blocks_too_long"
    return ""


def _words(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)


def _fits(block: object) -> bool:
    """Whether a block keeps Slack's limits."""
    if not isinstance(block, dict) or block.get("type") not in _KINDS:
        return False
    if len(str(block.get("block_id", ""))) > _BLOCK_ID:
        return False
    match block["type"]:
        case "section":
            return _section_fits(block)
        case "header":
            return _text_fits(block.get("text"), _HEADER, ("plain_text",))
        case "markdown":
            return isinstance(block.get("text"), str) and 0 < len(block["text"]) <= _MARKDOWN
        case "context" | "actions":
            elements = block.get("elements")
            most = _CONTEXT if block["type"] == "context" else _ACTIONS
            return isinstance(elements, list) and 0 < len(elements) <= most
        case _:
            return True


def _section_fits(block: dict[str, Any]) -> bool:
    fields = block.get("fields", [])
    if not isinstance(fields, list) or len(fields) > _FIELDS:
        return False
    if "text" not in block and not fields:
        return False
    texts_fit = all(_text_fits(one, _FIELD) for one in fields)
    return texts_fit and ("text" not in block or _text_fits(block["text"], _SECTION))


def _text_fits(given: object, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    if not isinstance(given, dict) or given.get("type") not in kinds:
        return False
    text = given.get("text")
    return isinstance(text, str) and 0 < len(text) <= most
