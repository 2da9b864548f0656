"""Alertmanager's API, version 2: the firing alerts of the world, and silences."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tui.drill.alerts import Alert
from tui.drill.servers.base import LoopbackServer, guarded
from tui.drill.silences import Silence, Silences, matcher, matches
from tui.drill.world import World

_RECEIVER = "mistral-oncall"
_RESOLVE_SECONDS = 240
_FLAGS = ("active", "silenced", "inhibited", "unprocessed")
_BOOLEANS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


class AlertmanagerServer(LoopbackServer):
    """Alerts, silences, status and receivers, behind a token."""

    name = "alertmanager"

    def __init__(self, world: World, token: str) -> None:
        super().__init__()
        self._world = world
        self._token = token
        self._silences = Silences()

    def routes(self) -> list[web.RouteDef]:
        get = {
            "/api/v2/alerts": self._alerts,
            "/api/v2/status": self._status,
            "/api/v2/receivers": self._receivers,
            "/api/v2/silences": self._list_silences,
            "/api/v2/silence/{id}": self._silence,
            "/-/healthy": self._well,
            "/-/ready": self._well,
        }
        return [
            *(web.get(path, guarded(self._token, handler)) for path, handler in get.items()),
            web.post("/api/v2/silences", guarded(self._token, self._put_silence)),
            web.delete("/api/v2/silence/{id}", guarded(self._token, self._expire_silence)),
        ]

    async def _alerts(self, request: web.Request) -> web.Response:
        try:
            wanted = {name: _flag(request, name) for name in _FLAGS}
            filters = tuple(matcher(text) for text in request.query.getall("filter", []))
            receiver = re.compile(request.query.get("receiver", ".*"))
        except (ValueError, re.error) as error:
            return web.json_response(str(error), status=400)
        found = []
        for alert in self._world.alerts.firing():
            silenced = self._silences.silencing(alert.labels, self._world.now())
            if not wanted["silenced" if silenced else "active"]:
                continue
            if matches(filters, alert.labels) and receiver.fullmatch(_RECEIVER):
                found.append(self._told(alert, silenced))
        return web.json_response(sorted(found, key=lambda one: one["fingerprint"]))

    def _told(self, alert: Alert, silenced: tuple[str, ...]) -> dict[str, Any]:
        now = self._world.now()
        return {
            "annotations": alert.annotations,
            "endsAt": _time(now + _RESOLVE_SECONDS),
            "fingerprint": alert.fingerprint,
            "receivers": [{"name": _RECEIVER}],
            "startsAt": _time(alert.active_at if alert.fired_at is None else alert.fired_at),
            "status": {
                "inhibitedBy": [],
                "mutedBy": [],
                "silencedBy": list(silenced),
                "state": "suppressed" if silenced else "active",
            },
            "updatedAt": _time(now),
            "generatorURL": f"http://prometheus.example/graph?g0.expr={alert.rule.name}",
            "labels": alert.labels,
        }

    async def _status(self, _request: web.Request) -> web.Response:
        version = {
            "version": "0.28.1",
            "revision": "drill",
            "branch": "HEAD",
            "buildUser": "leeward@drill",
            "buildDate": "20260101-00:00:00",
            "goVersion": "go1.24.5",
        }
        body = {
            "cluster": {"name": "drill", "peers": [], "status": "disabled"},
            "config": {"original": f"route:\n  receiver: {_RECEIVER}\nreceivers:\n- name: {_RECEIVER}\n"},
            "uptime": _time(self._world.start - 86400),
            "versionInfo": version,
        }
        return web.json_response(body)

    async def _receivers(self, _request: web.Request) -> web.Response:
        return web.json_response([{"name": _RECEIVER}])

    async def _well(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _list_silences(self, request: web.Request) -> web.Response:
        try:
            filters = tuple(matcher(text) for text in request.query.getall("filter", []))
        except ValueError as error:
            return web.json_response(str(error), status=400)
        chosen = (s for s in self._silences.all() if _about(s, filters))
        return web.json_response([self._shown(silence) for silence in chosen])

    async def _silence(self, request: web.Request) -> web.Response:
        found = self._silences.get(request.match_info["id"])
        return web.json_response(self._shown(found)) if found else web.Response(status=404)

    async def _put_silence(self, request: web.Request) -> web.Response:
        try:
            told = await request.json()
            problem = _missing(told)
            if problem:
                return web.json_response({"code": 602, "message": problem}, status=422)
            starts, ends = (datetime.fromisoformat(told[n]).timestamp() for n in ("startsAt", "endsAt"))
            silence = self._silences.put(told, starts, ends, self._world.now())
        except KeyError:
            return web.json_response("silence not found", status=404)
        except (ValueError, TypeError, AttributeError) as error:
            return web.json_response(str(error), status=400)
        return web.json_response({"silenceID": silence.id})

    async def _expire_silence(self, request: web.Request) -> web.Response:
        found = self._silences.expire(request.match_info["id"], self._world.now())
        return web.Response(status=200 if found else 404)

    def _shown(self, silence: Silence) -> dict[str, Any]:
        return {
            "id": silence.id,
            "status": {"state": silence.state(self._world.now())},
            "updatedAt": _time(silence.updated),
            "comment": silence.told["comment"],
            "createdBy": silence.told["createdBy"],
            "startsAt": _time(silence.starts),
            "endsAt": _time(silence.ends),
            "matchers": [{"isEqual": True, **m} for m in silence.told["matchers"]],
        }


def _flag(request: web.Request, name: str) -> bool:
    """A boolean parameter, true where it is missing. Raises ValueError."""
    text = request.query.get(name, "true").lower()
    if text not in _BOOLEANS:
        raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
    return _BOOLEANS[text]


def _missing(told: Mapping[str, Any]) -> str:
    """Which required field a silence lacks, in the words of its validation."""
    for name in ("comment", "createdBy", "endsAt", "matchers", "startsAt"):
        if name not in told:
            return f"silence.{name} in body is required"
    for one in told["matchers"]:
        for name in ("isRegex", "name", "value"):
            if name not in one:
                return f"silence.matchers.{name} in body is required"
    return ""


def _about(silence: Silence, filters: tuple[Any, ...]) -> bool:
    return matches(filters, {m.name: m.value for m in silence.matchers})


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
