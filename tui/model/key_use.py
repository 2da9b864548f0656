"""Where pods get a key from: a Secret's in the environment, or mounted; read from pod templates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.model import deployment as read

Json = Mapping[str, Any]
KEY_VARIABLE = "MISTRAL_API_KEY"


@dataclass(frozen=True, slots=True)
class Use:
    """One way in which a pod template uses a Secret.

    Attributes:
        how: for a person: `MISTRAL_API_KEY in its environment`, `a volume`.
        restart: whether pods keep the value that they started with until they are started anew.
        whole: whether every key of the Secret is taken, an added one as well.
    """

    how: str
    restart: bool
    whole: bool = False


def secret_of(deployment: Json, container: str, variable: str = KEY_VARIABLE) -> tuple[str, str] | None:
    """Name and key of the Secret that the variable comes from; None where it is no Secret's."""
    found = read.container_named(deployment, container)
    if found is None:
        return None
    entries = read.env_entries(found[1], variable)
    if entries:
        place = _at(entries[-1][1], "valueFrom", "secretKeyRef")
        return (str(place["name"]), str(place["key"])) if place.get("name") and place.get("key") else None
    for source in reversed(_items(found[1], "envFrom")):
        name, prefix = _at(source, "secretRef").get("name"), str(source.get("prefix") or "")
        if name and variable.startswith(prefix):
            return str(name), variable.removeprefix(prefix)
    return None


def uses(template: Json, secret: str, key: str = "") -> tuple[Use, ...]:
    """How the pods of this template use a Secret, or one key of it. Empty where they do not."""
    spec = _at(template, "spec")
    containers = [c for name in ("initContainers", "containers") for c in _items(spec, name)]
    return (*_environment(containers, secret, key), *_mounted(spec, containers, secret, key))


def _environment(containers: list[Json], secret: str, key: str) -> Iterator[Use]:
    for container in containers:
        for entry in _items(container, "env"):
            place = _at(entry, "valueFrom", "secretKeyRef")
            if place.get("name") == secret and key in ("", place.get("key")):
                yield Use(f"{entry.get('name')} in its environment", restart=True)
        if any(_at(source, "secretRef").get("name") == secret for source in _items(container, "envFrom")):
            yield Use("all of it in its environment", restart=True, whole=True)


def _mounted(spec: Json, containers: list[Json], secret: str, key: str) -> Iterator[Use]:
    """A mounted file follows the Secret within about a minute; one under a `subPath` never does."""
    for volume in _items(spec, "volumes"):
        found = [source for source in _sources(volume) if _holds(source, secret, key)]
        if not found:
            continue
        mounts = [
            mount
            for container in containers
            for mount in _items(container, "volumeMounts")
            if mount.get("name") == volume.get("name")
        ]
        whole = any(not source.get("items") for source in found)
        fixed = any(mount.get("subPath") or mount.get("subPathExpr") for mount in mounts)
        yield Use("a file under a subPath" if fixed else "a volume", restart=fixed, whole=whole)


def _sources(volume: Json) -> Iterator[Json]:
    """The Secrets of a volume, each with `name` and perhaps `items`."""
    plain = _at(volume, "secret")
    if plain.get("secretName"):
        yield {"name": plain["secretName"], "items": plain.get("items")}
    for source in _items(_at(volume, "projected"), "sources"):
        if _at(source, "secret").get("name"):
            yield _at(source, "secret")


def _holds(source: Json, secret: str, key: str) -> bool:
    items = _items(source, "items")
    return source.get("name") == secret and (
        not key or not items or any(item.get("key") == key for item in items)
    )


def template_of(item: Json) -> Json:
    """The pod template of a workload of any kind; a CronJob's stands in its job template."""
    nested = _at(item, "spec", "jobTemplate", "spec", "template")
    return nested or _at(item, "spec", "template")


def _at(parent: Json, *path: str) -> Json:
    here: Any = parent
    for step in path:
        here = here.get(step) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def _items(parent: Json, name: str) -> list[Json]:
    found = parent.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
