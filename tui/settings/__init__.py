"""Settings: a TOML file, overridden by the environment, overridden by flags.

An unknown key, a wrong type or a bad value is an error that names the file, the key and the
remedy. Secrets are never settings: a setting says where a secret is (an environment variable,
a file, a command), and `fetch_secret` fetches it.
"""

from tui.settings.loading import config_file, load, sample, state_dir
from tui.settings.sources import COMMAND_DEADLINE, fetch_secret, server_sources
from tui.settings.structs import (
    AwsSecret,
    Console,
    Context,
    Evidence,
    GcpSecret,
    Incidents,
    KeyStore,
    Kubernetes,
    KubernetesSecret,
    Loaded,
    Mistral,
    Recovery,
    SecretSource,
    Server,
    Service,
    Settings,
    SettingsError,
    Sharing,
    StatusPage,
    Timing,
    Updates,
    VaultSecret,
    duration,
)

__all__ = [
    "COMMAND_DEADLINE",
    "AwsSecret",
    "Console",
    "Context",
    "Evidence",
    "GcpSecret",
    "Incidents",
    "KeyStore",
    "Kubernetes",
    "KubernetesSecret",
    "Loaded",
    "Mistral",
    "Recovery",
    "SecretSource",
    "Server",
    "Service",
    "Settings",
    "SettingsError",
    "Sharing",
    "StatusPage",
    "Timing",
    "Updates",
    "VaultSecret",
    "config_file",
    "duration",
    "fetch_secret",
    "load",
    "sample",
    "server_sources",
    "state_dir",
]
