"""The three patch formats that the API server takes, as pure functions on plain JSON values.

Nothing here changes its arguments. Rules: RFC 6902 (JSON patch), RFC 7386 (merge patch), and for
strategic merge the behaviour of k8s.io/apimachinery/pkg/util/strategicpatch, order of lists included.
"""

from __future__ import annotations

import json
from typing import Any

from tui.drill.kubernetes.encoding import copied
from tui.drill.kubernetes.schema import ANY, Type

JSON = Any
DIRECTIVE = "$patch"
ORDER_PREFIX = "$setElementOrder/"
DELETE_PREFIX = "$deleteFromPrimitiveList/"
RETAIN_KEYS = "$retainKeys"


class PatchRefused(Exception):
    """A JSON patch cannot be applied to this object: a test does not hold, or a path is missing."""


class PatchMalformed(Exception):
    """The body is not a patch of the kind that its content type names."""


def json_patch(value: JSON, operations: JSON) -> JSON:
    """Applies RFC 6902 operations in order; all or nothing."""
    if not isinstance(operations, list):
        raise PatchMalformed("a JSON patch is a list of operations")
    result = copied(value)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchMalformed("an operation needs op and path")
        result = _operate(result, operation)
    return result


def _operate(root: JSON, operation: dict[str, JSON]) -> JSON:
    op, path = operation.get("op"), _pointer(operation["path"])
    if op in ("add", "replace", "test") and "value" not in operation:
        raise PatchRefused(f"{op} without a value")
    if op == "test":
        if not _same(_lookup(root, path), operation["value"]):
            raise PatchRefused(f"test of {operation['path']} failed")
        return root
    if op == "remove":
        return _removed(root, path)
    if op == "replace":
        _lookup(root, path)
        return _put(root, path, copied(operation["value"]), replace=True)
    if op == "add":
        return _put(root, path, copied(operation["value"]), replace=False)
    if op in ("move", "copy"):
        return _moved(root, path, operation, op)
    raise PatchMalformed(f"unknown operation {op!r}")


def _moved(root: JSON, path: list[str], operation: dict[str, JSON], op: str) -> JSON:
    origin = _pointer(str(operation.get("from", "")))
    value = copied(_lookup(root, origin))
    if op == "move":
        if path[: len(origin)] == origin and path != origin:
            raise PatchRefused("a value cannot be moved into itself")
        root = _removed(root, origin)
    return _put(root, path, value, replace=False)


def _same(left: JSON, right: JSON) -> bool:
    """Equality as JSON sees it: true is not 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _pointer(text: str) -> list[str]:
    if text == "":
        return []
    if not text.startswith("/"):
        raise PatchRefused(f"{text!r} is not a JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _index(part: str, size: int) -> int:
    if not part.isdigit() or (len(part) > 1 and part.startswith("0")) or int(part) >= size:
        raise PatchRefused(f"no element {part!r}")
    return int(part)


def _step(node: JSON, part: str) -> JSON:
    if isinstance(node, dict) and part in node:
        return node[part]
    if isinstance(node, list):
        return node[_index(part, len(node))]
    raise PatchRefused(f"nothing at {part!r}")


def _lookup(root: JSON, path: list[str]) -> JSON:
    node = root
    for part in path:
        node = _step(node, part)
    return node


def _put(root: JSON, path: list[str], value: JSON, *, replace: bool) -> JSON:
    if not path:
        return value
    parent, last = _lookup(root, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and replace:
        parent[_index(last, len(parent))] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    else:
        raise PatchRefused(f"nothing can be put at {last!r}")
    return root


def _removed(root: JSON, path: list[str]) -> JSON:
    if not path:
        raise PatchRefused("the whole object cannot be removed")
    parent, last = _lookup(root, path[:-1]), path[-1]
    _step(parent, last)
    if isinstance(parent, dict):
        del parent[last]
    else:
        del parent[_index(last, len(parent))]
    return root


def merge_patch(value: JSON, patch: JSON) -> JSON:
    """RFC 7386: objects merge, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), change)
    return copied(result)


def strategic_merge(value: JSON, patch: JSON, schema: Type = ANY) -> JSON:
    """Merges `patch` into `value`; lists that the schema gives a key merge by it, others are replaced."""
    if not isinstance(patch, dict):
        raise PatchMalformed("a strategic merge patch is an object")
    return _merge_map(copied(value) if isinstance(value, dict) else {}, copied(patch), schema)


def _merge_map(original: dict[str, JSON], patch: dict[str, JSON], schema: Type) -> dict[str, JSON]:
    directive = patch.pop(DIRECTIVE, None)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    retain = patch.pop(RETAIN_KEYS, None)
    if isinstance(retain, list):
        original = {key: item for key, item in original.items() if key in retain}
    before = dict(original)
    for key, change in patch.items():
        _merge_key(original, key, change, schema)
    _set_orders(original, before, patch, schema)
    return original


def _merge_key(original: dict[str, JSON], key: str, change: JSON, schema: Type) -> None:
    if key.startswith(ORDER_PREFIX):
        return
    if key.startswith(DELETE_PREFIX):
        target = key.removeprefix(DELETE_PREFIX)
        original[target] = [item for item in original.get(target) or [] if item not in change]
    elif change is None:
        original.pop(key, None)
    else:
        original[key] = _merged(original.get(key), change, schema.child(key))


def _merged(old: JSON, change: JSON, schema: Type) -> JSON:
    if isinstance(change, dict):
        return _merge_map(old if isinstance(old, dict) else {}, change, schema)
    if isinstance(change, list) and schema.merge_key:
        return _merge_list(old if isinstance(old, list) else [], change, schema)
    if isinstance(change, list) and schema.kind == "set":
        return list(dict.fromkeys([*(old or []), *change]))
    return change


def _merge_list(old: list[JSON], patch: list[JSON], schema: Type) -> list[JSON]:
    key = schema.merge_key
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if not (isinstance(item, dict) and DIRECTIVE in item)]
    if not all(isinstance(item, dict) and key in item for item in patch):
        raise PatchMalformed(f"map: {patch} does not contain declared merge key: {key}")
    gone = [item[key] for item in patch if item.get(DIRECTIVE) == "delete"]
    changes = [item for item in patch if item.get(DIRECTIVE) != "delete"]
    merged = {item.get(key): item for item in old if item.get(key) not in gone}
    for change in changes:
        merged[change[key]] = _merge_map(merged.get(change[key], {}), change, schema.item)
    return _ordered(list(merged.values()), [item[key] for item in changes], old, key)


def _set_orders(
    merged: dict[str, JSON], before: dict[str, JSON], patch: dict[str, JSON], schema: Type
) -> None:
    for name, order in patch.items():
        field = name.removeprefix(ORDER_PREFIX)
        if field == name or not isinstance(merged.get(field), list):
            continue
        key = schema.child(field).merge_key
        wanted = [item.get(key) if key and isinstance(item, dict) else item for item in order]
        merged[field] = _ordered(merged[field], wanted, before.get(field) or [], key)


def _ordered(items: list[JSON], wanted: list[JSON], live: list[JSON], key: str) -> list[JSON]:
    """Items that the patch names in its order, the others in the live list's order, interleaved.

    The rule is strategicpatch.normalizeElementOrder: a live item goes before a patched one only where
    both were live already and it stood first; so a new item comes before what it has no order with.
    """

    def ident(item: JSON) -> JSON:
        return item.get(key) if key and isinstance(item, dict) else item

    place = {_hashable(ident(item)): index for index, item in enumerate(live)}
    rank = {_hashable(name): index for index, name in enumerate(wanted)}
    right = sorted(
        (item for item in items if _hashable(ident(item)) in rank), key=lambda i: rank[_hashable(ident(i))]
    )
    left = [item for item in items if _hashable(ident(item)) not in rank]
    result: list[JSON] = []
    while left and right:
        mine, theirs = place.get(_hashable(ident(left[0]))), place.get(_hashable(ident(right[0])))
        earlier = mine is not None and theirs is not None and mine < theirs
        result.append((left if earlier else right).pop(0))
    return result + right + left


def _hashable(value: JSON) -> str:
    return json.dumps(value, sort_keys=True)
