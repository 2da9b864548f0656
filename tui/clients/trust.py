"""Which certificates are believed: the system's, and those that the settings add."""

import functools
import os
import ssl
from collections.abc import Mapping
from pathlib import Path


@functools.lru_cache(maxsize=16)
def context(ca_files: tuple[str, ...] = ()) -> ssl.SSLContext:
    """As `fresh`, made once and shared."""
    return fresh(ca_files)


def fresh(ca_files: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A context that verifies; reading the certificates takes some 20 ms a file.

    The system's store is used since that is where a company's own authority is installed;
    certifi's where it is empty, since some builds of Python find no store of the system.

    Raises:
        OSError, ssl.SSLError: one of `ca_files` cannot be read.
    """
    made = ssl.create_default_context()
    files = [str(Path(file).expanduser()) for file in ca_files]
    if not made.cert_store_stats()["x509_ca"]:
        import certifi

        files.append(certifi.where())
    for file in files:
        made.load_verify_locations(cafile=file)
    return made


def nobody() -> ssl.SSLContext:
    """A context that believes nobody, and costs nothing: for an exchange without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def needed(*addresses: str) -> bool:
    """Whether one of these addresses (of a server, of a proxy) is reached by TLS."""
    return any(address.lower().startswith("https:") for address in addresses)


def ca_files(setting: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The settings' file and `SSL_CERT_FILE`, where given; the process' own one is read anyway."""
    given = environ.get("SSL_CERT_FILE", "")
    if given == os.environ.get("SSL_CERT_FILE") and Path(given).is_file():
        given = ""
    return tuple(file for file in (setting, given) if file)
