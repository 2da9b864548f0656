"""The patch formats as pure functions: laws by hypothesis, rules by example."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drill.kubernetes.patch import (
    PatchMalformed,
    PatchRefused,
    json_patch,
    merge_patch,
    strategic_merge,
)
from tui.drill.kubernetes.schema import KINDS

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc/~$", max_size=4)
KEYS = st.text("ab/~", max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("ab/~", max_size=3), VALUES, max_size=4)
NAMES = st.sampled_from(["A", "B", "C", "D", "E"])
ENVS = st.lists(st.tuples(NAMES, st.text("xyz", max_size=2)), max_size=5, unique_by=lambda pair: pair[0])


def pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    return value


@given(OBJECTS, st.text("ab/~", max_size=3), VALUES)
def test_what_is_added_can_be_tested_and_removed(obj: Any, key: str, value: Any) -> None:
    before = copy.deepcopy(obj)
    path = pointer(key)
    added = json_patch(
        obj, [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}]
    )
    assert added[key] == value
    removed = json_patch(added, [{"op": "remove", "path": path}])
    assert removed == {name: item for name, item in obj.items() if name != key}
    assert obj == before, "the argument is left alone"


@given(OBJECTS, VALUES, VALUES)
def test_a_test_that_fails_refuses_the_whole_patch(obj: Any, held: Any, wanted: Any) -> None:
    obj["k"] = held
    operations = [{"op": "test", "path": "/k", "value": wanted}, {"op": "remove", "path": "/k"}]
    if held == wanted and type(held) is type(wanted):
        assert "k" not in json_patch(obj, operations)
    elif held != wanted:
        with pytest.raises(PatchRefused):
            json_patch(obj, operations)
        assert obj["k"] == held


def test_true_is_not_one() -> None:
    with pytest.raises(PatchRefused):
        json_patch({"a": True}, [{"op": "test", "path": "/a", "value": 1}])


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/c"}], {"a": {}, "c": 1}),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ],
)
def test_the_operations_of_rfc_6902(before: Any, operations: Any, after: Any) -> None:
    assert json_patch(before, operations) == after


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/gone", "value": 1},
        {"op": "remove", "path": "/list/2"},
        {"op": "add", "path": "/list/4", "value": 1},
        {"op": "add", "path": "/gone/deeper", "value": 1},
        {"op": "remove", "path": "/list/01"},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "/list"},
        {"op": "move", "from": "/list", "path": "/list/0"},
    ],
)
def test_operations_on_what_is_not_there_are_refused(operation: Any) -> None:
    with pytest.raises(PatchRefused):
        json_patch({"list": [1, 2]}, [operation])


@pytest.mark.parametrize("body", [{"op": "add"}, ["add"], [{"op": "add"}], [{"op": "spoil", "path": "/a"}]])
def test_what_is_no_json_patch_is_malformed(body: Any) -> None:
    with pytest.raises(PatchMalformed):
        json_patch({"a": 1}, body)


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(obj: Any, patch: Any) -> None:
    once = merge_patch(obj, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS)
def test_merging_onto_nothing_gives_the_patch_without_its_nulls(patch: Any) -> None:
    assert merge_patch({}, patch) == without_null(patch)


def deployment(env: list[tuple[str, str]]) -> dict[str, Any]:
    container = {
        "name": "app",
        "image": "i:1",
        "env": [{"name": name, "value": value} for name, value in env],
    }
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def env_of(obj: Any) -> list[tuple[str, str]]:
    found = obj["spec"]["template"]["spec"]["containers"][0]["env"]
    return [(item["name"], item["value"]) for item in found]


def merged(live: list[tuple[str, str]], items: list[dict[str, Any]], **more: Any) -> list[tuple[str, str]]:
    container = {"name": "app", "env": items, **more}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    result = strategic_merge(deployment(live), patch, KINDS["Deployment"])
    assert result["spec"]["template"]["spec"]["containers"][0]["image"] == "i:1"
    return env_of(result)


@given(ENVS, ENVS)
def test_variables_merge_by_name_and_no_other_is_touched(live: Any, change: Any) -> None:
    result = merged(live, [{"name": name, "value": value} for name, value in change])
    assert dict(result) == {**dict(live), **dict(change)}
    assert len(result) == len(dict(result))
    untouched = [name for name, _ in live if name not in dict(change)]
    assert [name for name, _ in result if name in untouched] == untouched, "the others keep their order"


@given(ENVS, NAMES)
def test_a_deleted_variable_is_gone_and_deleting_it_again_changes_nothing(live: Any, name: str) -> None:
    left = merged(live, [{"name": name, "$patch": "delete"}])
    assert left == [pair for pair in live if pair[0] != name]
    assert merged(left, [{"name": name, "$patch": "delete"}]) == left


@given(ENVS, st.permutations(["A", "B", "C", "D", "E"]))
def test_the_set_order_is_followed(live: Any, order: list[str]) -> None:
    names = [{"name": name} for name in order if name in dict(live)]
    result = merged(live, [], **{"$setElementOrder/env": names})
    assert [name for name, _ in result] == [item["name"] for item in names]


def test_a_new_variable_stands_before_those_it_has_no_order_with() -> None:
    """As the real server answered for the odd name: its error speaks of env[0]."""
    assert merged([("A", "1"), ("B", "2")], [{"name": "C", "value": "3"}])[0] == ("C", "3")


def test_a_list_can_be_replaced_whole() -> None:
    items = [{"$patch": "replace"}, {"name": "Z", "value": "1"}]
    assert merged([("A", "1")], items) == [("Z", "1")]


def test_null_removes_a_key_and_a_map_can_be_replaced() -> None:
    obj = {"metadata": {"annotations": {"a": "1", "b": "2"}}}
    assert strategic_merge(obj, {"metadata": {"annotations": {"a": None}}}) == {
        "metadata": {"annotations": {"b": "2"}}
    }
    patch = {"metadata": {"annotations": {"$patch": "replace", "c": "3"}}}
    assert strategic_merge(obj, patch) == {"metadata": {"annotations": {"c": "3"}}}


def test_an_item_without_its_key_is_malformed() -> None:
    with pytest.raises(PatchMalformed, match="merge key"):
        merged([("A", "1")], [{"value": "x"}])
