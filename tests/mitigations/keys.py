"""A session's keys as a kind of change sees them, and a simulated cluster whose Secret may be exchanged."""

import asyncio
import base64
import contextlib
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.mitigations.test_protocol import KEY, QUICK, World, world_of
from tests.support.clock import START
from tui.clients.cluster import Cluster
from tui.clients.secrets import KeyStore
from tui.clients.secrets.kubernetes import KubernetesStore
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.rbac import User
from tui.drill.kubernetes.resources import SECRETS
from tui.mitigations.apply import apply
from tui.mitigations.beside import Beside, Offer, PodsSay
from tui.mitigations.plan import plan_change, plan_undo
from tui.model.incident import Applied
from tui.model.keys import KeyShown, KeyTest, named
from tui.model.mitigation import Plan
from tui.model.runbook import MitigationRule
from tui.model.secret import Secret
from tui.runbooks import load

Real = Callable[[], Awaitable[web.StreamResponse]]
Answering = Callable[[web.Request, Real], Awaitable[web.StreamResponse]]
NEW = "candidateKey0123456789zyxwvutsrq"
OTHER = "otherValue0123456789OfTheSecret!"
OLD_NAME, NEW_NAME = named(Secret(KEY).fingerprint), named(Secret(NEW).fingerprint)
SENTINELS = (KEY, NEW, OTHER)
RULE: MitigationRule = load(None).mitigations["rotate-key"]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class NoWait:
    """A clock whose pauses take no time, and which they move on."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


def a_test(key: Secret, works: bool | None = True, dead: bool = False) -> KeyTest:
    said = f"{named(key.fingerprint)} {'works' if works else 'does not work'}."
    return KeyTest(KeyShown.of(key, "typed"), "200", None, works, said, "Make another.", START, dead)


class Ring:
    """What a session does for the kind; each test of a key answers as `dead` says."""

    def __init__(
        self, make: Callable[[Cluster], Awaitable[KeyStore]] = KubernetesStore.of_deployment
    ) -> None:
        self.make = make
        self.dead: set[str] = set()
        self.plans: dict[str, Secret] = {}
        self.asked_with: list[str] = []
        self.logs: PodsSay | None = PodsSay(3, 0)

    async def store(self, cluster: Cluster) -> KeyStore:
        return await self.make(cluster)

    async def test(self, key: Secret, source: str) -> KeyTest:
        dead = key.reveal() in self.dead
        return a_test(key, not dead, dead)

    def hold(self, token: str, key: Secret) -> None:
        self.plans[token] = key

    def held(self, token: str) -> Secret | None:
        return self.plans.get(token)

    def stored(self, key: Secret) -> None:
        self.asked_with.append(key.fingerprint)

    async def pods_say(self, cluster: Cluster, since: datetime) -> PodsSay | None:
        return self.logs

    def beside(self, offer: Offer | None = None) -> Beside:
        return Beside(self, offer)


class Keyed:
    """A world whose Secret has a second value, one who may exchange the first, and their plans."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world = world
        self.cluster = cluster
        self.ring = Ring()
        self.clock = NoWait()

    async def plan(self, key: str = NEW, **how: Any) -> Plan:
        secret = Secret(key)
        offer = how.pop("offer", Offer(secret, a_test(secret)))
        given: dict[str, Any] = {"incident": "inc-1", "owner": "alice", "now": START, **how}
        return await plan_change(self.cluster, RULE, beside=self.ring.beside(offer), **given)

    async def undo(self, plan: Plan) -> Plan:
        return await plan_undo(
            self.cluster,
            RULE,
            intent(plan),
            incident="inc-1",
            owner="alice",
            now=START.replace(hour=23),
            beside=self.ring.beside(),
        )

    async def apply(self, plan: Plan) -> Mapping[str, Any]:
        return await apply(self.cluster, plan, self.clock, self.ring.beside())

    # -- the world

    @property
    def secret(self) -> dict[str, Any]:
        found: dict[str, Any] = self.world.sim.store.get(SECRETS, "prod", "mistral")
        return found

    @property
    def values(self) -> dict[str, str]:
        return {key: base64.b64decode(value).decode() for key, value in self.secret["data"].items()}

    def edit(self, change: Callable[[dict[str, Any]], None], manager: str = "kubectl-edit") -> None:
        """Somebody changes the Secret."""
        old = self.secret
        new = copy.deepcopy(old)
        change(new)
        self.world.sim.store.replace(SECRETS, old, new, Writer(manager))

    def once(self, method: str, part: str, answer: Answering) -> None:
        """The next such request that is no dry run is answered so; the others as ever."""
        api, real = self.world.api, self.world.api._answer
        waiting = [answer]

        async def answered(request: web.Request, user: User) -> web.StreamResponse:
            meant = request.method == method and part in request.path and "dryRun" not in request.query
            if meant and waiting:
                return await waiting.pop()(request, lambda: real(request, user))
            return await real(request, user)

        api._answer = answered  # type: ignore[method-assign]


async def lost_before(request: web.Request, _real: Real) -> web.StreamResponse:
    """The connection breaks before anything was done."""
    return _broken(request)


async def lost_after(request: web.Request, real: Real) -> web.StreamResponse:
    """It was done, and the connection breaks before the answer."""
    await real()
    return _broken(request)


def refusing(code: int, reason: str, message: str, **details: Any) -> Answering:
    """An answer in the server's form."""

    async def answer(_request: web.Request, _real: Real) -> web.StreamResponse:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": code,
        }
        return web.json_response(body, status=code)

    return answer


def _broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@contextlib.asynccontextmanager
async def keyed(folder: Path, user: str = "responder", **how: Any) -> AsyncIterator[Keyed]:
    """A world with a second value in its Secret, and a connection to it."""
    async with world_of(folder, pace=QUICK, **how) as world:
        made = Keyed(world, await world.connect(user))
        made.edit(lambda found: found["data"].update(other=encoded(OTHER)))
        yield made


def intent(plan: Plan, **more: Any) -> Applied:
    """The change as a journal tells it: through JSON, so that nothing else survives."""
    return Applied(
        intent="e1",
        mitigation=plan.rule.id,
        title=plan.rule.title,
        variable=plan.variable,
        before=plan.before,
        after=plan.after,
        at=START,
        kind=plan.kind,
        uid=plan.target.uid,
        mark=json.loads(json.dumps(dict(plan.mark))),
        **{"undoes": plan.undoes, **more},
    )
