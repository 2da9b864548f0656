"""A closer look at the way to the API: each resolver, the proxies in effect, the certificate.

It is done when a person asks for it, and not with every round of checks.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from tui.clients import http, names, proxies, resolvers
from tui.clients.lanes import Lanes
from tui.clients.unanswered import Unanswered
from tui.model.clock import Clock
from tui.model.network_look import Certificate, NetworkLook, Resolved
from tui.model.redaction import Redactor
from tui.model.text import clean
from tui.probes.network import Way, dial, secured, tunnel

# For each resolver, and for the certificate.
LIMIT = 3.0
_READING = Lanes(2, "leeward-certificates")
_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


class NetworkLooker:
    """Looks at the way to one address."""

    def __init__(
        self, url: str, environ: Mapping[str, str], clock: Clock, redact: Redactor, limit: float = LIMIT
    ) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._proxy = proxies.proxy_for(url, environ)
        self._environ = environ
        self._clock = clock
        self._redact = redact
        self._limit = limit

    async def look(self) -> NetworkLook:
        """All of it at once; what cannot be asked is said, and costs the rest nothing."""
        trouble: list[str] = []
        system, each, certificate = await asyncio.gather(
            self._system(), self._each(trouble), self._certificate(trouble)
        )
        return NetworkLook(
            self._clock.now(),
            self._host,
            self._port,
            proxies.place(self._proxy) if self._proxy else "",
            self._settings(),
            system,
            each,
            certificate,
            tuple(trouble),
        )

    def _settings(self) -> tuple[tuple[str, str], ...]:
        """The proxy variables that are set, without the credentials that an address may carry."""
        found = []
        for name in _VARIABLES:
            value = self._environ.get(name.lower()) or self._environ.get(name) or ""
            if value:
                shown = value if name == "NO_PROXY" else proxies.place(_address(value))
                found.append((name, self._plain(shown)))
        return tuple(found)

    async def _system(self) -> Resolved | None:
        if not self._host:
            return None
        began = self._clock.monotonic()
        try:
            found = await names.resolve(self._host, self._port, self._limit)
        except Unanswered as error:
            return Resolved("this system", error=self._plain(error.text))
        return Resolved("this system", found, round((self._clock.monotonic() - began) * 1000, 1))

    async def _each(self, trouble: list[str]) -> tuple[Resolved, ...]:
        if not self._host or names.is_address(self._host):
            return ()
        try:
            servers = await resolvers.name_servers()
            found = await resolvers.ask_each(self._host, servers, self._limit)
        except (TimeoutError, OSError):
            trouble.append("The name servers of this machine could not be read (/etc/resolv.conf).")
            return ()
        if not servers:
            trouble.append("This machine names no name server (/etc/resolv.conf).")
        return found

    async def _certificate(self, trouble: list[str]) -> Certificate | None:
        if not self._tls:
            trouble.append("The address is http://: there is no TLS, and no certificate.")
            return None
        try:
            async with asyncio.timeout(self._limit):
                verify = await http.believed(self._environ)
                try:
                    return await self._told(await self._shown(verify), True, "")
                except ssl.SSLCertVerificationError as error:
                    why = self._plain(error.verify_message)
                # Only to read what is shown: nothing is sent on this connection.
                blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
                return await self._told(await self._shown(blind), False, why)
        except Unanswered as error:
            trouble.append(f"No certificate was seen: {self._plain(error.text)}.")
        except TimeoutError:
            trouble.append(f"No certificate was seen: nothing came within {self._limit:.3g} s.")
        except (OSError, ValueError) as error:
            trouble.append(f"No certificate was seen: the connection failed ({type(error).__name__}).")
        return None

    async def _told(self, der: bytes, trusted: bool, why: str) -> Certificate:
        """The certificate's parts; what reads them is imported off the event loop."""
        return await _READING.run(lambda: _read(der, trusted, why), self._limit)

    async def _shown(self, verify: ssl.SSLContext) -> bytes:
        """The certificate that the server shows, as DER. Raises OSError, ssl.SSLError, Unanswered."""
        way = Way(self._host, self._port, True, self._proxy)
        host, port = self._host, self._port
        if self._proxy:
            host, port = urlsplit(self._proxy).hostname or "", proxies.port(self._proxy)
        sock: socket.socket = await dial(await names.resolve(host, port, self._limit), port)
        try:
            if self._proxy:
                await tunnel(way, sock)
            async with secured(sock, verify, self._host) as transport:
                shown: bytes = transport.get_extra_info("ssl_object").getpeercert(True) or b""
                return shown
        finally:
            sock.close()

    def _plain(self, text: str) -> str:
        return clean(self._redact.text(text[:2048]), limit=200)


def _address(value: str) -> str:
    return value if "://" in value else f"http://{value}"


def _read(der: bytes, trusted: bool, why: str) -> Certificate:
    """The parts of a certificate that tell who is at the other end. Raises ValueError."""
    from cryptography import x509

    found = x509.load_der_x509_certificate(der)
    try:
        shown = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        named = tuple(clean(name, limit=100) for name in shown.get_values_for_type(x509.DNSName))[:10]
    except (x509.ExtensionNotFound, ValueError):
        named = ()
    expires: datetime = found.not_valid_after_utc
    subject, issuer = (clean(name.rfc4514_string(), limit=160) for name in (found.subject, found.issuer))
    return Certificate(subject, issuer, expires, named, trusted, why)
