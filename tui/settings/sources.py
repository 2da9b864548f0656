"""Fetching a secret from where the settings say it is. Nothing of it reaches a message."""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tui.model.secret import Secret
from tui.settings.structs import SecretSource, Settings, SettingsError

COMMAND_DEADLINE = 10.0
LARGEST = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKE_A_KEY = re.compile(r"(?=.*[0-9])(?=.*[a-z])[A-Za-z0-9]{24,}")


def server_sources(settings: Settings) -> tuple[SecretSource, ...]:
    """Where the secrets are that the checks ask with; those of updates are `updates.update_sources`."""
    servers = (settings.prometheus, settings.alertmanager)
    return (settings.mistral.key, *(s.token for s in servers), *(s.password for s in servers))


def fetch_secret(source: SecretSource, environ: Mapping[str, str], where: str = "secret") -> Secret | None:
    """The secret itself, stripped; None where nothing is set or the environment does not have it.

    A command may take ten seconds: call this off the event loop.

    Args:
        source: where it is; at most one of its three.
        environ: the environment that is looked at, and that a command gets.
        where: the setting's key, for messages.

    Raises:
        SettingsError: the file or the command cannot be used, or more than one source is set.
            Neither the secret nor a command's output is part of the text.
    """
    if problem := bad_source(source):
        raise SettingsError(f"{where}: {problem}")
    if source.env:
        text = environ.get(source.env, "").strip()
        return _checked(text, f"{where}: the environment variable {source.env}") if text else None
    if source.file:
        return _checked(_file_text(source.file, where), f"{where}: the file {source.file}")
    if source.command:
        return _checked(_output(source.command, environ, where), f"{where}: the command's output")
    return None


def bad_source(source: SecretSource) -> str:
    """What is wrong with a source, with the remedy, or "". Does not repeat what may be the secret."""
    if sum(map(bool, (source.env, source.file, source.command))) > 1:
        return "more than one source is set; keep one of env, file and command"
    if source.env and (not _NAME.fullmatch(source.env) or looks_like_a_key(source.env)):
        return (
            "env is no name of an environment variable; it names the variable that holds the secret"
            ' (env = "MISTRAL_API_KEY"), and is not the secret itself'
        )
    if source.command and not source.command[0].strip():
        return 'the command is empty; write it as a list, command = ["pass", "show", "mistral"]'
    return ""


def looks_like_a_key(text: str) -> bool:
    """Whether a name is rather a secret: long, without a break, of letters and digits."""
    return _LIKE_A_KEY.fullmatch(text) is not None


def _checked(text: str, where: str) -> Secret:
    if not text:
        raise SettingsError(f"{where} is empty; put the secret there")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(
            f"{where} is no single word: it holds spaces, line breaks or characters that no header"
            " carries; it must be the secret alone"
        )
    return Secret(text)


def _file_text(file: str, where: str) -> str:
    path = Path(file).expanduser()
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise SettingsError(f"{where}: the file {path} cannot be read: {said}; name one that can") from None
    return raw.decode("utf-8", errors="replace").strip()


def _output(argv: tuple[str, ...], environ: Mapping[str, str], where: str) -> str:
    """The command's stripped standard output. It has no shell, no terminal and no standard input."""
    name = f"{where}: the command {argv[0]!r}"
    try:
        process = subprocess.Popen(  # noqa: S603 - the settings' own argv, never a shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            # Its own session: it cannot read keys from our terminal, and ends with its children.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it cannot be started"
        raise SettingsError(f"{name} cannot be run: {said}; name a program that can") from None
    with process:
        try:
            raw = _read(process, time.monotonic() + COMMAND_DEADLINE)
        finally:
            _end(process)
    if raw is None:
        raise SettingsError(
            f"{name} gave no answer within {COMMAND_DEADLINE:g} s, or too long a one; try it by hand:"
            " it has no terminal here to ask anything"
        )
    if process.returncode != 0:
        raise SettingsError(
            f"{name} failed with exit status {process.returncode}; run it by hand to see what it says"
        )
    return raw.decode("utf-8", errors="replace").strip()


def _read(process: subprocess.Popen[bytes], until: float) -> bytes | None:
    """All that the process writes, waited for until then; None where it is late or too much."""
    assert process.stdout is not None
    raw = b""
    while (left := until - time.monotonic()) > 0 and len(raw) <= LARGEST:
        if not select.select([process.stdout], [], [], left)[0]:
            break
        part = os.read(process.stdout.fileno(), LARGEST)
        if not part:
            try:
                process.wait(max(until - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                return None
            return raw
        raw += part
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """No child of it outlives the asking; one that already ended is only waited for."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
