"""Builders of the objects that a cluster holds, with the defaults that the API server fills in."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from typing import Any

from tui.drill.kubernetes.encoding import copied

Obj = dict[str, Any]
APP = "mistral-service"
NODE = "drill-node-1"
BASE_ENV: Mapping[str, str] = {
    "MISTRAL_FALLBACK": "false",
    "MAX_CONCURRENT_MISTRAL": "10",
    "MISTRAL_TIMEOUT_MS": "30000",
}
KEY_VARIABLE, SECRET_NAME, SECRET_KEY = "MISTRAL_API_KEY", "mistral", "api-key"
REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def suffix(rng: random.Random, length: int = 5) -> str:
    """A random suffix of a name, from the letters that Kubernetes uses."""
    return "".join(rng.choice(_ALPHABET) for _ in range(length))


def template_hash(template: Obj) -> str:
    """The pod-template-hash of a template: the same template always has the same."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


def env_list(env: Mapping[str, str]) -> list[Obj]:
    """The container's env: plain values in their order, then the key from its Secret."""
    source = {"secretKeyRef": {"name": SECRET_NAME, "key": SECRET_KEY}}
    return [{"name": name, "value": value} for name, value in env.items()] + [
        {"name": KEY_VARIABLE, "valueFrom": source}
    ]


def deployment(
    env: Mapping[str, str], *, namespace: str, image: str, replicas: int = 3, deadline_s: int = 600
) -> Obj:
    """The one deployment of the drill, with defaults filled in as the server stores it."""
    container: Obj = {
        "name": APP,
        "image": image,
        "ports": [{"containerPort": 8080}],
        "env": env_list(env),
    }
    spec: Obj = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": APP}},
        "template": {
            "metadata": {"labels": {"app": APP}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        },
        "progressDeadlineSeconds": deadline_s,
    }
    meta = {"name": APP, "namespace": namespace, "labels": {"app": APP}}
    return with_defaults({"metadata": meta, "spec": spec})


def with_defaults(given: Obj) -> Obj:
    """A deployment with the defaults of apps/v1, in the server's order of fields."""
    obj = copied(given)
    spec = obj.get("spec", {})
    template = spec.get("template", {})
    pod = template.get("spec", {})
    rolling = {"maxUnavailable": "25%", "maxSurge": "25%"}
    full: Obj = {
        "replicas": spec.get("replicas", 1),
        "selector": spec.get("selector", {}),
        "template": {**template, "spec": _pod_defaults(pod)},
        "strategy": spec.get("strategy") or {"type": "RollingUpdate", "rollingUpdate": rolling},
        "revisionHistoryLimit": spec.get("revisionHistoryLimit", 10),
        **({"paused": True} if spec.get("paused") else {}),
        "progressDeadlineSeconds": spec.get("progressDeadlineSeconds", 600),
    }
    rest = {name: item for name, item in spec.items() if name not in full and name != "paused"}
    return {**obj, "spec": {**full, **rest}}


def _pod_defaults(pod: Obj) -> Obj:
    defaults: Obj = {
        "containers": [_container_defaults(item) for item in pod.get("containers") or []],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    return {
        **defaults,
        **{key: item for key, item in pod.items() if key != "containers" and item is not None},
    }


def _container_defaults(container: Obj) -> Obj:
    image = str(container.get("image", ""))
    latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
    defaults = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
    }
    filled = {**container, **{key: item for key, item in defaults.items() if container.get(key) is None}}
    if "ports" in filled:
        filled["ports"] = [{**port, "protocol": port.get("protocol", "TCP")} for port in filled["ports"]]
    order = ("name", "image", "command", "args", "ports", "env")
    first = {key: filled[key] for key in order if filled.get(key) not in (None, [])}
    return {**first, **{key: item for key, item in filled.items() if key not in order}}


def _owner(kind: str, obj: Obj) -> list[Obj]:
    meta = obj["metadata"]
    return [
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def replica_set(owner: Obj, replicas: int, annotations: Mapping[str, str]) -> Obj:
    """The ReplicaSet of a deployment's present template."""
    template = copied(owner["spec"]["template"])
    code = template_hash(template)
    labels = {**(template.get("metadata", {}).get("labels") or {}), "pod-template-hash": code}
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    selector = {**owner["spec"]["selector"].get("matchLabels", {}), "pod-template-hash": code}
    meta = {
        "name": f"{owner['metadata']['name']}-{code}",
        "namespace": owner["metadata"]["namespace"],
        "labels": labels,
        "annotations": dict(annotations),
        "ownerReferences": _owner("Deployment", owner),
    }
    return {
        "metadata": meta,
        "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template},
        "status": {"replicas": 0},
    }


def pod(owner: Obj, rng: random.Random) -> Obj:
    """A pod of a ReplicaSet, not yet started."""
    template = copied(owner["spec"]["template"])
    prefix = f"{owner['metadata']['name']}-"
    token = f"kube-api-access-{suffix(rng)}"
    mount = {"name": token, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    containers = [{**item, "volumeMounts": [mount]} for item in template["spec"]["containers"]]
    meta: Obj = {
        "name": prefix + suffix(rng),
        "generateName": prefix,
        "namespace": owner["metadata"]["namespace"],
        **template["metadata"],
        "ownerReferences": _owner("ReplicaSet", owner),
    }
    spec = {
        "volumes": [{"name": token, "projected": {"sources": [], "defaultMode": 420}}],
        **template["spec"],
        "containers": containers,
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "nodeName": NODE,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    return {"metadata": meta, "spec": spec, "status": {"phase": "Pending", "qosClass": "BestEffort"}}


def autoscaler(namespace: str, low: int, high: int) -> Obj:
    """A HorizontalPodAutoscaler on the deployment."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    return {
        "metadata": {"name": APP, "namespace": namespace},
        "spec": {"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high, "metrics": [metric]},
        "status": {"currentReplicas": low, "desiredReplicas": low, "currentMetrics": None},
    }
