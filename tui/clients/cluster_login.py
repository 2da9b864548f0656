"""A logged-in connection to one context. Importing this imports kubernetes: 0.3 s, off the loop.

The library's own way with credential plugins is not used: it hands them the terminal's standard
input, waits for ever, and carries on without a token when they fail.
"""

# The library has annotations in part only: what it leaves out is not ours to mend.
# mypy: disable-error-code="no-untyped-call"

import asyncio
import contextlib
import datetime
import json
import os
import signal
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import kube_config
from kubernetes.aio.config.config_exception import ConfigException

from tui.clients.cluster_config import Access
from tui.clients.cluster_connector import Connector
from tui.clients.cluster_errors import Asked, ClusterError, Reason, login_expired
from tui.clients.proxies import proxy_for
from tui.model.redaction import Redactor
from tui.model.secret import Secret
from tui.model.text import clean

_READ_BUFFER = 2**21


_remembered = kube_config._create_temp_file_with_content


def _file_for_library(content: Any, temp_file_path: Any = None, force_recreate: Any = False) -> Any:
    """Write what the library wants as a file into the folder of one login.

    The library's own way remembers such files by their content, for all logins alike: of two at the same
    time, to the cluster that is mended and to the shared place, one would read what the other removed.
    """
    if temp_file_path is None:
        return _remembered(content, None, force_recreate)
    handle, name = tempfile.mkstemp(dir=temp_file_path)
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return name


kube_config._create_temp_file_with_content = _file_for_library


@dataclass(frozen=True, slots=True)
class Login:
    """A client that carries the context's credentials; `secrets` are what must never be shown."""

    client: ApiClient
    secrets: tuple[Secret, ...]

    async def close(self) -> None:
        """Close the connections; safe to call again."""
        await self.client.close()


async def log_in(access: Access, asked: Asked, deadline: float, redact: Redactor) -> Login:
    """Read the credentials of the context, running its login plugin, and make a client of them.

    The plugin gets our environment without the secrets that `redact` holds: they are not for it.

    Raises ClusterError: CONFIG for a kubeconfig that cannot be used, LOGIN_EXPIRED for a plugin
    that gives no credentials. Certificates that the library wants as files are private ones,
    removed before this returns.
    """
    configuration = type.__call__(Configuration)
    with tempfile.TemporaryDirectory(prefix="leeward-") as folder:
        try:
            read = partial(_Loader, access, asked, folder, deadline, redact)
            return await _client(read, access, asked, configuration, deadline)
        finally:
            kube_config._cleanup_temp_files()  # what it did not put into the folder


async def _client(
    read: Callable[[], "_Loader"], access: Access, asked: Asked, configuration: Configuration, deadline: float
) -> Login:
    problem: ClusterError
    try:
        loader = read()
        async with asyncio.timeout(deadline + 1):  # the plugin's own deadline says more
            await loader.load_and_set(configuration)
        _use_environments_proxy(configuration)
        configuration.client_session_kwargs = {"trust_env": False, "read_bufsize": _READ_BUFFER}
        return Login(await _made(configuration), _secrets(configuration))
    except ClusterError as refused:
        problem = refused
    except TimeoutError:
        problem = login_expired(asked, None, f"no credentials within {deadline:g} s")
    except (ConfigException, OSError, ssl.SSLError) as error:
        problem = _unusable(access, error)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        problem = _unusable(access, error)
    raise problem


async def _made(configuration: Configuration) -> ApiClient:
    """A client, made in a thread: reading the system's certificates takes its time.

    One that nobody waits for any more is closed: its connections would else stay open.
    """
    making = asyncio.create_task(asyncio.to_thread(_api_client, configuration))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        (client,) = await asyncio.gather(making, return_exceptions=True)
        if isinstance(client, ApiClient):
            await client.close()
        raise


def _api_client(configuration: Configuration) -> ApiClient:
    client = ApiClient(configuration)
    rest = client.rest_client

    def connector() -> Connector:
        return Connector(limit=rest.maxsize, ssl=rest.ssl_context)

    rest._create_connector = connector  # type: ignore[method-assign]  # made to be overridden in a subclass
    return client


def _unusable(access: Access, error: Exception) -> ClusterError:
    # A ConfigException names keys and files; other texts may quote a certificate or a token.
    why = clean(str(error), limit=200) if isinstance(error, ConfigException) else type(error).__name__
    return ClusterError(
        Reason.CONFIG,
        f"The kubeconfig's entry for context {access.context} cannot be used: {why.rstrip('.')}.",
        f"Correct it in {', '.join(str(path) for path in access.paths)}, or log in again.",
    )


def _use_environments_proxy(configuration: Configuration) -> None:
    """As kubectl: the environment's proxy, unless the kubeconfig names one.

    The library's session is kept from the environment, since it would also take a user and
    password for this host from `~/.netrc` and refuse to send our token beside them.
    """
    if not configuration.proxy:
        configuration.proxy = proxy_for(configuration.host, os.environ) or None


def _secrets(configuration: Configuration) -> tuple[Secret, ...]:
    values = [value.split(" ", 1)[-1] for value in configuration.api_key.values() if value]
    return tuple(Secret(value) for value in values)


class _Loader(kube_config.KubeConfigLoader):
    """The library's reading of a kubeconfig, with our own running of a login plugin."""

    def __init__(self, access: Access, asked: Asked, folder: str, deadline: float, redact: Redactor) -> None:
        self._access = access
        self._asked = asked
        self._deadline = deadline
        self._folder = folder
        self._redact = redact
        merged = kube_config.KubeConfigMerger(access.library_path)
        super().__init__(
            config_dict=merged.config,
            active_context=access.context,
            config_base_path=None,
            temp_file_path=folder,
        )

    async def load_from_exec_plugin(self) -> bool:
        """Run the plugin and take its token or certificate. Raises ClusterError; never goes on without."""
        given = await run_plugin(self._access, self._asked, self._deadline, self._redact)
        if given.get("token"):
            self.token = f"Bearer {given['token']}"
            return True
        if given.get("clientCertificateData") and given.get("clientKeyData"):
            self.cert_file = self._file(str(given["clientCertificateData"]))
            self.key_file = self._file(str(given["clientKeyData"]))
            return True
        raise login_expired(self._asked, None, "the login plugin gave neither token nor certificate")

    def _file(self, content: str) -> str:
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        return name


async def run_plugin(access: Access, asked: Asked, deadline: float, redact: Redactor) -> Mapping[str, Any]:
    """The `status` of what the login plugin prints.

    It gets no terminal and no standard input (it would take the console's keys), knows that it is
    not interactive, and is killed at the deadline. Raises ClusterError(LOGIN_EXPIRED or CONFIG).
    Its error output is not repeated: it may hold what must not be shown.
    """
    plugin = access.exec_config or {}
    version = str(plugin.get("apiVersion") or "client.authentication.k8s.io/v1")
    argv = [_program(plugin, access.folder_of_user), *map(str, plugin.get("args") or ())]
    process = await _start(argv, _environment(plugin, version, redact), access, plugin)
    try:
        async with asyncio.timeout(deadline):
            output, _ = await process.communicate()
    except TimeoutError:
        raise login_expired(asked, None, f"{argv[0]} gave no credentials within {deadline:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a session of its own: its children too
            await asyncio.shield(process.wait())
    if process.returncode:
        raise login_expired(asked, None, f"{argv[0]} failed with status {process.returncode}")
    return _credentials(output, argv[0], asked)


def _credentials(output: bytes, program: str, asked: Asked) -> Mapping[str, Any]:
    try:
        given = json.loads(output)["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        given = None
    if not isinstance(given, Mapping):
        raise login_expired(asked, None, f"{program} printed no credentials")
    expires = given.get("expirationTimestamp")
    if isinstance(expires, str) and _past(expires):
        raise login_expired(
            asked, None, f"{program} gave credentials that ended at {clean(expires, limit=40)}"
        )
    return given


def _past(moment: str) -> bool:
    try:
        parsed = datetime.datetime.fromisoformat(moment)
    except ValueError:
        return False
    return parsed.tzinfo is not None and parsed <= datetime.datetime.now(datetime.UTC)


async def _start(
    argv: list[str], environment: dict[str, str], access: Access, plugin: Mapping[str, Any]
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # without a controlling terminal it cannot ask on /dev/tty either
        )
    except OSError as error:
        hint = clean(str(plugin.get("installHint") or ""), limit=200)
        raise ClusterError(
            Reason.CONFIG,
            f"The login plugin {argv[0]} of context {access.context} cannot be started: {error.strerror}.",
            hint or "Install it, or correct users[].user.exec.command in the kubeconfig.",
        ) from None


def _program(plugin: Mapping[str, Any], folder: Path) -> str:
    """The plugin's command; one with a slash in it is relative to its kubeconfig, as for kubectl."""
    command = str(plugin.get("command") or "")
    if os.sep in command and not Path(command).is_absolute():
        return str(folder / command)
    return command


def _environment(plugin: Mapping[str, Any], version: str, redact: Redactor) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not redact.holds(value)}
    for item in plugin.get("env") or ():
        if isinstance(item, Mapping) and item.get("name"):
            environment[str(item["name"])] = str(item.get("value") or "")
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(info)
    return environment
