"""Pod templates: whether two are one, and how they differ, as lines for a person."""

import copy
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tui.model import deployment as workload
from tui.model.text import clean

Json = Mapping[str, Any]
_HASH = "pod-template-hash"
_MOST_LINES = 40
_LONGEST = 160
# A name that says that what stands beside it is nobody's business.
_HIDDEN = re.compile(r"(?i)(key|token|secret|passw|credential|auth|dsn|cookie)")


def bare(template: Json) -> dict[str, Any]:
    """The template without the label that the controller adds to a ReplicaSet's copy."""
    found: dict[str, Any] = copy.deepcopy(dict(template))
    labels = (found.get("metadata") or {}).get("labels")
    if isinstance(labels, dict):
        labels.pop(_HASH, None)
    (found.get("metadata") or {}).pop("creationTimestamp", None)
    return found


def digest(template: Json) -> str:
    """What a template is known by: the same for the same one, and tells nothing of it."""
    text = json.dumps(bare(template), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def essence(template: Json, leased: Collection[str]) -> dict[str, Any]:
    """The template without what a restart and Leeward's own leases change.

    A revision that differs in nothing else is no release to go back to.
    """
    found = bare(template)
    metadata = found.get("metadata") or {}
    metadata.pop("creationTimestamp", None)
    stamps = metadata.get("annotations")
    if isinstance(stamps, dict):
        stamps.pop(workload.RESTARTED_AT, None)
        if not stamps:
            metadata.pop("annotations")
    for container in (found.get("spec") or {}).get("containers") or ():
        env = container.get("env")
        if isinstance(env, list):
            container["env"] = [entry for entry in env if entry.get("name") not in leased]
    return found


def differences(before: Json, after: Json) -> tuple[str, ...]:
    """What changes from one template to the other, under the path of each part that does.

    A value beside a name that speaks of a secret is not shown, only that it changes.
    """
    lines: list[str] = []
    header = ""
    for part, text in _changes(bare(before), bare(after)):
        if part != header:
            header = part
            lines.append(f"  spec.template.{part}" if part else "  spec.template")
        lines.append(text)
    if len(lines) > _MOST_LINES:
        left = len(lines) - _MOST_LINES
        return (*lines[:_MOST_LINES], f"  … and {left} more lines")
    return tuple(lines)


def _changes(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    was, becomes = dict(_leaves(old, "", "")), dict(_leaves(new, "", ""))
    for place in dict.fromkeys((*was, *becomes)):
        if was.get(place) == becomes.get(place):
            continue
        part, name = place
        if place in was:
            yield part, f"-   {name}: {_shown(name, was[place])}"
        if place in becomes:
            yield part, f"+   {name}: {_shown(name, becomes[place])}"


def _leaves(value: Any, part: str, name: str) -> Iterator[tuple[tuple[str, str], Any]]:
    """Every value with the part that it belongs to (a container, or the pod) and its path in it."""
    if isinstance(value, Mapping):
        if set(value) <= {"name", "value"} and "name" in value and ".env[" in f".{name}":
            yield (part, name), value.get("value", "")
            return
        for key, item in value.items():
            yield from _leaves(item, part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and all(isinstance(item, Mapping) and item.get("name") for item in value):
        for item in value:
            inside = f"{name}[{item['name']}]"
            if name.endswith("ontainers"):
                yield from _leaves(item, inside, "")
            else:
                yield from _leaves(item, part, inside)
    else:
        yield (part, name), value


def _shown(name: str, value: Any) -> str:
    if _HIDDEN.search(name.rpartition("[")[2] if "[" in name else name) and isinstance(value, str):
        return "(not shown)"
    text = value if not isinstance(value, str) else clean(value, limit=_LONGEST)
    return clean(json.dumps(text, ensure_ascii=False), limit=_LONGEST + 2)
