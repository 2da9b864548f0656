"""The life of pods: started with the Secret's value of that moment, ready a little later, gone on request.

This stands in for the scheduler and the kubelet. Times come from the store's clock.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tui.drill.kubernetes import events, objects, pod_status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import PODS, REPLICA_SETS, SECRETS
from tui.drill.kubernetes.store import Store, stamp

Obj = dict[str, Any]
_NO_REGISTRY = ".invalid"
CONTROLLER = Writer("kube-controller-manager")
KUBELET = Writer("kubelet", subresource="status")


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds."""

    ready_s: float = 1.0
    stop_s: float = 0.3
    react_s: float = 0.03


@dataclass(frozen=True)
class PodView:
    """A pod as the world sees it: its revision and the environment that it started with."""

    name: str
    revision: int
    ready: bool
    started_at: datetime
    env: Mapping[str, str]


@dataclass(frozen=True)
class _Run:
    ready_at: datetime | None
    started_at: datetime
    env: Mapping[str, str]
    gone_at: datetime | None = None
    restarts: int = 0
    ip: str = ""


@dataclass
class Pods:
    """Starts, readies and stops the pods of a store.

    `fault` makes pods that start from then on fail: "crash", "image", or "" for none; `doomed` says of
    an environment whether a pod that starts with it crashes.
    """

    store: Store
    pace: Pace
    fault: str = ""
    doomed: Callable[[Mapping[str, str]], bool] = lambda _env: False
    _runs: dict[str, _Run] = field(default_factory=dict)
    _addresses: int = 2

    def views(self, namespace: str) -> tuple[PodView, ...]:
        """The service's pods there that are not being stopped, in the order of their names."""
        found = []
        for pod in self.store.all(PODS, namespace):
            if pod["metadata"].get("labels", {}).get("app") != objects.APP:
                continue
            run = self._runs.get(pod["metadata"]["name"])
            if run is not None and not pod_status.is_leaving(pod):
                revision = self._revision(pod)
                found.append(
                    PodView(
                        pod["metadata"]["name"], revision, pod_status.is_ready(pod), run.started_at, run.env
                    )
                )
        return tuple(found)

    def _revision(self, pod: Obj) -> int:
        meta = pod["metadata"]
        owner = self.store.find(REPLICA_SETS, meta["namespace"], meta["ownerReferences"][0]["name"])
        annotations = {} if owner is None else owner["metadata"].get("annotations") or {}
        return int(annotations.get(objects.REVISION, 0))

    def start(self, owner: Obj) -> None:
        """Creates one pod of a ReplicaSet; it is ready after the pace's time unless it fails."""
        moment = self.store.now()
        pod = self.store.create(PODS, objects.pod(owner, self.store.rng), CONTROLLER)
        self._addresses += 1
        env, problem = self._environment(pod)
        fault = self._fault_of(pod, env)
        ready_at = None if problem or fault else moment + timedelta(seconds=self.pace.ready_s)
        address = f"10.88.{self._addresses // 250}.{self._addresses % 250 + 1}"
        self._runs[pod["metadata"]["name"]] = _Run(ready_at, moment, env, ip=address)
        self._set_status(pod, self._first_status(pod, moment, problem, fault))
        self._tell_start(owner, pod, problem, fault)

    def _fault_of(self, pod: Obj, env: Mapping[str, str]) -> str:
        """What keeps a pod from starting: what is set, or an image of a registry that cannot exist."""
        host = str(pod["spec"]["containers"][0].get("image", "")).partition("/")[0]
        if self.fault or host.endswith(_NO_REGISTRY):
            return self.fault or "image"
        return "crash" if self.doomed(env) else ""

    def _first_status(self, pod: Obj, moment: datetime, problem: str, fault: str) -> Obj:
        when = stamp(moment)
        if problem:
            return pod_status.misconfigured(pod, when, problem)
        if fault == "crash":
            return pod_status.crashing(pod, when, self._runs[pod["metadata"]["name"]].ip, 1)
        if fault == "image":
            return pod_status.unpullable(pod, when)
        return pod_status.creating(pod, when)

    def _tell_start(self, owner: Obj, pod: Obj, problem: str, fault: str) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        place = f"{pod['metadata']['namespace']}/{name} to {objects.NODE}"
        events.record(self.store, owner, "SuccessfulCreate", f"Created pod: {name}")
        events.record(self.store, pod, "Scheduled", f"Successfully assigned {place}")
        if fault == "image":
            told = f'Back-off pulling image "{container["image"]}"'
            events.record(self.store, pod, "BackOff", told)
            return
        if problem:
            events.record(self.store, pod, "Failed", f"Error: {problem}", type_="Warning")
            return
        present = f'Container image "{container["image"]}" already present on machine'
        events.record(self.store, pod, "Pulled", present)
        events.record(self.store, pod, "Started", f"Started container {container['name']}")
        if fault == "crash":
            told = f"Back-off restarting failed container {container['name']} in pod {name}"
            events.record(self.store, pod, "BackOff", told, type_="Warning")

    def _environment(self, pod: Obj) -> tuple[dict[str, str], str]:
        """The env with Secrets resolved, and what is missing, in the kubelet's words."""
        env: dict[str, str] = {}
        for item in pod["spec"]["containers"][0].get("env") or []:
            reference = (item.get("valueFrom") or {}).get("secretKeyRef")
            if reference is None:
                env[item["name"]] = item.get("value", "")
                continue
            secret = self.store.find(SECRETS, pod["metadata"]["namespace"], reference["name"])
            if secret is None:
                return env, f'secret "{reference["name"]}" not found'
            value = (secret.get("data") or {}).get(reference["key"])
            if value is None:
                where = f"{pod['metadata']['namespace']}/{reference['name']}"
                return env, f"couldn't find key {reference['key']} in Secret {where}"
            env[item["name"]] = base64.b64decode(value).decode(errors="replace")
        return env, ""

    def stop(self, pod: Obj) -> None:
        """Asks a pod to stop; it is gone after the pace's stop time."""
        now = self.store.now()
        meta = {**pod["metadata"], "deletionTimestamp": stamp(now), "deletionGracePeriodSeconds": 1}
        self.store.replace(PODS, pod, {**pod, "metadata": meta}, KUBELET)
        name = meta["name"]
        self._runs[name] = replace(self._runs[name], gone_at=now + timedelta(seconds=self.pace.stop_s))
        told = f"Stopping container {pod['spec']['containers'][0]['name']}"
        events.record(self.store, pod, "Killing", told)

    def advance(self, now: datetime) -> None:
        """Readies and removes the pods whose time has come."""
        for pod in self.store.all(PODS):
            name = pod["metadata"]["name"]
            run = self._runs.get(name)
            if run is None:
                continue
            if run.gone_at is not None and run.gone_at <= now:
                del self._runs[name]
                self.store.delete(PODS, pod)
            elif run.gone_at is None and run.ready_at is not None and run.ready_at <= now:
                self._runs[name] = replace(run, ready_at=None)
                self._set_status(pod, pod_status.running(pod, stamp(run.ready_at), run.ip))

    def next_moment(self) -> datetime | None:
        """When `advance` next has something to do."""
        moments = [run.gone_at or run.ready_at for run in self._runs.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    def _set_status(self, pod: Obj, status: Obj) -> None:
        self.store.replace(PODS, pod, {**pod, "status": status}, KUBELET)
