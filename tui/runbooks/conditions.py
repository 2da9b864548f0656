"""Conditions in YAML, without code.

    {mistral_api.http_status: 429}                    equal
    {mistral_api.outcome: [timeout, dns]}             one of
    {error_rate.ratio: {at_least: 0.05}}              a range (at_least, at_most, or both)
    {all: [...]}  {any: [...]}  {not: ...}            combined
    {same: [mistral_api.key_fingerprint, workload.key_fingerprint]}
    pods-429                                          one that stands under `conditions`

A mapping with several facts means all of them.
"""

from tui.model.facts import KINDS, FactKind, Sort, names
from tui.model.reading import Check, Fact
from tui.model.runbook import AllOf, AnyOf, Between, Condition, Equals, FactName, Not, OneOf, SameAs
from tui.runbooks.document import Node, Problems
from tui.runbooks.fields import Fields, listed, named, nearest

# Named conditions that name others can grow like an alias bomb: a whole one stays below this.
LARGEST = 2000
_NEVER = AnyOf(())
_PYTHON = {Sort.TEXT: (str,), Sort.NUMBER: (int, float), Sort.FLAG: (bool,), Sort.LIST: ()}


class Conditions:
    """Reads conditions; knows those that the runbook names."""

    def __init__(self, written: dict[str, Node], problems: Problems) -> None:
        self._written = written
        self._problems = problems
        self._done: dict[str, Condition] = {}
        self._under_way: list[str] = []
        self.used: set[str] = set()
        for name in written:
            self._named(name)

    @property
    def named(self) -> dict[str, Condition]:
        """Each named condition, written out."""
        return dict(self._done)

    def read(self, node: Node) -> Condition:
        """The node's condition. What does not fit is a problem, and a condition that never holds."""
        found = self._read(node)
        if _size(found) > LARGEST:
            self._problems.at(node, "grows too large once its names are written out", "make it smaller")
            return _NEVER
        return found

    def _read(self, node: Node) -> Condition:
        if isinstance(node.value, str):
            return self._reference(node, node.value)
        if not isinstance(node.value, dict) or not node.value:
            self._problems.at(
                node,
                f"is {named(node.value)}, no condition",
                "write {check.fact: value}, or a condition's name",
            )
            return _NEVER
        parts = [self._part(name, value) for name, value in node.value.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _reference(self, node: Node, name: str) -> Condition:
        if name not in self._written:
            self._problems.at(node, f"no condition is named {name!r}", nearest(name, self._written))
            return _NEVER
        self.used.add(name)
        return self._named(name)

    def _named(self, name: str) -> Condition:
        if name in self._done:
            return self._done[name]
        node = self._written[name]
        if name in self._under_way:
            way = " > ".join([*self._under_way[self._under_way.index(name) :], name])
            self._problems.at(node, f"rests on itself: {way}", "break the circle")
            return _NEVER
        self._under_way.append(name)
        self._done[name] = self.read(node)
        self._under_way.pop()
        return self._done[name]

    def _part(self, name: str, node: Node) -> Condition:
        if name in ("all", "any"):
            parts = tuple(self._read(item) for item in listed(node, self._problems))
            if not parts:
                self._problems.at(node, "combines nothing", "list at least one condition")
            return AllOf(parts) if name == "all" else AnyOf(parts)
        if name == "not":
            return Not(self._read(node))
        if name == "same":
            return self._same(node)
        fact = self.fact(name, node)
        return _NEVER if fact is None else self._test(fact, node)

    def _same(self, node: Node) -> Condition:
        items = listed(node, self._problems)
        facts = [self.fact(str(item.value), item) for item in items]
        if len(facts) != 2:
            self._problems.at(node, f"compares {len(facts)} facts", "name exactly two facts")
            return _NEVER
        one, other = facts
        return SameAs(one, other) if one and other else _NEVER

    def fact(self, name: str, node: Node) -> FactName | None:
        """`check.fact` as a name that probes fill in; None with a problem."""
        check, _, fact = name.partition(".")
        if check in set(Check) and fact in KINDS[Check(check)]:
            return FactName(Check(check), fact)
        known = [f"{check}.{f}" for f in KINDS[Check(check)]] if check in set(Check) else names()
        combined = ("all", "any", "not", "same")
        self._problems.at(node, f"no check tells {name!r}", nearest(name, [*known, *combined]))
        return None

    def _test(self, fact: FactName, node: Node) -> Condition:
        kind = KINDS[fact.check][fact.fact]
        if kind.sort is Sort.LIST:
            self._problems.at(
                node, f"{fact} is a list, which cannot be tested", "show it in a saying instead"
            )
            return _NEVER
        if isinstance(node.value, dict):
            return self._range(fact, kind, node)
        if isinstance(node.value, list):
            return OneOf(fact, tuple(self._value(fact, kind, item) for item in node.value))
        return Equals(fact, self._value(fact, kind, node))

    def _range(self, fact: FactName, kind: FactKind, node: Node) -> Condition:
        if kind.sort is not Sort.NUMBER:
            self._problems.at(
                node, f"{fact} is {kind.sort}, which has no range", "write a value, or a list of them"
            )
            return _NEVER
        fields = Fields(node, self._problems)
        least, most = (self._bound(fields.get(name)) for name in ("at_least", "at_most"))
        fields.done()
        if least is None and most is None:
            self._problems.at(node, "is a range without bounds", "write at_least, at_most or both")
        elif least is not None and most is not None and least > most:
            self._problems.at(node, f"nothing is from {least:g} to {most:g}", "swap the bounds")
        return Between(fact, least, most)

    def _bound(self, node: Node | None) -> float | None:
        if node is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self._problems.at(node, f"is {named(node.value)}, not a number", "write a number")
            return 0
        return node.value

    def _value(self, fact: FactName, kind: FactKind, node: Node) -> Fact:
        value = node.value
        if value is None:
            return None
        fits = isinstance(value, _PYTHON[kind.sort]) and (
            kind.sort is Sort.FLAG or not isinstance(value, bool)
        )
        if not fits or isinstance(value, dict | list):
            quoted = "; put it in quotes" if kind.sort is Sort.TEXT else ""
            self._problems.at(
                node, f"is {named(value)}, but {fact} is {kind.sort}", f"write {kind.sort}{quoted}"
            )
            return None
        if kind.choices and value not in kind.choices:
            self._problems.at(node, f"{fact} is never {value!r}", nearest(str(value), kind.choices))
        return value


def _size(condition: Condition) -> int:
    """How many parts a condition has; stops counting soon after the limit."""
    total = 0
    waiting: list[Condition] = [condition]
    while waiting and total <= LARGEST:
        match waiting.pop():
            case AllOf(parts) | AnyOf(parts):
                waiting.extend(parts)
            case Not(part):
                waiting.append(part)
        total += 1
    return total
