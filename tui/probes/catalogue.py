"""All seven probes, made from the settings."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from tui.clients.prometheus import Prometheus
from tui.model.clock import Clock
from tui.model.key_holder import KeyHolder
from tui.model.reading import Check
from tui.model.redaction import Redactor
from tui.model.runbook import Runbook
from tui.probes.alerts import Alerts
from tui.probes.egress import Way
from tui.probes.error_rate import ErrorRate
from tui.probes.mistral_api import MistralApi
from tui.probes.network import Network
from tui.probes.probe import Pace, Probe, Unset
from tui.probes.service import Service
from tui.probes.status_page import StatusPage
from tui.probes.workload import Workload
from tui.settings import SecretSource, Settings, duration

if TYPE_CHECKING:
    from tui.clients.cluster import ClusterDoor

# A black-holed API is to be diagnosed within six seconds; the runbook's test has a limit of five.
API_LIMIT = 5.0
LIMIT = 4.5
# A completion costs a token, and the status page belongs to others: neither is asked so often.
COMPLETION_EVERY = 3
STATUS_PAGE_EVERY = 6
# The runbook's error rate is over five minutes; where the settings shorten windows, it follows.
RATE_WINDOW = timedelta(minutes=5)
_WINDOWS = 2.5


def build(
    settings: Settings,
    *,
    keys: KeyHolder,
    door: "ClusterDoor | None",
    prometheus: Prometheus | None,
    runbook: Runbook,
    clock: Clock,
    redact: Redactor,
    environ: Mapping[str, str],
) -> tuple[Probe, ...]:
    """The seven probes in the order of `Check`; what the settings do not name answers UNSET.

    Args:
        keys: our key; while it holds none, the Mistral API is unset.
        door: the cluster; None leaves the workload unset, and the error rate without its logs.
        prometheus: where figures come from; None, or one without an address, is unset.
        environ: where proxies, certificates and the servers' secrets are found.
    """
    poll = duration(settings.timing.poll, "timing.poll")
    pace = Pace(poll, LIMIT)
    window = rate_window(settings)
    mistral = settings.mistral
    url = mistral.base_url

    def unset(check: Check, remedy: str) -> Probe:
        return Unset(check, remedy, pace, clock, redact)

    api_pace = Pace(poll * (COMPLETION_EVERY if mistral.completion_probe else 1), API_LIMIT)
    page = Pace(poll * STATUS_PAGE_EVERY, LIMIT)
    has_figures = door is not None or bool(prometheus and prometheus.server.url)
    container = settings.kubernetes.container
    return (
        MistralApi(mistral, keys, environ, api_pace, clock, redact, unset=f"{_where(mistral.key)}."),
        Service(settings.service.health_url, environ, pace, clock, redact)
        if settings.service.health_url
        else unset(Check.SERVICE, "Set service.health_url in the settings."),
        ErrorRate(prometheus, door, container, runbook, window, pace, clock, redact)
        if has_figures
        else unset(Check.ERROR_RATE, "Set prometheus.url in the settings."),
        StatusPage(settings.status_page, environ, page, clock, redact)
        if settings.status_page.url
        else unset(Check.STATUS_PAGE, "Set status_page.url in the settings."),
        Network(url, environ, pace, clock, redact)
        if url
        else unset(Check.NETWORK, "Set mistral.base_url in the settings."),
        Workload(door, settings.kubernetes, window, pace, clock, redact, Way(url, clock) if url else None)
        if door is not None
        else unset(Check.WORKLOAD, "Set kubernetes.namespace and kubernetes.deployment in the settings."),
        Alerts(settings.alertmanager, environ, pace, clock, redact)
        if settings.alertmanager.url
        else unset(Check.ALERTS, "Set alertmanager.url in the settings."),
    )


def rate_window(settings: Settings) -> timedelta:
    """Over which the error rate is measured: five minutes, less where `timing.window` is short."""
    return min(RATE_WINDOW, _WINDOWS * duration(settings.timing.window, "timing.window"))


def _where(source: SecretSource) -> str:
    """What to do for the key to be found where the settings look for it."""
    if source.env:
        return f"Set {source.env} in the environment"
    if source.file:
        return f"Put the key into the file {source.file}"
    return "Set mistral.key in the settings (an environment variable, a file or a command)"
