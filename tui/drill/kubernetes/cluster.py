"""The simulated cluster: one deployment with its history, and controllers that act on the store.

`Cluster` is what the drill's world holds; `KubeApi` serves it. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.drill.kubernetes import (
    declared,
    definitions,
    deletes,
    events,
    namespaces,
    objects,
    progress,
    replica_sets,
)
from tui.drill.kubernetes import shared as meeting
from tui.drill.kubernetes.faults import Faults
from tui.drill.kubernetes.patch import strategic_merge
from tui.drill.kubernetes.pods import Pace, Pods, PodView
from tui.drill.kubernetes.resources import (
    AUTOSCALERS,
    CUSTOM_RESOURCES,
    DEPLOYMENTS,
    NAMESPACES,
    NETWORK_POLICIES,
    PODS,
    REPLICA_SETS,
    SECRETS,
)
from tui.drill.kubernetes.rollout import Rollout
from tui.drill.kubernetes.schema import KINDS
from tui.drill.kubernetes.store import Store
from tui.drill.kubernetes.writes import Options, Writes

Obj = dict[str, Any]
LogSource = Callable[[str, datetime | None], list[tuple[datetime, str]]]
_EVENTS_KEPT = timedelta(hours=1)
_LONGEST_NAP = 30.0
# What the controllers act on: all else may change without waking them.
_CONTROLLED = frozenset(
    resource.key for resource in (CUSTOM_RESOURCES, DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS, SECRETS)
)


@dataclass(frozen=True)
class Revision:
    """One rollout of the past: when, what it changed, and the change cause that it left.

    `env` replaces or adds variables; `image` replaces the image unless "". `manager` is the field
    manager that did it.
    """

    at: datetime
    env: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    change_cause: str = ""
    manager: str = "kubectl-set"


def _no_log(_pod: str, _since: datetime | None) -> list[tuple[datetime, str]]:
    return []


class Cluster:
    """Namespace, Secret, deployment with ReplicaSets and pods, events, policies, and their controllers.

    Args:
        key: value of the key `api-key` of the Secret `mistral`.
        seed: makes names and uids repeatable.
        deployed_at: when the first revision was rolled out (two days ago unless given).
        revisions: later rollouts, oldest first; each is played by the same controllers, so that it has
            its ReplicaSet, its revision number and, when younger than an hour, its events.
        env: variables of the first revision over the three of the service.
        owner: who declares the deployment: "" (kubectl apply), "argocd", "helm" or "flux".
        autoscaler: (least, most) replicas of a HorizontalPodAutoscaler, or None for none.
        policies: NetworkPolicies, as objects with metadata and spec.
        deadline_s: progressDeadlineSeconds.
        shared: the namespace in which several consoles meet; none is made unless it is given.
        now: the clock; wall time unless a test brings its own.
    """

    def __init__(
        self,
        key: str,
        *,
        seed: int = 0,
        namespace: str = "prod",
        image: str = "registry.example/mistral-service:1.4.2",
        replicas: int = 3,
        deployed_at: datetime | None = None,
        revisions: Sequence[Revision] = (),
        env: Mapping[str, str] | None = None,
        owner: str = "",
        autoscaler: tuple[int, int] | None = None,
        policies: Sequence[Obj] = (),
        deadline_s: int = 600,
        pace: Pace | None = None,
        shared: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.namespace = namespace
        self.shared = shared
        self.faults = Faults()
        self.log_source: LogSource = _no_log
        self.on_preview: Callable[[], None] = lambda: None
        self.pace = pace or Pace()
        self._now = now
        self._as_of: datetime | None = None
        self.store = Store(self.now, random.Random(seed))  # noqa: S311 - names, not secrets
        self.writes = Writes(self.store)
        self._pods = Pods(self.store, self.pace)
        self._rollout = Rollout(self.store)
        first = deployed_at or min([now() - timedelta(days=2), *(r.at for r in revisions)])
        env = {**objects.BASE_ENV, **(env or {})}
        with self._at(first):
            self._found(key, autoscaler, policies)
            built = objects.deployment(
                env, namespace=namespace, image=image, replicas=replicas, deadline_s=deadline_s
            )
            self.store.create(DEPLOYMENTS, declared.by(owner, built), declared.writer(owner))
            self.settle()
        for revision in revisions:
            with self._at(revision.at):
                self.edit(_as_patch(revision), manager=revision.manager)
                self.settle()
        if shared:
            with self._at(first):
                meeting.found(self.store, shared)
        events.forget(self.store, now() - _EVENTS_KEPT)

    def now(self) -> datetime:
        """The cluster's clock."""
        return self._as_of or self._now()

    @contextlib.contextmanager
    def _at(self, moment: datetime) -> Iterator[None]:
        before, self._as_of = self._as_of, moment
        try:
            yield
        finally:
            self._as_of = before

    def _found(self, key: str, autoscaler: tuple[int, int] | None, policies: Sequence[Obj]) -> None:
        writer = declared.writer("")
        for name in ("default", "kube-system", self.namespace):
            labels = {"kubernetes.io/metadata.name": name}
            space = {"metadata": {"name": name, "labels": labels}, "spec": {"finalizers": ["kubernetes"]},
                     "status": {"phase": "Active"}}  # fmt: skip
            self.store.create(NAMESPACES, space, writer)
        data = {objects.SECRET_KEY: base64.b64encode(key.encode()).decode()}
        meta = {"name": objects.SECRET_NAME, "namespace": self.namespace}
        self.store.create(SECRETS, {"metadata": meta, "data": data, "type": "Opaque"}, writer)
        for policy in policies:
            self.store.create(NETWORK_POLICIES, policy, writer)
        if autoscaler is not None:
            self.store.create(AUTOSCALERS, objects.autoscaler(self.namespace, *autoscaler), writer)

    def settle(self) -> None:
        """Plays the controllers ahead of the clock until nothing is left to do."""
        with self._at(self.now()):
            for _ in range(500):
                before = self.store.version
                self.step()
                if self.store.version != before:
                    continue
                moment = self._pods.next_moment()
                if moment is None:
                    return
                self._as_of = max(moment, self.now())
        raise RuntimeError("the simulated cluster does not settle")

    def step(self) -> None:
        """One pass of the kubelet and of both controllers at the clock's present time."""
        now = self.now()
        self._pods.advance(now)
        namespaces.sweep(self.store)
        deletes.collect(self.store, self._pods)
        definitions.establish(self.store)
        replica_sets.reconcile(self.store, self._pods)
        self._rollout.reconcile(now)

    async def run(self) -> None:
        """Runs the controllers until cancelled: a pass after each change, and when something is due."""
        while True:
            before = self.store.version
            self.step()
            if self.store.version != before:
                await asyncio.sleep(self.pace.react_s)
                continue
            due = [m for m in (self._pods.next_moment(), self._rollout.next_deadline()) if m is not None]
            nap = min([_LONGEST_NAP, *((moment - self.now()).total_seconds() for moment in due)])
            await self.store.changed(_CONTROLLED, max(nap, 0.001))
            events.forget(self.store, self.now() - _EVENTS_KEPT)
            await asyncio.sleep(self.pace.react_s)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Cluster]:
        """The controllers run for as long as the block does."""
        task = asyncio.create_task(self.run(), name="drill cluster controllers")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def pods(self) -> tuple[PodView, ...]:
        """The service's pods that serve or are about to, with the environment each started with."""
        return self._pods.views(self.namespace)

    @property
    def deployment(self) -> Obj:
        """The deployment as stored."""
        return self.store.get(DEPLOYMENTS, self.namespace, objects.APP)

    def edit(self, patch: Obj, *, manager: str) -> Obj:
        """A strategic merge by another hand, person or GitOps controller; permissions are not asked."""
        merged = strategic_merge(self.deployment, patch, KINDS["Deployment"])
        options = Options(manager)
        return self.writes.update(DEPLOYMENTS, self.namespace, objects.APP, merged, options).obj

    def set_env(self, name: str, value: str, *, manager: str = "argocd-controller") -> Obj:
        """Another hand sets one variable: how an overwritten mitigation comes about."""
        container = {"name": objects.APP, "env": [{"name": name, "value": value}]}
        return self.edit({"spec": {"template": {"spec": {"containers": [container]}}}}, manager=manager)

    def set_key(self, value: str, *, manager: str = "kubectl-edit") -> None:
        """Stores another key in the Secret; running pods keep the one they started with."""
        options = Options(manager)
        body = {"stringData": {objects.SECRET_KEY: value}}
        old = self.store.get(SECRETS, self.namespace, objects.SECRET_NAME)
        merged = strategic_merge(old, body, KINDS["Secret"])
        self.writes.update(SECRETS, self.namespace, objects.SECRET_NAME, merged, options)

    def key(self) -> str:
        """The key that the Secret holds now."""
        data = self.store.get(SECRETS, self.namespace, objects.SECRET_NAME)["data"]
        return base64.b64decode(data[objects.SECRET_KEY]).decode(errors="replace")

    def pause(self, *, manager: str = "kubectl-rollout") -> None:
        """Pauses rollouts: changes are taken and not rolled out."""
        self.edit({"spec": {"paused": True}}, manager=manager)

    def resume(self, *, manager: str = "kubectl-rollout") -> None:
        """Lets rollouts go on."""
        self.edit({"spec": {"paused": None}}, manager=manager)

    def break_new_pods(self, fault: str) -> None:
        """Pods that start from now on fail: "crash", "image", or "" for none, so that a rollout stalls."""
        self._pods.fault = fault

    def doom(self, test: Callable[[Mapping[str, str]], bool]) -> None:
        """Pods that start from now on crash, again and again, where the test says so of their environment."""
        self._pods.doomed = test

    @property
    def rolled_out(self) -> bool:
        """Whether what the deployment asks for is what runs."""
        return progress.reason(self.deployment) == progress.DONE

    def variable(self, name: str) -> str | None:
        """A variable of the deployment's first container; None where it has no plain value."""
        container = self.deployment["spec"]["template"]["spec"]["containers"][0]
        return next((item.get("value") for item in container.get("env") or [] if item["name"] == name), None)

    def record_event(
        self, reason: str, message: str, type_: str = "Warning", kind: str = "Deployment", name: str = ""
    ) -> None:
        """Records an event about a pod or the deployment; an unknown pod's event is about the deployment."""
        about = self.store.find(PODS, self.namespace, name) if kind == "Pod" else None
        events.record(self.store, about or self.deployment, reason, message, type_=type_)


def _as_patch(revision: Revision) -> Obj:
    container: Obj = {"name": objects.APP}
    if revision.env:
        container["env"] = [{"name": name, "value": value} for name, value in revision.env.items()]
    if revision.image:
        container["image"] = revision.image
    patch: Obj = {"spec": {"template": {"spec": {"containers": [container]}}}}
    if revision.change_cause:
        patch["metadata"] = {"annotations": {objects.CHANGE_CAUSE: revision.change_cause}}
    if not revision.env and not revision.image:
        restarted = {"kubectl.kubernetes.io/restartedAt": revision.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        patch["spec"]["template"] = {"metadata": {"annotations": restarted}}
    return patch
