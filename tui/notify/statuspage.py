"""Atlassian Statuspage, API v1: one incident on our page, made, updated and resolved."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tui.clients.http import Answer, ask
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.incident import Status
from tui.model.secret import Secret
from tui.model.severity import Severity
from tui.model.text import clean
from tui.model.update import Audience
from tui.notify import exchange
from tui.notify.message import Checked, Message, Result
from tui.notify.rendering import Fit, page_fit, plain
from tui.notify.templates import title_and_body

NAME = "statuspage"
PLACE = "Statuspage"
_STATUSES: Mapping[str, str] = {
    Status.INVESTIGATING: "investigating",
    Status.MITIGATING: "identified",
    Status.MONITORING: "monitoring",
    Status.RESOLVED: "resolved",
}
# What a severity is on the page, to the incident and to its components.
_IMPACTS: Mapping[str, tuple[str, str]] = {
    Severity.P1: ("critical", "major_outage"),
    Severity.P2: ("major", "degraded_performance"),
    Severity.P3: ("minor", "degraded_performance"),
    Severity.P4: ("none", "operational"),
}
_BETWEEN = 1.0  # seconds: one request a second for each key


class Statuspage:
    """Our page. It has no key against repeats, so what is open there is looked at before anything is made.

    Args:
        page: the page's id.
        components: ids of the components that are affected.
        url: `https://api.statuspage.io/v1`.
        notify: whether subscribers are notified, unless a person says otherwise each time.
    """

    name = NAME
    place = PLACE
    audience: Audience | None = Audience.EXTERNAL

    def __init__(
        self,
        key: Secret,
        page: str,
        components: Sequence[str],
        url: str,
        notify: bool,
        clock: Clock,
        environ: Mapping[str, str],
    ) -> None:
        self.notifies: bool | None = notify
        self._key = key
        self._components = tuple(components)
        self._base = f"{url.rstrip('/')}/pages/{quote(page, safe='')}"
        self._clock = clock
        self._environ = environ
        self._free_at = 0.0

    def fit(self, text: str) -> Fit:
        """A title line, and a body."""
        return page_fit(text)

    async def send(self, message: Message, refs: dict[str, str]) -> Result:
        """Update the page's incident of ours; make one where none is open."""
        try:
            answer = await self._ask("GET", "incidents/unresolved")
            if answer.status != 200:
                # Nothing was changed by looking, whatever was answered.
                return _only_looked(exchange.refused(answer, PLACE, _said(answer)))
            there = _open_ones(answer.json())
            if there is None:
                return _only_looked(exchange.garbled(PLACE))
        except Unanswered as error:
            return _only_looked(exchange.unanswered(error, PLACE))
        found = _ours(there, refs.get("page_incident", ""), message)
        if found is not None and message.attempts > 1 and _has(found, message):
            return Result("sent", refs={"page_incident": str(found["id"])})
        return await self._write(message, str(found["id"]) if found else refs.get("page_incident", ""))

    async def check(self) -> Checked:
        """Whether the key is good, and page and components are there."""
        try:
            answer = await self._ask("GET", "components")
        except Unanswered as error:
            return Checked(None, error.text, "Look at the network, and at updates.statuspage.url.")
        if answer.status == 401:
            return Checked(False, "the key was refused", "Put a valid key where updates.statuspage.key says.")
        if answer.status == 404:
            return Checked(False, "there is no such page", "Set updates.statuspage.page to the page's id.")
        listed = answer.json()
        if answer.status != 200 or not isinstance(listed, list):
            return Checked(None, f"it answers {answer.status}", "Try again later.")
        known = {one.get("id") for one in listed if isinstance(one, dict)}
        missing = [one for one in self._components if one not in known]
        if missing:
            told = f"the page has no component {missing[0]}"
            return Checked(False, told, "Mend updates.statuspage.components.")
        return Checked(True, f"the key is good, {len(self._components)} components are set")

    async def _write(self, message: Message, incident: str) -> Result:
        body = {"incident": self._incident(message)}
        try:
            if incident:
                answer = await self._ask("PATCH", f"incidents/{quote(incident, safe='')}", body)
            else:
                answer = await self._ask("POST", "incidents", body)
        except Unanswered as error:
            return exchange.unanswered(error, PLACE)
        if incident and answer.status == 404:
            told = f"{PLACE} has no incident {clean(incident, limit=40)} any more."
            return Result("refused", told, "Send it again: a new one is made.", refs={"page_incident": ""})
        if answer.status not in (200, 201):
            return exchange.refused(answer, PLACE, _said(answer), _remedy(answer.status))
        made = answer.json()
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            return exchange.garbled(PLACE)
        return Result("sent", refs={"page_incident": made["id"]})

    def _incident(self, message: Message) -> dict[str, Any]:
        title, body = title_and_body(plain(message.text))
        impact, state = _IMPACTS.get(message.severity, ("minor", "degraded_performance"))
        if message.status == Status.RESOLVED:
            state = "operational"
        told: dict[str, Any] = {
            "name": title,
            "status": _STATUSES.get(message.status, "investigating"),
            "impact_override": impact,
            "body": body,
            "deliver_notifications": message.notify,
        }
        if self._components:
            told["component_ids"] = list(self._components)
            told["components"] = dict.fromkeys(self._components, state)
        return told

    async def _ask(self, method: str, path: str, body: object | None = None) -> Answer:
        """One request, at most one a second."""
        wait = self._free_at - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        try:
            return await ask(
                method,
                f"{self._base}/{path}",
                deadline=exchange.DEADLINE,
                headers={"Authorization": f"OAuth {self._key.reveal()}"},
                json=body,
                environ=self._environ,
            )
        finally:
            self._free_at = self._clock.monotonic() + _BETWEEN


def _open_ones(listed: object) -> list[Mapping[str, Any]] | None:
    if not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _ours(there: Sequence[Mapping[str, Any]], known: str, message: Message) -> Mapping[str, Any] | None:
    """The page's open incident that this message belongs to: the one we made, else one of the same title."""
    title, _ = title_and_body(plain(message.text))
    by_id = next((one for one in there if known and one["id"] == known), None)
    return by_id or next((one for one in there if not known and one.get("name") == title), None)


def _has(incident: Mapping[str, Any], message: Message) -> bool:
    """Whether this very update stands there already: an earlier attempt did arrive."""
    _, body = title_and_body(plain(message.text))
    wanted = (body, _STATUSES.get(message.status))
    updates = incident.get("incident_updates")
    there = [one for one in updates if isinstance(one, dict)] if isinstance(updates, list) else []
    return any((one.get("body"), one.get("status")) == wanted for one in there)


def _only_looked(result: Result) -> Result:
    """Looking changed nothing: what was lost of it may be asked again."""
    if result.outcome != "unknown":
        return result
    return Result("later", result.said.removesuffix(" It may have arrived."), "It is tried again by itself.")


def _said(answer: Answer) -> str:
    told = answer.json()
    error = told.get("error") if isinstance(told, dict) else None
    if isinstance(error, list):
        error = "; ".join(str(one) for one in error[:3])
    return clean(error, limit=120) if isinstance(error, str) else ""


def _remedy(status: int) -> str:
    if status == 401:
        return "Put a valid key where updates.statuspage.key says."
    return "Set updates.statuspage.page to the page's id." if status == 404 else ""
