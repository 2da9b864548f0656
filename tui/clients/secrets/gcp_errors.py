"""What google-cloud-secret-manager raises, in our words: by codes and types, never by its texts."""

from typing import Any

from tui.clients.secrets.calling import Denied, Errand, Told
from tui.model.keys import StoreError

_LOGIN = "Log in (gcloud auth application-default login), or set GOOGLE_APPLICATION_CREDENTIALS."
_REACH = "See whether it can be reached from here, and key_store.gcp.endpoint."


class NoAnswer(Exception):
    """What came is no answer of Secret Manager."""


def turned(error: Exception, errand: Errand, store: str, whom: str) -> Told | StoreError:
    """What it means."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth import exceptions as login

    if isinstance(error, GoogleAPICallError):
        return _answered(error, errand, store, whom)
    if isinstance(error, login.TransportError):
        return _unanswered(error, store)
    if isinstance(error, login.DefaultCredentialsError):
        return Told(f"There are no usable credentials for {store}.", _LOGIN)
    if isinstance(error, login.GoogleAuthError):
        return Told(f"The login for {store} has expired, or is refused.", _LOGIN)
    return _unanswered(error, store)


def _unanswered(error: Exception, store: str) -> Told:
    import requests

    if isinstance(error, requests.Timeout):
        return Told(f"{store} did not answer in time.", _REACH, "silent")
    if isinstance(error, requests.exceptions.SSLError):
        said = f"{store} cannot be reached: its certificate is not trusted."
        return Told(said, "Set REQUESTS_CA_BUNDLE to your company's authorities.", "silent")
    if isinstance(error, OSError):
        return Told(f"{store} cannot be reached, or cuts the connection.", _REACH, "silent")
    return Told(f"{store} answers with something that is no answer of Secret Manager.", _REACH, "silent")


def _answered(error: Any, errand: Errand, store: str, whom: str) -> Told | StoreError:
    status = int(error.code or 0)
    if status == 401:
        return Told(f"The login for {store} has expired, or is refused.", _LOGIN)
    if status == 403 and error.reason == "SERVICE_DISABLED":
        said = f"The Secret Manager API is not enabled in the project of {store}."
        return Told(said, f"Ask {whom} to enable secretmanager.googleapis.com.")
    if status == 403:
        said = f"GCP does not let us use {store}: {errand.needs} is missing. Nothing was changed."
        return Denied(said, f"Ask {whom} for {errand.needs}.", errand.needs)
    if status == 404:
        return Told(f"There is no {store}, or it has no version.", "Check key_store.gcp.secret.")
    if status == 400 and not errand.sent:
        said = f"The newest version of {store} is disabled or destroyed, so that nobody can read a key there."
        return Told(said, "Enable it (gcloud secrets versions enable), or add another one by hand.")
    if status == 429:
        return Told(f"The quota of {store} is used up.", "Try again in a minute.")
    if status == 409:
        return Told(f"{store} is being changed by somebody else.", "Try again.", "conflict")
    if status >= 500 or status < 400:
        return Told(f"{store} fails (HTTP {status}).", "Try again; see status.cloud.google.com.", "silent")
    return Told(f"{store} refuses the request (HTTP {status}).", "Check key_store.gcp in the settings.")
