"""Which certificates are believed: the system's, certifi's, and those that the settings add."""

import functools
import ssl
from collections.abc import Mapping
from pathlib import Path


@functools.lru_cache(maxsize=16)
def context(ca_files: tuple[str, ...] = ()) -> ssl.SSLContext:
    """As `fresh`, made once and shared."""
    return fresh(ca_files)


def fresh(ca_files: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A context that verifies; reading the certificates takes some 20 ms.

    The system's store is used since that is where a company's own authority is installed, and
    certifi's too, since some builds of Python find no store of the system.

    Raises:
        OSError, ssl.SSLError: one of `ca_files` cannot be read.
    """
    import certifi

    made = ssl.create_default_context()
    for file in (certifi.where(), *ca_files):
        made.load_verify_locations(cafile=str(Path(file).expanduser()))
    return made


def ca_files(setting: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The settings' file and `SSL_CERT_FILE`, where given."""
    return tuple(file for file in (setting, environ.get("SSL_CERT_FILE", "")) if file)
