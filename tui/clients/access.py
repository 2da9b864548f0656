"""How a server of the settings wants to be asked: its credentials, tenant and certificates."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from tui import settings
from tui.clients import http, http_failures, proxies, trust
from tui.clients.lanes import Lanes
from tui.clients.unanswered import Unanswered
from tui.model.redaction import Redactor
from tui.model.secret import Secret

_FETCHING = Lanes(4, "leeward-secrets")


@dataclass(frozen=True, slots=True)
class Access:
    """What goes with every request to one server. No repr shows a secret."""

    token: Secret | None
    username: str
    password: Secret | None
    org_id: str
    verify: ssl.SSLContext
    proxy: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers, credentials included: hand them to a client and to nothing else."""
        made = {"X-Scope-OrgID": self.org_id} if self.org_id else {}
        if self.token:
            made["Authorization"] = f"Bearer {self.token.reveal()}"
        elif self.password:
            made["Authorization"] = http.basic(self.username, self.password)
        return made


def read(server: settings.Server, environ: Mapping[str, str], redact: Redactor) -> Access:
    """Fetch the server's secrets and certificates; may run a command, so never call it in the loop.

    `redact` learns the secrets before anything is sent: a server may echo them.

    Raises Unanswered (`unsendable`), naming what cannot be had.
    """
    try:
        token = settings.fetch_secret(server.token, environ)
        password = settings.fetch_secret(server.password, environ)
    except settings.SettingsError as error:
        raise Unanswered(
            "unsendable", None, f"the credentials for {http_failures.place(server.url)}: {error}"
        ) from None
    for secret in (token, password):
        if secret:
            redact.add(secret)
    proxy = proxies.proxy_for(server.url, environ)
    try:
        if trust.needed(server.url, proxy):
            # One of its own: urllib3 changes the context that it is given.
            verify = trust.fresh(trust.ca_files(server.ca_file, environ))
        else:
            verify = trust.nobody()
    except (OSError, ssl.SSLError):
        text = f"the certificates in {server.ca_file or 'SSL_CERT_FILE'} cannot be read"
        raise Unanswered("unsendable", None, text) from None
    return Access(token, server.username, password, server.org_id, verify, proxy)


async def fetch(
    server: settings.Server, environ: Mapping[str, str], deadline: float, redact: Redactor
) -> Access:
    """As `read`, off the loop. Raises Unanswered (also `timeout`)."""
    try:
        return await _FETCHING.run(lambda: read(server, environ, redact), deadline)
    except TimeoutError:
        text = f"the credentials for {http_failures.place(server.url)} were not there within {deadline:.3g} s"
        raise Unanswered("timeout", None, text) from None
