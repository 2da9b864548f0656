"""What a runbook's parts say of each other: every id resolves, the tree has no circle, all is reached."""

from collections.abc import Iterable, Iterator, Mapping

from tui.model.runbook import Branch, Question, Runbook
from tui.runbooks.document import Node, Problems
from tui.runbooks.fields import nearest


def check_references(runbook: Runbook, root: Node, problems: Problems) -> None:
    """Tell of dangling ids, circles, and parts that no path reaches."""
    find = _Places(root)
    nodes = {**runbook.questions, **runbook.diagnoses}
    for name in runbook.questions.keys() & runbook.diagnoses.keys():
        problems.at(find("diagnoses", name), f"{name!r} is a question too", "name one of them otherwise")
    if runbook.root and runbook.root not in runbook.questions:
        problems.at(
            find("root"), f"no question is called {runbook.root!r}", nearest(runbook.root, runbook.questions)
        )
    for question in runbook.questions.values():
        for way in ways(question):
            if way.then and way.then not in nodes:
                place = find("questions", question.id)
                problems.at(
                    place, f"{way.label!r} leads to {way.then!r}, which is nowhere", nearest(way.then, nodes)
                )
    _mitigations(runbook, find, problems)
    _circles(runbook, find, problems)
    _unreached(runbook, find, problems)


def ways(question: Question) -> tuple[Branch, ...]:
    """Every way on from a question, `otherwise` last."""
    return (*question.branches, *((question.otherwise,) if question.otherwise else ()))


class _Places:
    """Where a part of the runbook stands in the file."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def __call__(self, *path: str) -> Node:
        at = self._root
        for name in path:
            if not isinstance(at.value, dict) or name not in at.value:
                break
            at = at.value[name]
        return at


def _mitigations(runbook: Runbook, find: _Places, problems: Problems) -> None:
    for diagnosis in runbook.diagnoses.values():
        place = find("diagnoses", diagnosis.id)
        for what, ids, known in (
            ("mitigation", diagnosis.mitigations, runbook.mitigations),
            ("link", diagnosis.links, runbook.links),
        ):
            for name in _dangling(ids, known):
                problems.at(place, f"no {what} is called {name!r}", nearest(name, known))
    for rule in runbook.mitigations.values():
        judged = rule.judged
        for name in _dangling((*((judged.query,) if judged.query else ()), *judged.guards), runbook.queries):
            problems.at(
                find("mitigations", rule.id), f"no query is called {name!r}", nearest(name, runbook.queries)
            )


def _dangling(ids: Iterable[str], known: Mapping[str, object]) -> Iterator[str]:
    return (name for name in ids if name and name not in known)


def _circles(runbook: Runbook, find: _Places, problems: Problems) -> None:
    """A walk must end: no question may lead back to itself. Without recursion: files are foreign."""
    done: set[str] = set()
    for start in runbook.questions:
        path: list[str] = []
        waiting = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                done.add(path.pop())
            elif name in path:
                circle = " > ".join([*path[path.index(name) :], name])
                problems.at(find("questions", name), f"leads back to itself: {circle}", "break the circle")
            elif name in runbook.questions and name not in done:
                path.append(name)
                waiting.append((name, True))
                waiting.extend((way.then, False) for way in ways(runbook.questions[name]))


def _unreached(runbook: Runbook, find: _Places, problems: Problems) -> None:
    if runbook.root not in runbook.questions:
        return
    reached: set[str] = set()
    waiting = [runbook.root]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            question = runbook.questions.get(name)
            waiting.extend(way.then for way in (ways(question) if question else ()))
    for section, ids in (("questions", runbook.questions), ("diagnoses", runbook.diagnoses)):
        for name in ids.keys() - reached:
            problems.at(find(section, name), "no branch leads here", "lead a branch to it or take it out")
    offered = {m for d in runbook.diagnoses.values() for m in d.mitigations}
    for name in runbook.mitigations.keys() - offered:
        problems.at(find("mitigations", name), "no diagnosis offers it", "offer it or take it out")
