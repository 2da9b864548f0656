"""Answers that go on: watches, and logs that are followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from tui.drill.kubernetes import answers, logs, status
from tui.drill.kubernetes.cluster import Cluster
from tui.drill.kubernetes.faults import Trouble
from tui.drill.kubernetes.history import watch_line
from tui.drill.kubernetes.paths import Target
from tui.drill.kubernetes.queries import ReadQuery
from tui.drill.kubernetes.reads import Form, Reads
from tui.drill.kubernetes.resources import PODS

_FOLLOW_S = 0.2


class Streams:
    """The open watches and logs of a server."""

    def __init__(self, cluster: Cluster, reads: Reads) -> None:
        self._cluster = cluster
        self._reads = reads
        self._watches: dict[int, web.Request] = {}

    def cut_watches(self) -> int:
        """Breaks off every open watch; how many there were."""
        open_now = tuple(self._watches.values())
        for request in open_now:
            answers.cut(request)
        return len(open_now)

    async def watch(
        self, request: web.Request, target: Target, query: ReadQuery, form: Form, troubles: Sequence[Trouble]
    ) -> web.StreamResponse:
        """Tells of changes until the watch's time is up, or the client is gone."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self._watches[id(request)] = request
        try:
            clock = asyncio.get_running_loop().time
            lines = self._reads.watch(target.resource, target.namespace, query, form, clock)
            await self._tell(response, lines, troubles)
        except status.Refusal as refusal:
            await response.write(watch_line("ERROR", refusal.body))
        except ConnectionResetError:
            return response
        finally:
            self._watches.pop(id(request), None)
        await response.write_eof()
        return response

    async def _tell(
        self, response: web.StreamResponse, lines: AsyncIterator[bytes], troubles: Sequence[Trouble]
    ) -> None:
        if any(trouble.silent for trouble in troubles):
            await asyncio.Event().wait()
        async for chunk in lines:
            if any(trouble.silent for trouble in troubles):
                await asyncio.Event().wait()
            delay = sum(trouble.delay_s for trouble in troubles)
            if delay:
                await asyncio.sleep(delay)
            await response.write(chunk)

    async def log(self, request: web.Request, target: Target) -> web.StreamResponse:
        """A pod's log, followed where that is asked for."""
        pod = self._cluster.store.get(PODS, target.namespace, target.name)
        query = logs.LogQuery.read(request.query, self._cluster.now())
        logs.check(pod, query)
        lines = self._cluster.log_source(target.name, query.since)
        data = logs.render(lines, query)
        if not query.follow:
            return web.Response(body=data, content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(data)
        await self._follow(response, target, query, lines)
        return response

    async def _follow(
        self, response: web.StreamResponse, target: Target, query: logs.LogQuery, lines: list[logs.Line]
    ) -> None:
        """Writes what is logged from here on, until the pod is gone or the client is."""
        last = lines[-1][0] if lines else self._cluster.now()
        plain = logs.LogQuery(timestamps=query.timestamps)
        while self._cluster.store.find(PODS, target.namespace, target.name) is not None:
            await asyncio.sleep(_FOLLOW_S)
            fresh = [line for line in self._cluster.log_source(target.name, last) if line[0] > last]
            if fresh:
                last = fresh[-1][0]
                try:
                    await response.write(logs.render(fresh, plain))
                except ConnectionResetError:
                    return
