"""The decision tree: conditions in three values, and the walk along live evidence.

Conditions follow Kleene's logic: "all" is no as soon as one part is no, "any" is yes as soon as
one part is yes, and otherwise one unknown part makes the whole unknown. A reading that is
unknown, unset or stale makes each of its facts unknown; it can never make a condition true.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from tui.model.facts import CONFIGURED, TITLES
from tui.model.reading import Check, Fact, Held, State
from tui.model.runbook import (
    AllOf,
    AnyOf,
    Between,
    Branch,
    Condition,
    Diagnosis,
    Equals,
    FactName,
    MitigationRule,
    Not,
    OneOf,
    Question,
    Runbook,
    SameAs,
    Saying,
)
from tui.model.severity import Severity
from tui.model.times import span
from tui.model.walk import Step, Walk


class Truth(StrEnum):
    """Whether a condition holds: yes, no, or unknown."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class _Absent:
    """Stands for a fact that is not known, since None is a value."""


_ABSENT = _Absent()

# A value shorter than this ("0", "no") may stand in a sentence that is about something else.
_TELLING = 3


def holds(condition: Condition, held: Mapping[Check, Held], now: datetime) -> Truth:
    """Whether the condition holds on what is known now."""
    match condition:
        case AllOf(parts):
            return _all(holds(part, held, now) for part in parts)
        case AnyOf(parts):
            return _not(_all(_not(holds(part, held, now)) for part in parts))
        case Not(part):
            return _not(holds(part, held, now))
        case SameAs(name, other):
            return _same(_fact(name, held, now), _fact(other, held, now))
        case Equals(name, value):
            return _test(_fact(name, held, now), lambda fact: _equal(fact, value))
        case OneOf(name, values):
            return _test(_fact(name, held, now), lambda fact: any(_equal(fact, v) for v in values))
        case Between(name, least, most):
            return _test(_fact(name, held, now), lambda fact: _within(fact, least, most))


def walk(
    runbook: Runbook,
    held: Mapping[Check, Held],
    now: datetime,
    overruled: Mapping[str, str] | None = None,
) -> Walk:
    """Walk the tree. `overruled` maps a question's id to the label of the branch a person chose.

    A label that the question does not have (the runbook changed since) is passed over. The walk
    ends at a diagnosis, or at the first question that cannot be answered; `steps[-1].missing`
    then says what would answer it.
    """
    steps: list[Step] = []
    at: str | None = runbook.root
    seen: set[str] = set()
    while at is not None and at in runbook.questions and at not in seen:
        seen.add(at)
        question = runbook.questions[at]
        step, branch = _answer(question, held, now, (overruled or {}).get(at))
        steps.append(step)
        at = branch.then if branch else None
    return Walk(tuple(steps), at if at in runbook.diagnoses else None)


def evidence(diagnosis: Diagnosis, held: Mapping[Check, Held], now: datetime) -> tuple[str, ...]:
    """The sentences that a diagnosis rests on, in the runbook's order.

    What the diagnosis would show but is not known now is said last: what is missing belongs to
    what a person judges by.
    """
    sentences: list[str] = []
    for item in diagnosis.evidence:
        if isinstance(item, Saying):
            if holds(item.when, held, now) is Truth.YES:
                sentences.append(filled(item.say, held, now))
        elif (place := held.get(item)) is not None and place.usable(now):
            sentences.extend(_sentences(item, place))
    return tuple(dict.fromkeys([*sentences, *_not_known(diagnosis, held, now)]))


def _not_known(diagnosis: Diagnosis, held: Mapping[Check, Held], now: datetime) -> Iterator[str]:
    """What the diagnosis would show, had it been answered: the checks that are unset in one sentence."""
    wanted = (item for item in diagnosis.evidence if isinstance(item, Check))
    absent = [item for item in wanted if item not in held or not held[item].usable(now)]
    unset = [item for item in absent if item in held and held[item].latest.state is State.UNSET]
    for item in absent:
        if item not in unset:
            yield f"Not known: {_unusable(item, held.get(item), now)}"
    if unset:
        yield f"Not set: {', '.join(TITLES[item].lower() for item in unset)}."


def severity(diagnosis: Diagnosis, held: Mapping[Check, Held], now: datetime) -> Severity | None:
    """The severity that a diagnosis proposes: its first case that holds, else its own."""
    for case in diagnosis.severity_cases:
        if holds(case.when, held, now) is Truth.YES:
            return case.severity
    return diagnosis.severity


def fitting(
    runbook: Runbook, diagnosis: Diagnosis, held: Mapping[Check, Held], now: datetime
) -> tuple[MitigationRule, ...]:
    """The diagnosis' mitigations, best first, without those that are known not to fit now."""
    rules = (runbook.mitigations[name] for name in diagnosis.mitigations)
    return tuple(rule for rule in rules if rule.fits is None or holds(rule.fits, held, now) is not Truth.NO)


def filled(say: str, held: Mapping[Check, Held], now: datetime) -> str:
    """A saying with its `{check.fact}` filled in, once: what is filled in is not looked at again."""
    parts: list[str] = []
    rest = say
    while (start := rest.find("{")) >= 0 and (end := rest.find("}", start)) >= 0:
        check, _, fact = rest[start + 1 : end].partition(".")
        parts += [rest[:start], _told(_fact(FactName(Check(check), fact), held, now))]
        rest = rest[end + 1 :]
    return "".join([*parts, rest])


def facts_of(condition: Condition) -> tuple[FactName, ...]:
    """Every fact that a condition looks at, once, in order."""
    return tuple(dict.fromkeys(_names(condition)))


def _names(condition: Condition) -> Iterator[FactName]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _names(part)
        case Not(part):
            yield from _names(part)
        case SameAs(name, other):
            yield from (name, other)
        case _:
            yield condition.name


def _answer(
    question: Question, held: Mapping[Check, Held], now: datetime, chosen: str | None
) -> tuple[Step, Branch | None]:
    ways = (*question.branches, question.otherwise) if question.otherwise else question.branches
    mine = next((way for way in ways if way.label == chosen), None)
    if mine is not None:
        told = ("a person chose this branch",)
        return _step(question, mine, told, overruled=True), mine
    truths = [holds(branch.when, held, now) for branch in question.branches]
    for branch, truth in zip(question.branches, truths, strict=True):
        if truth is Truth.YES:
            because = _because((branch,), held, now, truth)
            return _step(
                question, branch, (filled(branch.say, held, now),) if branch.say else because
            ), branch
    if Truth.UNKNOWN in truths:
        unclear = [b for b, t in zip(question.branches, truths, strict=True) if t is Truth.UNKNOWN]
        return _waiting(question, _missing(unclear, held, now)), None
    because = _because(question.branches, held, now, Truth.NO)
    if question.otherwise is None:
        return _waiting(question, ("what is known fits none of its branches",), because), None
    return _step(question, question.otherwise, because), question.otherwise


def _waiting(question: Question, missing: tuple[str, ...], told: tuple[str, ...] = ()) -> Step:
    return Step(question.id, question.text, Truth.UNKNOWN.value, "", told, missing)


def _step(question: Question, branch: Branch, told: tuple[str, ...], *, overruled: bool = False) -> Step:
    return Step(
        question.id, question.text, branch.answer, branch.label, told, overruled=overruled, lead=branch.lead
    )


def _because(
    branches: Iterable[Branch], held: Mapping[Check, Held], now: datetime, truth: Truth
) -> tuple[str, ...]:
    """A sentence of each check that made these conditions what they are."""
    leaves = (leaf for b in branches for leaf in _deciding(b.when, held, now, truth))
    names = tuple(dict.fromkeys(name for leaf in leaves for name in _names(leaf) if name.check in held))
    return tuple(_about(check, held, now, names) for check in dict.fromkeys(name.check for name in names))


def _about(check: Check, held: Mapping[Check, Held], now: datetime, names: tuple[FactName, ...]) -> str:
    """The reading's sentence that names what decided ("code 1300"), else its best one."""
    sentences = _sentences(check, held[check])
    values = {_told(_fact(name, held, now)) for name in names if name.check is check}
    telling = [value for value in values if len(value) >= _TELLING and value != "none"]
    return next((s for s in sentences if any(value in s for value in telling)), sentences[0])


def _missing(branches: Iterable[Branch], held: Mapping[Check, Held], now: datetime) -> tuple[str, ...]:
    leaves = (leaf for b in branches for leaf in _deciding(b.when, held, now, Truth.UNKNOWN))
    told = dict.fromkeys(
        _why_unknown(name, held, now)
        for leaf in leaves
        for name in _names(leaf)
        if isinstance(_fact(name, held, now), _Absent)
    )
    return tuple(told)


def _deciding(
    condition: Condition, held: Mapping[Check, Held], now: datetime, truth: Truth
) -> Iterator[Condition]:
    """The simple conditions that give the whole its value, which is `truth`."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                if holds(part, held, now) is truth:
                    yield from _deciding(part, held, now, truth)
        case Not(part):
            yield from _deciding(part, held, now, _not(truth))
        case _:
            yield condition


def _fact(name: FactName, held: Mapping[Check, Held], now: datetime) -> Fact | _Absent:
    place = held.get(name.check)
    if place is None:
        return _ABSENT
    if name.fact == CONFIGURED:
        return place.latest.state is not State.UNSET
    if not place.usable(now):
        return _ABSENT
    value = place.latest.facts.get(name.fact, _ABSENT)
    # Prometheus answers NaN for 0/0: a number that says nothing.
    return _ABSENT if isinstance(value, float) and math.isnan(value) else value


def _test(fact: Fact | _Absent, passes: Callable[[Fact], bool]) -> Truth:
    if isinstance(fact, _Absent):
        return Truth.UNKNOWN
    return Truth.YES if passes(fact) else Truth.NO


def _equal(fact: Fact, value: Fact) -> bool:
    """Equal, and both or neither a bool: in Python True == 1."""
    return isinstance(fact, bool) == isinstance(value, bool) and fact == value


def _within(fact: Fact, least: float | None, most: float | None) -> bool:
    if isinstance(fact, bool) or not isinstance(fact, int | float):
        return False
    return (least is None or fact >= least) and (most is None or fact <= most)


def _same(one: Fact | _Absent, other: Fact | _Absent) -> Truth:
    if one is None or other is None:
        return Truth.NO
    if isinstance(one, _Absent) or isinstance(other, _Absent):
        return Truth.UNKNOWN
    return Truth.YES if _equal(one, other) else Truth.NO


def _not(truth: Truth) -> Truth:
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES}.get(truth, Truth.UNKNOWN)


def _all(truths: Iterable[Truth]) -> Truth:
    answer = Truth.YES
    for truth in truths:
        if truth is Truth.NO:
            return Truth.NO
        if truth is Truth.UNKNOWN:
            answer = Truth.UNKNOWN
    return answer


def _sentences(check: Check, place: Held) -> tuple[str, ...]:
    """What stands for a reading as evidence: its own sentences, else its summary. Never empty."""
    return place.latest.evidence or (f"{TITLES[check]}: {place.latest.summary}",)


def _why_unknown(name: FactName, held: Mapping[Check, Held], now: datetime) -> str:
    place = held.get(name.check)
    if place is not None and place.usable(now):
        return f"{TITLES[name.check]}: its answer does not tell {name.fact.replace('_', ' ')}"
    return _unusable(name.check, place, now)


def _unusable(check: Check, place: Held | None, now: datetime) -> str:
    """Why nothing can be reasoned from a check now, and what mends it where that is known."""
    title = TITLES[check]
    if place is None:
        return f"{title}: not asked yet"
    latest = place.latest
    if latest.known:
        return f"{title}: no answer for {span(now - latest.at)}"
    return f"{title}: {latest.summary}{f'. {latest.remedy}' if latest.remedy else ''}"


def _told(fact: Fact | _Absent) -> str:
    if isinstance(fact, _Absent):
        return "unknown"
    match fact:
        case None:
            return "none"
        case bool():
            return "yes" if fact else "no"
        case float():
            return f"{fact:.3g}"
        case tuple():
            return ", ".join(fact) or "none"
        case _:
            return str(fact)
