"""What can be set, as structs: the contract between the file and the program."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


class SettingsError(Exception):
    """The settings cannot be used; the text names the place and the remedy."""


class SecretSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a secret is found. At most one of the three.

    Attributes:
        env: name of an environment variable.
        file: a file whose stripped text is the secret.
        command: an argv whose stripped standard output is the secret; run without a shell and
            without the terminal, with a deadline of ten seconds.
    """

    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()


class Mistral(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The provider's API, asked with our key.

    `model` is the model that production uses; `completion_probe` also asks it for one token,
    since a 200 from `/v1/models` proves name resolution, TLS and the key, and little more.
    `limits_url` is where our workspace's limits are shown, instead of the runbook's own page.
    """

    base_url: str = "https://api.mistral.ai"
    model: str = ""
    completion_probe: bool = False
    key: SecretSource = SecretSource(env="MISTRAL_API_KEY")
    limits_url: str = ""


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Our own service: the address of its health page."""

    health_url: str = ""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server with an address, an optional bearer token and an optional tenant header."""

    url: str = ""
    token: SecretSource = SecretSource()
    username: str = ""
    password: SecretSource = SecretSource()
    org_id: str = ""
    ca_file: str = ""


class StatusPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The provider's status page; the paths are tried in order until one is readable."""

    url: str = "https://status.mistral.ai"
    paths: tuple[str, ...] = ("/api/v1/status.json", "/api/v2/summary.json", "/summary.json", "/index.json")


class Kubernetes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The workload: one deployment, in a context that is pinned when the console starts.

    `administrators` is whom to ask for a permission that is missing, as people know them.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    deployment: str = ""
    container: str = ""
    administrators: str = ""
    read_only: bool = False


class KubernetesSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Secret beside the deployment; empty is what the deployment's own environment refers to."""

    secret: str = ""
    key: str = ""


class GcpSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A secret of GCP Secret Manager: `projects/P/secrets/S`, or a regional one.

    Attributes:
        endpoint: another address of the API, such as one of Private Service Connect.
        json_key: the secret is a JSON object, and this is the key's name in it.
    """

    secret: str = ""
    endpoint: str = ""
    json_key: str = ""


class AwsSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A secret of AWS Secrets Manager, by name or ARN; region and profile are AWS' own unless set.

    Attributes:
        endpoint_url: another address of the API, such as one of a VPC.
        json_key: the secret is a JSON object, and this is the key's name in it.
    """

    secret_id: str = ""
    region: str = ""
    profile: str = ""
    endpoint_url: str = ""
    json_key: str = ""


class VaultSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field of a secret in a KV store, version 2, of HashiCorp Vault or OpenBao.

    Address and namespace are those of `VAULT_ADDR` and `VAULT_NAMESPACE` unless set; the token is
    that of `vault login` where its source has none.
    """

    address: str = ""
    mount: str = "secret"
    path: str = ""
    field: str = ""
    namespace: str = ""
    token: SecretSource = SecretSource(env="VAULT_TOKEN")
    ca_file: str = ""


class KeyStore(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where production's key is kept: `kind` is `kubernetes`, `gcp`, `aws` or `vault`."""

    kind: str = "kubernetes"
    kubernetes: KubernetesSecret = KubernetesSecret()
    gcp: GcpSecret = GcpSecret()
    aws: AwsSecret = AwsSecret()
    vault: VaultSecret = VaultSecret()


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one Kubernetes context deserves: its word, its colour, whether it may be changed."""

    word: str = ""
    colour: str = ""
    read_only: bool = False


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Durations, as `90s`, `5m`, `2h`, `1d`.

    Attributes:
        window: over which a mitigation's query is measured, before and after.
        watch: how long after the rollout the verdict may take.
        afterwards: how long a change is watched that must only not make it worse.
        hold: how long a mitigation is leased.
        monitoring: how long a healthy path must last before resolving is offered.
        arm: how long mutations stay armed.
        rollout: the deadline of a rollout, where the deployment does not give one.
        poll: between two askings of a check, while all is well.
        flapping: three changes within this span are flapping.
        steady: how long a flapping state must rest before the path follows it again.
        recovery: between two completions, while recovery of the provider is awaited.
    """

    window: str = "2m"
    watch: str = "2m"
    afterwards: str = "10m"
    hold: str = "2h"
    monitoring: str = "5m"
    arm: str = "15m"
    rollout: str = "10m"
    poll: str = "10s"
    flapping: str = "10m"
    steady: str = "2m"
    recovery: str = "30s"


class Recovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the provider counts as recovered: this share of the last so many completions was good.

    They are asked `timing.recovery` apart: 20 of them, 30 s apart, cover ten minutes.
    """

    completions: int = 20
    good: float = 0.95


class Incidents(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who we are in the record; empty is the login."""

    responder: str = ""


class Slack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where our own people are told: by an incoming webhook, or by a bot in one thread an incident.

    `channel` is where a bot posts (`#incidents`, or better its id); of a webhook, which has its own,
    it is only a name to show.
    """

    webhook: SecretSource = SecretSource()
    token: SecretSource = SecretSource()
    channel: str = ""
    api_url: str = "https://slack.com/api"


class Statuspage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Our own page at Atlassian Statuspage: its id, a key, and the components that are affected.

    `notify` is whether its subscribers are notified; each update shows it, and can say otherwise.
    """

    page: str = ""
    key: SecretSource = SecretSource()
    components: tuple[str, ...] = ()
    notify: bool = True
    url: str = "https://api.statuspage.io/v1"


class PagerDuty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An Events API v2 integration, to acknowledge and to resolve there.

    `dedup_key` is the alert's key there; empty is the incident's alerts by their fingerprints, or
    the incident's id.
    """

    routing_key: SecretSource = SecretSource()
    dedup_key: str = ""
    url: str = "https://events.pagerduty.com/v2/enqueue"


class Updates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people are told: how often, about which features, and where.

    Attributes:
        every: by severity, instead of the runbook's intervals.
        features: what users call the features that need Mistral.
        workaround: what users can do meanwhile.
    """

    every: dict[str, str] = {}
    features: tuple[str, ...] = ()
    workaround: str = ""
    slack: Slack = Slack()
    statuspage: Statuspage = Statuspage()
    pagerduty: PagerDuty = PagerDuty()


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is collected: where it goes (empty is beside the incident's journal), and how old logs may be."""

    folder: str = ""
    logs: str = "2h"


class Sharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where several consoles meet: a namespace of a Kubernetes cluster, the incident's home.

    Incidents are shared where `namespace` is set. The cluster need not be the one that is being mended.

    Attributes:
        kubeconfig, context: how it is reached; empty is as `kubernetes` says.
        namespace: where the entries lie (`leeward share manifest` makes it).
        administrators: whom to ask for a permission that is missing there.
        lease: how long command, locks and presence last without being renewed.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    administrators: str = ""
    lease: str = "30s"


class Console(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the console looks and answers. `keys` maps a binding's id to keys, comma separated."""

    theme: str = "dark"
    ascii: bool = False
    bell: bool = True
    mouse: bool = False
    local_time: bool = False
    keys: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings. `source` says where they came from; `drill` marks a simulated world."""

    mistral: Mistral = Mistral()
    service: Service = Service()
    prometheus: Server = Server()
    alertmanager: Server = Server()
    status_page: StatusPage = StatusPage()
    kubernetes: Kubernetes = Kubernetes()
    key_store: KeyStore = KeyStore()
    contexts: dict[str, Context] = {}
    timing: Timing = Timing()
    recovery: Recovery = Recovery()
    incidents: Incidents = Incidents()
    updates: Updates = Updates()
    evidence: Evidence = Evidence()
    sharing: Sharing = Sharing()
    console: Console = Console()
    runbook: str = ""
    read_only: bool = False
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the file they came from (None: there is none).

    `from_environment` names the variables that overrode it, sorted (`LEEWARD_PROMETHEUS_URL`).
    """

    settings: Settings
    file: Path | None
    from_environment: tuple[str, ...] = ()


def duration(text: str, where: str = "") -> timedelta:
    """`1h30m` as a timedelta. Raises SettingsError naming `where`."""
    compact = text.replace(" ", "")
    parts = _DURATION.findall(compact)
    if not parts or "".join(f"{n}{u}" for n, u in parts) != compact:
        raise SettingsError(f"{where or 'duration'}: {text!r} is no duration; write it as 90s, 5m, 2h or 1d")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
