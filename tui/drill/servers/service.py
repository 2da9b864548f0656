"""Our own service's health page."""

from aiohttp import web

from tui.drill.servers.base import LoopbackServer
from tui.drill.world import World

_DEGRADED = 0.05
_DOWN = 0.5


class ServiceServer(LoopbackServer):
    """`/health`: public, as health pages are."""

    name = "service"

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self._health)]

    async def _health(self, _request: web.Request) -> web.Response:
        if not self._world.ready:
            # What an ingress says when no pod is ready.
            return web.Response(status=503, text="no healthy upstream")
        recent = self._world.recent()
        body = {
            "status": "degraded" if recent.user_errors > _DEGRADED else "ok",
            "services": {"mistral": _word(recent.mistral_errors), "database": "ok", "cache": "ok"},
            "pods": self._world.ready,
        }
        return web.json_response(body)


def _word(share: float) -> str:
    if share > _DOWN:
        return "unavailable"
    return "degraded" if share > _DEGRADED else "ok"
