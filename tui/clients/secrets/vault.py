"""The key in a KV store, version 2, of HashiCorp Vault or OpenBao, by hvac.

One field is merged into the secret (HTTP PATCH), with check-and-set on the version that was read; a
token that may only `update` writes the whole secret with the same check. A second time the check
fails, and the key that is there tells that it is ours.
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#patch-secret
"""

import shlex
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tui.clients.cluster_errors import OPEN_AGAIN
from tui.clients.secrets import vault_client, vault_errors, versions
from tui.clients.secrets.calling import DEADLINE, SYNC, Errand, Told, library
from tui.clients.secrets.library_store import LibraryStore
from tui.model.keys import Stored, StoreError
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean
from tui.settings import VaultSecret

_MERGE = {"Content-Type": "application/merge-patch+json"}
_NOT_MERGED = (403, 405, 415)  # no capability `patch`, or a Vault before 1.9


class VaultStore(LibraryStore[VaultSecret]):
    """One field of one secret."""

    kind = "vault"
    whom = "whoever manages the policies of Vault"
    keeps_previous = "in Vault as the version before"

    def __init__(
        self, where: VaultSecret, environ: Mapping[str, str], redact: Redactor, deadline: float = DEADLINE
    ) -> None:
        super().__init__(where, redact, deadline)
        self._environ = environ

    @classmethod
    async def opened(
        cls, where: VaultSecret, environ: Mapping[str, str], redact: Redactor, deadline: float = DEADLINE
    ) -> "VaultStore":
        """The store; nothing is asked of it yet. Raises StoreError where hvac is missing."""
        await library("vault", ("hvac", "urllib3", "requests"), "requests", "hvac")
        return cls(where, environ, redact, deadline)

    @property
    def name(self) -> str:
        """`Vault secret/prod/mistral (api-key)`."""
        return clean(f"Vault {self._where.mount}/{self._where.path} ({self._where.field})")

    async def permissions(self) -> tuple[str, ...]:
        """The capabilities on the secret's path that our token lacks."""

        def work(errand: Errand) -> tuple[str, ...]:
            errand.needs = "update on sys/capabilities-self"
            path = self._data_path
            found = _mapping(self._connected().sys.get_capabilities(paths=[path]))
            able = set(_mapping(found.get("data", found)).get(path) or found.get("capabilities") or ())
            missing = () if able & {"root", "read"} else (f"read on {path}",)
            return missing if able & {"root", "patch", "update"} else (*missing, f"patch on {path}")

        return await self._caller.run(work)

    async def notes(self) -> tuple[str, ...]:
        """How pods come to a new version."""
        return (SYNC,)

    def by_hand(self) -> str:
        """Paste the key and press Ctrl+D: the command reads it from the standard input."""
        patch = self._vault("patch", self._where.path, f"{self._where.field}=-")
        return f"tr -d '[:space:]' | {patch}"

    def back_by_hand(self) -> str:
        """The field of the version before, merged in once more; its value is not shown."""
        metadata = self._vault("metadata", "get", "-format=json", self._where.path)
        before = f"$(( $({metadata} | jq .data.current_version) - 1 ))"
        get = self._vault("get", f"-field={self._where.field}")
        patch = self._vault("patch", self._where.path, f"{self._where.field}=-")
        return f'{get} -version="{before}" {shlex.quote(self._where.path)} | {patch}'

    def _shut(self, client: Any) -> None:
        client.adapter.close()

    # -- in a thread

    def _read(self, errand: Errand) -> Stored:
        """The key in the newest version, and the version's number."""
        return self._stored(*self._version(errand, None))

    def _write(self, errand: Errand, key: Secret, after: str, token: str) -> str:
        """Merge the field in, if the version is still `after`. The same key a second time changes nothing."""
        data, version = self._version(errand, None)
        if version != after:
            return self._ours(data, version, key)
        errand.writes(f"patch on {self._data_path}")
        try:
            body = self._merged(key, int(after))
        except _NotMerged:
            errand.writes(f"patch (or update) on {self._data_path}")
            body = self._put({**data, self._where.field: key.reveal()}, int(after))
        if body is None:
            errand.sent = False  # refused by the check, so that what is read now is no effect of ours
            return self._ours(*self._version(errand, None), key)
        return str(_mapping(_mapping(body).get("data"))["version"])

    def _merged(self, key: Secret, cas: int) -> object:
        """What Vault answers to one field, with the check; None where the check failed.

        hvac's own `patch` reads and writes the whole secret, and checks only what it read itself.
        """
        from hvac.utils import raise_for_error

        url = "/v1/" + urllib.parse.quote(self._data_path)
        body = {"options": {"cas": cas}, "data": {self._where.field: key.reveal()}}
        adapter = self._connected().adapter
        answer = adapter.request("patch", url, headers=dict(_MERGE), json=body, raise_exception=False)
        if isinstance(answer, dict):  # an answer of 200 is given as its body
            return answer
        if answer.status_code in _NOT_MERGED:
            raise _NotMerged
        if answer.ok:
            raise vault_errors.NoAnswer
        errors = vault_errors.errors_in(answer)
        if answer.status_code != 400 or not vault_errors.says_check(errors):
            raise_for_error("patch", url, answer.status_code, errors=errors)
        return None

    def _put(self, data: Mapping[str, Any], cas: int) -> object:
        """The whole secret, with the check; None where the check failed."""
        from hvac.exceptions import InvalidRequest

        try:
            answer: object = self._connected().secrets.kv.v2.create_or_update_secret(
                path=self._where.path, secret=dict(data), cas=cas, mount_point=self._where.mount
            )
        except InvalidRequest as error:
            if not vault_errors.says_check((*(error.errors or ()), error.text)):
                raise
            return None
        return answer

    def _ours(self, data: Mapping[str, Any], version: str, key: Secret) -> str:
        """The version, where it holds this very key already. Raises StoreError where it does not."""
        if self._stored(data, version).secret == key:
            return version
        raise StoreError(
            f"Somebody wrote version {version} of {self.name} since it was read; nothing was stored.",
            OPEN_AGAIN,
            outcome="conflict",
        )

    def _previous(self, errand: Errand) -> Stored | None:
        return versions.key_before(self._read(errand), lambda number: self._kept(errand, number))

    def _kept(self, errand: Errand, number: int) -> Stored | None:
        from hvac.exceptions import InvalidPath

        try:
            return self._stored(*self._version(errand, number))
        except InvalidPath:  # deleted, destroyed, or no longer kept
            return None

    def _version(self, errand: Errand, number: int | None) -> tuple[Mapping[str, Any], str]:
        """The fields of a version, and its number."""
        errand.needs = f"read on {self._data_path}"
        body = self._connected().secrets.kv.v2.read_secret_version(
            path=self._where.path,
            version=number,
            mount_point=self._where.mount,
            raise_on_deleted_version=True,
        )
        data = _mapping(_mapping(body).get("data"))
        return _mapping(data.get("data")), str(int(_mapping(data.get("metadata"))["version"]))

    def _stored(self, data: Mapping[str, Any], version: str) -> Stored:
        found = data.get(self._where.field)
        if not isinstance(found, str) or not found.strip():
            raise StoreError(
                f"Vault has no text in the field {clean(self._where.field)} of "
                f"{clean(self._where.mount)}/{clean(self._where.path)}. Nothing was changed.",
                "Check key_store.vault.field in the settings.",
            )
        secret = Secret(found.strip())
        self._redact.add(secret)
        return Stored(secret, version)

    def _made(self) -> Any:
        return vault_client.made(self._where, self._environ, self._redact, self.name)

    def _told(self, error: Exception, errand: Errand) -> Told | StoreError:
        return vault_errors.turned(error, errand, self.name, self.whom, self._token_is_known)

    def _token_is_known(self) -> bool:
        """Whether Vault knows the token at all: a 403 does not tell that from a missing capability."""
        from hvac.exceptions import Forbidden

        try:
            self._connected().auth.token.lookup_self()
        except Forbidden:
            return False
        return True

    @property
    def _data_path(self) -> str:
        return f"{self._where.mount.strip('/')}/data/{self._where.path.strip('/')}"

    def _vault(self, *words: str) -> str:
        chosen = (("-address", self._where.address), ("-namespace", self._where.namespace))
        flags = [f"{flag}={value}" for flag, value in chosen if value]
        verbs, rest = (2, words[2:]) if words[0] == "metadata" else (1, words[1:])
        return shlex.join(["vault", "kv", *words[:verbs], *flags, f"-mount={self._where.mount}", *rest])


class _NotMerged(Exception):
    """Vault, or our token, does not merge; it may still write the whole."""


def _mapping(found: object) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise vault_errors.NoAnswer
    return found
