"""The pods' way out, reasoned from the cluster's NetworkPolicies: nothing is sent from a pod."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.clients import names, proxies
from tui.clients.unanswered import Unanswered
from tui.model import deployment as read
from tui.model import network_policy as policies
from tui.model.clock import Clock
from tui.model.network_policy import Egress, EgressView, Ruling
from tui.model.reading import Fact

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster

Json = Mapping[str, Any]
# Policies change by a person's hand: to read them with every look at the pods would be a waste.
KEPT_S = 60.0
_RESOLVING_S = 1.5
_NAMED = 20

UNENFORCED = (
    "Whether this cluster's network enforces NetworkPolicies cannot be read from its API: "
    "what they deny is denied only where it does."
)
RESOLVED_HERE = "The addresses are those that the name has here; the pods may be given others."


class Way:
    """Evaluates the policies for one deployment's pods; what it read is kept for a minute."""

    def __init__(self, url: str, clock: Clock) -> None:
        parts = urlsplit(url)
        self._url = url
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._clock = clock
        self._read: tuple[tuple[Json, ...], tuple[str, ...]] | None = None
        self._until = 0.0

    async def look(
        self, cluster: "Cluster", deployment: Json, container: str, pods: Sequence[Json]
    ) -> EgressView:
        """What the policies let the deployment's pods reach; unknown, and why, where we may not read them."""
        from tui.clients.cluster_errors import ClusterError

        try:
            found, groups = await self._policies(cluster)
        except ClusterError as error:
            return EgressView(Egress.UNKNOWN, self._host, self._port, unknowns=(str(error),))
        template = read.template(deployment)
        addresses, caveats = await self._addresses()
        why = policies.unknowns(groups, template, pods, self._proxy(deployment, container))
        return self._view(found, template, cluster.namespace, addresses, why, caveats)

    async def _policies(self, cluster: "Cluster") -> tuple[tuple[Json, ...], tuple[str, ...]]:
        if self._read is None or self._clock.monotonic() >= self._until:
            self._read = await asyncio.gather(cluster.network_policies(), cluster.api_groups())
            self._until = self._clock.monotonic() + KEPT_S
        return self._read

    async def _addresses(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            found = await names.resolve(self._host, self._port, _RESOLVING_S)
        except Unanswered as error:
            said = f"No address is known ({error.text}): only what holds for every address is told."
            return (), (said,)
        return found, () if names.is_address(self._host) else (RESOLVED_HERE,)

    def _proxy(self, deployment: Json, container: str) -> str:
        found = read.container_named(deployment, container)
        proxy = proxies.proxy_for(self._url, policies.proxy_environ(found[1])) if found else ""
        return proxies.place(proxy) if proxy else ""

    def _view(
        self,
        found: Sequence[Json],
        template: Json,
        namespace: str,
        addresses: Sequence[str],
        why: tuple[str, ...],
        caveats: tuple[str, ...],
    ) -> EgressView:
        labels = read.labels(template)
        rulings = policies.evaluate(
            found, labels, namespace, addresses, self._port, host=self._host or "the API"
        )
        chosen = policies.isolating(found, labels, namespace)
        return EgressView(
            policies.verdict(rulings, why),
            self._host,
            self._port,
            rulings,
            policies.evaluate_names(found, labels, namespace),
            tuple(policies.name_of(policy) for policy in chosen)[:_NAMED],
            _elsewhere(found, namespace),
            why,
            (*caveats, *((UNENFORCED,) if chosen else ())),
        )


def facts_of(view: EgressView) -> dict[str, Fact]:
    """What the tree can test of it; the sentence names the policy and the rule."""
    asked = {ruling.allowed for ruling in view.names}
    names_open = Egress.UNKNOWN
    if view.names and not view.unknowns:
        names_open = Egress.ALLOWED if True in asked else names_open if None in asked else Egress.DENIED
    return {"egress": view.verdict.value, "egress_why": _why(view), "egress_names": names_open.value}


def cleaned(view: EgressView, plain: Any) -> EgressView:
    """The same with every text from the cluster passed through `plain` (text, limit)."""

    def ruling(one: Ruling) -> Ruling:
        return replace(one, policy=plain(one.policy, 200), rule=plain(one.rule, 200), why=plain(one.why, 400))

    return replace(
        view,
        rulings=tuple(map(ruling, view.rulings)),
        names=tuple(map(ruling, view.names)),
        isolating=tuple(plain(name, 100) for name in view.isolating),
        elsewhere=tuple(plain(name, 160) for name in view.elsewhere),
        unknowns=tuple(plain(said, 300) for said in view.unknowns),
        caveats=tuple(plain(said, 300) for said in view.caveats),
    )


def _why(view: EgressView) -> str:
    if view.verdict is Egress.UNKNOWN:
        open_ones = [ruling.why for ruling in view.rulings if ruling.allowed is None]
        return next(iter((*view.unknowns, *open_ones)), "Nothing is known of the pods' way out.")
    closed = next((ruling.why for ruling in view.rulings if not ruling.allowed), "")
    return closed or view.rulings[0].why


def _elsewhere(found: Sequence[Json], namespace: str) -> tuple[str, ...]:
    """Egress policies of other namespaces: shown, since a runbook asks to look at them, never evaluated."""
    named = (
        f"{(policy.get('metadata') or {}).get('namespace') or '?'}/{policies.name_of(policy)}"
        for policy in found
        if policies.isolates(policy) and (policy.get("metadata") or {}).get("namespace") != namespace
    )
    return tuple(sorted(named))[:_NAMED]
