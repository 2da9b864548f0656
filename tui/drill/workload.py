"""The deployment of each scenario, as the simulated cluster is to hold it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui.drill.kubernetes import Cluster, Revision
from tui.drill.scenarios import Scenario, Trouble
from tui.drill.settings_file import DEPLOYMENT, NAMESPACE, SHARED
from tui.drill.startup import Startup
from tui.drill.traffic import FAULTY_VERSION, GOOD_VERSION

_IMAGE = f"registry.example/{DEPLOYMENT}"
# Seconds: a rollout that works takes four.
_LEAST_DEADLINE = 6
_POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
# What the pods report, once, when a console looks at the events.
_EVENTS = {
    Trouble.LIMIT: ("RateLimited", "Mistral answers 429: rate limit exceeded"),
    Trouble.KEY: ("Unauthorized", "Mistral answers 401: unauthorized"),
    Trouble.CAPACITY: ("UpstreamDegraded", "Mistral answers 429: service tier capacity exceeded"),
    Trouble.ALLOWANCE: ("RateLimited", "Mistral answers 429: rate limit exceeded"),
    Trouble.OUTAGE: ("UpstreamUnavailable", "Mistral answers 503"),
    Trouble.LATENCY: ("UpstreamTimeout", "calls to Mistral time out"),
    Trouble.NAMES: ("UpstreamUnreachable", "the name of Mistral's API does not resolve"),
    Trouble.APP: ("Unhealthy", "HTTP probe warning: /v1/answers answers 500"),
}


def make_cluster(scenario: Scenario, key: str, seed: int, speed: float = 1.0) -> Cluster:
    """The scenario's cluster: healthy pods of two days, or those of a bad deployment minutes ago.

    `speed` shortens the time after which the deployment gives a rollout up.
    """
    revisions = []
    if scenario.trouble is Trouble.APP:
        revisions = [
            Revision(
                at=datetime.now(UTC) - timedelta(minutes=scenario.began),
                env={"APP_VERSION": FAULTY_VERSION},
                image=f"{_IMAGE}:{FAULTY_VERSION}",
                change_cause=f"release {FAULTY_VERSION}",
                manager="kubectl-client-side-apply",
            )
        ]
    cluster = Cluster(
        key,
        seed=seed,
        namespace=NAMESPACE,
        image=f"{_IMAGE}:{GOOD_VERSION}",
        revisions=revisions,
        env={"APP_VERSION": GOOD_VERSION},
        policies=_policies(),
        deadline_s=max(round(scenario.deadline / max(speed, 1.0)), _LEAST_DEADLINE),
        shared=SHARED,
    )
    cluster.faults.forbid = scenario.forbidden
    cluster.doom(Startup(scenario.least_slots).refuses)
    return cluster


def record_trouble(cluster: Cluster, scenario: Scenario) -> None:
    """Write the trouble into the cluster's events, one for each pod."""
    event = _EVENTS.get(scenario.trouble)
    if event is not None:
        for pod in cluster.pods():
            cluster.record_event(*event, kind="Pod", name=pod.name)


def _policies() -> list[dict[str, Any]]:
    """Egress closed but for names and https, as careful namespaces have it."""
    app = {"matchLabels": {"app": DEPLOYMENT}}
    everywhere = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}
    names = {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }
    # The simulated API listens on a high port, as loopback has it.
    high = {"protocol": "TCP", "port": 1024, "endPort": 65535}
    https = {"to": [everywhere], "ports": [{"protocol": "TCP", "port": 443}, high]}
    return [
        _policy("default-deny-egress", {"podSelector": {}, "policyTypes": ["Egress"]}),
        _policy(
            f"{DEPLOYMENT}-egress",
            {"podSelector": app, "policyTypes": ["Egress"], "egress": [names, https]},
        ),
    ]


def _policy(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {**_POLICY, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
