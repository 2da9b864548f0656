"""The store outside the cluster that the settings name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.model.redaction import Redactor
from tui.settings import KeyStore as Named

if TYPE_CHECKING:
    from tui.clients.secrets import KeyStore


async def opened(named: Named, environ: Mapping[str, str], redact: Redactor) -> "KeyStore":
    """GCP, AWS or Vault; nothing is asked of it yet.

    Raises StoreError where the extra with its library is not installed.
    """
    if named.kind == "gcp":
        from tui.clients.secrets.gcp import GcpStore

        return await GcpStore.opened(named.gcp, redact)
    if named.kind == "aws":
        from tui.clients.secrets.aws import AwsStore

        return await AwsStore.opened(named.aws, redact)
    from tui.clients.secrets.vault import VaultStore

    return await VaultStore.opened(named.vault, environ, redact)
