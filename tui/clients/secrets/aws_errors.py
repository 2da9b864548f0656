"""What boto3 raises, in our words: by codes and types, never by its texts, which may quote a request."""

import re
from collections.abc import Mapping
from typing import Any

from tui.clients.secrets.calling import Denied, Errand, Told
from tui.model.keys import StoreError

_LOGIN = "Log in again (aws sso login, or what your company has for it), and try again."
_REACH = "See whether it can be reached from here, and key_store.aws.region and endpoint_url."
_EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN_LOGIN = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
}
_DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"}
_BUSY = {"ThrottlingException", "Throttling", "LimitExceededException", "TooManyRequestsException"}
_NO_LOGIN = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
_OLD_LOGIN = {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "SSOError"}
_OLD_LOGIN |= {"LoginTokenLoadError", "LoginRefreshRequired", "InfiniteLoopConfigError"}
_CODE = re.compile(r"[A-Z][A-Za-z]{2,50}")


class NoAnswer(Exception):
    """What came is no answer of Secrets Manager."""


class AsksForInput(Exception):
    """A profile wants a code of a second factor, which nobody can type here."""


def code(error: Any) -> str:
    """The error's code: a word of AWS', or "" for anything that is none."""
    found = str(error.response.get("Error", {}).get("Code", ""))
    return found if _CODE.fullmatch(found) else ""


def turned(error: Exception, errand: Errand, store: str, whom: str) -> Told | StoreError:
    """What it means."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _answered(error, errand, store, whom)
    kind = type(error).__name__
    if isinstance(error, AsksForInput):
        return Told(
            f"The AWS profile wants a code of a second factor, which cannot be typed here, for {store}.",
            "Log in with it in a shell, and start the console with the credentials that you get.",
        )
    if kind in _NO_LOGIN:
        return Told(
            f"There are no credentials for {store}.",
            "Log in to AWS in a shell, or set AWS_PROFILE or key_store.aws.profile.",
        )
    if kind in _OLD_LOGIN:
        return Told(f"The login for {store} has expired.", _LOGIN)
    if kind in ("NoRegionError", "InvalidRegionError"):
        return Told(f"No region is known for {store}.", "Set key_store.aws.region in the settings.")
    return _unanswered(kind, store)


def _unanswered(kind: str, store: str) -> Told:
    if kind in ("ReadTimeoutError", "ConnectTimeoutError"):
        return Told(f"{store} did not answer in time.", _REACH, "silent")
    if kind in ("SSLError", "ProxyConnectionError"):
        what = "its certificate is not trusted" if kind == "SSLError" else "the proxy does not let us"
        return Told(f"{store} cannot be reached: {what}.", "Set AWS_CA_BUNDLE or HTTPS_PROXY.", "silent")
    if kind in ("ResponseParserError", "NoAnswer", "JSONDecodeError"):
        return Told(f"{store} answers with something that is no answer of AWS.", _REACH, "silent")
    return Told(f"{store} cannot be reached, or cuts the connection ({kind}).", _REACH, "silent")


def _answered(error: Any, errand: Errand, store: str, whom: str) -> Told | StoreError:
    name = code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if name in _EXPIRED:
        return Told(f"The login for {store} has expired.", _LOGIN)
    if name in _UNKNOWN_LOGIN:
        return Told(f"AWS does not know the credentials that were sent for {store}.", _LOGIN)
    if name in _DENIED:
        return _denied(error, errand, store, whom)
    if name == "ResourceNotFoundException":
        return Told(f"There is no {store}, or none with a value.", "Check key_store.aws in the settings.")
    if name in ("DecryptionFailure", "EncryptionFailure"):
        return Told(f"AWS cannot use the KMS key of {store}.", f"Ask {whom} to look at that KMS key.")
    if name == "InvalidRequestException":
        said = f"{store} cannot be changed as it is: it is deleted, a replica, or another service's."
        return Told(said, "Look at it in AWS, and do it by hand where it can be done.")
    if name == "ResourceExistsException":
        return Told(f"{store} has a version of this change with another value.", "Open the preview again.")
    if name in _BUSY or status == 429:
        return Told(f"AWS has no time for us: {store} was asked too often.", "Try again in a minute.")
    if not isinstance(status, int) or status >= 500 or not name:
        return Told(
            f"{store} fails (HTTP {status}).", "Try again, and see the AWS Health Dashboard.", "silent"
        )
    return Told(f"{store} refuses the request ({name}).", "Check key_store.aws in the settings.")


def _denied(error: Any, errand: Errand, store: str, whom: str) -> Denied:
    permission = errand.needs
    message = str(error.response.get("Error", {}).get("Message", ""))
    if "kms" in message.lower():
        permission = "kms:GenerateDataKey and kms:Decrypt" if errand.sent else "kms:Decrypt"
    beside = ""
    if errand.needs == "secretsmanager:UpdateSecretVersionStage":
        beside = " The key lies there as a version that nothing reads, labelled LEEWARD."
    return Denied(
        f"AWS does not let us use {store}: {permission} is missing. The current key is unchanged.{beside}",
        f"Ask {whom} for {permission}.",
        permission,
    )


def obstacles(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a secret that is described so must not be written."""
    found = []
    if described.get("DeletedDate"):
        found.append("it is deleted, and waits for the end of its recovery window: restore it first")
    if described.get("OwningService"):
        found.append("another AWS service owns it, and would overwrite it: change the key there")
    region = str(described.get("PrimaryRegion") or "")
    if region and f":{region}:" not in str(described.get("ARN") or ""):
        found.append("it is a replica: set key_store.aws.region to the region of the primary secret")
    return tuple(found)
