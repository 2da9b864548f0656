"""Kubernetes' label selectors, in three values: what is not known of an object is None, never a guess."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def selects(selector: Json, labels: Mapping[str, str], *, complete: bool = True) -> bool | None:
    """Whether a label selector matches; an empty one matches everything.

    Args:
        selector: `matchLabels` and `matchExpressions`; all of them must hold.
        labels: what is known of the object.
        complete: whether those are all its labels; otherwise an absent one is unknown.
    """
    found = [
        _has(labels, str(key), ("In", [str(value)]), complete)
        for key, value in mapping(selector, "matchLabels").items()
    ]
    for term in items(selector, "matchExpressions"):
        values = term.get("values")
        wanted = [str(v) for v in values] if isinstance(values, list) else []
        found.append(_has(labels, str(term.get("key")), (str(term.get("operator")), wanted), complete))
    return all_of(found)


def _has(labels: Mapping[str, str], key: str, test: tuple[str, Sequence[str]], complete: bool) -> bool | None:
    operator, values = test
    if key not in labels and not complete:
        return None
    value = labels.get(key)
    match operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            # As the server's selectors: an object without the label is not in any set.
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return None


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether all hold; None where one is unknown and none is false."""
    found = tuple(answers)
    if False in found:
        return False
    return None if None in found else True


def mapping(parent: Json, key: str) -> Json:
    """The mapping under a key; an empty one where there is none."""
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def items(parent: Json, key: str) -> list[Json]:
    """The mappings of a list under a key; none where there is no list."""
    value = parent.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
