"""hvac with our own address, token, trust and proxies. Made in a thread: a token may need a command."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.clients import proxies, trust
from tui.clients.secrets import vault_errors
from tui.clients.secrets.calling import ANSWERS, CONNECTS
from tui.model.keys import StoreError
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.settings import SettingsError, VaultSecret, fetch_secret

if TYPE_CHECKING:
    import requests

_LOG_IN = "Run `vault login`, or set key_store.vault.token in the settings."


def made(where: VaultSecret, environ: Mapping[str, str], redact: Redactor, store: str) -> Any:
    """A client of hvac; `redact` learns the token. Raises StoreError for what is not set."""
    import hvac

    address = where.address or environ.get("VAULT_ADDR", "")
    if not address:
        raise StoreError(
            f"No address is known for {store}. Nothing was changed.",
            "Set key_store.vault.address in the settings, or VAULT_ADDR.",
        )
    token = _token(where, environ, store)
    redact.add(token)
    return hvac.Client(
        url=address.rstrip("/"),
        token=token.reveal(),
        namespace=where.namespace or environ.get("VAULT_NAMESPACE") or None,
        verify=True,
        timeout=(CONNECTS, ANSWERS),
        allow_redirects=False,
        session=_session(address, where.ca_file or environ.get("VAULT_CACERT", ""), environ),
    )


def _token(where: VaultSecret, environ: Mapping[str, str], store: str) -> Secret:
    """That of the settings, else the one that `vault login` left behind."""
    try:
        token = fetch_secret(where.token, environ, "key_store.vault.token")
        if token is None:
            left = Path(environ.get("HOME") or Path.home()) / ".vault-token"
            token = Secret(left.read_text(encoding="utf-8").strip()) if left.is_file() else None
    except (SettingsError, OSError, UnicodeDecodeError) as error:
        said = str(error) if isinstance(error, SettingsError) else "~/.vault-token cannot be read"
        raise StoreError(f"{said}. Nothing was changed.", _LOG_IN) from None
    if not token:
        raise StoreError(f"There is no token for {store}. Nothing was changed.", _LOG_IN)
    return token


def _session(address: str, ca_file: str, environ: Mapping[str, str]) -> "requests.Session":
    """Our trust and our proxies, and no login of `~/.netrc`; tried once, and sent nowhere else."""
    import requests
    from requests.adapters import HTTPAdapter

    proxy = proxies.proxy_for(address, environ)
    try:
        secure = trust.needed(address, proxy)
        believed = trust.fresh(trust.ca_files(ca_file, environ)) if secure else trust.nobody()
    except OSError:
        raise StoreError(
            f"The certificates in {clean(ca_file or 'SSL_CERT_FILE')} cannot be read. Nothing was changed.",
            "Set key_store.vault.ca_file to the authority's certificate.",
        ) from None

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
            return super().init_poolmanager(*args, **kwargs, ssl_context=believed)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, **kwargs, ssl_context=believed)

    session = requests.Session()
    session.trust_env = False
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    for scheme in ("http://", "https://"):
        session.mount(scheme, Trusting(max_retries=0))
    session.hooks["response"].append(vault_errors.no_redirect)
    return session
