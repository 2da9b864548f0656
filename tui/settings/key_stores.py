"""What is wrong with the settings of the key's store, with the key of each and the remedy."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tui.settings.sources import looks_like_a_key
from tui.settings.structs import KeyStore

KINDS = ("kubernetes", "gcp", "aws", "vault")
# https://docs.cloud.google.com/secret-manager: a name, or one with the location of a regional secret.
_GCP = re.compile(r"projects/[a-z0-9:.-]+(/locations/[a-z0-9-]+)?/secrets/[A-Za-z0-9_-]{1,255}")
_ON_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def problems(store: KeyStore) -> Iterator[tuple[str, str]]:
    """The key and what is wrong with it, for everything of this store that cannot be used."""
    if store.kind not in KINDS:
        yield "key_store.kind", f"is no kind of store; write one of {', '.join(KINDS)}"
    for key, name in _names(store):
        if looks_like_a_key(name):
            yield key, "looks like a key itself; write the name under which the key is kept"
        elif name != name.strip() or not name.isprintable():
            yield key, "has spaces at an end, or line breaks; write the name alone"
    yield from _wanting(store)
    if store.gcp.secret and not _GCP.fullmatch(store.gcp.secret):
        yield "key_store.gcp.secret", "is no name of a secret; write projects/PROJECT/secrets/NAME"
    for key, address in (
        ("key_store.gcp.endpoint", store.gcp.endpoint),
        ("key_store.aws.endpoint_url", store.aws.endpoint_url),
    ):
        if address.startswith("http:") and urlsplit(address).hostname not in _ON_THIS_MACHINE:
            yield key, "would send keys in the clear; write https://host"


def _names(store: KeyStore) -> Iterator[tuple[str, str]]:
    yield "key_store.kubernetes.secret", store.kubernetes.secret
    yield "key_store.kubernetes.key", store.kubernetes.key
    yield "key_store.gcp.json_key", store.gcp.json_key
    yield "key_store.aws.secret_id", store.aws.secret_id
    yield "key_store.aws.json_key", store.aws.json_key
    yield "key_store.vault.mount", store.vault.mount
    yield "key_store.vault.path", store.vault.path
    yield "key_store.vault.field", store.vault.field


def _wanting(store: KeyStore) -> Iterator[tuple[str, str]]:
    """What this kind cannot do without."""
    if store.kind == "gcp" and not store.gcp.secret:
        yield "key_store.gcp.secret", "is not set; write projects/PROJECT/secrets/NAME"
    if store.kind == "aws" and not store.aws.secret_id:
        yield "key_store.aws.secret_id", "is not set; write the name of the secret, or its ARN"
    if store.kind == "vault":
        for name, example in (("mount", "secret"), ("path", "prod/mistral"), ("field", "api-key")):
            if not getattr(store.vault, name):
                yield f"key_store.vault.{name}", f"is not set; write it, such as {example}"
