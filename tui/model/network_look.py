"""What a closer look at the way to the API found, from this machine."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one resolver said. `error` is "" where it gave addresses; `ms` is how long it took."""

    server: str
    addresses: tuple[str, ...] = ()
    ms: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the server showed. `trusted` is whether its chain and its name are believed here."""

    subject: str
    issuer: str
    expires: datetime | None
    names: tuple[str, ...]
    trusted: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class NetworkLook:
    """A look at the way to one host.

    Attributes:
        at: when it was done.
        host, port: where to.
        proxy: `host:port` of the proxy that applies, or "".
        settings: the proxy variables of the environment that are set, by name; credentials left out.
        system: what the system's own resolver says (it reads /etc/hosts, and keeps answers).
        resolvers: each name server of /etc/resolv.conf, asked by itself.
        certificate: what was shown; None without TLS, or where none came: `trouble` says why.
        trouble: whole sentences about what could not be asked.
    """

    at: datetime
    host: str
    port: int
    proxy: str
    settings: tuple[tuple[str, str], ...]
    system: Resolved | None
    resolvers: tuple[Resolved, ...]
    certificate: Certificate | None
    trouble: tuple[str, ...] = ()
