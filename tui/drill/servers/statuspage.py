"""The Statuspage API, version 1: our own page's incidents, made and updated by the console."""

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tui.drill.servers.base import Handler, LoopbackServer, same

PAGE_ID = "leewarddrill"
COMPONENTS = {"cmpaianswers": "AI answers", "cmpaisearch": "AI search"}
_STATUSES = ("investigating", "identified", "monitoring", "resolved")
_IMPACTS = ("none", "minor", "major", "critical")
_COMPONENT_STATES = (
    "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance",
)  # fmt: skip
_NAME, _BODY = 255, 25_000
_BURST, _PER_SECOND = 5, 1.0


class StatuspageServer(LoopbackServer):
    """`/v1/pages/{page}/incidents` and `/components`, behind `Authorization: OAuth KEY`."""

    name = "statuspage"

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key
        self.incidents: dict[str, dict[str, Any]] = {}
        self._components = dict.fromkeys(COMPONENTS, "operational")
        self._allowance = float(_BURST)
        self._counted = time.monotonic()

    def routes(self) -> list[web.RouteDef]:
        page = "/v1/pages/{page}"
        return [
            web.get(page, self._guarded(self._page)),
            web.get(f"{page}/components", self._guarded(self._list_components)),
            web.get(f"{page}/incidents", self._guarded(self._list)),
            web.get(f"{page}/incidents/unresolved", self._guarded(self._list_unresolved)),
            web.get(f"{page}/incidents/{{id}}", self._guarded(self._get)),
            web.post(f"{page}/incidents", self._guarded(self._create)),
            web.patch(f"{page}/incidents/{{id}}", self._guarded(self._update)),
            web.put(f"{page}/incidents/{{id}}", self._guarded(self._update)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            scheme, _, key = request.headers.get("Authorization", "").partition(" ")
            given = key if scheme in ("OAuth", "Bearer") else request.query.get("api_key", "")
            if not same(given, self._key):
                return web.json_response({"error": "Could not authenticate"}, status=401)
            if not self._allowed():
                return web.json_response({"error": "Too many requests"}, status=429)
            if request.match_info["page"] != PAGE_ID:
                return web.json_response({"error": "Not found"}, status=404)
            return await handler(request)

        return checked

    def _allowed(self) -> bool:
        now = time.monotonic()
        self._allowance = min(self._allowance + (now - self._counted) * _PER_SECOND, _BURST)
        self._counted = now
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True

    async def _page(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": PAGE_ID, "name": "Our service (simulated)", "time_zone": "UTC"})

    async def _list_components(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {"id": key, "page_id": PAGE_ID, "name": COMPONENTS[key], "status": state}
                for key, state in self._components.items()
            ]
        )

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response(list(self.incidents.values())[::-1])

    async def _list_unresolved(self, _request: web.Request) -> web.Response:
        found = [one for one in self.incidents.values() if one["status"] != "resolved"]
        return web.json_response(found[::-1])

    async def _get(self, request: web.Request) -> web.Response:
        found = self.incidents.get(request.match_info["id"])
        return web.json_response(found) if found else _not_found()

    async def _create(self, request: web.Request) -> web.Response:
        given, problem = await _incident(request)
        if not problem and not given.get("name"):
            problem = "Name can't be blank"
        if problem:
            return _invalid(problem)
        incident_id = uuid.uuid4().hex[:12]
        now = _now()
        incident: dict[str, Any] = {
            "id": incident_id,
            "page_id": PAGE_ID,
            "status": "investigating",
            "impact": "minor",
            "created_at": now,
            "resolved_at": None,
            "incident_updates": [],
            "shortlink": f"{self.address}/i/{incident_id}",
        }
        self.incidents[incident_id] = incident
        self._take(incident, given, now)
        return web.json_response(incident, status=201)

    async def _update(self, request: web.Request) -> web.Response:
        incident = self.incidents.get(request.match_info["id"])
        if incident is None:
            return _not_found()
        given, problem = await _incident(request)
        if problem:
            return _invalid(problem)
        self._take(incident, given, _now())
        return web.json_response(incident)

    def _take(self, incident: dict[str, Any], given: Mapping[str, Any], now: str) -> None:
        """Write what was given into the incident, with an update where there is a body or a new status."""
        status = given.get("status", incident["status"])
        if given.get("body") or status != incident["status"] or not incident["incident_updates"]:
            update = {
                "id": uuid.uuid4().hex[:12],
                "status": status,
                "body": given.get("body", ""),
                "created_at": now,
                "deliver_notifications": given.get("deliver_notifications", True),
            }
            incident["incident_updates"].insert(0, update)
        incident.update(name=given.get("name", incident.get("name")), status=status, updated_at=now)
        if "impact_override" in given:
            incident["impact"] = incident["impact_override"] = given["impact_override"]
        if status == "resolved" and incident["resolved_at"] is None:
            incident["resolved_at"] = now
        self._components.update(given.get("components", {}))
        touched = {*given.get("component_ids", ()), *given.get("components", {})}
        known = {one["id"] for one in incident.get("components", ())} | touched
        incident["components"] = [
            {"id": key, "name": COMPONENTS[key], "status": self._components[key]}
            for key in COMPONENTS
            if key in known
        ]


async def _incident(request: web.Request) -> tuple[Mapping[str, Any], str]:
    """The incident in the body, and what is wrong with it or ""."""
    try:
        body = await request.json()
    except ValueError:
        return {}, "The request body is not valid JSON"
    given = body.get("incident") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        return {}, "incident is missing"
    return given, _problem(given)


def _problem(given: Mapping[str, Any]) -> str:
    components = given.get("components", {})
    ids = given.get("component_ids", [])
    if not isinstance(components, dict) or not isinstance(ids, list):
        return "components is invalid"
    if given.get("status", "investigating") not in _STATUSES:
        return f"Status must be one of {', '.join(_STATUSES)}"
    if given.get("impact_override", "none") not in _IMPACTS:
        return f"Impact override must be one of {', '.join(_IMPACTS)}"
    if len(str(given.get("name", ""))) > _NAME:
        return f"Name is too long (maximum is {_NAME} characters)"
    if len(str(given.get("body", ""))) > _BODY:
        return f"Body is too long (maximum is {_BODY} characters)"
    if any(state not in _COMPONENT_STATES for state in components.values()):
        return f"Component status must be one of {', '.join(_COMPONENT_STATES)}"
    unknown = sorted({str(key) for key in (*ids, *components)} - COMPONENTS.keys())
    return f"Component {unknown[0]} does not exist on this page" if unknown else ""


def _invalid(problem: str) -> web.Response:
    return web.json_response({"error": [problem]}, status=422)


def _not_found() -> web.Response:
    return web.json_response({"error": "Not found"}, status=404)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
