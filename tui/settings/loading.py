"""Reading the settings: the file, then the environment over it, then what each value must be."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tui.settings import key_stores, sharing
from tui.settings.sources import bad_source
from tui.settings.structs import (
    Loaded,
    SecretSource,
    Server,
    Settings,
    SettingsError,
    StatusPage,
    duration,
)
from tui.settings.updates import LEVELS, bad_updates, update_sources

PREFIX = "LEEWARD_"
# Variables of ours that are no settings: tests and CI look at them.
NO_SETTINGS = frozenset(f"LEEWARD_{name}" for name in ("REQUIRE_REAL", "KUBECTLS", "KILLS", "THOROUGH"))
_SECRET_WORDS = re.compile(r"key|token|secret|passw|bearer|credential|webhook", re.IGNORECASE)
_ELSEWHERE = (
    'a secret never stands in the settings; say where it is: {key} = {{ env = "NAME" }},'
    ' {{ file = "/path" }} or {{ command = ["program", "argument"] }}'
)
# Settings that name a file or a folder.
_PATHS = frozenset({"file", "folder", "kubeconfig", "ca_file", "runbook"})
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_KINDS = {"str": "a text", "int": "a number", "float": "a number", "bool": "true or false", "array": "a list"}
_KINDS |= {"object": "a table", "null": "nothing"}

Problem = tuple[str, str]  # the key, and what is wrong with the remedy


def config_file(environ: Mapping[str, str]) -> Path:
    """Where the settings are unless a flag says otherwise: `$XDG_CONFIG_HOME/leeward/config.toml`."""
    return _home(environ, "XDG_CONFIG_HOME", "user_config_path") / "config.toml"


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where incidents are kept: `$XDG_STATE_HOME/leeward`."""
    return _home(environ, "XDG_STATE_HOME", "user_state_path")


def sample() -> str:
    """A settings file to start from: what can be set and what it is for, all of it commented out."""
    return Path(__file__).with_name("sample.toml").read_text(encoding="utf-8")


def load(file: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Read the settings.

    Args:
        file: the settings file that a person named; None is the default one, which need not exist.
        environ: `LEEWARD_<SECTION>_<KEY>` overrides the file (`LEEWARD_PROMETHEUS_URL`), but leads
            no drill out of its world: where the file says `drill`, only how the console looks may
            be set so.

    Raises:
        SettingsError: with a line for each problem: the file and key, or the variable, what is
            wrong, and what to write instead. What may be a secret is never repeated.
    """
    path = config_file(environ) if file is None else file
    written = _read(path, required=file is not None)
    variables, problems = _environment(environ)
    problems += [f"{path}: {key}: {what}" for key, what in _unknown_keys(written or {}, Settings, "")]
    if problems:
        raise SettingsError("\n".join(problems))
    if (written or {}).get("drill") is True:
        variables = {key: found for key, found in variables.items() if _of_any_world(key)}
    merged = _absolute(written or {}, path.absolute().parent)
    for key, (_, value) in variables.items():
        _put(merged, key.split("."), value)
    try:
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_wrong_type(str(error))}") from None
    origin = {key: variable for key, (variable, _) in variables.items()}
    bad = [f"{origin.get(key, f'{path}: {key}')}: {what}" for key, what in _bad_values(settings)]
    if bad:
        raise SettingsError("\n".join(bad))
    return Loaded(settings, None if written is None else path, tuple(sorted(origin.values())))


def _of_any_world(key: str) -> bool:
    """Whether a setting says nothing of servers, so that it may hold in a simulated world, too."""
    return key.startswith("console.") or key == "read_only"


def _home(environ: Mapping[str, str], variable: str, ask: str) -> Path:
    given = environ.get(variable, "")
    if given and Path(given).is_absolute():  # the XDG specification ignores a relative one
        return Path(given) / "leeward"
    import platformdirs

    found: Path = getattr(platformdirs, ask)("leeward", appauthor=False)
    return found


def _read(path: Path, *, required: bool) -> dict[str, Any] | None:
    import tomllib

    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        if required:
            raise SettingsError(f"{path}: there is no such file; name one that exists") from None
        return None
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise SettingsError(f"{path}: cannot be read: {said}; name one that can") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: is no TOML: {error}; mend it there") from None


# What can be set: keys of the structs


def _fields(kind: Any) -> dict[str, Any]:
    """A struct's fields with their types; empty for anything else."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _keys(kind: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key that a variable can set, dotted, with its type. Tables with free names are not among them."""
    for name, inner in _fields(kind).items():
        if _fields(inner):
            yield from _keys(inner, f"{prefix}{name}.")
        elif inner in (str, bool, tuple[str, ...]):
            yield f"{prefix}{name}", inner


def _unknown_keys(table: Mapping[str, Any], kind: Any, prefix: str) -> Iterator[Problem]:
    known = _fields(kind)
    for name, value in table.items():
        key = f"{prefix}{name}"
        if name not in known:
            yield key, _unknown(name, key, value, known)
        elif known[name] is SecretSource and not isinstance(value, dict):
            yield key, _ELSEWHERE.format(key=name)
        elif isinstance(value, dict):
            inner = known[name]
            if _fields(inner):
                yield from _unknown_keys(value, inner, f"{key}.")
            elif name == "contexts":
                from tui.settings.structs import Context

                for context, settings in value.items():
                    if isinstance(settings, dict):
                        yield from _unknown_keys(settings, Context, f"{key}.{context}.")


def _unknown(name: str, key: str, value: object, known: Mapping[str, Any]) -> str:
    if _SECRET_WORDS.search(name) and isinstance(value, str):
        return f"unknown key, and {_ELSEWHERE.format(key='key')}"
    elsewhere = [full for full, _ in _keys(Settings) if full.rpartition(".")[2] == name]
    close = _nearest(name, known)
    if close:
        return f"unknown key; did you mean {close!r}?"
    if elsewhere:
        return f"unknown key; did you mean {elsewhere[0]!r}?"
    return f"unknown key; known here: {', '.join(known) or 'none'}"


def _nearest(word: str, known: Mapping[str, Any], cutoff: float = 0.6) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, cutoff)), "")


# The environment


def _environment(environ: Mapping[str, str]) -> tuple[dict[str, tuple[str, Any]], list[str]]:
    """What the environment sets: key -> (variable, value). And what is wrong with it."""
    known = {PREFIX + key.upper().replace(".", "_"): (key, kind) for key, kind in _keys(Settings)}
    found: dict[str, tuple[str, Any]] = {}
    problems = []
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable in known:
            key, kind = known[variable]
            try:
                found[key] = (variable, _value(environ[variable], kind))
            except ValueError as error:
                problems.append(f"{variable}: {error}")
        elif variable not in NO_SETTINGS and (what := _looks_like_a_setting(variable, known)):
            problems.append(f"{variable}: {what}")
    return found, problems


def _looks_like_a_setting(variable: str, known: Mapping[str, Any]) -> str:
    """What to say of an unknown variable, or "" where it may be anybody's."""
    sections = tuple(f"{PREFIX}{name.upper()}_" for name in _fields(Settings))
    close = _nearest(variable, known, 0.8)
    if not close and not variable.startswith(sections):
        return ""
    if _SECRET_WORDS.search(variable.removeprefix(PREFIX)):
        return "no such setting; the API key comes from MISTRAL_API_KEY, or from where mistral.key says"
    return f"no such setting; did you mean {close}?" if close else "no such setting; unset it"


def _value(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.strip().lower() not in _TRUE | _FALSE:
            raise ValueError("is neither true nor false; write one of them")
        return text.strip().lower() in _TRUE
    if kind is str:
        return text
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        raise ValueError("has a quote without its pair; write it as on a command line") from None


def _put(table: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # the file has a wrong type here, which is told when all of it is converted
        table = inner
    if path[-1] in ("env", "file", "command"):
        table.clear()  # another source replaces the file's, and does not stand beside it
    table[path[-1]] = value


# What values must be


def _absolute(table: Mapping[str, Any], base: Path, kind: Any = Settings) -> dict[str, Any]:
    """A copy in which paths are absolute: `~` is the home, and relative means beside the file."""
    fields, copy = _fields(kind), {}
    for name, value in table.items():
        if isinstance(value, dict) and _fields(fields.get(name)):
            value = _absolute(value, base, fields[name])
        elif isinstance(value, str) and value and name in _PATHS:
            value = str(base / Path(value).expanduser())
        copy[name] = value
    return copy


def _wrong_type(said: str) -> str:
    """msgspec's sentence in ours. It tells types and the place, and never a value."""
    match = re.fullmatch(r"Expected `(.+?)`, got `(.+?)` - at `\$\.?(.*)`", said)
    if not match:
        return said
    wanted, got, key = match.groups()
    kinds = [_KINDS.get(word.strip(), word) for word in wanted.split("|")]
    return f"{key}: is {_KINDS.get(got, got)}; write {' or '.join(kinds)}"


def _bad_values(settings: Settings) -> Iterator[Problem]:
    yield from _bad_addresses(settings)
    yield from _bad_sources(settings)
    yield from key_stores.problems(settings.key_store)
    for name in _fields(type(settings.timing)):
        yield from _bad_duration(f"timing.{name}", getattr(settings.timing, name))
    if not 1 <= settings.recovery.completions <= 1000:
        yield "recovery.completions", "is no number of completions; write one from 1 to 1000, such as 20"
    if not 0 < settings.recovery.good <= 1:
        yield "recovery.good", "is no share; write one above 0 and up to 1, such as 0.95"
    yield from _bad_duration("evidence.logs", settings.evidence.logs)
    for level, text in settings.updates.every.items():
        if text and level in LEVELS:
            yield from _bad_duration(f"updates.every.{level}", text)
    yield from bad_updates(settings.updates)
    yield from sharing.problems(settings.sharing)


def _bad_duration(key: str, text: str) -> Iterator[Problem]:
    try:
        if not duration(text):
            yield key, "is no time at all; write it as 90s, 5m, 2h or 1d"
    except (SettingsError, OverflowError):
        yield key, "is no duration; write it as 90s, 5m, 2h or 1d"


def _bad_addresses(settings: Settings) -> Iterator[Problem]:
    mistral = settings.mistral
    if not mistral.base_url:
        yield "mistral.base_url", "is empty; take it out, or write https://api.mistral.ai"
    with_login = "; put them into username and password of the same section"
    without = "; this address takes none"
    for key, url, credentials in (
        ("mistral.base_url", mistral.base_url, "; the key has its own place, mistral.key"),
        ("mistral.limits_url", mistral.limits_url, without),
        ("service.health_url", settings.service.health_url, without),
        ("prometheus.url", settings.prometheus.url, with_login),
        ("alertmanager.url", settings.alertmanager.url, with_login),
        ("status_page.url", settings.status_page.url, without),
        ("updates.slack.api_url", settings.updates.slack.api_url, without),
        ("updates.statuspage.url", settings.updates.statuspage.url, without),
        ("updates.pagerduty.url", settings.updates.pagerduty.url, without),
        ("key_store.gcp.endpoint", settings.key_store.gcp.endpoint, without),
        ("key_store.aws.endpoint_url", settings.key_store.aws.endpoint_url, without),
        ("key_store.vault.address", settings.key_store.vault.address, "; the token has its own place"),
    ):
        if url and (what := _bad_address(url, credentials)):
            yield key, what
    if isinstance(settings.status_page, StatusPage):
        for path in settings.status_page.paths:
            if not path.startswith("/"):
                yield "status_page.paths", "a path does not begin with /; write it as /api/v1/status.json"


def _bad_address(url: str, credentials: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address; write https://host or http://host:port"
    if parts.username is not None or parts.password is not None:
        return f"holds credentials{credentials}"
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        return "is no web address; write https://host or http://host:port"
    return ""


def _bad_sources(settings: Settings) -> Iterator[Problem]:
    servers: tuple[tuple[str, Server], ...] = (
        ("prometheus", settings.prometheus),
        ("alertmanager", settings.alertmanager),
    )
    sources = [
        ("mistral.key", settings.mistral.key),
        *update_sources(settings.updates),
        ("key_store.vault.token", settings.key_store.vault.token),
    ]
    for name, server in servers:
        sources += [(f"{name}.token", server.token), (f"{name}.password", server.password)]
        if _set(server.token) and (_set(server.password) or server.username):
            yield name, "has a token and a login; keep one of them"
        elif _set(server.password) != bool(server.username):
            yield name, "username and password belong together; add the other one"
    for key, source in sources:
        if what := bad_source(source):
            yield key, what


def _set(source: SecretSource) -> bool:
    return bool(source.env or source.file or source.command)
