"""The kubeconfig, read when it is asked for and never written: which context, cluster and user.

Mistakes are told here, in words, since the library answers them with a TypeError or not at all.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.clients.cluster_errors import ClusterError, Reason
from tui.model.text import clean
from tui.settings import Kubernetes

SECTION = "kubernetes"  # of the settings, unless another one is read


@dataclass(frozen=True, slots=True)
class Access:
    """How one context is reached; `exec_config` is the user's login plugin, where there is one.

    `folder_of_user` is where relative paths of the user's entry start.
    """

    paths: tuple[Path, ...]
    context: str
    namespace: str
    server: str
    user: str
    exec_config: Mapping[str, Any] | None
    folder_of_user: Path
    login: str = ""

    @property
    def library_path(self) -> str:
        """The files as the library wants them named."""
        return os.pathsep.join(str(path) for path in self.paths)


@dataclass(frozen=True, slots=True)
class _Named:
    value: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True)
class _Merged:
    current: str
    contexts: Mapping[str, _Named]
    clusters: Mapping[str, _Named]
    users: Mapping[str, _Named]


def files(settings: Kubernetes) -> tuple[Path, ...]:
    """The kubeconfig files, in kubectl's order: the settings, `$KUBECONFIG`, `~/.kube/config`."""
    if settings.kubeconfig:
        return (Path(settings.kubeconfig).expanduser(),)
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return tuple(Path(part).expanduser() for part in listed)
    return (Path.home() / ".kube" / "config",)


def contexts(settings: Kubernetes) -> tuple[str, ...]:
    """The names of all contexts, in the files' order; none where there is no readable kubeconfig."""
    try:
        return tuple(_merged(settings).contexts)
    except ClusterError:
        return ()


def access(settings: Kubernetes, context: str = "", *, section: str = SECTION) -> Access:
    """How the wanted context is reached. Raises ClusterError(CONFIG) that names file and remedy.

    `section` is the section of the settings that the remedies name.
    """
    merged = _merged(settings, section)
    paths = tuple(path for path in files(settings) if path.exists())
    where = ", ".join(str(path) for path in paths)
    name = context or settings.context or merged.current
    if not name:
        raise _config(f"{where} has no current context.", f"Set {section}.context in the settings.")
    found = merged.contexts.get(name)
    if found is None:
        known = ", ".join(sorted(merged.contexts)) or "none"
        raise _config(
            f"{where} has no context {name!r}.",
            f"Set {section}.context to one of: {clean(known, limit=200)}.",
        )
    entry = _mapping(found.value, "context")
    cluster = _cluster(merged, name, str(entry.get("cluster") or ""), where, section)
    user_name = str(entry.get("user") or "")
    user = _user(merged, name, user_name, where)
    exec_config = _mapping(user.value, "user").get("exec")
    plugin = exec_config if isinstance(exec_config, Mapping) else None
    return Access(
        paths=paths,
        context=name,
        namespace=settings.namespace or str(entry.get("namespace") or "default"),
        server=str(cluster.get("server") or ""),
        user=user_name,
        exec_config=plugin,
        folder_of_user=user.folder,
        login=_login(plugin),
    )


def _cluster(merged: _Merged, context: str, name: str, where: str, section: str) -> Mapping[str, Any]:
    found = merged.clusters.get(name)
    server = _mapping(found.value, "cluster").get("server") if found else None
    if not found or not server:
        raise _config(
            f"Context {context} in {where} names cluster {name!r}, which has no server address there.",
            f"Add it to the kubeconfig's clusters, or choose another {section}.context.",
        )
    return _mapping(found.value, "cluster")


def _user(merged: _Merged, context: str, name: str, where: str) -> _Named:
    found = merged.users.get(name)
    if not found or not _mapping(found.value, "user"):
        raise _config(
            f"Context {context} in {where} names user {name!r}, which has no credentials there.",
            "Log in to the cluster, or add the user to the kubeconfig.",
        )
    return found


def _login(plugin: Mapping[str, Any] | None) -> str:
    """The command that a person runs to log in again, where the plugin is a known one."""
    if plugin is None:
        return ""
    program = Path(str(plugin.get("command") or "")).name
    known = {
        "aws": "aws sso login",
        "aws-iam-authenticator": "aws sso login",
        "gke-gcloud-auth-plugin": "gcloud auth login",
        "kubelogin": "az login",
        "tsh": "tsh login",
        "doctl": "doctl auth init",
    }
    return known.get(program, "")


def _merged(settings: Kubernetes, section: str = SECTION) -> _Merged:
    """All files, merged as kubectl does: the first to name a thing wins."""
    wanted = files(settings)
    present = [path for path in wanted if path.exists()]
    if not present:
        raise _config(f"There is no kubeconfig at {wanted[0]}.", _in_settings(section))
    current = ""
    kinds: dict[str, dict[str, _Named]] = {"contexts": {}, "clusters": {}, "users": {}}
    for path in present:
        data = _read(path, section)
        current = current or str(data.get("current-context") or "")
        for kind, found in kinds.items():
            for item in _items(data, kind, path):
                found.setdefault(str(item["name"]), _Named(item, path.parent))
    return _Merged(current, kinds["contexts"], kinds["clusters"], kinds["users"])


def _read(path: Path, section: str) -> Mapping[str, Any]:
    import yaml  # not needed before the first paint

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        problem = None
    except OSError as error:
        problem = _config(f"{path} cannot be read: {error.strerror}.", _in_settings(section))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = _config(f"{path}{line} is no YAML.", "Correct the kubeconfig.")
    if problem is not None:
        # Outside the handler: the parser's error holds the file, and the file holds credentials.
        raise problem
    if not isinstance(data, Mapping):
        raise _config(f"{path} is no kubeconfig.", _in_settings(section))
    return data


def _items(data: Mapping[str, Any], kind: str, path: Path) -> list[Mapping[str, Any]]:
    listed = data.get(kind) or []
    if not isinstance(listed, list) or not all(isinstance(i, Mapping) and i.get("name") for i in listed):
        raise _config(f"{kind} in {path} must be a list of things with names.", "Correct the kubeconfig.")
    return listed


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _in_settings(section: str) -> str:
    return f"Set {section}.kubeconfig in the settings, or KUBECONFIG, to a kubeconfig."


def _config(said: str, remedy: str) -> ClusterError:
    return ClusterError(Reason.CONFIG, said, remedy)
