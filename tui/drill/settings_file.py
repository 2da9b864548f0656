"""The settings with which a console comes to this world: a TOML file, its secrets beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LEAST_WINDOW = 6
CONTEXT, NAMESPACE, DEPLOYMENT = "prod-eu", "prod", "mistral-service"
SHARED = "leeward"
RESPONDER = "responder"
CHANNEL, FEATURES = "#incidents", ("AI answers", "AI search")


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read. Fails if it exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@dataclass(frozen=True, slots=True)
class Places:
    """Where the world's servers are, and the files that hold what opens them."""

    mistral: str
    service: str
    prometheus: str
    alertmanager: str
    status_page: str
    model: str
    key_file: Path
    token_file: Path
    kubeconfig: Path
    slack_file: Path
    statuspage: str
    statuspage_page: str
    statuspage_components: tuple[str, ...]
    statuspage_key_file: Path
    pagerduty: str
    pagerduty_key_file: Path


def timing(speed: float) -> dict[str, str]:
    """The durations that `--speed` shortens, in whole seconds, none too short to measure in."""

    def shortened(seconds: int, least: int = _LEAST_WINDOW) -> str:
        return f"{max(round(seconds / max(speed, 1.0)), least)}s"

    return {
        "window": shortened(120),
        "watch": shortened(120),
        "afterwards": shortened(600),
        "monitoring": shortened(300),
        "flapping": shortened(600),
        "steady": shortened(120),
        "poll": shortened(10, least=1),
        "recovery": shortened(30, least=1),
    }


def lease(speed: float) -> str:
    """How long command, locks and presence last without being renewed."""
    return f"{max(round(30 / max(speed, 1.0)), _LEAST_WINDOW)}s"


def toml(places: Places, speed: float, login: str = RESPONDER) -> str:
    """The settings file of a login."""
    tables: dict[str, Mapping[str, str | bool | tuple[str, ...]]] = {
        "mistral": {"base_url": places.mistral, "model": places.model, "completion_probe": True},
        "mistral.key": {"file": str(places.key_file)},
        "service": {"health_url": f"{places.service}/health"},
        "prometheus": {"url": places.prometheus},
        "prometheus.token": {"file": str(places.token_file)},
        "alertmanager": {"url": places.alertmanager},
        "alertmanager.token": {"file": str(places.token_file)},
        "status_page": {"url": places.status_page},
        "kubernetes": {
            "kubeconfig": str(places.kubeconfig),
            "context": CONTEXT,
            "namespace": NAMESPACE,
            "deployment": DEPLOYMENT,
            "container": DEPLOYMENT,
        },
        f'contexts."{CONTEXT}"': {"colour": "red"},
        "timing": timing(speed),
        "sharing": {"context": CONTEXT, "namespace": SHARED, "lease": lease(speed)},
        "incidents": {"responder": login},
        "updates": {"features": FEATURES},
        "updates.slack": {"channel": CHANNEL},
        "updates.slack.webhook": {"file": str(places.slack_file)},
        "updates.statuspage": {
            "url": places.statuspage,
            "page": places.statuspage_page,
            "components": places.statuspage_components,
        },
        "updates.statuspage.key": {"file": str(places.statuspage_key_file)},
        "updates.pagerduty": {"url": places.pagerduty},
        "updates.pagerduty.routing_key": {"file": str(places.pagerduty_key_file)},
    }
    lines = ["# Settings for a simulated world; gone when it ends.", "drill = true"]
    for name, values in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: str | bool | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
