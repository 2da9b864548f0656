"""YAML as nodes that know their line and path.

Only the plain part of YAML is read: mappings, lists, texts, numbers, true/false and null. No
tags, no anchors and no aliases (a few lines of those can expand to gigabytes), one document, a
size and a depth that a runbook never reaches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from tui.model.text import clean, is_shown

# libyaml's is ten times as fast; wheels bring it, a build from source may not.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST = 256 * 1024
DEEPEST = 40
_SCALARS = {
    "tag:yaml.org,2002:str": "construct_yaml_str",
    "tag:yaml.org,2002:int": "construct_yaml_int",
    "tag:yaml.org,2002:float": "construct_yaml_float",
    "tag:yaml.org,2002:bool": "construct_yaml_bool",
    "tag:yaml.org,2002:null": "construct_yaml_null",
}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file, with the line (from 1) and the path where it stands."""

    value: "Scalar | dict[str, Node] | list[Node]"
    line: int
    path: str


class Problems:
    """What is wrong with a file, collected so that all of it can be told at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, path: str, what: str, remedy: str) -> None:
        where = f"{self._file}:{line}: {path}: " if path else f"{self._file}:{line}: "
        self._found.append((line, f"{where}{clean(what, limit=300)}; {clean(remedy, limit=300)}"))

    def at(self, node: Node, what: str, remedy: str) -> None:
        """A problem of this node."""
        self.add(node.line, node.path, what, remedy)

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def lines(self) -> tuple[str, ...]:
        """Every problem once, in the order of the file's lines."""
        return tuple(dict.fromkeys(text for _, text in sorted(self._found, key=lambda found: found[0])))


def read_text(file: Path, problems: Problems) -> str | None:
    """The file's text; None where it cannot be read, which is a problem then."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        problems.add(1, "", f"cannot be read: {error.strerror or error}", "name a file that can be read")
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        problems.add(1, "", "is not UTF-8 text", "save it as UTF-8")
        return None


def parse(text: str, problems: Problems) -> Node | None:
    """The file's one mapping; None where there is none, with at least one problem then."""
    if len(text.encode(errors="replace")) > LARGEST:
        problems.add(1, "", f"is larger than {LARGEST // 1024} KiB", "shorten it: a runbook is a page or two")
        return None
    try:
        if not _plain(text, problems):
            return None
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(mark.line + 1 if mark else 1, "", f"no YAML: {error.problem}", "mend it there")
        return None
    except (yaml.YAMLError, ValueError) as error:
        problems.add(1, "", f"no YAML: {error}", "save it as plain UTF-8 text")
        return None
    if not isinstance(root, yaml.MappingNode):
        problems.add(
            1, "", "holds no mapping", "start it with `id: ...`; `leeward runbook show` has an example"
        )
        return None
    return _node(root, "", problems)


def _plain(text: str, problems: Problems) -> bool:
    """Whether the text stays within what is read, decided before anything is built from it."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            problems.add(
                line, "", "anchors and aliases are not read", "name it under `conditions`, or write it out"
            )
            return False
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if documents > 1:
            problems.add(line, "", "holds a second document", "keep one runbook in a file")
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            problems.add(line, "", f"nests deeper than {DEEPEST}", "name the inner part under `conditions`")
            return False
    return True


def _node(node: yaml.Node, path: str, problems: Problems) -> Node:
    line = _line(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return Node(dict(_members(node, path, problems)), line, path)
    if isinstance(node, yaml.SequenceNode):
        items = [_node(item, f"{path}[{at}]", problems) for at, item in enumerate(node.value)]
        return Node(items, line, path)
    assert isinstance(node, yaml.ScalarNode)
    return Node(_scalar(node, path, problems), line, path)


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


def _members(node: yaml.MappingNode, path: str, problems: Problems) -> Iterator[tuple[str, Node]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            problems.add(line, path, "a key is a text, not a list or a mapping", "write `name: value`")
            continue
        name = clean(key.value, limit=100)
        if name in seen:
            problems.add(
                line, path, f"the key {name!r} stands here twice, first on line {seen[name]}", "keep one"
            )
            continue
        seen[name] = line
        yield name, _node(value, f"{path}.{name}" if path else name, problems)


def _scalar(node: yaml.ScalarNode, path: str, problems: Problems) -> Scalar:
    line = _line(node.start_mark)
    method = _SCALARS.get(node.tag)
    if method is None:
        kind = node.tag.rpartition(":")[2]
        problems.add(line, path, f"{kind} values are not read", "put the value in quotes")
        return None
    try:
        value: Scalar = getattr(yaml.constructor.SafeConstructor(), method)(node)
    except (ValueError, OverflowError):
        problems.add(line, path, "is no number that can be read", "write it in decimal, or in quotes")
        return None
    if isinstance(value, float) and not isfinite(value):
        problems.add(line, path, "is no finite number", "write a number")
        return None
    if isinstance(value, str) and not is_shown(value):
        problems.add(line, path, "holds a character that no screen shows", "write it without")
        return None
    return value
