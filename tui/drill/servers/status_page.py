"""The provider's status page: public JSON in the form that Rootly gives it."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tui.drill.scenarios import PageIncident
from tui.drill.servers.base import LoopbackServer
from tui.drill.world import World

# The provider notices, and writes, some minutes after its customers.
_NOTICED_SECONDS = 300


class StatusPageServer(LoopbackServer):
    """`/api/v1/status.json` and `/api/v1/incidents.json`."""

    name = "status_page"

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._home),
            web.get("/api/v1/status.json", self._status),
            web.get("/api/v1/incidents.json", self._incidents),
        ]

    def _incident(self) -> list[dict[str, Any]]:
        page = self._world.page
        if page is None:
            return []
        return [self._told(page)]

    def _told(self, page: PageIncident) -> dict[str, Any]:
        return {
            "id": "6f1c2d5e-drill",
            "name": page.name,
            "impact": page.impact,
            "status": "investigating",
            "created_at": _time(self._world.began + _NOTICED_SECONDS),
            "resolved_at": None,
            "shortlink": f"{self.address}/incidents/6f1c2d5e-drill",
        }

    async def _status(self, _request: web.Request) -> web.Response:
        page = self._world.page
        updated = self._world.began + _NOTICED_SECONDS if page else self._world.start - 9 * 86400
        body = {
            "page": {
                "id": "mistral-drill",
                "name": "Mistral AI",
                "time_zone": "Etc/UTC",
                "updated_at": _time(updated),
            },
            "status": {
                "indicator": page.impact if page else "none",
                "description": page.description if page else "All Systems Operational",
            },
            "incidents": self._incident(),
        }
        return web.json_response(body)

    async def _incidents(self, _request: web.Request) -> web.Response:
        return web.json_response({"incidents": self._incident()})

    async def _home(self, _request: web.Request) -> web.Response:
        title = "Mistral AI Status (simulated)"
        return web.Response(text=f"<!DOCTYPE html><title>{title}</title>", content_type="text/html")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
