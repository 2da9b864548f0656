"""What a mitigation changes, and how it is judged, from YAML: one reader for each kind."""

import re
from collections.abc import Callable
from datetime import timedelta

from tui.model.runbook import (
    Change,
    Command,
    Direction,
    EnvChange,
    Judgement,
    Proof,
    Restart,
    Rollback,
    RotateKey,
    Scale,
)
from tui.model.text import clean_lines
from tui.runbooks.document import Node, Problems
from tui.runbooks.fields import Fields, listed, named, nearest, span, text

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_PODS = 1000
_LONGEST_ARGUMENT = 4096
LONGEST = timedelta(minutes=30)
LEASED = (EnvChange, Scale)
NOTHING = EnvChange("", "")  # stands in for a change that could not be read


def read_change(outer: Fields) -> Change:
    """The change that `kind` names; `env` where only `set` stands."""
    node = outer.get("kind")
    if node is None:
        return _env(outer)
    kind = text(node, outer.problems)
    reader = _READERS.get(kind)
    if reader is None:
        if kind:
            remedy = nearest(kind, _READERS)
            outer.problems.at(node, f"{kind!r} is no kind of change", remedy)
        for name in ("set", "scale", "command"):
            outer.get(name)  # one problem is enough for one mistake
        return NOTHING
    return reader(outer)


def _env(outer: Fields) -> EnvChange:
    node = outer.get("set", required=True)
    if node is None:
        return NOTHING
    fields = Fields(node, outer.problems)
    change = EnvChange(
        variable=fields.text("variable"),
        value=fields.text("value"),
        worse=fields.choice("worse", Direction),
        per_pod=fields.flag("per_pod"),
        numeric=fields.flag("numeric"),
        more=tuple((name, text(value, outer.problems)) for name, value in fields.members("more").items()),
    )
    fields.done()
    _check_env(node, change, outer.problems)
    return change


def _check_env(node: Node, change: EnvChange, problems: Problems) -> None:
    for variable, _ in change.values:
        if variable and not _VARIABLE.fullmatch(variable):
            problems.at(node, f"{variable!r} is no variable's name", "use letters, digits and _")
    if any(name == change.variable for name, _ in change.more):
        problems.at(node, f"{change.variable!r} is set twice", "keep one")
    if change.numeric and not change.value.isdecimal():
        problems.at(node, f"{change.value!r} is no number", "write digits in quotes, or numeric: false")
    if (change.worse or change.per_pod) and not change.numeric:
        problems.at(node, "worse and per_pod are about numbers", "add numeric: true")


def _restart(_outer: Fields) -> Restart:
    return Restart()


def _rollback(_outer: Fields) -> Rollback:
    return Rollback()


def _rotate_key(_outer: Fields) -> RotateKey:
    return RotateKey()


def _scale(outer: Fields) -> Change:
    node = outer.get("scale", required=True)
    if node is None:
        return NOTHING
    fields = Fields(node, outer.problems)
    wanted = fields.get("replicas", required=True)
    value = wanted.value if wanted is not None else 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_PODS:
        outer.problems.at(
            wanted or node,
            f"is {named(value)}, no number of pods",
            f"write a whole number from 1 to {_MOST_PODS}",
        )
        value = 1
    change = Scale(value, fields.choice("worse", Direction))
    fields.done()
    return change


def _command(outer: Fields) -> Change:
    node = outer.get("command", required=True)
    if node is None:
        return NOTHING
    fields = Fields(node, outer.problems)
    change = Command(
        argv=_argv(fields.get("argv", required=True), outer.problems),
        undo=_argv(fields.get("undo"), outer.problems),
        deadline=_deadline(fields.get("deadline"), timedelta(seconds=60), outer.problems),
        environment=fields.texts("environment"),
    )
    fields.done()
    for name in change.environment:
        if name and not _VARIABLE.fullmatch(name):
            outer.problems.at(node, f"{name!r} is no variable's name", "use letters, digits and _")
    return change


_READERS: dict[str, Callable[[Fields], Change]] = {
    "env": _env,
    "restart": _restart,
    "rollback": _rollback,
    "scale": _scale,
    "command": _command,
    "rotate-key": _rotate_key,
}


def read_judgement(outer: Fields) -> Judgement:
    """How it is judged: `query`, or `command` with the exit code that says that it worked."""
    node = outer.get("judged", required=True)
    if node is None:
        return Judgement(None)
    fields = Fields(node, outer.problems)
    proof = _proof(fields, outer.problems)
    query = fields.get("query", required=proof is None)
    if proof is not None and query is not None and query.value is not None:
        outer.problems.at(query, "a query and a command cannot both judge it", "keep one of the two")
    found = Judgement(
        query=None if query is None or query.value is None else text(query, outer.problems),
        better=fields.choice("better", Direction, Direction.LOWER) or Direction.LOWER,
        enough=fields.number("enough", 0.5, 0.01, 1),
        guards=fields.texts("guards"),
        proof=proof,
        no_worse=fields.flag("no_worse"),
    )
    if found.no_worse and found.query is None:
        outer.problems.at(node, "no_worse is about a query, and there is none", "name the query")
    fields.done()
    return found


def _proof(fields: Fields, problems: Problems) -> Proof | None:
    node = fields.get("command")
    if node is None:
        return None
    return Proof(
        argv=_argv(node, problems),
        exit_code=int(fields.number("exit_code", 0, 0, 255)),
        deadline=_deadline(fields.get("deadline"), timedelta(seconds=30), problems),
    )


def _argv(node: Node | None, problems: Problems) -> tuple[str, ...]:
    """A program and its arguments, to the letter; no shell ever reads them."""
    if node is None:
        return ()
    if isinstance(node.value, str):
        problems.at(node, "is one text, and no shell takes it apart", 'write a list: ["program", "argument"]')
        return ()
    items = listed(node, problems)
    argv = tuple(_argument(item, problems) for item in items)
    program = argv[0] if argv else ""
    if not program:
        problems.at(node, "names no program", 'write a list: ["program", "argument"]')
    elif "/" in program and not program.startswith("/"):
        problems.at(
            node, f"{program!r} is a relative path", "write an absolute path, or a name found on PATH"
        )
    return argv


def _argument(node: Node, problems: Problems) -> str:
    value = node.value
    if not isinstance(value, str):
        problems.at(node, f"is {named(value)}, not a text", "put it in quotes")
        return "?"
    if "\n" in value or clean_lines(value) != value or len(value) > _LONGEST_ARGUMENT:
        problems.at(node, "is no argument of one plain line", "put it into a script, and name that")
        return "?"
    return value


def _deadline(node: Node | None, otherwise: timedelta, problems: Problems) -> timedelta:
    if node is None:
        return otherwise
    found = span(node, problems)
    if found and not timedelta(seconds=1) <= found <= LONGEST:
        problems.at(node, f"is {named(node.value)}, no deadline from 1s to 30m", "write such a duration")
        return otherwise
    return found or otherwise
