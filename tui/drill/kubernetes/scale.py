"""The `scale` subresource of deployments: the number of replicas as an object of its own."""

from __future__ import annotations

from typing import Any

from tui.drill.kubernetes import status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import DEPLOYMENTS, Resource
from tui.drill.kubernetes.store import Store
from tui.drill.kubernetes.writes import Options, Writes, Written, object_of, parsed, patched

Obj = dict[str, Any]
SCALE = Resource("deployments", "Scale", group="autoscaling", version="v1")


def of(deployment: Obj) -> Obj:
    """The Scale of a deployment."""
    meta, labels = deployment["metadata"], deployment["spec"]["selector"].get("matchLabels") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": SCALE.kind,
        "apiVersion": SCALE.api_version,
        "metadata": {key: meta[key] for key in kept},
        "spec": {"replicas": deployment["spec"]["replicas"]},
        "status": {
            "replicas": deployment.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


class Scales:
    """Reads and writes of Scales. Every method raises `status.Refusal` for what the server refuses."""

    def __init__(self, store: Store, writes: Writes) -> None:
        self._store = store
        self._writes = writes

    def read(self, namespace: str, name: str) -> Obj:
        """The Scale as it is."""
        return of(self._store.get(DEPLOYMENTS, namespace, name))

    def update(self, namespace: str, name: str, body: Any, options: Options) -> Written:
        """PUT: a whole Scale, checked against its resourceVersion where it carries one."""
        return self._write(namespace, name, object_of(body, SCALE), options)

    def patch(self, namespace: str, name: str, body: bytes, media: str, options: Options) -> Written:
        """A patch of the Scale."""
        changed = patched(self.read(namespace, name), parsed(body), media, SCALE)
        return self._write(namespace, name, changed, options)

    def _write(self, namespace: str, name: str, scale: Obj, options: Options) -> Written:
        live = self._store.get(DEPLOYMENTS, namespace, name)
        given = scale.get("metadata") or {}
        for key in ("uid", "resourceVersion"):
            if given.get(key) and given[key] != live["metadata"][key]:
                raise status.conflict(DEPLOYMENTS, name)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            why = f"Invalid value: {status.go_text(replicas)}: must be greater than or equal to 0"
            cause = status.Cause("FieldValueInvalid", why, "spec.replicas")
            raise status.invalid(SCALE, name, [cause])
        changed = {**live, "spec": {**live["spec"], "replicas": replicas}}
        writer = Writer(options.manager, subresource="scale")
        return Written(of(self._writes.change(DEPLOYMENTS, live, changed, options, writer)))
