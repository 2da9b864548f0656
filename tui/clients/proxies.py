"""Which proxy the environment wants for an address."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """The proxy's address, or "" where the way is direct.

    Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` in either case, the lower one
    first, as curl does. What runs on this machine is never asked through a proxy.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host or _loopback(host) or _excepted(host, parts.port, _look(environ, "no_proxy")):
        return ""
    found = _look(environ, f"{parts.scheme}_proxy") or _look(environ, "all_proxy")
    return f"http://{found}" if found and "://" not in found else found


def place(proxy: str) -> str:
    """`host:port` of a proxy, without the credentials that its address may carry."""
    parts = urlsplit(proxy)
    return f"{parts.hostname or '?'}:{port(proxy)}"


def port(proxy: str) -> int:
    """The proxy's port; 443 or 80 unless it is given."""
    parts = urlsplit(proxy)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _look(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _excepted(host: str, port: int | None, no_proxy: str) -> bool:
    for item in no_proxy.lower().replace(",", " ").split():
        if item == "*" or _matches(host, port, item):
            return True
    return False


def _matches(host: str, port: int | None, item: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(item, strict=False)
    except ValueError:
        name, _, only = item.partition(":")
        if only.isdecimal() and port != int(only):
            return False
        name = name.lstrip("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
