"""What a session talks to, made from the settings: secrets, clients, runbook and probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tui.model.clock import Clock
from tui.model.key_holder import KeyHolder
from tui.model.reading import Check
from tui.model.redaction import Redactor
from tui.model.runbook import Runbook
from tui.model.secret import Secret
from tui.session.threads import in_thread
from tui.settings import (
    Kubernetes,
    Loaded,
    SecretSource,
    Settings,
    SettingsError,
    fetch_secret,
    server_sources,
)

if TYPE_CHECKING:
    from tui.clients.cluster import ClusterDoor
    from tui.clients.prometheus import Prometheus
    from tui.notify.message import Target
    from tui.probes import Probe
    from tui.probes.completion import Completion
    from tui.probes.network_look import NetworkLooker


@dataclass(frozen=True, slots=True)
class Connections:
    """Everything that reaches outward. `door` and `prometheus` are None where nothing is set.

    `complaints` are the secrets that could not be fetched, each a whole sentence: their checks
    answer for themselves, the others work. `keys` has the key that this console asks with.
    """

    runbook: Runbook
    redact: Redactor
    probes: "tuple[Probe, ...]"
    door: "ClusterDoor | None"
    prometheus: "Prometheus | None"
    contexts: tuple[str, ...]
    complaints: tuple[str, ...]
    completion: "Completion | None"
    keys: KeyHolder
    looker: "NetworkLooker"
    targets: "tuple[Target, ...]"

    def max_age(self, check: Check) -> timedelta:
        """How old an answer of this check may be and still be reasoned with."""
        return next(probe.max_age for probe in self.probes if probe.check is check)

    async def close(self) -> None:
        """Let go of every connection; nothing that hangs holds this up."""
        if self.prometheus is not None:
            self.prometheus.close()
        if self.door is not None:
            await self.door.close()


async def connect(loaded: Loaded, clock: Clock, environ: Mapping[str, str], redact: Redactor) -> Connections:
    """Fetch the secrets and load the clients, off the event loop; `redact` learns the secrets.

    Raises RunbookError where the runbook cannot be used.
    """
    return await in_thread(lambda: _connect(loaded, clock, environ, redact))


def _connect(loaded: Loaded, clock: Clock, environ: Mapping[str, str], redact: Redactor) -> Connections:
    from tui import probes, runbooks

    settings = loaded.settings
    runbook = runbooks.of(settings)
    complaints: list[str] = []
    _learn(settings, environ, redact)
    key = _secret("mistral.key", settings.mistral.key, environ, complaints)
    if key:
        redact.add(key)
    keys = KeyHolder(key, settings.mistral.key.env)
    door, contexts = _door(settings.kubernetes, complaints, redact)
    prometheus = _prometheus(loaded, environ, redact)
    asked = probes.build(
        settings,
        keys=keys,
        door=door,
        prometheus=prometheus,
        runbook=runbook,
        clock=clock,
        redact=redact,
        environ=environ,
    )
    from tui.probes.completion import Completion
    from tui.probes.network_look import NetworkLooker

    mistral = settings.mistral
    completion = Completion(mistral, key, environ, clock, redact) if mistral.model else None
    looker = NetworkLooker(mistral.base_url, environ, clock, redact)
    _load_clients(prometheus is not None)
    targets = _targets(settings, clock, environ, redact, complaints)
    return Connections(
        runbook,
        redact,
        asked,
        door,
        prometheus,
        contexts,
        tuple(complaints),
        completion,
        keys,
        looker,
        targets,
    )


def _learn(settings: Settings, environ: Mapping[str, str], redact: Redactor) -> None:
    """Hold what the environment has of secrets from the start, be it fetched later or never."""
    for value in (environ.get(source.env, "").strip() for source in server_sources(settings) if source.env):
        redact.add(Secret(value))


def _load_clients(figures: bool) -> None:
    """Import what the probes will need, in the order in which it is needed.

    Left to the probes, all imports begin at once and fight for the interpreter: the API was then
    first asked after 0.8 s. Now it is asked when httpx is there, and the rest loads meanwhile.
    """
    from tui.clients import http, imports

    http.load()
    if figures:
        imports.begin("requests", "prometheus_api_client", "prometheus_api_client.prometheus_connect")


def _secret(
    name: str, source: SecretSource, environ: Mapping[str, str], complaints: list[str]
) -> Secret | None:
    try:
        return fetch_secret(source, environ)
    except SettingsError as error:
        complaints.append(f"{name}: {error}")
        return None


def _targets(
    settings: Settings,
    clock: Clock,
    environ: Mapping[str, str],
    redact: Redactor,
    complaints: list[str],
) -> "tuple[Target, ...]":
    """Whom we tell; a secret that cannot be fetched leaves its target out, and is said."""
    from tui.notify.targets import build

    def fetch(name: str, source: SecretSource) -> Secret | None:
        secret = _secret(name, source, environ, complaints)
        if secret:
            redact.add(secret)
            if name.endswith(".webhook"):
                # The address is public but for its last part, which may be echoed alone.
                redact.add(Secret(secret.reveal().rstrip("/").rpartition("/")[2]))
        elif source.env and not environ.get(source.env, "").strip():
            complaints.append(f"{name}: the environment variable {source.env} is not set")
        return secret

    return build(settings, fetch, clock, environ)


def _door(
    settings: Kubernetes, complaints: list[str], redact: Redactor
) -> "tuple[ClusterDoor | None, tuple[str, ...]]":
    if not settings.deployment:
        return None, ()
    from tui.clients.cluster import ClusterDoor, ClusterError, contexts

    try:
        known = contexts(settings)
    except ClusterError as error:
        complaints.append(error.said)
        known = ()
    return ClusterDoor(settings, redact=redact), known


def _prometheus(loaded: Loaded, environ: Mapping[str, str], redact: Redactor) -> "Prometheus | None":
    if not loaded.settings.prometheus.url:
        return None
    from tui.clients.prometheus import Prometheus

    return Prometheus(loaded.settings.prometheus, environ, redact=redact)
