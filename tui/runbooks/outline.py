"""A runbook as plain text: the tree drawn, then each diagnosis with what to do, and the mitigations."""

import shlex
from collections.abc import Iterator

from tui.model.facts import TITLES
from tui.model.reading import Fact
from tui.model.runbook import (
    AllOf,
    AnyOf,
    Between,
    Branch,
    Condition,
    Diagnosis,
    Equals,
    MitigationRule,
    Not,
    OneOf,
    Question,
    Runbook,
    SameAs,
    Saying,
)
from tui.runbooks.references import ways


def outline(runbook: Runbook) -> str:
    """The whole runbook for a person, ending in a newline."""
    return "\n".join(_Outline(runbook).lines()) + "\n"


class _Outline:
    """Draws one runbook. A condition that the file names is drawn as its name."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook
        self._names = {condition: name for name, condition in runbook.conditions.items()}
        self._drawn: set[str] = set()

    def lines(self) -> Iterator[str]:
        runbook = self._runbook
        yield f"{runbook.title} ({runbook.id}, version {runbook.version})"
        yield from ("", "Tree")
        yield from self._question(runbook.questions[runbook.root], "  ")
        if runbook.conditions:
            yield from ("", "Conditions")
        for name, condition in runbook.conditions.items():
            yield f"  {name}: {self._whole(condition)}"
        for diagnosis in runbook.diagnoses.values():
            yield ""
            yield from self._diagnosis(diagnosis)
        for rule in runbook.mitigations.values():
            yield ""
            yield from self._mitigation(rule)
        yield from ("", "Severities")
        for level, meaning in runbook.severities.items():
            yield f"  {level}  {meaning.definition}"

    def _question(self, question: Question, indent: str) -> Iterator[str]:
        if question.id in self._drawn:
            yield f"{indent}{question.text} (as above)"
            return
        self._drawn.add(question.id)
        yield f"{indent}{question.text}"
        branches = ways(question)
        for at, branch in enumerate(branches):
            last = at == len(branches) - 1
            when = "otherwise" if branch is question.otherwise else self._text(branch.when)
            yield f"{indent}{'└─' if last else '├─'} {branch.label}: {when}"
            yield from self._then(branch, f"{indent}{'  ' if last else '│ '} ")

    def _then(self, branch: Branch, indent: str) -> Iterator[str]:
        if branch.then in self._runbook.questions:
            yield from self._question(self._runbook.questions[branch.then], indent)
        else:
            yield f"{indent}= {branch.then}"

    def _text(self, condition: Condition, *, inner: bool = False) -> str:
        """A condition on one line, by its name where it has one."""
        named = self._names.get(condition)
        return named if named else self._whole(condition, inner=inner)

    def _whole(self, condition: Condition, *, inner: bool = False) -> str:
        match condition:
            case AllOf(parts) | AnyOf(parts):
                word = " and " if isinstance(condition, AllOf) else " or "
                text = word.join(self._text(part, inner=True) for part in parts)
                return f"({text})" if inner and len(parts) > 1 else text
            case Not(part):
                return f"not {self._text(part, inner=True)}"
            case SameAs(name, other):
                return f"{name} is {other}"
            case Equals(name, value):
                return f"{name} is {_value(value)}"
            case OneOf(name, values):
                return f"{name} is one of {', '.join(map(_value, values))}"
            case Between(name, least, most):
                bounds = [f"at least {least:g}"] if least is not None else []
                bounds += [f"at most {most:g}"] if most is not None else []
                return f"{name} is {' and '.join(bounds)}"

    def _diagnosis(self, diagnosis: Diagnosis) -> Iterator[str]:
        level = diagnosis.severity.value if diagnosis.severity else "no severity"
        yield f"{diagnosis.id}: {diagnosis.title} ({level})"
        for case in diagnosis.severity_cases:
            yield f"  {case.severity} when {self._text(case.when)}"
        yield f"  {diagnosis.means}"
        for number, step in enumerate(diagnosis.do, 1):
            yield f"  {number}. {step}"
        for item in diagnosis.evidence:
            yield f"  shows    {item.say if isinstance(item, Saying) else TITLES[item]}"
        for name in diagnosis.mitigations:
            yield f"  offers   {name}: {self._runbook.mitigations[name].title}"
        for link in (self._runbook.links[name] for name in diagnosis.links):
            yield f"  link     {link.title}: {link.url}"

    def _mitigation(self, rule: MitigationRule) -> Iterator[str]:
        yield f"{rule.id}: {rule.title} ({rule.risk} risk)"
        yield f"  {'sets' if rule.change.kind == 'env' else rule.change.kind:8} {rule.change.told}"
        yield f"  means    {rule.means}"
        judged = rule.judged
        by = f"by {judged.query}, {judged.better} is better" if judged.query else "by nothing"
        if judged.proof is not None:
            by = f"by {shlex.join(judged.proof.argv)}, exit code {judged.proof.exit_code}"
        guards = f"; guarded by {', '.join(judged.guards)}" if judged.guards else ""
        yield f"  judged   {by}{guards}"
        if rule.fits is not None:
            yield f"  fits     when {self._text(rule.fits)}"
        if rule.confirm:
            yield f"  asks     {rule.confirm}"
        if rule.without_effect:
            yield f"  else     {rule.without_effect}"


def _value(value: Fact) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return '""' if value == "" else str(value)
