"""The Deployment controller: rolling updates with the status sequence of a real one.

The rules are those of kubernetes/pkg/controller/deployment (rolling.go, sync.go, progress.go); the
sequences in the recordings follow from them: statuses count what the ReplicaSets last reported, while
unavailable replicas count against what their specs ask for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tui.drill.kubernetes import events, objects, progress
from tui.drill.kubernetes.pods import CONTROLLER
from tui.drill.kubernetes.replica_sets import STATUS
from tui.drill.kubernetes.resources import DEPLOYMENTS, REPLICA_SETS
from tui.drill.kubernetes.store import Store

Obj = dict[str, Any]
_HASH = "pod-template-hash"
_NOT_COPIED = frozenset(
    {
        objects.REVISION,
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)


@dataclass(frozen=True)
class Budget:
    """How many pods a rolling update may add and miss."""

    surge: int
    unavailable: int


def budget(deployment: Obj) -> Budget:
    """maxSurge rounded up, maxUnavailable down; both nought would never move, so then one may miss."""
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    replicas = deployment["spec"]["replicas"]
    surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return Budget(surge, unavailable or (0 if surge else 1))


def _share(value: Any, of: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * of / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)


def same_template(left: Obj, right: Obj) -> bool:
    """Whether two pod templates are one but for the hash label."""
    return _bare(left) == _bare(right)


def _bare(template: Obj) -> Obj:
    meta = template.get("metadata", {})
    labels = meta.get("labels") or {}
    if _HASH not in labels:
        return template
    kept = {name: label for name, label in labels.items() if name != _HASH}
    return {**template, "metadata": {**meta, "labels": kept}}


class Rollout:
    """Reconciles the deployments of a store; each call to `reconcile` is one pass."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._progressed: dict[str, datetime] = {}

    def reconcile(self, now: datetime) -> None:
        """One pass over every deployment."""
        for deployment in self.store.all(DEPLOYMENTS):
            self._one(deployment, now)

    def next_deadline(self) -> datetime | None:
        """When the next rollout that moves no more will have timed out."""
        moments = []
        for deployment in self.store.all(DEPLOYMENTS):
            since = self._progressed.get(deployment["metadata"]["uid"])
            if since is not None and not progress.is_settled(deployment):
                seconds = deployment["spec"].get("progressDeadlineSeconds", 600)
                moments.append(since + timedelta(seconds=seconds))
        return min(moments, default=None)

    def _one(self, deployment: Obj, now: datetime) -> None:
        changed = progress.pause_condition(deployment, now)
        if changed is not None:
            deployment = self._write(deployment, changed, now)
            if not deployment["spec"].get("paused"):
                return  # as in the real one, what follows waits for the next pass
        sets = self._owned(deployment)
        if deployment["spec"].get("paused"):
            self._sync(deployment, sets, self._current(deployment, sets), now, progressing=False)
            return
        deployment, current = self._ensure_current(deployment, sets, now)
        sets = self._owned(deployment)
        before = deployment
        if not self._grow(deployment, sets, current):
            self._shrink(deployment, sets, current)
            self._sync(before, sets, current, now)
            if progress.reason(deployment) == progress.DONE:
                self._forget(deployment, sets, current)
            return
        fresh = self._owned(deployment)
        self._sync(before, fresh, self._current(deployment, fresh), now)

    def _owned(self, deployment: Obj) -> list[Obj]:
        uid = deployment["metadata"]["uid"]
        sets = self.store.all(REPLICA_SETS, deployment["metadata"]["namespace"])
        return [
            item for item in sets if any(r["uid"] == uid for r in item["metadata"].get("ownerReferences", []))
        ]

    def _current(self, deployment: Obj, sets: list[Obj]) -> Obj | None:
        template = deployment["spec"]["template"]
        return next((item for item in sets if same_template(item["spec"]["template"], template)), None)

    def _ensure_current(self, deployment: Obj, sets: list[Obj], now: datetime) -> tuple[Obj, Obj]:
        """The ReplicaSet of the present template, made or found, with the newest revision number."""
        found = self._current(deployment, sets)
        others = [revision(item) for item in sets if found is None or item is not found]
        number = max([*others, 0]) + 1
        if found is None:
            return self._create(deployment, sets, number, now)
        number = max(number, revision(found))
        annotations = {
            **(found["metadata"].get("annotations") or {}),
            **self._annotations(deployment, number),
        }
        meta = {**found["metadata"], "annotations": annotations}
        found = self.store.replace(REPLICA_SETS, found, {**found, "metadata": meta}, CONTROLLER)
        return self._number(deployment, number, now), found

    def _create(self, deployment: Obj, sets: list[Obj], number: int, now: datetime) -> tuple[Obj, Obj]:
        total = sum(item["spec"]["replicas"] for item in sets)
        limit = deployment["spec"]["replicas"] + (budget(deployment).surge if sets else 0)
        size = max(0, min(deployment["spec"]["replicas"], limit - total))
        built = objects.replica_set(deployment, size, self._annotations(deployment, number))
        made = self.store.create(REPLICA_SETS, built, CONTROLLER)
        name = made["metadata"]["name"]
        told = f"Scaled up replica set {name} from 0 to {size}"
        events.record(self.store, deployment, "ScalingReplicaSet", told)
        changed = self._numbered(deployment, number)
        if progress.reason(deployment) != "DeploymentResumed":
            changed = progress.with_condition(
                changed,
                "Progressing",
                "True",
                "NewReplicaSetCreated",
                f'Created new replica set "{name}"',
                now,
            )
        return self._write(deployment, changed, now), made

    def _annotations(self, deployment: Obj, number: int) -> dict[str, str]:
        own = deployment["metadata"].get("annotations") or {}
        copied = {key: text for key, text in own.items() if key not in _NOT_COPIED}
        replicas = deployment["spec"]["replicas"]
        return {
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + budget(deployment).surge),
            objects.REVISION: str(number),
            **copied,
        }

    def _numbered(self, deployment: Obj, number: int) -> Obj:
        annotations = {**(deployment["metadata"].get("annotations") or {}), objects.REVISION: str(number)}
        return {**deployment, "metadata": {**deployment["metadata"], "annotations": annotations}}

    def _number(self, deployment: Obj, number: int, now: datetime) -> Obj:
        return self._write(deployment, self._numbered(deployment, number), now)

    def _grow(self, deployment: Obj, sets: list[Obj], current: Obj) -> bool:
        """Scales the new ReplicaSet as far as the surge allows; whether anything was scaled."""
        wanted, have = deployment["spec"]["replicas"], current["spec"]["replicas"]
        if have > wanted:
            return self._scale(deployment, current, wanted)
        total = sum(item["spec"]["replicas"] for item in sets)
        room = wanted + budget(deployment).surge - total
        return (
            room > 0 and have < wanted and self._scale(deployment, current, have + min(room, wanted - have))
        )

    def _shrink(self, deployment: Obj, sets: list[Obj], current: Obj) -> None:
        """Scales old ReplicaSets down: first what is not available, then what may be missed."""
        old = [item for item in sets if item["metadata"]["uid"] != current["metadata"]["uid"]]
        floor = deployment["spec"]["replicas"] - budget(deployment).unavailable
        waiting = current["spec"]["replicas"] - current["status"].get("availableReplicas", 0)
        room = sum(item["spec"]["replicas"] for item in sets) - floor - waiting
        sizes = {item["metadata"]["name"]: item["spec"]["replicas"] for item in old}
        for item in old:
            idle = item["spec"]["replicas"] - item["status"].get("availableReplicas", 0)
            cut = max(0, min(idle, room))
            sizes[item["metadata"]["name"]] -= cut
            room -= cut
        spare = sum(item["status"].get("availableReplicas", 0) for item in sets) - floor
        for item in sorted(old, key=revision):
            cut = max(0, min(sizes[item["metadata"]["name"]], spare, room))
            sizes[item["metadata"]["name"]] -= cut
            spare, room = spare - cut, room - cut
        for item in old:
            self._scale(deployment, item, sizes[item["metadata"]["name"]])

    def _forget(self, deployment: Obj, sets: list[Obj], current: Obj) -> None:
        """Removes the oldest empty ReplicaSets beyond the history limit, once the rollout is complete."""
        empty = [
            item
            for item in sorted(sets, key=revision)
            if item["metadata"]["uid"] != current["metadata"]["uid"]
            and not item["spec"]["replicas"] + item["status"]["replicas"]
        ]
        surplus = len(empty) - deployment["spec"].get("revisionHistoryLimit", 10)
        for item in empty[: max(0, surplus)]:
            self.store.delete(REPLICA_SETS, item)

    def _scale(self, deployment: Obj, item: Obj, size: int) -> bool:
        before, meta = item["spec"]["replicas"], item["metadata"]
        if before == size:
            return False
        grown = {**meta, "generation": meta["generation"] + 1}
        changed = {**item, "metadata": grown, "spec": {**item["spec"], "replicas": size}}
        self.store.replace(REPLICA_SETS, item, changed, CONTROLLER)
        way = "up" if size > before else "down"
        told = f"Scaled {way} replica set {meta['name']} from {before} to {size}"
        events.record(self.store, deployment, "ScalingReplicaSet", told)
        return True

    def _sync(
        self,
        deployment: Obj,
        sets: list[Obj],
        current: Obj | None,
        now: datetime,
        *,
        progressing: bool = True,
    ) -> None:
        status = progress.counted(deployment, sets, current, budget(deployment).unavailable, now)
        since = self._progressed.get(deployment["metadata"]["uid"], now)
        if progressing and current is not None:
            status = progress.judged(deployment, status, current["metadata"]["name"], now, since)
        self._write(deployment, {**deployment, "status": status}, now)

    def _write(self, old: Obj, new: Obj, now: datetime) -> Obj:
        uid = old["metadata"]["uid"]
        if progress.moved(old.get("status", {}), new.get("status", {})) or uid not in self._progressed:
            self._progressed[uid] = now
        return self.store.replace(DEPLOYMENTS, old, new, STATUS)


def revision(item: Obj) -> int:
    """The revision number of a ReplicaSet."""
    return int((item["metadata"].get("annotations") or {}).get(objects.REVISION, 0))
