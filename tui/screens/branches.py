"""The decision tree as rows: the questions on the live path opened, the others closed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.model.walk import Step, Walk
from widgets.tree import TreeRow

if TYPE_CHECKING:
    from tui.model.runbook import Branch, Question, Runbook

NOT_ASKED = "not asked"


def rows(runbook: "Runbook | None", walk: Walk) -> tuple[TreeRow, ...]:
    """Every question that the live path meets with all its branches, in the runbook's order.

    A row's id is `question/branch`, or `question` alone for a question at the root.
    """
    if runbook is None:
        return ()
    return tuple(_question(runbook, runbook.root, walk, 0, frozenset()))


def question_of(row_id: str) -> str:
    """The question that a row belongs to."""
    return row_id.partition("/")[0]


def _question(
    runbook: "Runbook", question_id: str, walk: Walk, depth: int, seen: frozenset[str]
) -> Iterator[TreeRow]:
    question = runbook.questions[question_id]
    step = _step(walk, question_id)
    yield TreeRow(
        id=question_id,
        depth=depth,
        text=question.text,
        answer=_answer(step),
        live=step is not None,
        here=step is not None and not step.branch,
        overruled=step is not None and step.overruled,
        unknown=step is not None and not step.branch,
    )
    yield from _branches(runbook, question, walk, depth, seen | {question_id})


def _branches(
    runbook: "Runbook", question: "Question", walk: Walk, depth: int, seen: frozenset[str]
) -> Iterator[TreeRow]:
    step = _step(walk, question.id)
    for branch in question.branches:
        yield from _branch(runbook, question, branch, step, walk, depth + 1, seen)
    last = question.otherwise
    if last is None:
        return
    if last.then in runbook.questions and last.then not in seen:
        # What is asked next stands beside the question, not under it: it is no finding.
        yield from _question(runbook, last.then, walk, depth, seen)
    else:
        yield from _branch(runbook, question, last, step, walk, depth + 1, seen)


def _branch(
    runbook: "Runbook",
    question: "Question",
    branch: "Branch",
    step: Step | None,
    walk: Walk,
    depth: int,
    seen: frozenset[str],
) -> Iterator[TreeRow]:
    live = step is not None and step.branch == branch.label
    onward = runbook.questions.get(branch.then)
    nested = _step(walk, branch.then) if onward is not None else None
    yield TreeRow(
        id=f"{question.id}/{branch.label}",
        depth=depth,
        label=branch.label,
        text=_leads_to(runbook, branch),
        answer=_answer(nested) if nested is not None else "",
        live=live,
        here=live and (walk.diagnosis == branch.then or (nested is not None and not nested.branch)),
        overruled=live and step is not None and step.overruled,
        unknown=nested is not None and not nested.branch,
    )
    if live and onward is not None and branch.then not in seen:
        yield from _branches(runbook, onward, walk, depth, seen | {branch.then})


def _leads_to(runbook: "Runbook", branch: "Branch") -> str:
    if branch.then in runbook.questions:
        return runbook.questions[branch.then].text
    title = runbook.diagnoses[branch.then].title
    return "" if title.casefold() == branch.label.casefold() else title


def _step(walk: Walk, question_id: str) -> Step | None:
    return next((step for step in walk.steps if step.question == question_id), None)


def _answer(step: Step | None) -> str:
    if step is None:
        return NOT_ASKED
    return step.answer if step.branch else "unknown"
