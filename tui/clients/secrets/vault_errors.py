"""What hvac raises, in our words: by types and by the few texts of Vault's own that tell cases apart."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tui.clients.secrets.calling import Denied, Errand, Told
from tui.model.keys import StoreError

if TYPE_CHECKING:
    import requests

_LOG_IN = "Run `vault login`, or renew the token that key_store.vault.token names."
_REACH = "See whether it can be reached from here, and key_store.vault.address."


class NoAnswer(Exception):
    """What came is no answer of Vault's KV store."""


class Redirected(Exception):
    """It sends us elsewhere, where the token would go, too."""


def no_redirect(response: "requests.Response", *_: object, **__: object) -> None:
    """A hook that refuses to be sent elsewhere."""
    if response.is_redirect:
        response.close()
        raise Redirected


def errors_in(response: "requests.Response") -> list[str]:
    """Vault's own messages in an answer."""
    try:
        body = response.json()
    except ValueError:
        return []
    found = body.get("errors") if isinstance(body, dict) else None
    return [str(text) for text in found] if isinstance(found, list) else []


def says_check(errors: Iterable[object]) -> bool:
    """Whether the check-and-set is what refused it."""
    return any("check-and-set parameter did not match" in str(text) for text in errors)


def turned(
    error: Exception, errand: Errand, store: str, whom: str, token_is_known: Callable[[], bool]
) -> Told | StoreError:
    """What it means."""
    from hvac import exceptions as vault

    if isinstance(error, vault.Forbidden):
        return _forbidden(errand, store, whom, token_is_known)
    if isinstance(error, vault.VaultError):
        return _answered(error, errand, store)
    if isinstance(error, Redirected):
        said = f"{store} sends us to another address: it is a standby, or a login stands before it."
        return Told(said, "Set key_store.vault.address to the active one.")
    return _unanswered(error, store)


def _forbidden(
    errand: Errand, store: str, whom: str, token_is_known: Callable[[], bool]
) -> Told | StoreError:
    from hvac.exceptions import VaultError

    try:
        known = token_is_known()
    except (OSError, ValueError, VaultError, Redirected):
        known = True  # not told: the first answer stands
    if not known:
        return Told(f"Vault does not know the token for {store}, or it has expired.", _LOG_IN)
    said = (
        f"Vault does not let us use {store}: the capability {errand.needs} is missing. Nothing was changed."
    )
    return Denied(said, f"Ask {whom} for {errand.needs}.", errand.needs)


def _answered(error: Any, errand: Errand, store: str) -> Told:
    from hvac import exceptions as vault

    if isinstance(error, vault.InvalidPath):
        said = f"There is nothing at {store}, or its newest version is deleted, or it is no KV store 2."
        return Told(said, "Check key_store.vault (mount, path) in the settings; see `vault kv metadata get`.")
    if isinstance(error, vault.Unauthorized):
        return Told(f"Vault does not know the token for {store}, or it has expired.", _LOG_IN)
    if isinstance(error, vault.VaultDown):
        return Told(f"{store} is sealed, or down for maintenance.", "Ask who runs Vault to unseal it.")
    if isinstance(error, vault.VaultNotInitialized):
        return Told(f"{store} is a Vault that was never initialised.", "Check key_store.vault.address.")
    if isinstance(error, vault.RateLimitExceeded):
        return Told(f"{store} was asked too often.", "Try again in a minute.")
    if isinstance(error, vault.InvalidRequest):
        return Told(f"{store} refuses the request as invalid.", "Check key_store.vault in the settings.")
    return Told(f"{store} fails.", "Try again, and see the health of Vault.", "silent")


def _unanswered(error: Exception, store: str) -> Told:
    import requests

    if isinstance(error, requests.Timeout):
        return Told(f"{store} did not answer in time.", _REACH, "silent")
    if isinstance(error, requests.exceptions.SSLError):
        said = f"{store} cannot be reached: its certificate is not trusted."
        return Told(said, "Set key_store.vault.ca_file to the authority's certificate.", "silent")
    if isinstance(error, requests.JSONDecodeError) or not isinstance(error, OSError):
        return Told(f"{store} answers with something that is no answer of Vault.", _REACH, "silent")
    return Told(f"{store} cannot be reached, or cuts the connection.", _REACH, "silent")
