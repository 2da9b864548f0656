"""The provider's status page. Unreadable from here is unknown: never up, never down."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.clients import http
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.reading import Check, Fact, Reading, State
from tui.model.redaction import Redactor
from tui.model.text import shorten
from tui.probes.probe import SUMMARY, Asking, Pace, shortly, took
from tui.settings import StatusPage as Settings

_INDICATORS = frozenset({"none", "minor", "major", "critical", "maintenance"})
_INSTATUS = {"UP": "none", "HASISSUES": "minor", "UNDERMAINTENANCE": "maintenance"}
_BETTER_STACK = {
    "operational": "none",
    "degraded": "minor",
    "downtime": "major",
    "maintenance": "maintenance",
}
_STATES = {"none": State.OK, "minor": State.WARN, "maintenance": State.WARN}
_OVER = frozenset({"resolved", "completed", "postmortem"})
_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Page:
    """What a status page says; `incidents` are the names of those that are not over."""

    indicator: str
    description: str
    incidents: tuple[str, ...]
    format: str
    updated: str = ""


def parse(body: object) -> Page | None:
    """Read the JSON of Rootly, Statuspage, Instatus or Better Stack.

    None for anything else: `{}` and error objects must not read as "all is well".
    """
    if not isinstance(body, dict):
        return None
    status, page, data = (_dict(body.get(k)) for k in ("status", "page", "data"))
    indicator = _text(status.get("indicator"))
    if indicator in _INDICATORS:
        kind = "statuspage" if "components" in body else "rootly"
        said = _text(status.get("description"))
        return Page(indicator, said, _open(body.get("incidents")), kind, _text(page.get("updated_at")))
    if isinstance(page.get("status"), str) and page["status"] in _INSTATUS:
        names = _open(body.get("activeIncidents")) + _open(body.get("activeMaintenances"))
        return Page(_INSTATUS[page["status"]], "", names, "instatus")
    aggregate = _dict(data.get("attributes")).get("aggregate_state")
    if isinstance(aggregate, str) and aggregate in _BETTER_STACK:
        return Page(_BETTER_STACK[aggregate], "", (), "betterstack")
    return None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _open(value: object) -> tuple[str, ...]:
    """The names of the incidents that are not over; a page may carry months-old ones."""
    if not isinstance(value, list):
        return ()
    still = (
        item
        for item in value
        if isinstance(item, dict)
        and not item.get("resolved_at")
        and _text(item.get("status")).lower() not in _OVER
    )
    return tuple(_text(item.get("name")) or "unnamed" for item in still)[:10]


class StatusPage(Asking):
    """Tries the paths in order until one is readable; all of them share one deadline."""

    check = Check.STATUS_PAGE

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], pace: Pace, clock: Clock, redact: Redactor
    ) -> None:
        super().__init__(pace, clock, redact)
        self._settings = settings
        self._environ = environ

    async def ask(self) -> Reading:
        """The first readable answer, or UNKNOWN with the reason of the most telling failure."""
        ends = asyncio.get_running_loop().time() + self.limit
        why = "no path is set"
        for path in self._settings.paths:
            try:
                answer = await self._fetch(path, ends - asyncio.get_running_loop().time())
            except Unanswered as error:
                return self._unreadable(shortly(error), self.plain(error.text))
            page = parse(answer.json()) if answer.status == 200 else None
            if page:
                return self._readable(page, answer)
            why = _why(answer)
            if "cf-mitigated" in answer.headers or answer.status in (401, 403, 429):
                # The same guard stands before every path: more requests would only annoy it.
                break
        return self._unreadable(why, "")

    async def _fetch(self, path: str, left: float) -> http.Answer:
        url = self._settings.url.rstrip("/") + path
        return await http.ask(
            "GET",
            url,
            deadline=max(left, 0.01),
            limit=_LIMIT,
            environ=self._environ,
        )

    def _unreadable(self, why: str, note: str) -> Reading:
        facts: dict[str, Fact] = {"readable": False}
        return Reading(
            self.check,
            State.UNKNOWN,
            shorten(f"unreadable: {why}", SUMMARY),
            self.clock.now(),
            facts,
            evidence=(
                f"The status page cannot be read from here ({note or why}): it says neither up nor down.",
            ),
            note=note,
            remedy=f"Open {self._settings.url} in a browser.",
        )

    def _readable(self, page: Page, answer: http.Answer) -> Reading:
        names = tuple(self.plain(name, 80) for name in page.incidents)
        facts: dict[str, Fact] = {
            "readable": True,
            "indicator": page.indicator,
            "incidents": len(names),
            "incident_names": names,
            "format": page.format,
        }
        said = self.plain(page.description).lower()
        if page.indicator == "none":
            summary = shorten(said, SUMMARY) or "all systems operational"
        else:
            summary = self.plain(
                f"{page.indicator}: {names[0] if names else said or 'see the page'}", SUMMARY
            )
        return Reading(
            self.check,
            _STATES.get(page.indicator, State.FAIL),
            summary,
            self.clock.now(),
            facts,
            latency=took(answer),
            origin="status page",
            evidence=(self._sentence(page, said, names),),
        )

    def _sentence(self, page: Page, said: str, names: tuple[str, ...]) -> str:
        # The page's own time is when it last changed, and no proof of freshness.
        since = f" (last changed {self.plain(page.updated, 30)})" if page.updated else ""
        if page.indicator == "none" and not names:
            return f"The status page says: {said or 'all systems operational'}{since}."
        told = "; ".join(names[:3]) or said or "no incident named"
        return f"The status page says {page.indicator}: {told}{since}."


def _why(answer: http.Answer) -> str:
    if "cf-mitigated" in answer.headers:
        return f"{answer.status}, a challenge"
    if answer.html:
        return f"{answer.status}, a web page"
    return f"{answer.status}" if answer.status != 200 else "no known form"
