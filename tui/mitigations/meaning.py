"""A change in the app's own terms, and what the server would make of it, as lines."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from tui.mitigations.survey import Survey, at_a_time
from tui.model import deployment as workload
from tui.model.mitigation import told
from tui.model.runbook import EnvChange, MitigationRule
from tui.model.text import clean

_PLACES = re.compile(r"\{(\w+)\}")
_DEFAULT = "the app's default"


def means(rule: MitigationRule, survey: Survey, before: str | None, after: str | None) -> str:
    """`3 x 3 pods = 9 at once, was 30; 36 when the autoscaler is at 12`."""
    places = {
        "value": told(after),
        "pods": str(survey.pods),
        "total": _times(after, survey.pods),
        "before": told(before),
        "total_before": _times(before, survey.pods),
    }
    # One pass: what is filled in is never looked at again.
    text = _PLACES.sub(lambda found: places.get(found[1], found[0]), rule.means)
    most, per_pod = survey.autoscaler_max, isinstance(rule.change, EnvChange) and rule.change.per_pod
    if per_pod and most is not None and most > survey.pods and _whole(after) is not None:
        text += f"; {_times(after, most)} when the autoscaler is at {most}"
    return clean(text)


def touches(survey: Survey) -> str:
    """`3 pods, one at a time, about 17 s`."""
    pods = "1 pod" if survey.pods == 1 else f"{survey.pods} pods, {at_a_time(survey.deployment)}"
    return pods if survey.last_rollout is None else f"{pods}, about {survey.last_rollout:.0f} s"


def diff(
    before: Mapping[str, Any], after: Mapping[str, Any], place: int, variables: Collection[str]
) -> tuple[str, ...]:
    """The env lines that differ between what is stored and what would be, under the container's path.

    Only the values of our variables are shown: what a policy of the cluster adds may be a secret.
    """
    old, new = workload.containers(before)[place], workload.containers(after)[place]
    lines = []
    for name in _names(old, new):
        was, becomes = workload.env_entries(old, name), workload.env_entries(new, name)
        if [entry for _, entry in was] == [entry for _, entry in becomes]:
            continue
        lines += [f"-   {name}: {_shown(entry, name in variables)}" for _, entry in was]
        lines += [f"+   {name}: {_shown(entry, name in variables)}" for _, entry in becomes]
    header = f"  spec.template.spec.containers[{clean(str(new.get('name')))}].env"
    return (header, *lines) if lines else ()


def side_effects(before: Mapping[str, Any], after: Mapping[str, Any], ours: str) -> tuple[str, ...]:
    """Paths of the spec that the server would change as well, beside `ours` and what is under it."""
    found = _differences(before.get("spec"), after.get("spec"), "spec")
    return tuple(path for path in found if not path.startswith(ours))


def _differences(old: Any, new: Any, path: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        return [p for key in keys for p in _differences(old.get(key), new.get(key), f"{path}.{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [p for i, (was, is_) in pairs for p in _differences(was, is_, f"{path}[{i}]")]
    return [] if old == new else [path]


def _names(*containers: Mapping[str, Any]) -> list[str]:
    names = (str(e.get("name")) for c in containers for e in c.get("env") or () if isinstance(e, Mapping))
    return list(dict.fromkeys(names))


def _shown(entry: Mapping[str, Any], ours: bool) -> str:
    if entry.get("valueFrom"):
        return "(from elsewhere)"
    value = clean(str(entry.get("value") or ""), limit=200)
    return json.dumps(value, ensure_ascii=False) if ours else "(a value of the cluster's own)"


def _times(value: str | None, pods: int) -> str:
    number = _whole(value)
    if number is not None:
        return str(number * pods)
    return _DEFAULT if value is None else told(value)


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,9}", value) else None
