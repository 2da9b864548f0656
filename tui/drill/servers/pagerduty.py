"""PagerDuty's Events API, version 2: takes events within its limits, and remembers them."""

import json
from collections import deque
from typing import Any

from aiohttp import web

from tui.drill.servers.base import LoopbackServer, same

_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = ("critical", "error", "warning", "info")
_DEDUP_KEY, _SUMMARY, _EVENT = 255, 1024, 512 * 1024
_KEEP = 1000


class PagerDutyServer(LoopbackServer):
    """`POST /v2/enqueue`; what came is listed at `GET /v2/received`, which PagerDuty does not have."""

    name = "pagerduty"

    def __init__(self, routing_key: str) -> None:
        super().__init__()
        self._routing_key = routing_key
        self.received: deque[dict[str, Any]] = deque(maxlen=_KEEP)

    @property
    def enqueue(self) -> str:
        """The address to post to."""
        return f"{self.address}/v2/enqueue"

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v2/enqueue", self._enqueue), web.get("/v2/received", self._list)]

    async def _enqueue(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if len(raw) > _EVENT:
            return web.json_response({"status": "payload too large"}, status=413)
        try:
            event = json.loads(raw)
        except ValueError:
            return _invalid("JSON could not be parsed")
        problem = _problem(event)
        if not problem and not same(str(event["routing_key"]), self._routing_key):
            problem = "invalid routing key"
        if problem:
            return _invalid(problem)
        self.received.append({name: value for name, value in event.items() if name != "routing_key"})
        answer = {"status": "success", "message": "Event processed", "dedup_key": event.get("dedup_key", "")}
        return web.json_response(answer, status=202)

    async def _list(self, request: web.Request) -> web.Response:
        if not same(request.query.get("routing_key", ""), self._routing_key):
            return web.json_response({"status": "forbidden"}, status=403)
        return web.json_response(list(self.received))


def _problem(event: object) -> str:
    """What is wrong with an event, or ""."""
    if not isinstance(event, dict):
        return "event is no object"
    if len(str(event.get("routing_key", ""))) != 32:
        return "Length of 'routing_key' is incorrect (should be 32 characters)"
    action, key = event.get("event_action"), event.get("dedup_key", "")
    if action not in _ACTIONS:
        return f"'event_action' must be one of {', '.join(_ACTIONS)}"
    if not isinstance(key, str) or len(key) > _DEDUP_KEY:
        return "'dedup_key' is invalid"
    if action != "trigger":
        return "" if key else "'dedup_key' is missing"
    return _bad_payload(event.get("payload"))


def _bad_payload(payload: object) -> str:
    if not isinstance(payload, dict):
        return "'payload' is missing"
    summary = payload.get("summary")
    if not isinstance(summary, str) or not 0 < len(summary) <= _SUMMARY or not payload.get("source"):
        return "'payload.summary' or 'payload.source' is invalid"
    return "" if payload.get("severity") in _SEVERITIES else "'payload.severity' is invalid"


def _invalid(problem: str) -> web.Response:
    said = {"status": "invalid event", "message": "Event object is invalid", "errors": [problem]}
    return web.json_response(said, status=400)
